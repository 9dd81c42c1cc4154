from odoo import models


class FinanceException(models.Model):
    """Somebody looks after payments as well that a person carries: no connection names an owner there."""

    _inherit = "finance.exception"

    def _default_owner(self):
        if owner := super()._default_owner():
            return owner
        record = self.env["treasury.payment.order"]
        if self.res_model == record._name:
            record = record.sudo().browse(self.res_id).exists()
        return record.channel_id.owner_id.filtered(self._may_own)
