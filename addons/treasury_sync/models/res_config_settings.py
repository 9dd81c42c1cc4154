from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    payments_await_bank = fields.Boolean(related="company_id.payments_await_bank", readonly=False)
