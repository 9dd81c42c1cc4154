from odoo import fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity


class ReportingRunFile(models.Model):
    """A file of a run, kept encrypted until its retention ends: what is sent again is the same to the byte."""

    _name = "reporting.run.file"
    _description = "File of a Reporting Run"
    _inherit = ["finance.encrypted.mixin"]
    _order = "run_id, path"
    _rec_name = "path"

    run_id = fields.Many2one(
        "reporting.run", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True, index=True)
    path = fields.Char(required=True, readonly=True, help="Below the root of the target.")
    entity = fields.Char(readonly=True)
    period = fields.Char(readonly=True)
    operation = fields.Selection(
        [("upsert", "Rows"), ("delete", "Rows That Are Gone")], required=True, readonly=True
    )
    row_count = fields.Integer(string="Rows", readonly=True)
    size = fields.Integer(string="Bytes", readonly=True)
    digest = fields.Char(readonly=True, help="SHA-256 of the file.")

    _path_uniq = models.Constraint("UNIQUE(run_id, path)", "A run writes a file once.")

    def _content(self):
        """:return: the clear bytes, proven to be those that were made
        :rtype: bytes
        :raise BusinessError: ``payload_tampered``
        """
        self.ensure_one()
        content = self._unseal()
        if content is None or sha256_hex(content) != self.digest:
            raise BusinessError(
                "payload_tampered",
                f"{self.path} is not what the run made: it was changed in the database.",
                next_step="Start the run anew, and tell whoever looks after the database.",
                evidence={"file": self.path, "digest": self.digest},
                severity=Severity.CRITICAL,
            )
        return content
