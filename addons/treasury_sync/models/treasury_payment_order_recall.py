from odoo import fields, models
from odoo.exceptions import UserError

_WITH_BANK = ("sent", "acknowledged", "executed", "booked")


class TreasuryPaymentOrder(models.Model):
    """Asking the bank for payments back."""

    _inherit = "treasury.payment.order"

    recall_ids = fields.One2many("treasury.payment.recall", "order_id", readonly=True)

    def action_recall(self):
        """Ask for all that is left of an order, or for some of its payments, back.

        :return: action that asks for the reason
        :raise UserError: it is not with the bank
        """
        self._check_group("preparer", "approver")
        self.ensure_one()
        if self.state not in _WITH_BANK:
            raise UserError(
                self.env._("%s is not with the bank: there is nothing to recall.", self.name)
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Recall of %s", self.name),
            "res_model": "treasury.recall.request",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_order_id": self.id},
        }
