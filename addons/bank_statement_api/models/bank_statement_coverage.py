from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools import coverage

_MOST_DAYS = 400
# So long before the balance that some days continue, bookings are looked for that came in after it.
_LATE = timedelta(days=_MOST_DAYS)
# Of the balances "closing": the links of the chain of "journal".
_IS_LINK = SQL(
    """closing.journal_id = journal.id AND closing.type = 'CLBD' AND closing.document_kind = 'statement'
       AND closing.currency_id = coalesce(journal.currency_id, company.currency_id)"""
)
_MOST_ACCOUNTS = 200
_MARKS = {
    coverage.COMPLETE: "c",
    coverage.MISSING: "m",
    coverage.BROKEN: "b",
    coverage.NOT_EXPECTED: "-",
}


class Span(NamedTuple):
    """What is read of an account to prove some of its days.

    :ivar begun: the day of the account's first closing balance.
    :ivar since: the day of the closing balance that the first of the days continues.
    :ivar known: the exchange that brought it.
    :ivar until: the day of the closing balance that proves the last of the days.
    :ivar first_booked: the first day that a booking is known of, where not all are read.
    :ivar from_day: earlier bookings are not looked for.
    """

    journal_id: int
    begun: date | None
    since: date
    known: int
    until: date
    first_booked: date | None
    from_day: date


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
        days = self._marks_of(journals, first, last, fields.Date.context_today(self))
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
    def _marks_of(self, journals, first, last, today):
        """
        :return: journal id -> the letters of :meth:`get_coverage`
        :rtype: dict[int, str]
        """
        facts = self._facts(journals, self._spans(journals, first, last))
        return {
            journal_id: "".join(
                _MARKS[day.state] for day in coverage.prove(account, first, last, today)
            )
            for journal_id, account in facts.items()
        }

    @api.model
    def _facts(self, journals, spans=None):
        """
        :param list spans: of :meth:`_spans`; by default all that was ever stated and booked
        :return: journal id -> :class:`coverage.Account`, by five queries however many journals
        """
        # Many look-ups of few rows, which PostgreSQL would compile as if they were many.
        self.env.cr.execute("SET LOCAL jit = off")
        if spans is None:
            spans = [
                Span(journal.id, None, date.min, 0, date.max, None, date.min)
                for journal in journals
            ]
        for model in (
            "bank.statement.balance",
            "account.bank.statement",
            "account.bank.statement.line",
            "account.move",
        ):
            self.env[model].flush_model()
        closings, booked = self._closings(spans), self._booked(spans)
        begins = {span.journal_id: span.first_booked for span in spans}
        windows, gaps, held = self._windows(journals), self._gaps(journals), self._held(journals)
        return {
            journal.id: coverage.Account(
                closings=closings.get(journal.id, ()),
                booked=booked.get(journal.id, ()),
                windows=windows.get(journal.id, ()),
                gaps=gaps.get(journal.id, ()),
                held=held.get(journal.id, {}),
                calendar=journal.bank_calendar,
                begin=begins[journal.id],
            )
            for journal in journals
        }

    @api.model
    def _spans(self, journals, first, last):
        """What some days depend on: what is stated and booked from the balance that the first of them continues to the
        one that proves the last.

        :return: a span for each journal
        :rtype: list[Span]
        """
        for model in ("bank.statement.balance", "account.bank.statement.line"):
            self.env[model].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT journal.id, begun.date,
                          coalesce(previous.date, least(%(first)s::date, begun.date - 40) - 1),
                          coalesce(previous.known, begun.known, 0),
                          coalesce(following.date, %(last)s::date),
                          booked.date
                     FROM account_journal journal
                     JOIN res_company company ON company.id = journal.company_id
        LEFT JOIN LATERAL (SELECT closing.date, min(closing.exchange_id) AS known
                             FROM bank_statement_balance closing
                            WHERE %(link)s
                            GROUP BY closing.date ORDER BY closing.date LIMIT 1) begun ON TRUE
        LEFT JOIN LATERAL (SELECT closing.date, min(closing.exchange_id) AS known
                             FROM bank_statement_balance closing
                            WHERE %(link)s AND closing.date < %(first)s
                            GROUP BY closing.date ORDER BY closing.date DESC LIMIT 1) previous ON TRUE
        LEFT JOIN LATERAL (SELECT closing.date
                             FROM bank_statement_balance closing
                            WHERE %(link)s AND closing.date >= %(last)s
                            ORDER BY closing.date LIMIT 1) following ON TRUE
        LEFT JOIN LATERAL (SELECT line.bank_booking_date AS date
                             FROM account_bank_statement_line line
                            WHERE line.journal_id = journal.id AND line.bank_booking_date IS NOT NULL
                            ORDER BY line.bank_booking_date LIMIT 1) booked ON TRUE
                    WHERE journal.id = ANY(%(journals)s)""",
                link=_IS_LINK,
                journals=journals.ids,
                first=first,
                last=last,
            )
        )
        return [Span(*row, from_day=row[2] - _LATE) for row in rows]

    @api.model
    def _closings(self, spans):
        """Closing balances with the opening of the same statement; one sent again in another file counts once."""
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (closing.journal_id, closing.date, closing.electronic_sequence, closing.amount)
                          closing.journal_id, closing.date, closing.amount::text, opening.amount::text, opening.date,
                          closing.electronic_sequence, closing.exchange_id
                     FROM %(spans)s
                     JOIN account_journal journal ON journal.id = span.journal_id
                     JOIN res_company company ON company.id = journal.company_id
       CROSS JOIN LATERAL (SELECT * FROM bank_statement_balance closing
                            WHERE %(link)s AND closing.date BETWEEN span.since AND span.until
                            UNION ALL
                           SELECT * FROM bank_statement_balance closing
                            WHERE %(link)s AND closing.date = span.begun AND span.begun < span.since) closing
        LEFT JOIN LATERAL (SELECT * FROM bank_statement_balance opening
                            WHERE opening.exchange_id = closing.exchange_id
                              AND opening.journal_id = closing.journal_id
                              AND opening.currency_id = closing.currency_id
                              AND opening.electronic_sequence = closing.electronic_sequence
                              AND opening.type IN ('OPBD', 'PRCD')
                              AND opening.date BETWEEN closing.date - 40 AND closing.date
                            ORDER BY opening.date DESC, opening.type LIMIT 1) opening ON TRUE
                    ORDER BY closing.journal_id, closing.date, closing.electronic_sequence, closing.amount,
                             closing.exchange_id""",
                spans=self._span_table(spans),
                link=_IS_LINK,
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
    def _booked(self, spans):
        """Bookings of the days of a span, or of its statements, and those of earlier days that no balance before it
        has taken in.
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT line.journal_id, line.bank_booking_date, statement.bank_date, line.exchange_id,
                          coalesce(other.is_link, FALSE), sum(line.amount)::text, count(*)
                     FROM %(spans)s
                     JOIN account_journal journal ON journal.id = span.journal_id
                     JOIN res_company company ON company.id = journal.company_id
       CROSS JOIN LATERAL (SELECT line.*, FALSE AS is_late
                             FROM account_bank_statement_line line
                            WHERE line.journal_id = journal.id
                              AND line.bank_booking_date > span.since AND line.bank_booking_date <= span.until
                            UNION ALL
                           SELECT line.*, FALSE
                             FROM account_bank_statement within
                             JOIN account_bank_statement_line line ON line.statement_id = within.id
                            WHERE within.journal_id = journal.id
                              AND within.bank_date > span.since AND within.bank_date <= span.until
                              AND NOT (line.bank_booking_date > span.since AND line.bank_booking_date <= span.until)
                            UNION ALL
                           SELECT line.*, TRUE
                             FROM account_bank_statement_line line
                            WHERE line.journal_id = journal.id
                              AND line.bank_booking_date BETWEEN span.from_day AND span.since
                              AND line.exchange_id > span.known) line
        LEFT JOIN LATERAL (SELECT bank_date FROM account_bank_statement
                            WHERE id = line.statement_id LIMIT 1) statement ON TRUE
       CROSS JOIN LATERAL (SELECT CASE WHEN NOT statement.bank_date BETWEEN span.since AND span.until
                                       THEN EXISTS (SELECT FROM bank_statement_balance closing
                                                     WHERE %(link)s AND closing.date = statement.bank_date)
                                       END AS is_link) other
                    WHERE NOT line.is_late
                       OR (other.is_link IS NOT TRUE
                           AND (statement.bank_date > span.since AND statement.bank_date <= span.until) IS NOT TRUE
                           AND NOT EXISTS (SELECT FROM bank_statement_balance closing
                                            WHERE %(link)s
                                              AND closing.date BETWEEN line.bank_booking_date AND span.since
                                            GROUP BY closing.date, closing.electronic_sequence, closing.amount
                                           HAVING min(closing.exchange_id) >= line.exchange_id))
                    GROUP BY 1, 2, 3, 4, 5""",
                spans=self._span_table(spans),
                link=_IS_LINK,
            )
        )
        found = {}
        for journal_id, day, statement_day, exchange_id, elsewhere, total, count in rows:
            found.setdefault(journal_id, []).append(
                coverage.Booked(
                    day=day,
                    total=Decimal(total),
                    count=count,
                    statement_day=statement_day,
                    order=exchange_id or 0,
                    elsewhere=elsewhere,
                )
            )
        return found

    @api.model
    def _span_table(self, spans):
        """:return: the spans as the table "span" of a query"""
        columns = [list(column) for column in zip(*spans, strict=True)] or [[]] * len(Span._fields)
        return SQL(
            "unnest(%s::int[], %s::date[], %s::date[], %s::int[], %s::date[], %s::date[], %s::date[])"
            " AS span(journal_id, begun, since, known, until, first_booked, from_day)",
            *columns,
        )

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
            "A document waits for a person: %s.",
            self.env["finance.exception"]._title(figures["code"]),
        )
