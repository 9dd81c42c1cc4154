from odoo import models

_AMOUNTS = frozenset(
    {
        "account_id",
        "amount_currency",
        "balance",
        "credit",
        "currency_id",
        "debit",
        "move_id",
        "partner_id",
    }
)
# What is open of an item: Odoo computes it, and never writes it this way.
_OPEN = frozenset({"amount_residual", "amount_residual_currency", "reconciled"})


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # The sum of an account on any day, without reading its items: years of them lie all over the table.
    _position_idx = models.Index(
        """(account_id, date) INCLUDE (balance, amount_currency, create_date, statement_line_id)
           WHERE parent_state = 'posted'"""
    )

    def write(self, vals):
        if touched := _AMOUNTS & vals.keys():
            entries = self.move_id
            if touched == {"partner_id"}:
                # A vendor that becomes a part of another takes along what is over.
                entries = entries.filtered(
                    lambda entry: not entry.sudo().origin_payment_id._is_over()
                )
            entries._check_payment_not_ordered()
        if _OPEN & vals.keys():
            self._check_ties_not_ordered()
        return super().write(vals)

    def _check_ties_not_ordered(self):
        """:raise UserError: one of these items is tied to a payment that is under way"""
        (self.matched_debit_ids | self.matched_credit_ids)._check_payment_not_ordered()
