from decimal import Decimal, InvalidOperation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate

_lt = LazyTranslate(__name__)

MOST_LINES = 50_000
"""Ids that a board holds at a time; it says so when more lines wait."""
FIRST_ROWS = 40
MOST_ROWS = 200
KINDS = {
    "ambiguous": (
        _lt("Several fit"),
        ("runner_up", "claimed", "contested", "confusable", "names_others"),
    ),
    "amount": (_lt("Amount differs"), ("amount_short", "amount_over")),
    "gate": (_lt("Other currency or direction"), ("gate_currency", "gate_direction")),
    "suggestion": (_lt("Suggestion"), ("suggestion", "precision")),
    "refused": (_lt("Refused by Odoo"), ("refused",)),
    "nothing": (_lt("Nothing found"), ("nothing", "closed", "names_closed")),
}
"""What keeps a line waiting, as people sort it -> its label and the engine's reasons."""
OTHER = "other"
_KIND_OF = {code: kind for kind, (_label, codes) in KINDS.items() for code in codes}
_ORDERS = {
    "oldest": "internal_index, id",
    "newest": "internal_index DESC, id DESC",
    "kind": "match_reason_code, internal_index, id",
    "amount": "id",
}
_DEFAULTS = {
    "scope": "waiting",
    "order": "oldest",
    "journal": False,
    "kind": False,
    "direction": False,
    "score": 0,
    "text": "",
}


