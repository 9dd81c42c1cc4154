from odoo import fields, models


class FinanceEventType(models.Model):
    """A kind of event that subscribers can be told about; an addon adds its own as data."""

    _name = "finance.event.type"
    _description = "Finance Event Type"
    _order = "code"
    _rec_name = "code"

    code = fields.Char(
        required=True, readonly=True, help="The type in the message, e.g. invoice.posted."
    )
    description = fields.Char(required=True, translate=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "An event type exists once.")
