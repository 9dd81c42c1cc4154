from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.treasury_sync.tools import camt055


class TreasuryPaymentChannel(models.Model):
    """How the bank takes recalls."""

    _inherit = "treasury.payment.channel"

    recall_format = fields.Selection(
        selection="_selection_recall_format",
        string="Recalls as Files",
        tracking=True,
        help="The bank takes recalls as files, over the same interface as payments, and answers with camt.029.",
    )

    @api.model
    def _selection_recall_format(self):
        return camt055.choices()

    @api.constrains("recall_format", "file_format")
    def _check_recall_format(self):
        for channel in self.filtered("recall_format"):
            if not channel.file_format.startswith("pain."):
                raise ValidationError(
                    self.env._(
                        "A camt.055 recalls what was sent in ISO 20022, and %(channel)s sends %(format)s.",
                        channel=channel.name,
                        format=channel._format().name,
                    )
                )
