from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.finance_connector_base.models.finance_exchange_state import JITTER
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import FinanceError, describe
from odoo.addons.finance_connector_base.tools.retry import RetryPolicy

RETRY = RetryPolicy(max_attempts=10**6, base_seconds=60.0, cap_seconds=3600.0)
FAILURES_BEFORE_EXCEPTION = 3
CHUNK = 200
"""Events a commit."""


class TreasuryGateway(models.Model):
    """The scheduled work of a gateway: events whose webhook never came, and the rows of payouts."""

    _inherit = "treasury.gateway"

    # === SCHEDULE === #

    @api.model
    def _cron_fetch(self):
        """Enqueue every gateway that is due."""
        due = self.search(
            [("next_run_at", "<=", fields.Datetime.now()), ("interface_id.mode", "!=", "off")]
        )
        due._enqueue_fetch()
        self.env["treasury.settlement"]._close_failed_transits()
        self.env["ir.cron"]._commit_progress(len(due), remaining=0)

    def _enqueue_fetch(self):
        for gateway in self:
            gateway.with_delay(
                channel="root.finance.inbound",
                description=f"Fetch {gateway.name}",
                identity_key=f"treasury.gateway.fetch:{gateway.id}",
            )._job_fetch()

    def _job_fetch(self):
        """Fetch one gateway. May run twice, at once or after a kill: what is stored is recognised."""
        self.ensure_one()
        gateway = self.sudo().with_company(self.company_id)
        exchange_model = self.env["finance.exchange"]
        with exchange_model._advisory_lock("feed", f"gateway:{self.id}", wait=False) as locked:
            if not locked:
                return "Another worker is fetching this gateway."
            exchange_model._checkpoint()
            try:
                count = gateway._fetch_events() + gateway._fetch_payouts()
            except FinanceError as error:
                exchange_model._abandon()
                gateway._record_failure(error)
                exchange_model._checkpoint()
                return f"Failed: {describe(error).message}"
            gateway._record_success()
            exchange_model._checkpoint()
            return f"{count} new exchanges."

    # === FETCH === #

    def _fetch_events(self):
        """Store every event since the cursor, the oldest first; the cursor moves with the events it stands for.

        :return: how many were not known
        """
        self.ensure_one()
        new = 0
        batch = []
        for event_id, content, cursor in self.connection_id._adapter()._fetch_gateway_events(self):
            batch.append((event_id, content))
            if len(batch) == CHUNK:
                new += self._store_events(batch, cursor)
                batch = []
        if batch:
            new += self._store_events(batch, cursor)
        return new

    def _store_events(self, batch, cursor):
        new = 0
        for event_id, content in batch:
            _exchange, is_new = self.env["finance.exchange"]._receive(
                self.interface_id,
                event_id,
                content,
                source="schedule",
                content_type="application/json",
                external_ref=event_id,
            )
            new += is_new
        if self.interface_id.mode == "live":
            self.event_cursor = cursor
        self.env["finance.exchange"]._checkpoint()
        return new

    def _fetch_payouts(self):
        """Fetch the rows of payouts that were paid and whose rows are not known.

        :return: how many exchanges that made
        """
        self.ensure_one()
        new, refusals = 0, []
        waiting = self.env["treasury.settlement"].search(
            [
                ("gateway_id", "=", self.id),
                ("kind", "=", "payout"),
                ("state", "in", ("paid", "failed", "cancelled")),
                ("rows_known", "=", False),
                ("is_itemised", "=", True),
            ],
            order="id",
        )
        for payout in waiting:
            try:
                content = self.connection_id._adapter()._fetch_payout_rows(self, payout.external_id)
            except FinanceError as error:
                # One that cannot be had yet keeps none of the others waiting.
                refusals.append(error)
                continue
            _exchange, is_new = self.env["finance.exchange"]._receive(
                self.interface_id,
                f"payout:{payout.external_id}:{sha256_hex(content)}",
                content,
                source="schedule",
                content_type="application/json",
                external_ref=payout.external_id,
            )
            new += is_new
            self.env["finance.exchange"]._checkpoint()
        if refusals:
            raise refusals[0]
        return new

    # === OUTCOME === #

    def _record_success(self):
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
            codes=["gateway_failing"],
            reason=self.env._("The gateway was fetched again without error."),
        )

    def _record_failure(self, error):
        report = describe(error)
        failures = self.failure_count + 1
        delay = RETRY.next_delay(failures, JITTER, report.retry_after)
        self.write(
            {
                "failure_count": failures,
                "last_error": report.message,
                "next_run_at": fields.Datetime.now() + timedelta(seconds=delay),
            }
        )
        lasting = report.error_class in ("final", "business")
        if lasting or failures >= FAILURES_BEFORE_EXCEPTION:
            self.env["finance.exception"]._open(
                "gateway_failing",
                self.env._(
                    "%(gateway)s cannot be fetched: %(error)s",
                    gateway=self.name,
                    error=report.message,
                ),
                kind="technical",
                severity="2" if lasting else "1",
                next_step=report.next_step or None,
                evidence={"error_code": report.code, "failures": failures},
                unit_key=f"gateway:{self.id}",
                record=self,
                company=self.company_id,
                connection=self.connection_id,
            )
