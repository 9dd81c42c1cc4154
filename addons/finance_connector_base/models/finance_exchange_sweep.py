import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from odoo.addons.finance_connector_base.models.finance_exchange_state import AFTER_RUN
from odoo.addons.finance_connector_base.tools.errors import RetryableError, UnknownOutcomeError

_logger = logging.getLogger(__name__)
_BATCH = 200
# A job that was enqueued is given this long before the sweeper suspects that it was lost.
_GRACE = timedelta(minutes=2)
_UNFINISHED = [
    ("direction", "=", "outbound"),
    ("work_status", "not in", ("done", "cancelled", "unknown")),
]


class FinanceExchange(models.Model):
    """What keeps exchanges moving when a job, a worker or the whole queue is gone."""

    _inherit = "finance.exchange"

    # === A WORKER DIED === #

    def _recover(self):
        """Put right what a worker left that died at work. The caller holds the lock of the exchange.

        What had not left is ready again. What may have left is unknown: see :meth:`_job_query_status`.
        """
        self.ensure_one()
        attempt = self._last_attempt("process", "send")
        if attempt.state == "sending":
            attempt._end(
                "unknown",
                self._describe_error(UnknownOutcomeError("The worker died while sending.")),
            )
        elif attempt.state == "running":
            attempt._end("interrupted")
        if self.direction == "outbound" and self._may_have_left():
            self._go_on_after_sending()
        elif self._policy().exhausted(self.attempt_count):
            self._bury(
                self._describe_error(RetryableError("The worker died at work.", code="worker_died"))
            )
        else:
            self._set_status("ready")
        self._checkpoint()

    # === A RESTORED DATABASE === #

    @api.model
    def _doubt_unfinished(self):
        """Everything outbound that is not finished may have been sent after the backup: ask, never send again.

        :return: how many were doubted
        :rtype: int
        """
        unfinished = self.search(_UNFINISHED)
        for exchange in unfinished:
            # A job of the backup may be at work on it.
            with exchange._exclusive(wait=True) as doubted:
                if doubted.filtered_domain(_UNFINISHED):
                    doubted._set_status(
                        "unknown",
                        reason=self.env._("The database was restored from a backup."),
                        given=("restored",),
                    )
                    doubted._enqueue(AFTER_RUN)
                    doubted._checkpoint()
        return len(unfinished)

    # === CRON === #

    @api.model
    def _cron_sweep(self):
        """Each minute: free what dead workers hold, and see that what is due is worked on.

        The queue does the work. When its runner gives no sign of life, it is done right here.
        """
        self.env["finance.environment"]._watch_instance()
        engine = self._engine()
        for exchange in engine.search([("work_status", "=", "running")], limit=_BATCH):
            exchange._isolated("_free_if_orphaned")
        due = engine.search(self._due_domain(), order="due_at, id", limit=_BATCH)
        if self.env["finance.heartbeat"]._is_alive():
            due._enqueue()
        else:
            due._work_inline()

    def _free_if_orphaned(self):
        with self._exclusive() as exchange:
            if exchange and exchange.work_status == "running":
                exchange._recover()
                if exchange.work_status == "ready":
                    exchange._enqueue(AFTER_RUN)
                    exchange._checkpoint()

    def _isolated(self, method):
        """Call ``method``; what fails is left for the next sweep and does not stop the others."""
        try:
            getattr(self, method)()
        except Exception:
            self._abandon()
            _logger.exception("Exchange %s could not be worked on", self.id)

    @api.model
    def _due_domain(self):
        now = fields.Datetime.now()
        lost = Domain("work_status", "=", "ready") & Domain("write_date", "<", now - _GRACE)
        retried = Domain("work_status", "=", "retry") & Domain("due_at", "<=", now)
        # What may have been sent is asked for whatever became of its interface.
        asked = Domain("work_status", "in", ("unknown", "waiting")) & Domain("due_at", "<=", now)
        on = Domain("interface_id.mode", "=", "live") | (
            Domain("interface_id.mode", "=", "shadow") & Domain("shadow", "=", True)
        )
        return asked | ((lost | retried) & on & Domain("interface_id.active", "=", True))

    def _work_inline(self):
        self.env["ir.cron"]._commit_progress(remaining=len(self))
        for exchange in self:
            exchange._isolated(exchange._job_method())
            if not self.env["ir.cron"]._commit_progress(1):
                break
