from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.treasury_sync.tools import life

from .engine import is_engine

_OWED = ("asset_receivable", "liability_payable")
_AMOUNTS = frozenset({"amount", "credit_amount_currency", "debit_amount_currency"})
# What is tied to what, and how much of it.
_TIE = _AMOUNTS | {"credit_move_id", "debit_move_id"}


class AccountPartialReconcile(models.Model):
    """A bill stays tied to the payment under way that pays it; a statement line that settles a payment books it."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        # Less than nothing opens what is paid.
        negative = partials.filtered(lambda partial: any(partial[name] < 0 for name in _AMOUNTS))
        negative._items()._check_ties_not_ordered()
        partials._book_instructions()
        return partials

    def write(self, vals):
        if _TIE & vals.keys():
            self._items()._check_ties_not_ordered()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_payment_ordered(self):
        self._check_payment_not_ordered()

    # === BUSINESS METHODS === #

    def _items(self):
        return self.debit_move_id | self.credit_move_id

    def _check_payment_not_ordered(self):
        """:raise UserError: one ties a payment that is under way to what it pays"""
        if not is_engine(self.env):
            for partial in self:
                lines = partial._items()
                if lines.account_id.account_type in _OWED:
                    payments = self.env["account.payment"]._under_way(lines.move_id)
                    if payments:
                        raise UserError(
                            self.env._(
                                "%(payment)s is with the bank, or waits for approval: what it pays stays tied to it."
                                " Take payment order %(order)s back first.",
                                payment=payments[0].display_name,
                                order=payments[0].treasury_order_id.name
                                or payments[0]._live_instruction().order_id.name,
                            )
                        )

    def _book_instructions(self):
        """What a statement line settles is booked: the proof that counts most."""
        for partial in self:
            for item, line in (
                (partial.debit_move_id, partial.credit_move_id),
                (partial.credit_move_id, partial.debit_move_id),
            ):
                payment = item.move_id.sudo().origin_payment_id
                statement_line = line.move_id.sudo().statement_line_id
                if not payment or not statement_line or not payment.is_matched:
                    continue
                instruction = payment._live_instruction()
                if instruction and instruction.state in life.UNDER_WAY:
                    instruction._advance(
                        life.Fate.BOOKED,
                        source="statement",
                        code=statement_line.move_id.name,
                        statement_line_id=statement_line.id,
                    )
