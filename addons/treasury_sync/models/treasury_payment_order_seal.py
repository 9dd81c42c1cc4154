from odoo import models


class TreasuryPaymentOrder(models.Model):
    """What is sent of an order."""

    _name = "treasury.payment.order"
    _inherit = ["treasury.payment.order", "treasury.payment.sealed"]

    def _file_vals(self):
        return {"order_id": self.id, "version": self.version}

    def _check_content(self, content):
        # The clear file that a sealed one was made of is what the approvals are for.
        return super()._check_content(self._clear_of(content))
