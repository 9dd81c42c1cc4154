from odoo import models

from odoo.addons.finance_connector_base.models.turns import take_turns
from odoo.addons.finance_connector_base.tools.errors import ErrorClass, FinanceError
from odoo.addons.queue_job.exception import RetryableJobError

from .engine import as_engine


class FinanceExchange(models.Model):
    """Recalls: by the call of a channel, on the exchange of the order, or as a file, on one of their own."""

    _inherit = "finance.exchange"

    def action_cancel(self, reason):
        result = super().action_cancel(reason)
        for exchange in self._engine():
            recall = exchange._payment_recall()
            if recall.state == "approved":
                recall._move("withdrawn", answer=reason)
        return result

    def _await_answer(self):
        super()._await_answer()
        if recall := self._payment_recall():
            # The question showed that the bank has it.
            recall._on_sent()

    def _enqueue_recall(self, recall):
        self.with_delay(
            channel="root.finance.outbound",
            description=f"Recall the payments of {self.name}",
            identity_key=f"finance.exchange.recall:{recall.id}",
        )._job_recall(recall.id)

    def _job_recall(self, recall_id):
        """Take an approved recall to the bank; whether the payments stopped is asked afterwards, as ever."""
        with self._exclusive() as exchange:
            if not exchange:
                raise RetryableJobError("The order is being worked on.", seconds=5)
            recall = as_engine(self.env["treasury.payment.recall"]).browse(recall_id)
            # Whoever would take it back meanwhile waits for the bank's word.
            take_turns(recall)
            if recall.state != "approved":
                return
            if not recall._is_approved():
                recall._report_forged()
                return
            try:
                # It has an effect over there: not from a database that was restored.
                with exchange.connection_id._call("send"):
                    outcome = exchange.connection_id._adapter()._recall(exchange, recall)
            except FinanceError as error:
                if error.error_class in (ErrorClass.RETRYABLE, ErrorClass.UNKNOWN):
                    raise RetryableJobError(error.message, seconds=60) from error
                outcome = {"state": "refused", "answer": error.message}
            recall._move(outcome["state"], answer=outcome["answer"])
            exchange._enqueue_follow()

    def _payment_recall(self):
        """:return: the recall that this exchange carries as a file, if any"""
        self.ensure_one()
        found = self.env["treasury.payment.recall"]
        if self.res_model != found._name:
            return found
        recall = as_engine(found).browse(self.res_id).exists()
        return recall.filtered(lambda it: it.exchange_id == self)

    def _payment_document(self):
        """:return: the order or the recall that this exchange carries, if any"""
        return self._payment_order() or self._payment_recall()
