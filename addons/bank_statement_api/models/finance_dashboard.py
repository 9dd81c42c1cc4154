from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_WORST_FIRST = ("failing", "late", "new", "ok", "fallback")
_LOOK_BACK = 31
"""Days whose proof the overview looks at; the calendar of coverage looks at all."""


class FinanceDashboard(models.AbstractModel):
    """Adds to the overview whether cash data is complete, per bank account, and how many lines wait for review."""

    _inherit = "finance.dashboard"

    @api.model
    def _overview(self):
        return {**super()._overview(), "cash": self._cash()}

    @api.model
    def _cash(self):
        """:rtype: dict"""
        journals = self.env["account.journal"].search(
            [("type", "in", ("bank", "credit")), ("company_id", "in", self.env.companies.ids)],
            order="company_id, name, id",
        )
        accounts = self._accounts(journals)
        waiting = self.env["bank.statement.review"]._waiting_domain() & Domain(
            "company_id", "in", self.env.companies.ids
        )
        return {
            "accounts": accounts,
            "unconnected": len(journals) - len(accounts),
            "to_review": self.env["account.bank.statement.line"].search_count(waiting),
            # What is counted, for who opens it as a list.
            "review_domain": list(waiting),
        }

    @api.model
    def _accounts(self, journals):
        """What is known of each bank account that has a feed or a statement: how far, and what is missing.

        :rtype: list[dict]
        """
        statements = self._last_statements(journals)
        balances = self._last_balances(journals)
        gaps = dict(
            self.env["bank.statement.gap"]._read_group(
                [("journal_id", "in", journals.ids), ("state", "=", "open")],
                ["journal_id"],
                ["date_from:min"],
            )
        )
        broken = self._broken_days(journals)
        accounts = []
        for journal in journals:
            statement_day, interface_id = statements.get(journal.id, (None, None))
            if not journal.bank_feed_ids and not statement_day:
                continue
            feeds = journal.bank_feed_ids or self._file_feeds(interface_id)
            days = [
                day
                for day in (*journal.bank_feed_ids.mapped("covered_until"), statement_day)
                if day
            ]
            until = max(days, default=None)
            gap_since = gaps.get(journal)
            broken_on = broken.get(journal.id)
            balance = balances.get(journal.id)
            accounts.append(
                {
                    "journal_id": journal.id,
                    "name": journal.name,
                    "company": journal.company_id.name,
                    "covered_until": until and fields.Date.to_string(until),
                    "complete": bool(
                        until and until >= self._expected_day() and not gap_since and not broken_on
                    ),
                    "statement_date": statement_day and fields.Date.to_string(statement_day),
                    "balance": balance and balance[1],
                    "balance_date": balance and fields.Date.to_string(balance[0]),
                    "currency_id": (journal.currency_id or journal.company_id.currency_id).id,
                    "gap_since": gap_since and fields.Date.to_string(gap_since),
                    "broken_on": broken_on and fields.Date.to_string(broken_on),
                    **self._health(feeds),
                }
            )
        return accounts

    @api.model
    def _broken_days(self, journals):
        """:return: journal id -> the latest day of a month back whose bookings do not make the bank's balance"""
        today = fields.Date.context_today(self)
        first = today - timedelta(days=_LOOK_BACK)
        marks = self.env["bank.statement.coverage"]._marks_of(journals, first, today, today)
        return {
            journal_id: first + timedelta(days=days.rindex("b"))
            for journal_id, days in marks.items()
            if "b" in days
        }

    @api.model
    def _expected_day(self):
        """:return: the last business day before today: banks book nothing at weekends"""
        day = fields.Date.context_today(self) - timedelta(days=1)
        return day - timedelta(days=max(0, day.weekday() - 4))

    @api.model
    def _last_statements(self, journals):
        """:return: journal id -> day of the last statement, and the interface that brought it"""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (statement.journal_id)
                          statement.journal_id, statement.bank_date, exchange.interface_id
                     FROM account_bank_statement statement
                     JOIN finance_exchange exchange ON exchange.id = statement.exchange_id
                    WHERE statement.journal_id = ANY(%s) AND statement.bank_date IS NOT NULL
                    ORDER BY statement.journal_id, statement.bank_date DESC, statement.id DESC""",
                journals.ids,
            )
        )
        return {journal_id: (day, interface_id) for journal_id, day, interface_id in rows}

    @api.model
    def _last_balances(self, journals):
        """:return: journal id -> day and amount of the last closing balance that the bank stated"""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (journal_id) journal_id, date, amount
                     FROM bank_statement_balance
                    WHERE type = 'CLBD' AND date IS NOT NULL AND journal_id = ANY(%s)
                    ORDER BY journal_id, date DESC, id DESC""",
                journals.ids,
            )
        )
        return {journal_id: (day, float(amount)) for journal_id, day, amount in rows}

    @api.model
    def _file_feeds(self, interface_id):
        return self.env["bank.statement.feed"].search(
            [("interface_id", "=", interface_id), ("kind", "=", "files")]
        )

    @api.model
    def _health(self, feeds):
        """:return: how the worst of ``feeds`` is doing; an account without one is kept by uploads"""
        if not feeds:
            return {"health": "manual", "health_label": self.env._("By hand"), "error": None}
        labels = dict(feeds._fields["health"]._description_selection(self.env))
        worst = min(feeds, key=lambda feed: _WORST_FIRST.index(feed.health))
        return {
            "health": worst.health,
            "health_label": labels[worst.health],
            "error": worst.last_error or None,
        }
