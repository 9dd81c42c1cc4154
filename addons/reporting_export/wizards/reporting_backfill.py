from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.reporting_export.models.reporting_export import months

_MOST_MONTHS = 120


class ReportingBackfill(models.TransientModel):
    """Exports some months again: what a target lost, or never had. The schedule goes on as if nothing happened."""

    _name = "reporting.backfill"
    _description = "Back-fill of a Reporting Export"

    export_id = fields.Many2one(
        "reporting.export", required=True, readonly=True, ondelete="cascade"
    )
    date_from = fields.Date(string="From the Month of", required=True)
    date_to = fields.Date(string="To the Month of", required=True)
    entity_ids = fields.Many2many(
        "res.company",
        string="Entities",
        required=True,
        compute="_compute_entity_ids",
        store=True,
        readonly=False,
    )

    @api.depends("export_id")
    def _compute_entity_ids(self):
        for backfill in self:
            backfill.entity_ids = backfill.export_id.entity_ids

    def action_start(self):
        """Start a run for each month.

        :return: action that lists the runs
        :raise UserError: the months are none, or too many, an entity is not the export's, or a run of it is not over
        """
        self.ensure_one()
        export = self.export_id
        export.check_access("read")
        self.env["finance.exchange"]._check_operator()
        if not self.entity_ids or self.entity_ids - export.entity_ids:
            raise UserError(self.env._("Choose entities of %s: it exports no others.", export.name))
        periods = months(self.date_from.replace(day=1), fields.Date.end_of(self.date_to, "month"))
        if not 1 <= len(periods) <= _MOST_MONTHS:
            raise UserError(
                self.env._("Choose a first month and a last one, %s months at most.", _MOST_MONTHS)
            )
        export._check_nothing_under_way()
        for period in periods:
            export._start("backfill", period.start, period.end, self.entity_ids)
        return export.action_open_runs()
