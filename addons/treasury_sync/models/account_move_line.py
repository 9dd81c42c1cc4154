from odoo import models

_AMOUNTS = frozenset(
    {"account_id", "amount_currency", "balance", "credit", "currency_id", "debit", "partner_id"}
)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def write(self, vals):
        if _AMOUNTS & vals.keys():
            self.move_id._check_payment_not_ordered()
        return super().write(vals)
