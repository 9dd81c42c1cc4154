from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.treasury_sync.tools import seals


class TreasuryPaymentChannel(models.Model):
    """How the bank wants a file signed and encrypted."""

    _inherit = "treasury.payment.channel"

    seal_method = fields.Selection(
        selection="_selection_seal_method",
        string="Signature and Encryption",
        tracking=True,
        help="How the approved file is signed and encrypted on its way. The keys are credentials of the connection.",
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_seal_method(self):
        return seals.choices()

    # === CONSTRAINT METHODS === #

    @api.constrains("seal_method", "interface_id", "file_format")
    def _check_seal_method(self):
        for channel in self.filtered("seal_method"):
            if not channel.interface_id:
                raise ValidationError(
                    self.env._(
                        "%s has no interface: whoever transmits its files signs and encrypts them.",
                        channel.name,
                    )
                )
            method = seals.METHODS[channel.seal_method]
            if method.xml_only and channel._format().extension != "xml":
                raise ValidationError(
                    self.env._(
                        "“%(method)s” is for XML, and %(channel)s sends none.",
                        method=method.name,
                        channel=channel.name,
                    )
                )
