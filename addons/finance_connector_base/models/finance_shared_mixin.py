from odoo import api, models
from odoo.exceptions import AccessError


class FinanceSharedMixin(models.AbstractModel):
    """A record without a company holds for all of them: who works for some does not decide for the others."""

    _name = "finance.shared.mixin"
    _description = "Shared by All Companies"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._check_shared()
        return records

    def write(self, vals):
        self._check_shared()
        result = super().write(vals)
        # Also one that is shared from now on.
        self._check_shared()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shared(self):
        self._check_shared()

    def _check_shared(self):
        """:raise AccessError: a shared record, and somebody who does not work for all companies"""
        shared = self.filtered(lambda record: not record.company_id)
        if self.env.su or not shared:
            return
        elsewhere = [("id", "not in", self.env.user.company_ids.ids)]
        if other := self.env["res.company"].sudo().search(elsewhere, limit=1):
            raise AccessError(
                self.env._(
                    "%(record)s holds for all companies. Only who works for all of them can change it; you do not"
                    " work for %(company)s.",
                    record=shared[0].display_name,
                    company=other.name,
                )
            )
