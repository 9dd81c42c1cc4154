from odoo import api, models

from odoo.addons.finance_connector_base.models.turns import take_turns
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import documents, life


class FinanceHandlerPaymentOrder(models.AbstractModel):
    """Payment orders to a bank: sent once, and never again before the bank has said that it has nothing."""

    _name = "finance.handler.payment_order"
    _inherit = ["finance.handler"]
    _description = "Handler of Payment Orders"

    _handler_label = "Payment orders"
    _direction = "outbound"
    # A bank may or may not notice a repeated file: it is asked first.
    _safe_to_repeat = False
    _final_milestone = "acknowledged"

    @api.model
    def _prepare(self, exchange):
        raise BusinessError(
            "payment_not_approved", "A payment order is sent as it was approved, or not at all."
        )

    @api.model
    def _check_before_send(self, exchange, content):
        order = self._find_order(exchange)
        # A mandate that ends at this moment ends before the order leaves, or after it left.
        take_turns(order._live().mandate_id)
        order._check_not_told()
        order._check_before_sending(content)

    @api.model
    def _settle(self, exchange, outcome):
        order = self._find_order(exchange)
        order._live()._advance(life.Fate.TRANSMITTED, source="sending", exchange=exchange)
        report = self._report(exchange, order, outcome)
        if report is not None:
            order._apply_report(report, source=outcome.get("source", "sending"), exchange=exchange)
        # A report may have come another way while this was under way.
        answered = report is not None or outcome.get("acknowledged") or order._is_answered()
        return "acknowledged" if answered else "sent"

    @api.model
    def _find_order(self, exchange):
        """:return: the order that ``exchange`` carries
        :raise BusinessError: it is another one's exchange by now
        """
        order = self.env["treasury.payment.order"].browse(exchange.res_id).exists()
        if exchange.res_model != order._name or order.exchange_id != exchange:
            raise BusinessError(
                "payment_not_approved",
                self.env._("%s carries no order that stands.", exchange.name),
                evidence={"exchange": exchange.name},
            )
        return order

    @api.model
    def _report(self, exchange, order, outcome):
        """What an answer says of the payments, read from the bytes that were kept: a worker who finds them after
        another one died reads the same.

        :rtype: documents.PaymentStatus | None
        """
        response = exchange.sudo().payload_ids.filtered(lambda payload: payload.role == "response")[
            -1:
        ]
        if response:
            adapter = exchange.connection_id._adapter()
            report = adapter._read_payment_status(order, response._content())
            if report is not None:
                return report
        if not outcome.get("acknowledged"):
            return None
        return order._report_on_all("ACTC", source_format="answer", reasons=self._reasons(outcome))

    @api.model
    def _reasons(self, outcome):
        """:return: why, as far as an answer in plain words says so
        :rtype: tuple[documents.StatusReason]
        """
        reason = outcome.get("reason")
        return (documents.StatusReason(texts=(reason,)),) if reason else ()
