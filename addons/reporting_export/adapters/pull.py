from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.reporting_export.tools import manifest


class FinanceAdapterPull(models.AbstractModel):
    """A target that fetches for itself: a finished run is kept and read page by page over ``finance.api``."""

    _name = "finance.adapter.pull"
    _inherit = ["finance.adapter"]
    _description = "Adapter of Consumers that Fetch"

    _adapter_label = "Fetched by the consumer (JSON-2)"
    _capabilities = frozenset({"keep_runs"})
    _connection_fields = ()

    @api.model
    def _test_connection(self, connection):
        return self.env._("Nothing to reach: the consumer comes by itself.")

    @api.model
    def _deliver_run(self, connection, run, content):
        if run.file_format != "parquet":
            raise BusinessError(
                "export_format_refused",
                self.env._("Pages are read from Parquet; this run is %s.", run.file_format),
                self.env._("Set the export to Parquet and run it anew."),
            )
        return {
            "external_ref": run.uid,
            "response": canonical_json(
                {manifest.path(run.contract_id._contract(), run.uid): "kept"}
            ),
            "acknowledged": True,
        }
