from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import describe
from odoo.addons.queue_job.exception import RetryableJobError

from .bank_statement_feed import CONSENT_CODES

NOTIFIED_PAUSE = 30
"""Seconds between two fetches that notifications cause: a flood of them is one fetch."""
BUSY_PAUSE = 5


class BankStatementFeed(models.Model):
    """The scheduled work of a feed: fetch, store, move on; or fail, keep the place, and say so."""

    _inherit = "bank.statement.feed"

    # === SCHEDULE === #

    @api.model
    def _cron_fetch(self):
        """Enqueue every feed that is due. One job per feed, so that one account's failure leaves the others running."""
        due = self.search(
            [
                ("kind", "!=", "mail"),
                ("is_fallback", "=", False),
                ("next_run_at", "<=", fields.Datetime.now()),
                ("interface_id.mode", "!=", "off"),
            ]
        )
        due._enqueue_fetch()
        self.env["ir.cron"]._commit_progress(len(due), remaining=0)

    def _enqueue_notified(self):
        """The bank said that there is news: fetch at once, but not once for each time it says so."""
        now = fields.Datetime.now()
        for feed in self.filtered(lambda feed: not feed.is_fallback):
            earliest = (feed.last_attempt_at or now) + timedelta(seconds=NOTIFIED_PAUSE)
            feed.with_delay(
                channel="root.finance.inbound",
                description=f"Fetch {feed.name}: the bank has news",
                identity_key=f"bank.statement.feed.notified:{feed.id}",
                eta=earliest if feed.last_attempt_at and earliest > now else None,
            )._job_fetch(notified=True)

    def _job_fetch(self, notified=False):
        """Fetch one feed. May run twice, at once or after a kill: what is stored is recognised.

        :param bool notified: what is fetched just now may be older than the news, so a busy feed is fetched again
        """
        self.ensure_one()
        feed = self.sudo().with_company(self.company_id)
        outcome = feed._fetch()
        if outcome is None and notified:
            raise RetryableJobError(
                "The feed is being fetched.", seconds=BUSY_PAUSE, ignore_retry=True
            )
        return outcome or "Another worker is fetching this feed."

    # === FETCH === #

    def _fetch_new(self):
        return self._fetch_files() if self.kind == "files" else self._fetch_account()

    def _window(self):
        """The whole days to ask for: from before the covered ones, since banks book late, until today.

        :return: first and last day, both included
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        covered = self.shadow_covered_until if self._is_shadow() else self.covered_until
        start = covered or today - timedelta(days=self.history_days)
        return min(start - timedelta(days=self.overlap_days), today), today

    def _is_shadow(self):
        """:return: whether nothing fetched is booked, so that it is all to be fetched again for real"""
        return self.interface_id.mode == "shadow"

    def _cursor(self):
        """:return: where the bank's list of changes goes on; a shadow has a place of its own"""
        self.ensure_one()
        return (self.shadow_cursor if self._is_shadow() else self.sync_cursor) or None

    def _set_cursor(self, cursor):
        self.ensure_one()
        self["shadow_cursor" if self._is_shadow() else "sync_cursor"] = cursor

    def _fetch_account(self):
        self.ensure_one()
        fetched = self.connection_id._adapter()._fetch_account(self)
        is_new = False
        if fetched.content is not None:
            # The data and the place up to which it reaches are stored by one commit: neither exists without the other.
            _exchange, is_new = self.env["finance.exchange"]._receive(
                self.interface_id,
                f"{fetched.key}:{sha256_hex(fetched.content)}",
                fetched.content,
                source="schedule",
                content_type="application/json",
                record=self,
            )
        if fetched.cursor:
            self._set_cursor(fetched.cursor)
        if self._is_shadow():
            self._move_shadow(fetched.covered_until)
            return int(is_new)
        if fetched.authorized_until:
            self.authorized_until = fetched.authorized_until
        covered_until = fetched.covered_until
        if covered_until and (not self.covered_until or covered_until > self.covered_until):
            self.covered_until = covered_until
        self._close_gaps()
        return int(is_new)

    def _move_shadow(self, covered_until):
        """Note which days a shadow has read, so that it reads on and its comparison knows what it can speak of.

        :param covered_until: last day that the bank has reported in full; None when it does not say
        """
        if not covered_until:
            return
        if not self.shadow_covered_from:
            # An interface of changes tells its history once, one of days from the window's first day on.
            self.shadow_covered_from = self._window()[0]
        if not self.shadow_covered_until or covered_until > self.shadow_covered_until:
            self.shadow_covered_until = covered_until

    def _fetch_files(self):
        self.ensure_one()
        new = 0
        for name, content, archive in self.connection_id._adapter()._pick_up(self):
            # Banks reuse file names: a file is known by its bytes.
            _exchange, is_new = self.env["finance.exchange"]._receive_committed(
                self.interface_id,
                f"file:{sha256_hex(content)}",
                content,
                source="schedule",
                filename=name,
                record=self,
            )
            if not self._is_shadow():
                archive(duplicate=not is_new)
            new += is_new
        return new

    # === OUTCOME === #

    def _record_failure(self, error):
        """Show the gap as well, and what the refusal says of the consent."""
        report = describe(error)
        self._show_gap(report.message)
        if report.code in CONSENT_CODES:
            self.consent_id._set_state("expired" if report.code == "consent_expired" else "revoked")
        super()._record_failure(error)

    def _show_gap(self, reason):
        """Make the days that are missing by now visible, as one open record that grows."""
        self.ensure_one()
        if not self.covered_until:
            return
        date_from = self.covered_until + timedelta(days=1)
        date_to = fields.Date.context_today(self) - timedelta(days=1)
        if date_from > date_to:
            return
        gap = self.gap_ids.filtered(lambda gap: gap.state == "open")
        if gap:
            gap.write({"date_to": date_to, "reason": reason})
        else:
            self.env["bank.statement.gap"].create(
                {"feed_id": self.id, "date_from": date_from, "date_to": date_to, "reason": reason}
            )

    def _close_gaps(self):
        self.ensure_one()
        self.gap_ids.filtered(
            lambda gap: (
                gap.state == "open" and self.covered_until and gap.date_to <= self.covered_until
            )
        ).closed_at = fields.Datetime.now()
