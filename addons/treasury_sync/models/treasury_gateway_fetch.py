from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import FinanceError
from odoo.addons.queue_job.exception import RetryableJobError

CHUNK = 200
"""Events a commit."""
AFTER_ANOTHER = 5
"""Seconds until a gateway that another worker is fetching is fetched once more."""


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

    def _job_fetch(self):
        self.ensure_one()
        outcome = self.sudo().with_company(self.company_id)._fetch()
        if outcome is None:
            # It may have looked for payouts that wait before the one was known that this job is to fetch.
            raise RetryableJobError(
                "Another worker is fetching this gateway.", seconds=AFTER_ANOTHER, ignore_retry=True
            )
        return outcome

    # === FETCH === #

    def _fetch_new(self):
        return self._fetch_events() + self._fetch_payouts()

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
