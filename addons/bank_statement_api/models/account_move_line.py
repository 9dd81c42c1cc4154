from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    # Open items by what is open: candidates of lines whose text says nothing.
    _open_amount_idx = models.Index(
        "(amount_residual_currency, currency_id) WHERE parent_state = 'posted' AND reconciled IS NOT TRUE"
        " AND amount_residual_currency != 0"
    )
