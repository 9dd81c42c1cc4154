from odoo import fields, models


class TreasuryReportUpload(models.TransientModel):
    """Bring the bank's status report by hand: what it says counts as if it had come over the channel."""

    _name = "treasury.report.upload"
    _inherit = "bank.statement.upload"
    _description = "Upload of Payment Status Reports"
    _upload_code = "treasury.payment.report.upload"
    _upload_handler = "payment_report"

    attachment_ids = fields.Many2many(
        relation="treasury_report_upload_attachment_rel", help="pain.002, as the bank gave it."
    )

    def _file_key(self, content):
        # Where one person's word is not enough, another brings the same file.
        return f"{super()._file_key(content)}:{self.env.uid}"

    def _upload_title(self):
        return self.env._("Uploaded Status Reports")

    def _upload_interface_name(self):
        return self.env._("Status reports uploaded by hand")
