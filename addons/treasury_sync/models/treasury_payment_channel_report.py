from odoo import fields, models


class TreasuryPaymentChannel(models.Model):
    """By which connections the bank tells what became of the payments."""

    _inherit = "treasury.payment.channel"

    report_connection_ids = fields.Many2many(
        "finance.connection",
        string="Reports Also Over",
        check_company=True,
        domain="[('interface_ids.handler', '=', 'payment_report')]",
        help="Further connections of this bank that bring its status reports and answers. What comes over the"
        " connection that an order left by is believed anyway; what any other one says of it is put before a person.",
    )
