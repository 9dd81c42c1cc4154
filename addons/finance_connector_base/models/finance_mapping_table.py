from odoo import fields, models


class FinanceMappingTable(models.Model):
    """What the codes of one kind stand for, for one connection or as the fallback of all."""

    _name = "finance.mapping.table"
    _description = "Finance Mapping Table"

    name = fields.Char(required=True)
