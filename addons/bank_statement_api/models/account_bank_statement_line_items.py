from decimal import Decimal

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class AccountBankStatementLine(models.Model):
    """What of a line is open, and the open items that a person may choose for it."""

    _inherit = "account.bank.statement.line"

    def action_match_items(self, text=None, limit=40):
        """Open items that a person may choose for a line: of its currency first, of these the nearest amounts.

        :param str text: part of a number, reference, label or partner's name; everything without it
        :param int limit: at most 200
        :return: ``[{"item", "document", "partner", "due", "amount", "currency", "currency_id", "account"}]``
        :rtype: list[dict]
        """
        self.check_access("read")
        self.ensure_one()
        domain = Domain(self._get_default_amls_matching_domain())
        if text:
            domain &= Domain.OR(
                Domain(name, "ilike", text)
                for name in (
                    "move_id.name",
                    "move_id.payment_reference",
                    "name",
                    "partner_id.name",
                    "ref",
                )
            )
        elif self.partner_id:
            domain &= Domain("partner_id", "child_of", self.partner_id.commercial_partner_id.id)
        limit = min(max(int(limit), 1), 200)
        model = self.env["account.move.line"]
        query = model._search(domain, limit=limit)
        # The database chooses: of thousands, the fitting one may be the newest.
        query.order = SQL(
            "%s <> %s, abs(%s - %s), %s, %s",
            model._field_to_sql(query.table, "currency_id"),
            self._open_currency().id,
            model._field_to_sql(query.table, "amount_residual_currency"),
            self._open_amount(),
            model._field_to_sql(query.table, "date_maturity"),
            model._field_to_sql(query.table, "id"),
        )
        return [
            {
                "item": item.id,
                "document": item.move_id.display_name,
                "partner": item.partner_id.display_name or "",
                "due": fields.Date.to_string(item.date_maturity or item.date),
                "amount": f"{item.amount_residual_currency:.{item.currency_id.decimal_places}f}",
                "currency": item.currency_id.name,
                "currency_id": item.currency_id.id,
                "account": item.account_id.display_name,
            }
            for item in model.browse(query)
        ]

    def _open_amount(self):
        """What of the line is open, in its transaction currency, as an exact figure.

        :rtype: decimal.Decimal
        """
        self.ensure_one()
        _liquidity, suspense, _other = self._seek_for_lines()
        amount = -sum(suspense.mapped("amount_currency"))
        return Decimal(f"{amount:.{self._open_currency().decimal_places}f}") + 0

    def _open_currency(self):
        """:return: transaction currency of the line, in which it is open"""
        self.ensure_one()
        _liquidity, suspense, _other = self._seek_for_lines()
        return suspense.currency_id[:1] or self.currency_id
