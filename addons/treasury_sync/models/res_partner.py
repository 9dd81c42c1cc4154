from odoo import api, fields, models

from .account_payment import check_purpose


class ResPartner(models.Model):
    _inherit = "res.partner"

    treasury_purpose = fields.Char(
        string="Purpose Code",
        size=4,
        help="ISO 20022 code that payments to this vendor are proposed with, e.g. SUPP for suppliers, TAXS for taxes.",
    )

    @api.constrains("treasury_purpose")
    def _check_treasury_purpose(self):
        check_purpose(self)
