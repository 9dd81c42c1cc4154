from odoo import models

from odoo.addons.finance_connector_base.tools.errors import FinanceError
from odoo.addons.finance_connector_base.tools.states import TERMINAL
from odoo.addons.treasury_sync.tools import life

from .engine import as_engine


class FinanceExchange(models.Model):
    """What happens to the exchange of a payment order happens to the order."""

    _inherit = "finance.exchange"

    def _withdraw_payment(self, reason):
        """End the exchange of an order or recall that is taken back; a worker that has it by now wins.

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

    def _conclude_by_report(self, reason):
        """The bank's own report came another way: whatever was not known of the sending is known now.

        One that a worker has at this moment goes on from the bank's answer.
        """
        exchange = self._engine()
        if exchange.work_status in ("ready", "retry"):
            # An older database than the one that sent it: it must not go out again.
            exchange._set_status("exception")
        if exchange.work_status not in ("running", *TERMINAL):
            exchange._attest_received(reason)

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
        if self._payment_order():
            self._tell_rejected(outcome)

    def _tell_rejected(self, outcome):
        """The bank says that it did not take the order, or not all of it."""
        order, handler = self._payment_order(), self.interface_id._handler()
        report = handler._report(self, order, {}) or order._report_on_all(
            "RJCT", source_format="answer", reasons=handler._reasons(outcome)
        )
        order._apply_report(report, source="query", exchange=self)

    def _await_answer(self):
        super()._await_answer()
        if order := self._payment_order():
            # The question showed that the bank has it, also where it says no more than that.
            order._live().filtered(lambda item: item.state == "approved")._advance(
                life.Fate.TRANSMITTED, source="query", exchange=self
            )

    # === AFTER THE SENDING === #

    def _enqueue_follow(self):
        self.with_delay(
            channel="root.finance.outbound",
            description=f"Ask what became of the payments of {self.name}",
            identity_key=f"finance.exchange.follow:{self.id}",
        )._job_follow_payments()

    def _job_follow_payments(self):
        """Ask the bank what became of the payments, for as long as one of them is open."""
        with self._exclusive() as exchange:
            order = exchange and exchange._payment_order()
            if not order or not order.next_question_at:
                return
            if exchange.work_status == "waiting":
                exchange._query_status()
            elif exchange._has_reached("sent") and exchange.work_status != "unknown":
                exchange._ask_about_payments()
            as_engine(order)._plan_next_question()
            exchange._checkpoint()

    def _ask_about_payments(self):
        """Ask about an order that the bank took; whatever the question brings, the sending stands."""
        adapter = self.connection_id._adapter()
        try:
            self.connection_id._guard_call("status")
        except FinanceError:
            return
        attempt = self._start_attempt("status")
        self._checkpoint()
        try:
            outcome = adapter._query_status(self)
        except Exception as error:
            self._abandon()
            self.connection_id._record_outcome(error)
            report = self._describe_error(error)
            attempt._end(report.error_class, report)
            self._checkpoint()
            return
        self._keep_outcome(attempt, outcome)
        self._checkpoint()
        self.connection_id._record_outcome()
        if outcome["status"] == "rejected":
            self._tell_rejected(outcome)
        else:
            self.interface_id._handler()._settle(self, outcome)
        self._checkpoint()

    def _payment_order(self):
        """:return: the order that this exchange carries, if any"""
        self.ensure_one()
        orders = self.env["treasury.payment.order"]
        if self.res_model != orders._name:
            return orders
        return orders.browse(self.res_id).exists().filtered(lambda it: it.exchange_id == self)
