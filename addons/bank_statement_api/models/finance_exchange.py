from odoo import fields, models


class FinanceExchange(models.Model):
    _inherit = "finance.exchange"

    statement_reading = fields.Json(
        readonly=True,
        copy=False,
        help="What the uploader said of a statement file that does not say it itself: account, dates, amounts.",
    )
