from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.reporting_export.tools import manifest


class FinanceHandlerReportingRun(models.AbstractModel):
    """A run of an export: preparing it is reading it, its content is the manifest, its files go ahead of that.

    Files are only ever created, and one that is there is compared by its digest: sending again changes nothing.
    """

    _name = "finance.handler.reporting_run"
    _inherit = ["finance.handler"]
    _description = "Handler of Reporting Runs"

    _handler_label = "Reporting export"
    _direction = "outbound"
    _safe_to_repeat = True

    @api.model
    def _run_of(self, exchange):
        return self.env["reporting.run"].browse(exchange.res_id)

    @api.model
    def _prepare(self, exchange):
        return self._run_of(exchange)._build()

    @api.model
    def _validate_prepared(self, exchange, content):
        run = self._run_of(exchange)
        for entry in manifest.read(content)["files"]:
            record = run.file_ids.filtered(lambda file, path=entry["path"]: file.path == path)
            assert sha256_hex(record._content()) == entry["sha256"]
        run._check_proven()
