import re
from decimal import Decimal

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.bank_statement_api.tools import posting


class BankStatementMatchWriteOff(models.AbstractModel):
    """What goes to an account instead of an open item: Odoo's write-off models, and early-payment discounts."""

    _name = "bank.statement.match.write.off"
    _description = "Write-Offs of Statement Lines"

    # === ODOO'S RECONCILIATION MODELS === #

    @api.model
    def _models_for(self, lines):
        """The write-off models whose conditions hold, by line; a model without any condition fits nothing by itself.

        :rtype: dict
        """
        found = {}
        for company, company_lines in lines.grouped("company_id").items():
            candidates = (
                self.env["account.reconcile.model"]
                .sudo()
                .search(
                    [("company_id", "in", company.parent_ids.ids), ("can_be_proposed", "=", True)]
                )
            ).filtered(lambda model: model.line_ids.account_id and self._has_condition(model))
            for line in company_lines:
                found[line] = candidates.filtered(lambda model, line=line: self._fits(model, line))
        return found

    @api.model
    def _has_condition(self, model):
        """Whether it says of which lines it speaks; Odoo proposes one that does not as well, once it is automated."""
        return bool(model.match_label or model.match_amount or model.match_partner_ids)

    @api.model
    def _fits(self, model, line):
        amount = abs(line.amount)
        limits = {
            "lower": amount <= model.match_amount_max,
            "greater": amount >= model.match_amount_min,
            "between": model.match_amount_min <= amount <= model.match_amount_max,
        }
        return (
            (not model.match_journal_ids or line.journal_id in model.match_journal_ids)
            and (not model.match_partner_ids or line.partner_id in model.match_partner_ids)
            and (not model.match_amount or limits[model.match_amount])
            and (not model.match_label or self._label_fits(model, line))
        )

    @api.model
    def _label_fits(self, model, line):
        wanted = model.match_label_param or ""
        texts = self._texts(line)
        if model.match_label == "match_regex":
            return any(re.search(wanted, text, re.IGNORECASE) for text in texts)
        contains = any(wanted.lower() in text.lower() for text in texts)
        return contains is (model.match_label == "contains")

    @api.model
    def _texts(self, line):
        details = line.transaction_details or {}
        return [
            text
            for text in (
                line.payment_ref,
                line.narration and str(line.narration),
                details.get("additional_info"),
            )
            if text
        ]

    @api.model
    def _to_post(self, line, model, open_amount=None):
        """What a write-off model makes of a line, or of the part of it that is open.

        :param decimal.Decimal open_amount: in the line's currency
        :rtype: posting.Proposal
        :raise UserError: the model's lines cannot be worked out for this line
        """
        rest = whole = line._open_amount() if open_amount is None else open_amount
        currency = line.foreign_currency_id or line.currency_id
        unit = Decimal(1).scaleb(-currency.decimal_places)
        parts = []
        for model_line in model.line_ids.filtered("account_id"):
            amount = self._model_amount(model_line, line, whole, rest).quantize(unit)
            if not amount:
                continue
            rest -= amount
            parts.append(
                posting.WriteOff(
                    model_line.account_id.id,
                    amount,
                    model_line.label or line.payment_ref or model.name,
                    tuple(model_line.tax_ids.ids),
                    model_line.partner_id.id or None,
                )
            )
        if not parts:
            raise UserError(self.env._("%s books nothing for this line.", model.display_name))
        return posting.Proposal(line.id, write_offs=tuple(parts), keep_rest=bool(rest))

    @api.model
    def _model_amount(self, model_line, line, whole, rest):
        if model_line.amount_type == "percentage":
            return rest * Decimal(model_line.amount_string) / 100
        if model_line.amount_type == "percentage_st_line":
            return whole * Decimal(model_line.amount_string) / 100
        if model_line.amount_type == "fixed":
            # By Odoo's own rule: a credit when positive, whatever the line is.
            return Decimal(model_line.amount_string)
        sign = -1 if whole < 0 else 1
        for text in self._texts(line):
            if found := re.search(model_line.amount_string, text, re.IGNORECASE):
                digits = re.sub(r"[^\d,.]", "", found[1] if found.re.groups else found[0])
                if digits:
                    return self._read_amount(digits) * sign
        return Decimal()

    @api.model
    def _read_amount(self, text):
        """The last mark with one or two digits behind it is the decimal one; the others group digits."""
        parts = re.fullmatch(r"(.*?)(?:[.,](\d{1,2}))?", text)
        whole = re.sub(r"\D", "", parts[1]) or "0"
        return Decimal(f"{whole}.{parts[2] or '0'}")

    # === EARLY-PAYMENT DISCOUNT === #

    @api.model
    def _discount(self, proposal):
        """What Odoo books for the discounts of a proposal's items.

        :rtype: tuple[posting.WriteOff]
        """
        currency = proposal.currency_id
        items = proposal.item_ids.filtered("discount_date")
        values = self.env["account.move"]._get_invoice_counterpart_amls_for_early_payment_discount(
            [
                {
                    "aml": item,
                    "amount_currency": -item.amount_residual_currency,
                    "balance": -item.amount_residual,
                }
                for item in items
            ],
            -sum(items.mapped("amount_residual")) + sum(items.mapped("discount_balance")),
        )
        taxes = {}
        for vals in values["tax_lines"]:
            taxes[vals.get("partner_id")] = (
                taxes.get(vals.get("partner_id"), 0) + vals["amount_currency"]
            )
        parts = []
        for vals in values["term_lines"] + values["base_lines"]:
            amount = vals["amount_currency"]
            tax_ids = _linked(vals.get("tax_ids"))
            if tax_ids:
                amount += taxes.pop(vals.get("partner_id"), 0)
            if not currency.is_zero(amount):
                parts.append((vals, amount, tax_ids))
        wanted = Decimal(f"{proposal.difference:.{currency.decimal_places}f}")
        found = sum((self._part(currency, amount) for _vals, amount, _taxes in parts), Decimal())
        if not parts or abs(abs(found) - abs(wanted)) > Decimal(1).scaleb(-currency.decimal_places):
            raise UserError(self.env._("Odoo works out another discount for %s.", proposal.summary))
        made, rest = [], wanted
        for place, (vals, amount, tax_ids) in enumerate(parts):
            part = rest if place == len(parts) - 1 else self._signed(currency, amount, wanted)
            rest -= part
            made.append(
                posting.WriteOff(
                    vals["account_id"], part, vals["name"], tax_ids, vals.get("partner_id") or None
                )
            )
        return tuple(made)

    @api.model
    def _part(self, currency, amount):
        return Decimal(f"{amount:.{currency.decimal_places}f}")

    @api.model
    def _signed(self, currency, amount, like):
        part = abs(self._part(currency, amount))
        return -part if like < 0 else part


def _linked(commands):
    return tuple(
        record_id
        for command in commands or ()
        for record_id in (command[2] if command[0] == 6 else [command[1]])
    )
