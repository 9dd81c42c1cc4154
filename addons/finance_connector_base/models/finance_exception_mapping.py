from odoo import api, fields, models


class FinanceException(models.Model):
    _inherit = "finance.exception"

    misses_mapping = fields.Boolean(
        compute="_compute_misses_mapping",
        help="It goes away once somebody says what a code stands for.",
    )

    @api.depends("code", "evidence")
    def _compute_misses_mapping(self):
        for exception in self:
            exception.misses_mapping = exception.code == "mapping_missing" or "code_digest" in (
                exception.evidence or {}
            )
