from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.reporting_export.tools import lineage, manifest


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
        run = self._run_of(exchange)
        run._tell_lineage(lineage.START)
        return run._build()

    @api.model
    def _settle(self, exchange, outcome):
        self._run_of(exchange)._tell_lineage(lineage.COMPLETE)
        return super()._settle(exchange, outcome)

    @api.model
    def _validate_prepared(self, exchange, content):
        run = self._run_of(exchange)
        for entry in manifest.read(content)["files"]:
            record = run.file_ids.filtered(lambda file, path=entry["path"]: file.path == path)
            if sha256_hex(record._content()) != entry["sha256"]:
                raise BusinessError(
                    "payload_tampered",
                    f"{record.path} is not the file that the manifest names.",
                    "Start the run anew, and tell whoever looks after the database.",
                    evidence={"file": record.path},
                    severity=Severity.CRITICAL,
                )
        run._check_proven()
