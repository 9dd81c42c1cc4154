from odoo import api, models

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.reporting_export.tools import manifest


class FinanceAdapter(models.AbstractModel):
    """The capability that exports add to adapters: ``store_files``."""

    _inherit = "finance.adapter"

    @api.model
    def _open_store(self, connection):
        """The place where a connection keeps files.

        :param connection: ``finance.connection``, one record
        :return: context manager of a store, see ``tools.stores``
        :raise FinalError: this system keeps no files
        """
        raise FinalError(
            f"The adapter of {connection.display_name} stores no files.", code="capability_missing"
        )

    @api.model
    def _send(self, exchange, content):
        if exchange.interface_id.handler != "reporting_run":
            return super()._send(exchange, content)
        run = self.env["reporting.run"].browse(exchange.res_id)
        return self._deliver_run(exchange.connection_id, run, content)

    @api.model
    def _deliver_run(self, connection, run, content):
        """Bring a run to its target: its files, and the manifest when all of them are there.

        :param run: ``reporting.run``
        :param bytes content: the manifest
        :return: the outcome, as :meth:`_send` gives it
        """
        receipt = {}
        with self._open_store(connection) as store:
            for record in run.file_ids.sorted("path"):
                receipt[record.path] = store.put_new(record.path, record._content(), record.digest)
                # Its clear bytes are not kept while the next one is read.
                record.invalidate_recordset()
            path = manifest.path(run.contract_id._contract(), run.uid)
            receipt[path] = store.put_new(path, content, manifest.digest(content))
        return {
            "external_ref": path,
            "response": canonical_json(receipt),
            "acknowledged": True,
        }
