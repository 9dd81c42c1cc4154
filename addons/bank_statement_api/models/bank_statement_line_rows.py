from dataclasses import dataclass, field
from datetime import date

from odoo import api, models

PARTNER_COLUMNS = (
    "partner_id",
    "commercial_partner_id",
    "invoice_partner_display_name",
    "fiscal_position_id",
    "partner_bank_id",
    "preferred_payment_method_line_id",
)
"""Of an entry, as Odoo derives them from its partner."""


@dataclass(frozen=True)
class Sample:
    """The rows that Odoo itself made for one line of a batch, or templates made of them."""

    vals: dict
    line: object
    move: object
    liquidity: object
    suspense: object
    message: object


@dataclass
class Shared:
    """What the lines of a batch have in common, and what was worked out for one of them and serves the others.

    :ivar converters: by name of a value, how it becomes a column of the line.
    :ivar partners: columns of the entry that follow from a partner, by its id.
    :ivar rates: of the journal's currency to the company's, by day.
    """

    journal: object
    company: object
    currency: object
    company_currency: object
    foreign: object
    converters: dict
    partners: dict
    rates: dict = field(default_factory=dict)


class BankStatementLineRows(models.AbstractModel):
    """The columns in which statement lines of one journal, month and currency differ, as Odoo would fill them."""

    _name = "bank.statement.line.rows"
    _description = "Rows of Bank Statement Lines"

    @api.model
    def _kind(self, vals):
        """Lines of one kind differ only in the columns of :meth:`_varying`."""
        amount = vals["amount"]
        return (amount > 0) - (amount < 0), bool(vals.get("partner_id"))

    @api.model
    def _shared(self, batch):
        """:param batch: values of lines that are numbered alike"""
        journal = self.env["account.journal"].browse(batch[0]["journal_id"])
        company = journal.company_id
        company_currency = company.currency_id
        currency = journal.currency_id or company_currency
        foreign = self.env["res.currency"].browse(batch[0].get("foreign_currency_id") or [])
        names = set().union(*batch)
        model = self.env["account.bank.statement.line"]
        converters = {
            name: self._converter(model, model._fields[name], currency, foreign)
            for name in sorted(names)
            if model._fields[name].store and model._fields[name].column_type
        }
        partner_ids = {vals["partner_id"] for vals in batch if vals.get("partner_id")}
        partners = self.env["res.partner"].browse(sorted(partner_ids))
        return Shared(
            journal,
            company,
            currency,
            company_currency,
            foreign,
            converters,
            self._partner_columns(company, foreign or currency, partners),
        )

    @api.model
    def _converter(self, model, fld, currency, foreign):
        """:return: a function from a value to what the column holds"""
        if fld.type == "monetary":
            own = foreign if fld.name == "amount_currency" and foreign else currency
            to_round = _rounder(own)
            return lambda value: to_round(value or 0.0)
        if fld.type in ("json", "date"):
            return lambda value: (
                (date.fromisoformat(value) if isinstance(value, str) else value) or None
            )
        if fld.type in ("integer", "boolean"):
            return lambda value: fld.convert_to_column_insert(value, model)
        return lambda value: (
            None if value is None or value is False else fld.convert_to_column_insert(value, model)
        )

    @api.model
    def _partner_columns(self, company, currency, partners):
        """:param currency: of the entries
        :return: columns of an entry by partner id
        """
        position_model = self.env["account.fiscal.position"].with_company(company)
        has_positions = bool(
            position_model.sudo().search_count(
                position_model._check_company_domain(company), limit=1
            )
        )
        found = {}
        for partner in partners.with_company(company):
            commercial = partner.commercial_partner_id
            position = position_model
            if has_positions:
                # The partner itself where it can be: another record would be fetched alone.
                delivery_id = partner.address_get(["delivery"])["delivery"]
                delivery = partner if delivery_id == partner.id else partner.browse(delivery_id)
                position = position_model._get_fiscal_position(partner, delivery=delivery)
            banks = commercial.bank_ids.filtered(
                lambda bank: not bank.company_id or bank.company_id == company
            ).sorted(
                # The account of the currency first, then one that is trusted.
                lambda bank: (
                    bool(bank.currency_id) and bank.currency_id != currency,
                    not bank.allow_out_payment,
                )
            )
            found[partner.id] = {
                "partner_id": partner.id,
                "commercial_partner_id": commercial.id,
                "invoice_partner_display_name": partner.display_name,
                "fiscal_position_id": position.id or None,
                "partner_bank_id": banks[:1].id or None,
                "preferred_payment_method_line_id": (
                    partner.property_outbound_payment_method_line_id.id or None
                ),
            }
        return found

    @api.model
    def _varying(self, sample, vals_list, line_ids, move_ids, numbers, shared):
        """The columns of lines of one kind in which they differ.

        :param Sample sample: a line of the same kind
        :param vals_list: values of the lines
        :param line_ids: their ids, ``move_ids`` those of their entries
        :param numbers: in the journal's sequence
        :return: values by column of lines, entries, liquidity items and suspense items, without ids of their own
        :rtype: tuple[dict, dict, dict, dict]
        """
        days = [vals["date"] for vals in vals_list]
        amounts, transaction_amounts, company_amounts = self._amounts(vals_list, shared)
        names = _names_of(sample.move, numbers)
        partner_ids = [vals.get("partner_id") or None for vals in vals_list]
        line = {
            column: _converted([vals.get(column, False) for vals in vals_list], converter)
            for column, converter in shared.converters.items()
        }
        line["move_id"] = move_ids
        line["amount_residual"] = _negated(transaction_amounts)
        written = {day: f"{day:%Y%m%d}" for day in set(days)}
        index = sample.line["internal_index"][8:18]
        line["internal_index"] = [
            f"{written[day]}{index}{line_id:0>10}"
            for day, line_id in zip(days, line_ids, strict=True)
        ]
        totals = self._entry_totals(amounts, transaction_amounts, company_amounts, shared)
        move = {
            "name": names,
            "sequence_number": numbers,
            "date": days,
            "statement_line_id": line_ids,
            "amount_total": totals,
            "amount_total_in_currency_signed": totals,
            "amount_total_signed": [abs(amount) for amount in company_amounts],
        }
        # Without a partner they are as in every other such line.
        default = {column: sample.move[column] for column in PARTNER_COLUMNS}
        derived = [shared.partners.get(partner_id) or default for partner_id in partner_ids]
        move |= {column: [found[column] for found in derived] for column in PARTNER_COLUMNS}
        common = {
            "move_id": move_ids,
            "statement_line_id": line_ids,
            "move_name": names,
            "name": [vals["payment_ref"] for vals in vals_list],
            "date": days,
            "partner_id": partner_ids,
        }
        liquidity = common | _item_amounts(sample.liquidity, amounts, company_amounts)
        suspense = common | _item_amounts(
            sample.suspense, _negated(transaction_amounts), _negated(company_amounts)
        )
        return line, move, liquidity, suspense

    @api.model
    def _entry_totals(self, amounts, transaction_amounts, company_amounts, shared):
        """Odoo adds up what is debited, whatever its currency, and rounds it as money of the entry's currency."""
        to_round = _rounder(shared.foreign or shared.currency)
        return [
            abs(to_round(amount if company_amount > 0 else transaction_amount))
            if company_amount
            else 0.0
            for amount, transaction_amount, company_amount in zip(
                amounts, transaction_amounts, company_amounts, strict=True
            )
        ]

    @api.model
    def _amounts(self, vals_list, shared):
        """:return: the amounts in the journal's currency, in the transactions' and in the company's"""
        to_round = _rounder(shared.currency)
        amounts = [to_round(vals["amount"]) for vals in vals_list]
        transaction_amounts = amounts
        if shared.foreign:
            transaction_amounts = [
                shared.foreign.round(vals["amount_currency"]) for vals in vals_list
            ]
        if shared.currency == shared.company_currency:
            return amounts, transaction_amounts, amounts
        if shared.foreign == shared.company_currency:
            return amounts, transaction_amounts, transaction_amounts
        company_amounts = [
            shared.company_currency.round(amount * self._rate(vals["date"], shared))
            for amount, vals in zip(amounts, vals_list, strict=True)
        ]
        return amounts, transaction_amounts, company_amounts

    @api.model
    def _rate(self, day, shared):
        if day not in shared.rates:
            shared.rates[day] = shared.currency._get_conversion_rate(
                shared.currency, shared.company_currency, shared.company, day
            )
        return shared.rates[day]


