from odoo import fields, models


class BankStatementFeed(models.Model):
    """A drop of files may hold the bank's status reports: an interface for these has a feed of its own."""

    _inherit = "bank.statement.feed"

    interface_id = fields.Many2one(
        domain="[('handler', 'in', ('bank_statement', 'payment_report'))]"
    )
