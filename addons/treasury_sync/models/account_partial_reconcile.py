from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.treasury_sync.tools import life

from .engine import is_engine

_OWED = ("asset_receivable", "liability_payable")


class AccountPartialReconcile(models.Model):
    """A bill stays tied to the payment under way that pays it; a statement line that settles a payment books it."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        partials._book_instructions()
        return partials

    @api.ondelete(at_uninstall=False)
    def _unlink_except_payment_ordered(self):
        if not is_engine(self.env):
            for partial in self:
                lines = partial.debit_move_id | partial.credit_move_id
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