def _rounder(currency):
    """:return: ``currency.round``, which takes its time also for what is rounded already, as bank's amounts are"""
    digits = currency.decimal_places
    if currency.rounding != 10**-digits:
        return currency.round

    def to_round(value):
        return value if round(value, digits) == value else currency.round(value)

    return to_round


def _converted(values, converter):
    """:return: what a column holds of each value; most are the same in all lines"""
    first = values[0]
    if not isinstance(first, dict) and values.count(first) == len(values):
        return [converter(first)] * len(values)
    return [converter(value) for value in values]


def _negated(amounts):
    return [-amount for amount in amounts]


def _item_amounts(template, amounts, balances):
    open_item = bool(template["amount_residual"])
    zeros = [0.0] * len(amounts)
    return {
        "debit": [max(balance, 0.0) for balance in balances],
        "credit": [max(-balance, 0.0) for balance in balances],
        "balance": balances,
        "amount_currency": amounts,
        "price_subtotal": amounts,
        "price_total": amounts,
        "amount_residual": balances if open_item else zeros,
        "amount_residual_currency": amounts if open_item else zeros,
    }


def _names_of(move, numbers):
    """Sequence numbers in the format of the sample's name."""
    prefix = move["sequence_prefix"]
    rest = move["name"].removeprefix(prefix)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    suffix = rest[digits:]
    return [f"{prefix}{number:0{digits}d}{suffix}" for number in numbers]
