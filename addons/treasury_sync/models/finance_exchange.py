from odoo import models

from odoo.addons.treasury_sync.tools import life


class FinanceExchange(models.Model):
    """What happens to the exchange of a payment order happens to the order."""

    _inherit = "finance.exchange"

    def _withdraw_payment_order(self, reason):
        """End the exchange of an order that is taken back; a worker that has it by now wins.

        :param str reason: why
        :raise UserError: it is at work, or may have reached the bank
        """
        exchange = self._engine()
        exchange._check_cancellable()
        exchange._set_status("cancelled", reason=reason)
        if open_exceptions := exchange._open_exceptions():
            open_exceptions._close("ignored", reason)

    def _attest_received(self, reason):
        """A person proved that the bank has it: it is never sent again, and nobody has to ask any more.

        :param str reason: what the bank said
        """
        exchange = self._engine()
        exchange._reach("sent", attested=True)
        exchange._reach("acknowledged", attested=True)
        exchange._set_status("done", reason=reason)
        if open_exceptions := exchange._open_exceptions():
            open_exceptions._close("resolved", reason)

    def _attest_not_received(self, reason):
        """A person proved that the bank does not have it: the same bytes are sent again.

        :param str reason: what the bank said
        """
        exchange = self._engine()
        attempt = exchange._start_attempt("status")
        attempt._end("succeeded", outcome={"status": "not_found"})
        if exchange.work_status == "unknown":
            exchange._set_status("ready", given={"proof_not_received"})
            exchange._enqueue()
        else:
            # The exchange goes on by itself once the last exception is closed.
            exchange._open_exceptions()._close("resolved", reason)

    def action_cancel(self, reason):
        result = super().action_cancel(reason)
        for exchange in self._engine():
            order = exchange._payment_order()
            if order and order.state == "approved":
                order._void_approvals(reason)
                order._live()._advance(life.Fate.CANCELLED, source="person", reason=reason)
                order._end("cancelled")
        return result

    def _reject(self, outcome):
        super()._reject(outcome)
        if order := self._payment_order():
            handler = self.interface_id._handler()
            report = handler._report(self, order, {}) or order._report_on_all(
                "RJCT", source_format="answer", reasons=handler._reasons(outcome)
            )
            order._apply_report(report, source="query", exchange=self)

    def _payment_order(self):
        """:return: the order that this exchange carries, if any"""
        self.ensure_one()
        orders = self.env["treasury.payment.order"]
        if self.res_model != orders._name:
            return orders
        return orders.browse(self.res_id).exists().filtered(lambda it: it.exchange_id == self)
