from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from odoo.addons.finance_connector_base.models.turns import take_turns


class TreasuryPaymentOrder(models.Model):
    """What the bank refused or sent back is corrected and submitted as something new."""

    _inherit = "treasury.payment.order"

    # === ACTION METHODS === #

    def action_pay_again(self):
        """Start over with what the bank refused or sent back: its bills, and no others, in a new payment run; what paid
        no bill, or more than its bills, as draft payments of a new order.

        :return: action of the payment run or of the new order; of both, the run comes first and the order is named
        :raise UserError: nothing was refused, or all of it is paid or under way again
        """
        self._check_group("preparer")
        self.ensure_one()
        failed = self._live().filtered(lambda item: item.state in ("rejected", "returned"))
        if not failed:
            raise UserError(self.env._("The bank refused nothing of %s.", self.name))
        bills = failed.payment_id.sudo().invoice_ids
        run = self._propose_again(bills) if bills else None
        order = self._correct(failed.payment_id.filtered(lambda item: item._surplus()))
        if not run and not order:
            raise UserError(self._nothing_to_pay_again(bills))
        if run and order:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "message": self.env._(
                        "What paid no bill is in %s, to be corrected.", order.name
                    ),
                    "sticky": True,
                    "next": run,
                },
            }
        return run or order._get_records_action(context={})

    # === BUSINESS METHODS === #

    def _propose_again(self, bills):
        """:return: action of a payment run that proposes ``bills``; None if nothing of them is open"""
        run = self.env["treasury.payment.run"].create(
            {
                "company_id": self.company_id.id,
                "channel_id": self.channel_id.id,
                "currency_id": self.currency_id.id,
                "move_ids": [Command.set(bills.ids)],
            }
        )
        action = run.action_propose()
        return {**action, "target": "current"} if run.line_ids else None

    def _nothing_to_pay_again(self, bills):
        """:return: why nothing of what was refused is proposed, and what to do about it
        :rtype: str
        """
        still_open = bills.filtered(lambda bill: bill.payment_state in ("not_paid", "partial"))
        if not still_open:
            return self.env._(
                "What the bank refused of %s is paid, or under way, again.", self.name
            )
        return self.env._(
            "%(bills)s is open again, and a payment run in %(currency)s does not propose it: register its payment"
            " there, as before.",
            bills=", ".join(still_open.mapped("display_name")),
            currency=self.currency_id.name,
        )

    def _correct(self, payments):
        """Make a draft of what each of ``payments`` was beyond its bills, in a new order. Each is corrected once: who
        asks again is shown the same.

        :return: the draft order of the corrections; empty if they are beyond that
        """
        take_turns(self)
        fresh = payments.filtered(lambda payment: not payment._correction())
        if fresh:
            return self.create(
                {
                    "channel_id": self.channel_id.id,
                    "requested_date": max(self.requested_date, fields.Date.context_today(self)),
                    "note": self.env._("Corrects what the bank refused of %s.", self.name),
                    "payment_ids": [Command.set(fresh._copy_to_correct().ids)],
                }
            )
        orders = payments._correction().treasury_order_id
        return orders.filtered(lambda order: order.state == "draft")[:1]
