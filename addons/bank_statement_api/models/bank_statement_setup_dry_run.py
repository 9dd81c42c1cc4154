from odoo import models

_MASK = "****"


class BankStatementSetup(models.Model):
    """The first import as a dry run: made, tried again as often as something is chosen otherwise, and shown."""

    _inherit = "bank.statement.setup"

    # === ACTION METHODS === #

    def action_dry_run(self):
        """Make interface and feeds, and let a first import run that books nothing, by what is chosen now."""
        self._check_step("accounts")
        chosen = self.account_ids.filtered(
            lambda account: account.journal_id or account.create_journal
        )
        if not self.picks_up_files and not chosen:
            return self._fail(
                self.env._("Choose a journal for at least one account, or have one made.")
            )
        chosen._ensure_journal()
        interface = self.interface_id or self._make_interface()
        self.interface_id = interface
        feeds = self._make_feeds(chosen)
        # How an earlier try ended says nothing of this one.
        feeds.sudo().write({"last_success_at": False, "last_error": False})
        for exchange in self._tried().filtered(lambda exchange: exchange.work_status == "done"):
            exchange._replay()
        feeds._enqueue_fetch()
        return self._go("preview")

    def action_refresh(self):
        """Look again how far the dry run is."""
        self._check_step("preview")
        return self._shown()

    # === BUSINESS METHODS === #

    def _make_feeds(self, accounts):
        """The feeds of what is chosen now: who went a step back may have chosen otherwise."""
        feeds = self._feeds()
        if self.picks_up_files:
            choice = {
                "filename_pattern": self.filename_pattern or "*",
                "profile_id": self.profile_id.id,
                "journal_id": self.journal_id.id,
            }
            if feeds:
                feeds.write(choice)
                return feeds
            return feeds.create(
                {
                    "name": self.name,
                    "kind": "files",
                    "interface_id": self.interface_id.id,
                    "consent_id": self.consent_id.id,
                    **choice,
                }
            )
        wanted = {(account.resource_ref, account.journal_id): account for account in accounts}
        # Its account is bound to another journal now, or to none: what it has read counts no more.
        feeds.filtered(
            lambda feed: (feed.resource_ref, feed.journal_id) not in wanted
        ).active = False
        # A journal is fed once: the database has to know that it is free.
        feeds.flush_recordset(["active"])
        kept = feeds.filtered("active")
        for feed in kept:
            del wanted[feed.resource_ref, feed.journal_id]
        return kept | feeds.create(
            [
                {
                    "name": account.name,
                    "interface_id": self.interface_id.id,
                    "journal_id": account.journal_id.id,
                    "resource_ref": account.resource_ref,
                    "consent_id": self.consent_id.id,
                }
                for account in wanted.values()
            ]
        )

    def _tried(self):
        """:return: what the dry run has received for the feeds as they are now"""
        feeds = self._feeds()
        exchanges = self.env["finance.exchange"].search(
            [
                ("res_model", "=", feeds._name),
                ("res_id", "in", feeds.ids),
                ("shadow", "=", True),
            ],
            order="id",
        )
        if not self.picks_up_files:
            return exchanges

        def is_wanted(exchange):
            name = self._filename(exchange)
            # A name with an account number is stored masked: whether a pattern fits it cannot be told any more.
            return _MASK in name or feeds._wants_file(name)

        return exchanges.filtered(is_wanted)

    def _filename(self, exchange):
        return exchange.interface_id.sudo()._handler()._filename(exchange)

    # === PREVIEW === #

    def _preview_values(self):
        """:return: what the dry run would have booked, for the template"""
        exchanges = self._tried()
        done = exchanges.filtered(lambda exchange: exchange.work_status == "done")
        results = [exchange.result or {} for exchange in done]
        totals = dict.fromkeys(("lines", "duplicates", "held", "refused", "pending"), 0)
        for result in results:
            for key in totals:
                totals[key] += (result.get("result") or {}).get(key, 0)
        problems = []
        for exchange, result in zip(done, results, strict=True):
            told = [each["summary"] for each in result.get("exceptions", ())]
            if "error" in result:
                error = result["error"]
                told.append(f"{error['message']} {error.get('next_step', '')}".strip())
            name = self._filename(exchange)
            problems += [f"{name}: {each}" if self.picks_up_files else each for each in told]
        feeds = self._feeds()
        return {
            "waiting": len(exchanges - done),
            "received": len(exchanges),
            "totals": totals,
            "problems": problems[:20],
            "errors": [feed.last_error for feed in feeds if feed.last_error],
            "fetched": any(feed.last_success_at for feed in feeds),
        }
