from odoo import Command, api, models
from odoo.exceptions import UserError

from .engine import as_engine, is_engine

# What is paid, to whom and how: an instruction is a snapshot of it.
CONTENT = frozenset(
    {
        "amount",
        "company_id",
        "currency_id",
        "date",
        "destination_account_id",
        "invoice_ids",
        "journal_id",
        "memo",
        "move_id",
        "outstanding_account_id",
        "partner_bank_id",
        "partner_id",
        "partner_type",
        "payment_method_line_id",
        "payment_reference",
        "payment_type",
        "state",
        "treasury_order_id",
        "treasury_purpose",
    }
)
# Who had a hand in a payment, and what it is in place of, is written by the machine.
_MACHINE = {
    "treasury_correction_ids",
    "treasury_corrects_id",
    "treasury_editor_id",
    "treasury_editor_ids",
}
# Draft and cancelled orders keep nobody from anything.
FREE = ("draft", "cancelled")


class AccountPayment(models.Model):
    """Nobody changes a payment in an order that was generated: not by Odoo's buttons, RPC, imports or code in superuser
    mode. The order is taken back first, which voids its approvals.
    """

    _inherit = "account.payment"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not is_engine(self.env):
            for vals in vals_list:
                for name in _MACHINE:
                    vals.pop(name, None)
        payments = super().create(vals_list)
        if not is_engine(self.env):
            # Also one that a default of the context named.
            for order in payments.treasury_order_id:
                order.check_access("write")
                self._check_order_is_draft(order.id)
        # Already Odoo posts it within this call where it has write-off lines.
        as_engine(payments).write({"treasury_editor_id": self.env.uid})
        return payments

    def write(self, vals):
        if is_engine(self.env):
            return super().write(vals)
        if _MACHINE & vals.keys():
            vals = {name: value for name, value in vals.items() if name not in _MACHINE}
        touched = CONTENT & vals.keys()
        changed = self.browse()
        orders = self.env["treasury.payment.order"]
        if touched:
            changed = self.filtered(
                lambda payment: any(payment._differs(name, vals[name]) for name in touched)
            )
            changed._check_not_ordered()
            if vals.get("treasury_order_id"):
                self._check_order_is_draft(vals["treasury_order_id"])
                changed._check_not_of_branch(vals["treasury_order_id"])
            if "treasury_order_id" in touched:
                orders = changed.treasury_order_id
                # Who may edit payments may not edit orders for that.
                for order in orders | orders.browse(vals["treasury_order_id"] or ()):
                    order.check_access("write")
        result = super().write(vals)
        if changed and touched - {"state", "treasury_order_id", "move_id"}:
            as_engine(changed).write(
                {
                    "treasury_editor_id": self.env.uid,
                    "treasury_editor_ids": [Command.link(self.env.uid)],
                }
            )
        if "treasury_order_id" in touched:
            # Who puts a payment into an order, or takes it out, edits the order, from whichever side.
            (orders | changed.treasury_order_id)._note_editor()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_ordered(self):
        self._check_not_ordered()
        if self.sudo().treasury_instruction_ids:
            raise UserError(
                self.env._(
                    "A payment that was ever in a payment order is evidence: cancel it instead."
                )
            )

    # === BUSINESS METHODS === #

    def _differs(self, name, value):
        field = self._fields[name]
        return self[name] != field.convert_to_record(field.convert_to_cache(value, self), self)

    def _check_not_ordered(self):
        """Refuse to touch payments of an order that was generated, and of an instruction that is not over.

        :raise UserError: naming the first one and its order
        """
        if is_engine(self.env):
            return
        for payment in self.sudo():
            order = payment.treasury_order_id
            if order and order.state not in FREE:
                raise UserError(
                    self.env._(
                        "%(payment)s is in payment order %(order)s (%(state)s). Take the order back to draft first;"
                        " its approvals become void. What the bank may have cannot be taken back.",
                        payment=payment.display_name,
                        order=order.name,
                        state=dict(order._fields["state"]._description_selection(self.env))[
                            order.state
                        ],
                    )
                )
            if payment._live_instruction():
                raise UserError(
                    self.env._(
                        "%(payment)s was given to the bank with %(order)s: its fate comes from the bank.",
                        payment=payment.display_name,
                        order=payment._live_instruction().order_id.name,
                    )
                )

    @api.model
    def _check_order_is_draft(self, order_id):
        order = self.env["treasury.payment.order"].sudo().browse(order_id)
        if order.state != "draft":
            raise UserError(
                self.env._("%s was generated: payments go into another order.", order.name)
            )

    def _check_not_of_branch(self, order_id):
        company = self.env["treasury.payment.order"].sudo().browse(order_id).company_id
        for payment in self.filtered(lambda item: item.company_id != company):
            if company in payment.company_id.sudo().parent_ids:
                raise UserError(
                    self.env._(
                        "%(payment)s is a payment of the branch %(branch)s, from an account of %(company)s. Cancel it,"
                        " and pay its bill with a payment run of %(company)s, which makes the payment there.",
                        payment=payment.display_name,
                        branch=payment.company_id.sudo().name,
                        company=company.name,
                    )
                )

    @api.model
    def _under_way(self, moves):
        """:return: the payments among whose entries, or the reversals of them, ``moves`` are, and which nobody may
            change now
        :rtype: account.payment
        """
        moves = moves.sudo()
        return (moves | moves.reversed_entry_id).origin_payment_id.filtered(
            lambda payment: (
                (payment.treasury_order_id and payment.treasury_order_id.state not in FREE)
                or payment._live_instruction()
            )
        )
