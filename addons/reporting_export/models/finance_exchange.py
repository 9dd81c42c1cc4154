from odoo import models


class FinanceExchange(models.Model):
    """What becomes of the exchange of a run is the state of the run."""

    _inherit = "finance.exchange"

    def _set_status(self, status, **grounds):
        super()._set_status(status, **grounds)
        self._tell_reporting_runs()

    def _reach(self, milestone, **how):
        super()._reach(milestone, **how)
        self._tell_reporting_runs()

    def _tell_reporting_runs(self):
        # By hand: as a dependency of the field, each step of every exchange would look for a run.
        ids = self.sudo().filtered(lambda item: item.res_model == "reporting.run").mapped("res_id")
        self.env["reporting.run"].sudo().browse(ids).exists()._compute_state()
