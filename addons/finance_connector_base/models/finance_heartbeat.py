from contextlib import suppress
from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import api, fields, models
from odoo.tools import SQL

_DEAD_AFTER = timedelta(minutes=3)


class FinanceHeartbeat(models.Model):
    """The last sign of life of the queue's runner: one row, stamped by a job that the runner has to carry out."""

    _name = "finance.heartbeat"
    _description = "Heartbeat of the Job Runner"
    _log_access = False

    beat_at = fields.Datetime(readonly=True)

    @api.model
    def _cron_heartbeat(self):
        """Each minute: ask the runner for a sign of life."""
        # First in its channel, so that a busy runner is not taken for a dead one.
        self.with_delay(
            priority=0, identity_key="finance.heartbeat", description="Heartbeat", max_retries=0
        )._job_beat()

    @api.model
    def _job_beat(self):
        """Carried out by the runner: it is alive."""
        now = fields.Datetime.now()
        beat = self.sudo().search([], limit=1)
        if not beat:
            self.sudo().create({"beat_at": now})
            return
        # One of a killed worker and the next may meet: whichever is stamped, the runner is alive.
        with suppress(SerializationFailure), self.env.cr.savepoint():
            self.env.cr.execute(
                SQL("UPDATE finance_heartbeat SET beat_at = %s WHERE id = %s", now, beat.id),
                log_exceptions=False,
            )
        beat.invalidate_recordset(["beat_at"])

    @api.model
    def _last_beat(self):
        """:return: when the runner last worked, or False if it never did
        :rtype: datetime.datetime | bool
        """
        return self.sudo().search([], limit=1).beat_at

    @api.model
    def _is_alive(self):
        """:return: whether the runner worked within the last minutes"""
        beat = self._last_beat()
        return bool(beat) and beat > fields.Datetime.now() - _DEAD_AFTER
