import uuid
from datetime import UTC

from odoo import models

from odoo.addons.finance_connector_base.tools.digest import canonical_json
from odoo.addons.reporting_export.tools import lineage


class ReportingRun(models.Model):
    """Tells a lineage backend where the rows of a run came from and where they went."""

    _inherit = "reporting.run"

    def _tell_lineage(self, kind, error=""):
        """Put one event into the outbox, where the export has a lineage interface.

        :param str kind: ``START``, ``COMPLETE`` or ``FAIL`` of ``tools.lineage``
        """
        self.ensure_one()
        interface = self.export_id.lineage_interface_id
        if not interface:
            return
        connection = self.export_id.connection_id
        contract = self.contract_id._contract()
        event = lineage.run_event(
            kind,
            run=uuid.UUID(self.uid),
            when=self.env.cr.now().replace(tzinfo=UTC),
            namespace=f"odoo://{self.env.cr.dbname}",
            contract=contract,
            sources=self.env["reporting.query"]._sources(self.contract_id),
            # Named, not addressed: an address may hold a login.
            target=(f"{connection.adapter}://{connection.name}", contract.full_name),
            totals=self.totals or [],
            rows=self.row_count,
            size=self.size,
            files=len(self.file_ids),
            error=error,
        )
        self.env["finance.exchange"]._emit(
            interface,
            f"lineage:{self.uid}:{kind}",
            record=self,
            content=canonical_json(event),
        )
