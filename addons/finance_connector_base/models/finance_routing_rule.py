from odoo import fields, models


class FinanceRoutingRule(models.Model):
    """Which interface carries a given document: policy, not code."""

    _name = "finance.routing.rule"
    _description = "Finance Routing Rule"

    name = fields.Char(required=True)
