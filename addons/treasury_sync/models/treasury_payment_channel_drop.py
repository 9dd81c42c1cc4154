from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TreasuryPaymentChannel(models.Model):
    """Where payment files go on a connection that is a drop of files: SFTP or a folder."""

    _inherit = "treasury.payment.channel"

    outbox_folder = fields.Char(
        string="Folder for Payment Files",
        tracking=True,
        help="SFTP and folders: below the folder of the connection, e.g. outbox. Empty: that folder itself.",
    )
    checksum_sidecar = fields.Boolean(
        string="Checksum File",
        default=True,
        tracking=True,
        help="SFTP and folders: put the file's SHA-256 beside it, as NAME.sha256, before the file itself appears.",
    )

    answer_hours = fields.Integer(
        string="Answer Due After (Hours)",
        required=True,
        default=48,
        tracking=True,
        help="When the bank has not said by then what became of a payment, counted from the sending or the payment day,"
        " a person is asked to find out.",
    )

    _answer_hours_positive = models.Constraint(
        "CHECK (answer_hours > 0)", "An answer is due after an hour at least."
    )

    @api.constrains("outbox_folder")
    def _check_outbox_folder(self):
        for channel in self:
            parts = (channel.outbox_folder or "x").split("/")
            if any(part in ("", ".", "..") or "\0" in part for part in parts):
                raise ValidationError(
                    self.env._(
                        "A folder for payment files lies below that of the connection: %s",
                        channel.outbox_folder,
                    )
                )
