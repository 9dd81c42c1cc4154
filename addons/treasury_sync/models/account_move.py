from odoo import api, models

from .engine import is_engine

_ENTRY = {
    "state",
    "date",
    "journal_id",
    "partner_id",
    "partner_bank_id",
    "currency_id",
    "line_ids",
    "origin_payment_id",
}


class AccountMove(models.Model):
    """Entries of payments under way stay as they are, whoever asks."""

    _inherit = "account.move"

    @api.model
    def _get_invoice_in_payment_state(self):
        """Odoo asks for one invoice, or in general for the current company; see ``docs/architecture.md``, section 7."""
        company = self.company_id[:1] or self.env.company
        if company._payments_await_bank():
            return "in_payment"
        return super()._get_invoice_in_payment_state()

    # === CRUD METHODS === #

    def write(self, vals):
        if _ENTRY & vals.keys():
            self._check_payment_not_ordered()
        if vals.get("state") in ("draft", "cancel") and not is_engine(self.env):
            # What is being paid cannot become something else meanwhile.
            paying = self.sudo().filtered(lambda move: move.is_invoice(True)).reconciled_payment_ids
            paying.move_id._check_payment_not_ordered()
        paid_with = {}
        if "matched_payment_ids" in vals:
            paid_with = {move: move.matched_payment_ids for move in self}
        result = super().write(vals)
        for move, payments in paid_with.items():
            # Whoever pays it anew has to find them.
            (payments - move.matched_payment_ids)._check_not_ordered()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_payment_ordered(self):
        self._check_payment_not_ordered()

    # === BUSINESS METHODS === #

    def _reverse_moves(self, default_values_list=None, cancel=False):
        self._check_payment_not_ordered()
        return super()._reverse_moves(default_values_list, cancel)

    def _check_payment_not_ordered(self):
        if not is_engine(self.env):
            payments = self.env["account.payment"]
            payments._under_way(self)._check_not_ordered()
