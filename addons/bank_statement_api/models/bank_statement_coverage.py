from datetime import date, timedelta
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools import coverage
from odoo.addons.finance_connector_base.tools.exception_codes import describe_code

_MOST_DAYS = 400
# Statements are at most monthly: so far back lies the balance that the first of some days continues.
_CHAIN = timedelta(days=45)
_MOST_ACCOUNTS = 200
_MARKS = {
    coverage.COMPLETE: "c",
    coverage.MISSING: "m",
    coverage.BROKEN: "b",
    coverage.NOT_EXPECTED: "-",
}


class BankStatementCoverage(models.AbstractModel):
    """Whether the statements of each account are complete, day by day, proven from balances and bookings as they are.

    Nothing is stored: a proof that is kept would not notice what was changed after it.
    """

    _name = "bank.statement.coverage"
    _description = "Coverage of Bank Accounts"

    # === PUBLIC METHODS === #

    @api.model
    @api.readonly
    def get_coverage(
        self,
        date_from: str | None = None,
        date_to: str | None = None,
        search: str = "",
        only_open: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> dict:
        """The days of bank accounts of the companies that are switched on, a page of them at a time.

        :param str | None date_from: first day, ISO 8601
        :param str | None date_to: last day, at most 400 days later
        :param str search: part of the account's name or number, or of the company's name
        :param bool only_open: only accounts with a day that is missing or broken
        :param int limit: accounts of the page, at most 200
        :param int offset: accounts before the page
        :return: ``accounts``: ``id``, ``name``, ``company`` and ``days``, a letter for each day: ``c`` complete, ``m``
            missing, ``b`` broken, ``-`` not expected; ``total``: accounts on all pages
        :rtype: dict
        :raise AccessError: the caller is no viewer
        """
        first, last = self._range(date_from, date_to)
        if not 0 < limit <= _MOST_ACCOUNTS or offset < 0:
            raise UserError(self.env._("A page has 1 to %s accounts.", _MOST_ACCOUNTS))
        domain = Domain("type", "in", ("bank", "credit")) & Domain(
            "company_id", "in", self.env.companies.ids
        )
        if search and search.strip():
            domain &= Domain.OR(
                Domain(name, "ilike", search.strip())
                for name in ("name", "bank_acc_number", "company_id.name")
            )
        journals = self.env["account.journal"].search(domain, order="company_id, name, id")
        total = len(journals)
        if not only_open:
            journals = journals[offset : offset + limit]
        days = self._days(journals, first, last, fields.Date.context_today(self))
        if only_open:
            journals = journals.filtered(
                lambda journal: (
                    _MARKS[coverage.MISSING] in days[journal.id]
                    or _MARKS[coverage.BROKEN] in days[journal.id]
                )
            )
            total = len(journals)
            journals = journals[offset : offset + limit]
        return {
            "accounts": [
                {
                    "id": journal.id,
                    "name": journal.name,
                    "company": journal.company_id.name,
                    "days": days[journal.id],
                }
                for journal in journals
            ],
            "total": total,
        }

    @api.model
    @api.readonly
    def get_day(self, journal_id: int | None = None, day: str | None = None) -> dict:
        """The proof of one account and day.

        :param int | None journal_id: a bank account of the companies that are switched on
        :param str | None day: ISO 8601
        :return: state, balances of the bank, bookings, difference, numbers and what is wrong in words; amounts are
            texts, None where the bank states none
        :rtype: dict
        :raise AccessError: the caller is no viewer, or it is no account of theirs
        """
        first, _last = self._range(day, day)
        journal = self.env["account.journal"].search(
            [
                ("id", "=", journal_id),
                ("type", "in", ("bank", "credit")),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        if not journal:
            raise AccessError(self.env._("There is no such bank account in your companies."))
        today = fields.Date.context_today(self)
        [found] = coverage.prove(self._facts(journal)[journal.id], first, first, today)
        currency = journal.currency_id or journal.company_id.currency_id
        return {
            "state": found.state,
            "currency_id": currency.id,
            "opening": self._text(currency, found.opening),
            "closing": self._text(currency, found.closing),
            "count": found.count,
            "total": self._text(currency, found.total),
            "difference": self._text(currency, found.difference),
            "numbers": found.numbers,
            "notes": [
                self._note(
                    code,
                    {
                        name: self._text(currency, value) if isinstance(value, Decimal) else value
                        for name, value in figures.items()
                    },
                )
                for code, figures in found.notes
            ],
        }

    # === FACTS === #

    @api.model
    def _marks_of(self, journals, first, last, today):
        """The letters of :meth:`get_coverage` for a few days, without reading all that was ever stored.

        :return: journal id -> a letter for each day
        :rtype: dict[int, str]
        """
        return self._days(journals, first, last, today, since=first - _CHAIN)

    @api.model
    def _range(self, date_from, date_to):
        if not self.env.user.has_group("finance_connector_base.group_finance_viewer"):
            raise AccessError(self.env._("Coverage is for viewers of Finance Connectivity."))
        try:
            first, last = fields.Date.to_date(date_from), fields.Date.to_date(date_to)
        except (TypeError, ValueError):
            first = last = None
        if not first or not last or not 0 <= (last - first).days <= _MOST_DAYS:
            raise UserError(
                self.env._("Choose a first day and a last one, at most %s days later.", _MOST_DAYS)
            )
        return first, last

    @api.model
    def _days(self, journals, first, last, today, since=None):
        """
        :param date since: as for :meth:`_facts`
        :return: journal id -> a letter for each day
        :rtype: dict[int, str]
        """
        return {
            journal_id: "".join(
                _MARKS[day.state] for day in coverage.prove(facts, first, last, today)
            )
            for journal_id, facts in self._facts(journals, since).items()
        }

    @api.model
    def _facts(self, journals, since=None):
        """
        :param date since: leave out what was stated and booked for earlier days
        :return: journal id -> :class:`coverage.Account`, by five queries however many journals
        """
        for model in (
            "bank.statement.balance",
            "account.bank.statement",
            "account.bank.statement.line",
            "account.move",
        ):
            self.env[model].flush_model()
        closings, booked = self._closings(journals, since), self._booked(journals, since)
        windows, gaps, held = self._windows(journals), self._gaps(journals), self._held(journals)
        return {
            journal.id: coverage.Account(
                closings=closings.get(journal.id, ()),
                booked=booked.get(journal.id, ()),
                windows=windows.get(journal.id, ()),
                gaps=gaps.get(journal.id, ()),
                held=held.get(journal.id, {}),
                calendar=journal.bank_calendar,
            )
            for journal in journals
        }

    @api.model
    def _closings(self, journals, since=None):
        """Closing balances with the opening of the same statement; one sent again in another file counts once."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (closing.journal_id, closing.date, closing.electronic_sequence, closing.amount)
                          closing.journal_id, closing.date, closing.amount::text, opening.amount::text, opening.date,
                          closing.electronic_sequence, closing.exchange_id
                     FROM bank_statement_balance closing
                     JOIN account_journal journal ON journal.id = closing.journal_id
                     JOIN res_company company ON company.id = journal.company_id
                LEFT JOIN bank_statement_balance opening
                       ON opening.exchange_id = closing.exchange_id
                      AND opening.journal_id = closing.journal_id
                      AND opening.currency_id = closing.currency_id
                      AND opening.electronic_sequence = closing.electronic_sequence
                      AND opening.type IN ('OPBD', 'PRCD')
                      AND opening.date BETWEEN closing.date - 40 AND closing.date
                    WHERE closing.type = 'CLBD' AND closing.document_kind = 'statement'
                      AND closing.journal_id = ANY(%s)
                      AND closing.currency_id = coalesce(journal.currency_id, company.currency_id)
                      AND closing.date >= %s
                    ORDER BY closing.journal_id, closing.date, closing.electronic_sequence, closing.amount,
                             opening.date DESC NULLS LAST, opening.type, closing.exchange_id""",
                journals.ids,
                since or date.min,
            )
        )
        found = {}
        for journal_id, day, amount, opening, opening_day, number, exchange_id in rows:
            found.setdefault(journal_id, []).append(
                coverage.Closing(
                    day=day,
                    # As text: Odoo reads numbers of the database in floating point.
                    closing=Decimal(amount),
                    opening=None if opening is None else Decimal(opening),
                    opening_day=opening_day,
                    number=number or 0,
                    order=exchange_id,
                )
            )
        return found

    @api.model
    def _booked(self, journals, since=None):
        rows = self.env.execute_query(
            SQL(
                """SELECT line.journal_id, line.bank_booking_date, statement.bank_date, line.exchange_id,
                          sum(line.amount)::text, count(*)
                     FROM account_bank_statement_line line
                LEFT JOIN account_bank_statement statement ON statement.id = line.statement_id
                    WHERE line.journal_id = ANY(%s) AND line.bank_booking_date >= %s
                    GROUP BY 1, 2, 3, 4""",
                journals.ids,
                since or date.min,
            )
        )
        found = {}
        for journal_id, day, statement_day, exchange_id, total, count in rows:
            found.setdefault(journal_id, []).append(
                coverage.Booked(
                    day=day,
                    total=Decimal(total),
                    count=count,
                    statement_day=statement_day,
                    order=exchange_id or 0,
                )
            )
        return found

    @api.model
    def _windows(self, journals):
        found = {}
        for feed in self.env["bank.statement.feed"].search(
            [("journal_id", "in", journals.ids), ("covered_until", "!=", False)]
        ):
            start = feed.create_date.date() - timedelta(days=feed.history_days)
            found.setdefault(feed.journal_id.id, []).append((start, feed.covered_until))
        return found

    @api.model
    def _gaps(self, journals):
        found = {}
        for gap in self.env["bank.statement.gap"].search(
            [
                ("journal_id", "in", journals.ids),
                ("state", "=", "open"),
                # What a fallback does not fetch, the channel that took over from it does.
                ("feed_id.is_fallback", "=", False),
            ]
        ):
            found.setdefault(gap.journal_id.id, []).append((gap.date_from, gap.date_to))
        return found

    @api.model
    def _held(self, journals):
        found = {}
        for exception in self.env["finance.exception"].search(self._exception_domain(journals)):
            day = (exception.evidence or {}).get("day")
            if day:
                codes = found.setdefault(exception.res_id, {}).setdefault(
                    fields.Date.to_date(day), []
                )
                codes.append(exception.code)
        return found

    @api.model
    def _exception_domain(self, journals):
        return [
            ("res_model", "=", "account.journal"),
            ("res_id", "in", journals.ids),
            ("state", "in", ("open", "in_progress")),
            ("code", "=like", "statement_%"),
        ]

    # === WORDS === #

    @api.model
    def _text(self, currency, amount):
        return None if amount is None else f"{amount:.{currency.decimal_places}f}"

    @api.model
    def _note(self, code, figures):
        if code == "opening":
            return self.env._(
                "Opens with %(actual)s; the statement before closed with %(expected)s.", **figures
            )
        if code == "balance":
            return self.env._(
                "The bookings make %(expected)s; the bank states %(actual)s.", **figures
            )
        if code == "number":
            return self.env._("Statements %(first)s to %(last)s have not arrived.", **figures)
        if code == "unconfirmed":
            return self.env._(
                "%(count)s bookings were reported and are on no statement.", **figures
            )
        return self.env._(
            "A document waits for a person: %s.", describe_code(figures["code"]).title
        )