class BankStatementReview(models.AbstractModel):
    """What the review board asks: which lines wait, and what is known of them. It decides nothing.

    The board holds the ids of the lines that it shows and asks for rows as they come into sight. What a person decides
    goes to the actions of the line and of its proposals (``account_bank_statement_line_review.py``,
    ``bank_statement_match_proposal.py``). Only who may write statement lines gets an answer, of the companies that are
    switched on.
    """

    _name = "bank.statement.review"
    _description = "Review Board"

    # === PUBLIC METHODS === #

    @api.model
    @api.readonly
    def get_board(self, filters: dict | None = None) -> dict:
        """The lines of a filter, and how many wait for which reason and on which account.

        :param dict | None filters: ``scope`` waiting, postponed, ignored, asked or decided; ``order`` oldest, newest,
            amount or kind; ``journal`` id; ``kind``; ``direction`` in or out; least ``score``; ``text``
        :return: ``ids`` in order, ``total``, ``kinds`` and ``journals`` with their counts, the first ``rows``, and what
            the caller ``may`` create
        :rtype: dict
        :raise AccessError: the caller may not write statement lines
        :raise UserError: a filter is unknown
        """
        self._check_reviewer()
        filters = self._filters(filters)
        domain = self._domain(filters)
        query = self._lines()._search(domain, order=_ORDERS[filters["order"]])
        if filters["order"] == "amount":
            query.order = SQL("abs(%s) DESC, id", SQL.identifier(query.table, "amount"))
        query.limit = MOST_LINES
        ids = list(query)
        return {
            "ids": ids,
            "total": len(ids) if len(ids) < MOST_LINES else self._lines().search_count(domain),
            "kinds": self._count_kinds(filters),
            "journals": self._count_journals(filters),
            "rows": self.get_rows(ids[:FIRST_ROWS]),
            "may": {
                name: self.env[model].has_access("create")
                for name, model in (
                    ("partner", "res.partner"),
                    ("bill", "account.move"),
                    ("payment", "account.payment"),
                )
            },
        }

    @api.model
    @api.readonly
    def get_rows(self, line_ids: list | None = None) -> list:
        """What the list shows of lines; one that is gone is left out.

        :param list | None line_ids: at most 200
        :return: rows in the order asked for; amounts as decimal text; ``open`` tells whether the line is not
            reconciled, ``scope`` in which list it is
        :rtype: list
        :raise AccessError: the caller may not write statement lines
        """
        self._check_reviewer()
        lines = self._lines().browse((line_ids or [])[:MOST_ROWS]).exists()
        return [self._row(line) for line in lines._filtered_access("write")]

    @api.model
    def tell_presence(self, line_id: int | None = None, hello: bool = False) -> bool:
        """Tell the colleagues who look at the board which line the caller looks at.

        :param int | None line_id: none when the board is left
        :param bool hello: whether the board was just opened, so that the others answer
        :return: True
        :rtype: bool
        :raise AccessError: the caller may not write statement lines, or not this one
        """
        self._check_reviewer()
        line = self._lines().browse(line_id or []).exists()
        line.check_access("write")
        for company in line.company_id or self.env.companies:
            self._send(
                company,
                "presence",
                {
                    "user": self.env.uid,
                    "name": self.env.user.name,
                    "line": line.id,
                    "hello": bool(hello),
                },
            )
        return True

    # === WHICH LINES === #

    @api.model
    def _check_reviewer(self):
        """:raise AccessError: the caller may not reconcile, or not see why a line waits"""
        self._lines().check_access("write")
        self.env["bank.statement.match"].check_access("read")

    @api.model
    def _lines(self):
        return self.env["account.bank.statement.line"]

    @api.model
    def _filters(self, filters):
        """:return: all filters, with their defaults
        :raise UserError: one of them is unknown
        """
        filters = {**_DEFAULTS, **(filters or {})}
        scopes = ("waiting", "postponed", "ignored", "asked", "decided")
        if (
            filters.keys() - _DEFAULTS.keys()
            or filters["scope"] not in scopes
            or filters["order"] not in _ORDERS
            or filters["kind"] not in (False, None, OTHER, *KINDS)
            or filters["direction"] not in (False, None, "in", "out")
        ):
            raise UserError(self.env._("The review board does not know this filter: %s", filters))
        return filters

    @api.model
    def _waiting_domain(self):
        """Lines on which a person has to decide now.

        :rtype: Domain
        """
        today = fields.Date.context_today(self)
        return (
            self._open_domain()
            & Domain("match_ignored_reason", "=", False)
            & (
                Domain("match_postponed_until", "=", False)
                | Domain("match_postponed_until", "<=", today)
            )
        )

    @api.model
    def _open_domain(self):
        return Domain("is_reconciled", "=", False) & Domain("state", "=", "posted")

    @api.model
    def _scope_domain(self, scope):
        open_domain = self._open_domain()
        if scope == "postponed":
            day = fields.Date.context_today(self)
            return open_domain & Domain("match_postponed_until", ">", day)
        if scope == "ignored":
            return open_domain & Domain("match_ignored_reason", "!=", False)
        if scope == "asked":
            return self._waiting_domain() & Domain("match_asked_id", "=", self.env.uid)
        if scope == "decided":
            week = fields.Datetime.subtract(fields.Datetime.now(), days=7)
            return Domain("match_id.state", "=", "posted") & Domain(
                "match_id.decided_at", ">=", week
            )
        return self._waiting_domain()

    @api.model
    def _domain(self, filters, *, without=()):
        """:param without: filters that do not count
        :rtype: Domain
        """
        domain = self._scope_domain(filters["scope"])
        domain &= Domain("company_id", "in", self.env.companies.ids)
        if filters["journal"] and "journal" not in without:
            domain &= Domain("journal_id", "=", int(filters["journal"]))
        if filters["kind"] and "kind" not in without:
            domain &= self._kind_domain(filters["kind"])
        if filters["direction"]:
            domain &= Domain("amount", ">" if filters["direction"] == "in" else "<", 0)
        if filters["score"]:
            domain &= Domain("match_score", ">=", int(filters["score"]))
        if text := (filters["text"] or "").strip():
            domain &= self._text_domain(text)
        return domain

    @api.model
    def _kind_domain(self, kind):
        if kind == OTHER:
            return Domain("match_reason_code", "=", False) | Domain(
                "match_reason_code", "not in", list(_KIND_OF)
            )
        return Domain("match_reason_code", "in", KINDS[kind][1])

    @api.model
    def _text_domain(self, text):
        names = (
            "payment_ref",
            "partner_name",
            "partner_id.name",
            "end_to_end_id",
            "creditor_reference",
            "account_number",
        )
        domain = Domain.OR(Domain(name, "ilike", text) for name in names)
        try:
            amount = float(abs(Decimal(text.replace(",", "."))))
        except InvalidOperation:
            return domain
        return domain | Domain("amount", "in", [amount, -amount])

    # === FIGURES === #

    @api.model
    def _count_kinds(self, filters):
        counts = {}
        for code, count in self._lines()._read_group(
            self._domain(filters, without=("kind",)), ["match_reason_code"], ["__count"]
        ):
            kind = _KIND_OF.get(code, OTHER)
            counts[kind] = counts.get(kind, 0) + count
        return [
            {"id": kind, "name": self._kind_label(kind), "count": counts[kind]}
            for kind in (*KINDS, OTHER)
            if kind in counts
        ]

    @api.model
    def _count_journals(self, filters):
        groups = self._lines()._read_group(
            self._domain(filters, without=("journal",)), ["journal_id"], ["__count"]
        )
        return [
            {"id": journal.id, "name": journal.display_name, "count": count}
            for journal, count in groups
        ]

    @api.model
    def _kind_label(self, kind):
        return self.env._(KINDS[kind][0]) if kind in KINDS else self.env._("Not looked at")

    # === ROWS === #

    @api.model
    def _row(self, line):
        day = line.bank_booking_date or line.date
        kind = _KIND_OF.get(line.match_reason_code, OTHER)
        return {
            "id": line.id,
            "date": fields.Date.to_string(day),
            "amount": self._amount(line.amount, line.currency_id),
            "currency_id": line.currency_id.id,
            "journal": line.journal_id.display_name,
            "journal_id": line.journal_id.id,
            "text": line.payment_ref or "",
            "party": line.partner_name or line.partner_id.display_name or "",
            "score": line.match_score,
            "kind": self._kind_label(kind),
            "kind_id": kind,
            "asked": line.match_asked_id.name or "",
            "until": fields.Date.to_string(line.match_postponed_until) or "",
            "ignored": line.match_ignored_reason or "",
            "open": not line.is_reconciled,
            "scope": self._scope_of(line),
        }

    @api.model
    def _scope_of(self, line):
        """:return: in which list the line is"""
        if line.is_reconciled:
            return "decided"
        if line.match_ignored_reason:
            return "ignored"
        until = line.match_postponed_until
        return "postponed" if until and until > fields.Date.context_today(self) else "waiting"

    @api.model
    def _amount(self, amount, currency):
        return f"{amount:.{currency.decimal_places}f}"

    # === NEWS === #

    @api.model
    def _send(self, company, kind, payload):
        self.env["bus.bus"]._sendone(
            (company, "bank_statement_review"), f"bank_statement_review/{kind}", payload
        )

    @api.model
    def _tell_changed(self, lines):
        """Tell the open boards which lines were decided on, once it is committed; one message a company."""
        precommit = self.env.cr.precommit
        changed = precommit.data.setdefault("bank_statement_review", {})
        if not changed:
            precommit.add(self._send_changed)
        for line in lines:
            changed.setdefault(line.company_id, set()).add(line.id)

    @api.model
    def _send_changed(self):
        changed = self.env.cr.precommit.data.pop("bank_statement_review", {})
        for company, ids in changed.items():
            self._send(
                company,
                "changed",
                {
                    "user": self.env.uid,
                    "name": self.env.user.name,
                    # The board asks anew when so much changed that naming it would be of no use.
                    "ids": sorted(ids) if len(ids) <= MOST_ROWS else [],
                },
            )
