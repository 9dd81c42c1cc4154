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
        names = {name for vals in batch for name in vals}
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
            return lambda value: own.round(value or 0.0)
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
    def _varying(self, sample, vals, line_id, move_id, number, shared):
        """The columns of one line that a line of its kind does not share.

        :param Sample sample: a line of the same kind
        :param int number: in the journal's sequence
        :return: columns of line, entry, liquidity item and suspense item, without ids of their own
        :rtype: tuple[dict, dict, dict, dict]
        """
        amount, transaction_amount, company_amount = self._amounts(vals, shared)
        day, label = vals["date"], vals["payment_ref"]
        name = _name_of(sample.move, number)
        partner_id = vals.get("partner_id") or False
        converters = shared.converters
        line = {
            column: converter(vals.get(column, False)) for column, converter in converters.items()
        }
        line["move_id"] = move_id
        line["amount_residual"] = -transaction_amount
        line["internal_index"] = f"{day:%Y%m%d}{sample.line['internal_index'][8:18]}{line_id:0>10}"
        total = self._entry_total(amount, transaction_amount, company_amount, shared)
        move = {
            "name": name,
            "sequence_number": number,
            "date": day,
            "statement_line_id": line_id,
            "amount_total": total,
            "amount_total_in_currency_signed": total,
            "amount_total_signed": abs(company_amount),
        }
        # Without a partner they are as in every other such line.
        move |= shared.partners.get(partner_id) or {
            column: sample.move[column] for column in PARTNER_COLUMNS
        }
        common = {
            "move_id": move_id,
            "statement_line_id": line_id,
            "move_name": name,
            "name": label,
            "date": day,
            "partner_id": partner_id or None,
        }
        liquidity = common | _item_amounts(sample.liquidity, amount, company_amount)
        suspense = common | _item_amounts(sample.suspense, -transaction_amount, -company_amount)
        return line, move, liquidity, suspense

    @api.model
    def _entry_total(self, amount, transaction_amount, company_amount, shared):
        """Odoo adds up what is debited, whatever its currency, and rounds it as money of the entry's currency."""
        if not company_amount:
            return 0.0
        debited = amount if company_amount > 0 else -transaction_amount
        return abs((shared.foreign or shared.currency).round(debited))

    @api.model
    def _amounts(self, vals, shared):
        """:return: the amount in the journal's currency, in the transaction's and in the company's"""
        amount = shared.currency.round(vals["amount"])
        transaction_amount = amount
        if shared.foreign:
            transaction_amount = shared.foreign.round(vals["amount_currency"])
        if shared.currency == shared.company_currency:
            return amount, transaction_amount, amount
        if shared.foreign == shared.company_currency:
            return amount, transaction_amount, transaction_amount
        day = vals["date"]
        if day not in shared.rates:
            shared.rates[day] = shared.currency._get_conversion_rate(
                shared.currency, shared.company_currency, shared.company, day
            )
        return (
            amount,
            transaction_amount,
            shared.company_currency.round(amount * shared.rates[day]),
        )


def _item_amounts(template, amount, balance):
    open_item = bool(template["amount_residual"])
    return {
        "debit": max(balance, 0.0),
        "credit": max(-balance, 0.0),
        "balance": balance,
        "amount_currency": amount,
        "price_subtotal": amount,
        "price_total": amount,
        "amount_residual": balance if open_item else 0.0,
        "amount_residual_currency": amount if open_item else 0.0,
    }


def _name_of(move, number):
    """The sequence number in the format of the sample's name."""
    prefix = move["sequence_prefix"]
    rest = move["name"].removeprefix(prefix)
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{prefix}{number:0{digits}d}{rest[digits:]}"
