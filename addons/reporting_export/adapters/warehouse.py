import re

from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.reporting_export.tools import manifest
from odoo.addons.reporting_export.tools.warehouse import Warehouse, table_name

_ADDRESS = re.compile(r"(?P<server>postgres(?:ql)?://[^#]*)(?:#(?P<schema>[a-z_][a-z0-9_]*))?")
_SCHEMA = "finance"


class FinanceAdapterWarehouse(models.AbstractModel):
    """A PostgreSQL warehouse: each run is staged and swapped in by one transaction of its own.

    The address is ``postgresql://user@host/database#schema``; the password is a credential of that kind. TLS with a
    verified certificate is asked for, unless the connection may reach private addresses.
    """

    _name = "finance.adapter.warehouse"
    _inherit = ["finance.adapter"]
    _description = "Adapter of PostgreSQL Warehouses"

    _adapter_label = "PostgreSQL warehouse"
    _capabilities = frozenset({"load_runs"})

    @api.model
    def _test_connection(self, connection):
        with self._warehouse(connection):
            return self.env._("The warehouse lets us in.")

    @api.model
    def _warehouse(self, connection):
        """:rtype: Warehouse
        :raise FinalError: the address is none of a PostgreSQL server, or another environment's
        """
        self.env["finance.environment"]._check_may_call(connection)
        address = _ADDRESS.fullmatch(connection.endpoint or "")
        if not address:
            raise FinalError(
                self.env._(
                    "%s needs an address like postgresql://user@host/database#schema.",
                    connection.display_name,
                ),
                code="final_error",
            )
        server = address["server"]
        if not connection.allow_private_address:
            server += ("&" if "?" in server else "?") + "sslmode=verify-full&sslrootcert=system"
        return Warehouse(
            server, address["schema"] or _SCHEMA, connection._secret("password", required=False)
        )

    @api.model
    def _deliver_run(self, connection, run, content):
        if run.file_format != "parquet":
            raise BusinessError(
                "export_format_refused",
                self.env._("A warehouse is loaded from Parquet; this run is %s.", run.file_format),
                self.env._("Set the export to Parquet and run it anew."),
            )
        files = {record.path: record for record in run.file_ids}
        contract = run.contract_id._contract()
        with self._warehouse(connection) as warehouse:
            done = warehouse.load(contract, content, lambda path: files[path]._content())
        return {
            "external_ref": f"{table_name(contract)}:{run.uid}",
            "response": canonical_json({manifest.path(contract, run.uid): done}),
            "acknowledged": True,
        }
