from odoo import models
from odoo.exceptions import UserError


class BasePartnerMerge(models.TransientModel):
    """A contact that payment orders name is not merged away: instructions are evidence, and PostgreSQL refuses to
    change them.
    """

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].browse(partner_ids).exists()
        if partners:
            kept = dst_partner if dst_partner and dst_partner in partners else None
            kept = kept or self._get_ordered_partner(partners.ids)[-1]
            self._check_not_paid(partners - kept)
        return super()._merge(partner_ids, dst_partner, extra_checks)

    def _check_not_paid(self, partners):
        """:raise UserError: payment orders name one of ``partners``, or an account of one"""
        instructions = (
            self.env["treasury.payment.instruction"]
            .sudo()
            .search(
                [
                    "|",
                    ("partner_id", "in", partners.ids),
                    ("partner_bank_id.partner_id", "in", partners.ids),
                ],
                limit=1,
            )
        )
        if instructions:
            named = partners & (instructions.partner_id | instructions.partner_bank_id.partner_id)
            raise UserError(
                self.env._(
                    "Payment order %(order)s names %(partner)s for good: make it the destination of the merge, or"
                    " archive it instead.",
                    order=instructions.order_id.name,
                    partner=named[:1].display_name,
                )
            )
