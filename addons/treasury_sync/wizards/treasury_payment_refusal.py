from odoo import fields, models


class TreasuryPaymentRefusal(models.TransientModel):
    """Why an approver does not approve: the preparer reads it on the order."""

    _name = "treasury.payment.refusal"
    _description = "Refusal of an Approval"

    order_id = fields.Many2one("treasury.payment.order", required=True, readonly=True)
    reason = fields.Text(required=True, help="What has to be corrected; its preparer reads it.")

    def action_confirm(self):
        """Send the order back to its preparer.

        :return: action that closes the dialogue
        """
        self.ensure_one()
        self.order_id.action_refuse(self.reason)
        return {"type": "ir.actions.act_window_close"}
