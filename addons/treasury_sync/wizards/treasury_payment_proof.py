import base64

from odoo import fields, models
from odoo.exceptions import UserError


class TreasuryPaymentProof(models.TransientModel):
    """What a person did or learned about an approved order, with the bank's receipt as proof."""

    _name = "treasury.payment.proof"
    _description = "Proof of Transmission"

    order_id = fields.Many2one("treasury.payment.order", required=True, readonly=True)
    digest = fields.Char(related="order_id.digest")
    kind = fields.Selection(
        [
            ("by_hand", "I transmitted the file by hand"),
            ("bank_has_it", "The bank says that it has it"),
            ("bank_has_not", "The bank says that it does not have it: send it again"),
        ],
        required=True,
        default="by_hand",
    )
    reference = fields.Char(required=True, help="The bank's reference, or where it was handed in.")
    proof = fields.Binary(
        required=True, attachment=False, help="Receipt or screenshot of the bank."
    )
    proof_name = fields.Char()

    def action_confirm(self):
        """Record it: what was transmitted by hand, or is with the bank, is never sent by the channel.

        :return: action that closes the dialogue
        :raise UserError: it is not approved, or is with the channel
        """
        self.ensure_one()
        content = base64.b64decode(self.proof or b"")
        if not content:
            raise UserError(self.env._("Attach the bank's receipt."))
        self.order_id._record_proof(self.kind, self.reference.strip(), content, self.proof_name)
        return {"type": "ir.actions.act_window_close"}
