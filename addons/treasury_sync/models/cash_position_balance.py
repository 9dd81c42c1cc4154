from odoo import models


class BankStatementBalance(models.Model):
    _inherit = "bank.statement.balance"

    # The last balance of a type on a day: one look for each account, however many years are stored.
    _cash_position_idx = models.Index(
        "(journal_id, type, date DESC, electronic_sequence DESC, id DESC)"
    )
