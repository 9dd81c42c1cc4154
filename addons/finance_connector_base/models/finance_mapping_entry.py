from odoo import fields, models


class FinanceMappingEntry(models.Model):
    """One code and what it stands for, from one day to another."""

    _name = "finance.mapping.entry"
    _description = "Finance Mapping Entry"

    name = fields.Char(required=True)
