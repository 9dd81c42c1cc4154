from odoo import api, fields, models


class FinanceException(models.Model):
    """The two figures of a statement that does not add up, side by side."""

    _inherit = "finance.exception"

    expected_figure = fields.Char(string="Expected", compute="_compute_figures")
    actual_figure = fields.Char(string="Stated by the Bank", compute="_compute_figures")

    @api.depends("evidence")
    def _compute_figures(self):
        for exception in self:
            evidence = exception.evidence or {}
            exception.expected_figure = evidence.get("expected")
            exception.actual_figure = evidence.get("actual")
