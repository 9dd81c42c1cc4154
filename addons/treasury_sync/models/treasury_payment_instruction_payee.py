from odoo import api, fields, models

from .treasury_payee_verification import ANSWERS


class TreasuryPaymentInstruction(models.Model):
    """What the bank said of the payee, last."""

    _inherit = "treasury.payment.instruction"

    verification_ids = fields.One2many(
        "treasury.payee.verification", "instruction_id", readonly=True
    )
    payee_code = fields.Selection(ANSWERS, string="Payee", compute="_compute_payee")
    payee_text = fields.Char(string="What the Bank Says", compute="_compute_payee")

    @api.depends("verification_ids")
    def _compute_payee(self):
        for item in self:
            last = item.verification_ids[-1:]
            item.payee_code = last.code
            item.payee_text = last.matched_name or last.problem
