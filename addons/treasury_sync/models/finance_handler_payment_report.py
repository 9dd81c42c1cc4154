from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import camt029, pain002, recalls, status_json


class FinanceHandlerPaymentReport(models.AbstractModel):
    """What a bank or platform sends of payment orders by itself: files that are picked up or uploaded, and webhooks."""

    _name = "finance.handler.payment_report"
    _inherit = "finance.handler"
    _description = "Handler of Payment Status Reports"

    _handler_label = "Payment status reports"
    _direction = "inbound"

    @api.model
    def _accepts_webhook(self, interface, headers, body):
        return status_json.looks_like(body)

    @api.model
    def _validate(self, exchange, content):
        if content.lstrip().startswith(b"{"):
            return status_json.read(content)
        if camt029.looks_like(content):
            return camt029.read(content)
        return pain002.read(content)

    @api.model
    def _transform(self, exchange, document):
        """:return: the order or recall that the report is about, and the report
        :raise BusinessError: ``payment_status_unknown``, ``payment_recall_unknown``
        """
        if isinstance(document, recalls.RecallAnswer):
            company = exchange.company_id
            return self.env["treasury.payment.recall"]._find_answered(document, company), document
        message = document.original_message_id
        order = (
            self.env["treasury.payment.order"]
            .sudo()
            .search(
                [("message_ref", "=", message), ("company_id", "=", exchange.company_id.id)],
                limit=1,
            )
            if message
            else None
        )
        if not order:
            raise BusinessError(
                "payment_status_unknown",
                self.env._(
                    "The bank reports on %s, which no payment order is.", message or "nothing"
                ),
                evidence={"message": message or ""},
            )
        return order, document

    @api.model
    def _post(self, exchange, prepared):
        subject, report = prepared
        if isinstance(report, recalls.RecallAnswer):
            order = subject.order_id
            self._check_way(exchange, order)
            self._check_reporter(exchange, order)
            moved = subject._take_answer(report, exchange)
        else:
            order = subject
            self._check_way(exchange, order)
            if order._is_refused_in(report) or (order.state == "approved" and order._is_in_doubt()):
                self._check_reporter(exchange, order)
            moved = order._take_report(
                report,
                source="webhook" if exchange.source == "webhook" else "report",
                exchange=exchange,
            )
        return {"order": order.name, "moved": len(moved)}

    @api.model
    def _check_way(self, exchange, order):
        """Another bank's word does not tell what became of an order; a person's upload does, see ``_check_reporter``.

        :raise BusinessError: ``payment_report_elsewhere``
        """
        ways = order.sudo()._reporting_connections()
        if exchange.source == "upload" or exchange.connection_id in ways:
            return
        raise BusinessError(
            "payment_report_elsewhere",
            self.env._(
                "%(connection)s reports on %(order)s, whose reports come over %(ways)s.",
                connection=exchange.connection_id.name,
                order=order.name,
                ways=", ".join(ways.mapped("name")) or self.env._("no connection"),
            ),
            evidence={
                "order": order.name,
                "channel": order.channel_id.sudo().name,
                "connection": exchange.connection_id.name,
            },
        )

    @api.model
    def _check_reporter(self, exchange, order):
        """Whoever prepared payments does not bring the word after which they can be paid again.

        :raise BusinessError: ``payment_report_own``
        """
        if exchange.source == "upload" and exchange.create_uid in order._excluded_now():
            raise BusinessError(
                "payment_report_own",
                self.env._(
                    "%(user)s uploaded the bank's answer about %(order)s, and had a hand in its payments or accounts.",
                    user=exchange.create_uid.name,
                    order=order.name,
                ),
                evidence={"order": order.name, "user": exchange.create_uid.login},
            )

    @api.model
    def _describe_result(self, result):
        if "order" not in result:
            return ""
        return self.env._(
            "%(moved)s payments of %(order)s moved on.",
            moved=result["moved"],
            order=result["order"],
        )
