from dataclasses import dataclass, field
from itertools import chain

from odoo import api, models
from odoo.tools import SQL

from odoo.addons.bank_statement_api.tools.matching import facts, words
from odoo.addons.bank_statement_api.tools.matching import numbers as document_numbers
from odoo.addons.bank_statement_api.tools.matching.catalogue import LONGEST, SHORTEST

MANY = 2_000
"""Lines from which all open items are loaded at once, which is then faster than looking them up."""
_MOST_WORDS = 7
_MOST_OF_PARTNER = 200


@dataclass(frozen=True)
class Wanted:
    """What the lines of one company may settle, for the look-up of candidates by indexes.

    :ivar everything: all open items are wanted; the rest does not matter then.
    :ivar values: normalised texts that may be references.
    :ivar numbers: that may be running numbers of documents.
    :ivar amounts: signed, in the lines' currencies.
    :ivar partners: commercial partners that the lines come from.
    """

    everything: bool = False
    values: frozenset = field(default_factory=frozenset)
    numbers: frozenset = field(default_factory=frozenset)
    amounts: frozenset = field(default_factory=frozenset)
    partners: frozenset = field(default_factory=frozenset)


class BankStatementMatcher(models.AbstractModel):
    """What lines are compared with: open items and who is known by what; each read by one query a batch."""

    _inherit = "bank.statement.matcher"

    # === CANDIDATES === #

    @api.model
    def _wanted(self, lines, parties):
        """:param lines: ``facts.Line`` of one company
        :rtype: Wanted
        """
        if len(lines) > MANY:
            return Wanted(everything=True)
        values, numbers = {line.mandate for line in lines if line.mandate}, set()
        for line in lines:
            for text in line.texts:
                runs = [word for word, _start, _end in words.words(text.value)]
                for place in range(len(runs)):
                    value = ""
                    for word in runs[place : place + _MOST_WORDS]:
                        value += word
                        if len(value) > LONGEST:
                            break
                        if len(value) >= SHORTEST and not value.isalpha():
                            values.add(value)
                numbers.update(_numbers_in(runs))
        partners = {line.partner for line in lines if line.partner}
        partners.update(chain.from_iterable(parties.ibans.get(line.iban, ()) for line in lines))
        partners.update(
            chain.from_iterable(
                parties.names.get(words.fold_name(line.name), ()) for line in lines if line.name
            )
        )
        amounts = {amount for line in lines for amount in line.amounts}
        return Wanted(
            values=frozenset(values),
            numbers=frozenset(numbers),
            amounts=frozenset(amounts),
            partners=frozenset(partners),
        )

    @api.model
    def _candidate_sources(self):
        """Where candidates come from: names of methods ``(company, wanted) -> list[facts.Item]``.

        Other addons add theirs: batches, payouts and expected payments are items with a negative ``id``, see
        :meth:`_composite_id`, and ``members``, the journal items that are reconciled when one is settled.
        """
        return ["_source_open_items"]

    @api.model
    def _composite_id(self, record):
        """:return: id for a candidate that is no journal item, the same in every run and unlike any other
        :rtype: int
        """
        return -(self.env["ir.model"]._get_id(record._name) * 10**10 + record.id)

    @api.model
    def _candidates(self, company, wanted):
        """:rtype: list[facts.Item]"""
        return [
            item
            for source in self._candidate_sources()
            for item in getattr(self, source)(company, wanted)
        ]

    @api.model
    def _source_open_items(self, company, wanted):
        """Open receivable and payable items, and payments in transit on the outstanding accounts."""
        for model in ("account.move.line", "account.move", "res.partner"):
            self.env[model].flush_model()
        accounts = self._outstanding_accounts(company)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT item.id, item.move_id, currency.name, currency.decimal_places, item.amount_residual_currency,
                       partner.commercial_partner_id, item.date_maturity, move.name, move.payment_reference, move.ref,
                       move.move_type, item.discount_date, item.discount_amount_currency, account.account_type
                  FROM account_move_line item
                  JOIN account_move move ON move.id = item.move_id
                  JOIN account_account account ON account.id = item.account_id
                  JOIN res_currency currency ON currency.id = item.currency_id
                  LEFT JOIN res_partner partner ON partner.id = item.partner_id
                 WHERE item.parent_state = 'posted'
                   AND item.company_id = ANY(%(companies)s)
                   AND item.reconciled IS NOT TRUE
                   AND item.amount_residual_currency != 0
                   AND (account.account_type IN ('asset_receivable', 'liability_payable')
                        AND item.payment_id IS NULL
                        OR item.account_id = ANY(%(outstanding)s))
                   AND %(blocks)s
                 ORDER BY item.id
                """,
                companies=self.env["res.company"]
                .sudo()
                .search([("id", "child_of", company.id)])
                .ids,
                outstanding=accounts.ids,
                blocks=self._blocks(wanted),
            )
        )
        return [self._item(company, row) for row in rows]

    @api.model
    def _outstanding_accounts(self, company):
        method_lines = (
            self.env["account.payment.method.line"]
            .sudo()
            .search(
                [("journal_id.company_id", "=", company.id), ("payment_account_id", "!=", False)]
            )
        )
        # Where the method names no account, Odoo takes one of its own for the payment.
        taken = (
            self.env["account.payment"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("state", "=", "in_process"),
                    ("outstanding_account_id", "!=", False),
                ],
                ["outstanding_account_id"],
            )
        )
        return (
            method_lines.payment_account_id.union(*(account for (account,) in taken)).filtered(
                "reconcile"
            )
            | company.sudo().transfer_account_id
        )

    @api.model
    def _blocks(self, wanted):
        """The union of what each index finds; a condition over all of them would use none."""
        if wanted.everything:
            return SQL("TRUE")
        normalised = (
            SQL("regexp_replace(upper(%s), '[^A-Z0-9]', '', 'g')", SQL.identifier(column))
            for column in ("name", "payment_reference", "ref")
        )
        by_text = [
            SQL(
                "SELECT entry_line.id FROM account_move_line entry_line WHERE entry_line.move_id IN"
                " (SELECT id FROM account_move WHERE state = 'posted' AND %s = ANY(%s))",
                column,
                sorted(wanted.values),
            )
            for column in normalised
        ]
        by_number = SQL(
            "SELECT entry_line.id FROM account_move_line entry_line WHERE entry_line.move_id IN"
            " (SELECT id FROM account_move WHERE state = 'posted' AND move_type != 'entry'"
            " AND sequence_number = ANY(%s))",
            sorted(wanted.numbers),
        )
        amounts = {name for name, _amount in wanted.amounts}
        by_amount = [
            SQL(
                "SELECT id FROM account_move_line WHERE parent_state = 'posted' AND reconciled IS NOT TRUE"
                " AND amount_residual_currency != 0 AND currency_id = %s"
                " AND amount_residual_currency = ANY(%s::numeric[])",
                currency.id,
                [
                    str(_decimal(currency, amount))
                    for name, amount in sorted(wanted.amounts)
                    if name == currency.name
                ],
            )
            for currency in self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", sorted(amounts))])
        ]
        by_partner = SQL(
            "SELECT id FROM account_move_line WHERE parent_state = 'posted' AND reconciled IS NOT TRUE"
            " AND partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
            sorted(wanted.partners),
        )
        return SQL(
            "item.id IN (%s)", SQL(" UNION ").join([*by_text, by_number, *by_amount, by_partner])
        )

    @api.model
    def _item(self, company, row):
        (
            item_id,
            move_id,
            currency,
            decimals,
            residual,
            partner,
            due,
            name,
            payment_reference,
            ref,
            move_type,
            discount_date,
            discounted,
            account_type,
        ) = row
        scale = 10**decimals
        is_open_item = account_type in ("asset_receivable", "liability_payable")
        # What a vendor calls the bill stands in its direct debit; a payment's memo names what it pays.
        own = (payment_reference, ref if move_type != "out_invoice" else None)
        has_discount = (
            discount_date and discounted and round(discounted * scale) != round(residual * scale)
        )
        return facts.Item(
            id=item_id,
            company=company.id,
            currency=currency,
            residual=round(residual * scale),
            document=move_id,
            partner=partner or 0,
            due=due,
            references=tuple(text for text in own if text),
            numbers=(name,) if name and name != "/" else (),
            discounted=round(discounted * scale) if has_discount else None,
            discount_until=discount_date if has_discount else None,
            kind="item" if is_open_item else "transit",
        )

    @api.model
    def _item_before(self, company, item, paid):
        """An item as it was before something was paid of it, for trials on the past.

        :param item: ``account.move.line``
        :param float paid: in the item's currency, signed like what was open
        :rtype: facts.Item
        """
        move, currency = item.move_id, item.currency_id
        row = (
            item.id,
            move.id,
            currency.name,
            currency.decimal_places,
            item.amount_residual_currency + paid,
            item.partner_id.commercial_partner_id.id,
            item.date_maturity,
            move.name,
            move.payment_reference,
            move.ref,
            move.move_type,
            item.discount_date,
            item.discount_amount_currency,
            item.account_id.account_type,
        )
        return self._item(company, row)

    # === PARTIES === #

    @api.model
    def _parties(self, company, lines):
        """Who the accounts and names of the lines belong to.

        :param lines: ``facts.Line``
        :rtype: facts.Parties
        """
        ibans = {}
        accounts = sorted({line.iban for line in lines if line.iban})
        for bank in (
            self.env["res.partner.bank"]
            .sudo()
            .search(
                [
                    ("sanitized_acc_number", "in", accounts),
                    ("company_id", "in", [False, company.id]),
                ]
            )
        ):
            ibans.setdefault(bank.sanitized_acc_number, set()).add(
                bank.partner_id.commercial_partner_id.id
            )
        lesson_model = self.env["bank.statement.match.lesson"]
        for lesson in lesson_model._accepted(company, "iban_partner"):
            ibans.setdefault(lesson.key, set()).add(lesson.partner_id.id)
        names = {}
        written = sorted({line.name.upper() for line in lines if line.name})
        for partner_id, name in self.env.execute_query(
            SQL(
                "SELECT commercial_partner_id, name FROM res_partner WHERE active AND upper(name) = ANY(%s)"
                " AND (company_id IS NULL OR company_id = %s)",
                written,
                company.id,
            )
        ):
            names.setdefault(words.fold_name(name), set()).add(partner_id)
        return facts.Parties(
            ibans={key: frozenset(ids) for key, ids in ibans.items()},
            names={key: frozenset(ids) for key, ids in names.items()},
            several=frozenset(lesson_model._accepted(company, "several_items").partner_id.ids),
        )

    @api.model
    def _named_parties(self, parties, items):
        """Add the names of the partners that have candidates."""
        ids = sorted({item.partner for item in items if item.partner})
        shown = dict(
            self.env.execute_query(SQL("SELECT id, name FROM res_partner WHERE id = ANY(%s)", ids))
        )
        names = {key: set(found) for key, found in parties.names.items()}
        for partner_id, name in shown.items():
            if name:
                names.setdefault(words.fold_name(name), set()).add(partner_id)
        return facts.Parties(
            ibans=parties.ibans,
            names={key: frozenset(found) for key, found in names.items()},
            shown={key: name for key, name in shown.items() if name},
            several=parties.several,
        )

    @api.model
    def _shapes(self, company):
        """The last number of each sequence of the company's documents: what the others look like.

        :rtype: frozenset[str]
        """
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT ON (move.journal_id, move.sequence_prefix) move.name
                     FROM account_move move
                     JOIN account_journal journal ON journal.id = move.journal_id
                    WHERE journal.company_id = %s AND journal.type = 'sale' AND move.state = 'posted'
                    ORDER BY move.journal_id, move.sequence_prefix DESC, move.sequence_number DESC""",
                company.id,
            )
        )
        return document_numbers.learn(name for (name,) in rows if name)


def _decimal(currency, minor):
    return f"{minor / 10**currency.decimal_places:.{currency.decimal_places}f}"


def _numbers_in(runs):
    """Running numbers that the words may end on, as PostgreSQL's integer holds them."""
    for word in runs:
        digits = word[len(word.rstrip("0123456789")) :]
        for length in {len(digits), *(range(3, 9) if len(digits) > 6 else ())}:
            if digits and 0 < int(digits[-length:]) < 2**31:
                yield int(digits[-length:])
