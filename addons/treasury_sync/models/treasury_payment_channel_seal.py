from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import profiles, seals


class TreasuryPaymentChannel(models.Model):
    """What the bank wants of a file beside its format: the rules of its profile, signature and encryption."""

    _inherit = "treasury.payment.channel"

    profile_code = fields.Selection(
        selection="_selection_profile",
        string="Bank Profile",
        required=True,
        default="sepa",
        tracking=True,
        help="The rules that a file is checked against before anybody may approve it.",
    )
    seal_method = fields.Selection(
        selection="_selection_seal_method",
        string="Signature and Encryption",
        tracking=True,
        help="How the approved file is signed and encrypted on its way. The keys are credentials of the connection.",
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_profile(self):
        return profiles.choices()

    @api.model
    def _selection_seal_method(self):
        return seals.choices()

    # === CONSTRAINT METHODS === #

    @api.constrains("profile_code", "profile_options")
    def _check_profile(self):
        for channel in self:
            try:
                profiles.find(channel.profile_code, channel.profile_options)
            except BusinessError as error:
                raise ValidationError(" ".join((error.message, error.next_step))) from error

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
