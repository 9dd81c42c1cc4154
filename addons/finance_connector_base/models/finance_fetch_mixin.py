import logging
from datetime import timedelta

from odoo import fields, models

from odoo.addons.finance_connector_base.models.finance_exchange_state import JITTER
from odoo.addons.finance_connector_base.tools.errors import FinanceError, describe
from odoo.addons.finance_connector_base.tools.retry import RetryPolicy
from odoo.addons.queue_job.job import Job

_logger = logging.getLogger(__name__)

RETRY = RetryPolicy(max_attempts=10**6, base_seconds=60.0, cap_seconds=3600.0)
POSTPONED = frozenset({"quota_spent", "rate_limited", "circuit_open", "not_ready"})
"""Not now, by the limits of the connection or because the other side is still at work: nothing is wrong."""
FAILURES_BEFORE_EXCEPTION = 3
"""A single failed fetch repairs itself; a person is asked when it lasts, or at once when only a person can help."""


class FinanceFetchMixin(models.AbstractModel):
    """What is fetched on a schedule of its own: it moves on, or keeps its place, plans the next try and says so.

    The model has a ``name``, an ``interface_id``, a ``company_id`` and a ``connection_id``, a job that calls
    :meth:`_fetch`, and the audit of its settings passes over :data:`_FETCH_STATE`.
    """

    _name = "finance.fetch.mixin"
    _description = "Fetched by Schedule"

    _fetch_unit = None
    """Short name of the kind, for locks and for the exceptions of one record, e.g. ``feed``."""
    _fetch_exceptions = ()
    """Codes of the exception that a lasting failure opens: the failure's own where it is among them, else the first.
    The next success closes it; other exceptions about the record are not its to close.
    """
    _FETCH_STATE = frozenset(
        {"last_attempt_at", "last_success_at", "last_error", "failure_count", "next_run_at"}
    )

    interval_minutes = fields.Integer(required=True, default=15)
    next_run_at = fields.Datetime(default=fields.Datetime.now, copy=False)
    last_attempt_at = fields.Datetime(readonly=True, copy=False)
    last_success_at = fields.Datetime(readonly=True, copy=False)
    failure_count = fields.Integer(readonly=True, copy=False, help="Failures in a row.")
    last_error = fields.Char(readonly=True, copy=False)

    def _enqueue_fetch(self):
        """One job each, so that one failure leaves the others running."""
        self.env["queue.job"]._store_together(
            Job(
                record._job_fetch,
                channel="root.finance.inbound",
                description=f"Fetch {record.name}",
                identity_key=f"{self._name}.fetch:{record.id}",
            )
            for record in self
        )

    def _tell_fetching(self):
        """:return: action that says where the result will be"""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("Fetching. The result appears here and under Exchanges."),
            },
        }

    def _fetch(self):
        """Fetch one record. May run twice, at once or after a kill: what is stored is recognised.

        :return: what came of it in a few words; None when another worker is at it
        """
        self.ensure_one()
        exchange_model = self.env["finance.exchange"]
        with exchange_model._advisory_lock(
            "feed", f"{self._fetch_unit}:{self.id}", wait=False
        ) as locked:
            if not locked:
                return None
            # The last owner committed before the lock came free; see it.
            exchange_model._checkpoint()
            self.last_attempt_at = fields.Datetime.now()
            exchange_model._checkpoint()
            try:
                count = self._fetch_new()
            except FinanceError as error:
                exchange_model._abandon()
                self._record_failure(error)
                exchange_model._checkpoint()
                return f"Failed: {describe(error).message}"
            self._record_success()
            exchange_model._checkpoint()
            return f"{count} new exchanges."

    def _fetch_new(self):
        """Fetch and store; each place moves by the commit that stores what it stands for.

        :return: how many exchanges that made
        :raise FinanceError: nothing more can be had now
        """
        raise NotImplementedError

    def _record_success(self):
        self.ensure_one()
        now = fields.Datetime.now()
        self.write(
            {
                "last_success_at": now,
                "next_run_at": now + timedelta(minutes=self.interval_minutes),
                "failure_count": 0,
                "last_error": False,
            }
        )
        self.env["finance.exception"]._resolve_by_system(
            self,
            codes=self._fetch_exceptions,
            reason=self.env._("%s was fetched again without error.", self.name),
        )

    def _record_failure(self, error):
        """Keep the place, plan the next try, and ask a person when waiting will not help.

        :param FinanceError error: what the adapter raised
        """
        self.ensure_one()
        report = describe(error)
        if report.code in POSTPONED and report.retry_after:
            self.next_run_at = fields.Datetime.now() + timedelta(seconds=report.retry_after)
            return
        failures = self.failure_count + 1
        delay = RETRY.next_delay(failures, JITTER, report.retry_after)
        self.write(
            {
                "failure_count": failures,
                "last_error": report.message,
                "next_run_at": fields.Datetime.now() + timedelta(seconds=delay),
            }
        )
        _logger.info(
            "%s %s failed for the %s. time: %s", self._name, self.id, failures, report.code
        )
        lasting = report.error_class in ("final", "business")
        if lasting or failures >= FAILURES_BEFORE_EXCEPTION:
            self.env["finance.exception"]._open(
                report.code if report.code in self._fetch_exceptions else self._fetch_exceptions[0],
                self.env._(
                    "%(name)s cannot be fetched: %(error)s", name=self.name, error=report.message
                ),
                kind="technical",
                severity="2" if lasting else "1",
                next_step=report.next_step or None,
                evidence={"error_code": report.code, "failures": failures},
                unit_key=f"{self._fetch_unit}:{self.id}",
                record=self,
                company=self.company_id,
                connection=self.connection_id,
            )
