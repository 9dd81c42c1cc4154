from odoo import fields, models


class FinanceConnection(models.Model):
    """What banks' interfaces want to know beside address and credentials."""

    _inherit = "finance.connection"

    webhook_audience = fields.Char(
        string="Application ID",
        tracking=True,
        help="Whom signed notifications of the provider have to be for (Ibanity).",
    )
