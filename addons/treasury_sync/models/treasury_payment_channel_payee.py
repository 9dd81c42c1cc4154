from odoo import api, fields, models
from odoo.exceptions import ValidationError


class TreasuryPaymentChannel(models.Model):
    """Whether the bank is asked who an account belongs to."""

    _inherit = "treasury.payment.channel"

    verify_payees = fields.Boolean(
        tracking=True,
        help="Ask the bank before the approval whether each account belongs to whom it is to be paid to.",
    )

    @api.constrains("verify_payees", "interface_id")
    def _check_verify_payees(self):
        for channel in self.filtered("verify_payees"):
            connection = channel.interface_id.sudo().connection_id
            if not connection or "verify_payees" not in connection._adapter()._capabilities:
                raise ValidationError(
                    self.env._("The connection of %s cannot be asked about payees.", channel.name)
                )
