from odoo import fields, models


class FinanceTestPosting(models.Model):
    """The effect of a test exchange: one row where a real handler would post an entry."""

    _name = "finance.test.posting"
    _description = "Test Posting"

    exchange_id = fields.Many2one("finance.exchange", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True)
    unit = fields.Char(required=True)
    amount = fields.Char(required=True)
