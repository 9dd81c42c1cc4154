from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.finance_connector_base.models.turns import take_turns

from .engine import as_engine


class TreasuryPaymentHold(models.Model):
    """Why an order is held. Somebody who had no hand in it releases it, one reason after the other."""

    _name = "treasury.payment.hold"
    _description = "Payment Hold"
    _inherit = ["treasury.engine.written"]
    _order = "id"
    _rec_name = "rule_id"

    order_id = fields.Many2one(
        "treasury.payment.order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        related="order_id.company_id", store=True, index=True, precompute=True
    )
    version = fields.Integer(required=True, readonly=True)
    instruction_id = fields.Many2one(
        "treasury.payment.instruction",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    payee_text = fields.Char(related="instruction_id.payee_text")
    rule_id = fields.Many2one(
        "treasury.fraud.rule", required=True, readonly=True, ondelete="restrict"
    )
    state = fields.Selection(
        [("open", "Held"), ("released", "Released")], required=True, readonly=True, default="open"
    )
    released_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    released_at = fields.Datetime(readonly=True)

    _release_check = models.Constraint(
        "CHECK ((state = 'released') = (released_by_id IS NOT NULL))",
        "Somebody releases a held payment.",
    )

    # === CRUD METHODS === #

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("What a payment was held for is evidence."))

    def _why_fixed(self):
        return self.env._("Payments are held by rules and released with a button.")

    # === ACTION METHODS === #

    def action_release(self):
        """Say that it was looked at and is right; the last release lets an approved order go.

        :return: True
        :raise AccessError: this person prepared or edited it
        """
        for hold in self:
            order = hold.order_id
            order._check_group("approver")
            if self.env.user in order._excluded_now():
                raise AccessError(
                    self.env._(
                        "You prepared or edited this order, a payment or an account: others release it."
                    )
                )
            # The last of several releases, or of the approvals, lets it go.
            take_turns(order)
            if hold.state == "released" or hold.version != order.version:
                continue
            as_engine(hold).write(
                {
                    "state": "released",
                    "released_by_id": self.env.uid,
                    "released_at": fields.Datetime.now(),
                }
            )
            order._log("hold_released", rule=hold.rule_id.sudo().name)
            if order.state == "approved":
                order._release()
        return True
