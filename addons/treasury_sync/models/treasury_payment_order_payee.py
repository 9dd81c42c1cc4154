from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.treasury_sync.tools import payees

from .engine import as_engine
from .treasury_payee_verification import ANSWERS


class TreasuryPaymentOrder(models.Model):
    """Payees are verified once the instructions stand and before anybody approves them."""

    _inherit = "treasury.payment.order"

    payees_to_verify = fields.Boolean(compute="_compute_payees_to_verify")
    payees_asked = fields.Boolean(compute="_compute_payees_asked")

    @api.depends("instruction_ids.verification_ids")
    def _compute_payees_asked(self):
        asked = self.env["treasury.payee.verification"]._read_group(
            [("instruction_id.order_id", "in", self.ids)], ["instruction_id"]
        )
        orders = {instruction.order_id.id for [instruction] in asked}
        for order in self:
            order.payees_asked = order.id in orders

    @api.depends("state", "version", "instruction_ids.verification_ids", "channel_id.verify_payees")
    def _compute_payees_to_verify(self):
        for order in self:
            order.payees_to_verify = order.state == "to_approve" and bool(
                order._payees(False, payees.NOT_VERIFIED)
            )

    # === ACTION METHODS === #

    def action_verify_payees(self):
        """Ask the bank once more about the payees that are not verified.

        :return: True
        :raise UserError: there is none
        """
        self._check_group("preparer", "approver")
        for order in self:
            if not order.payees_to_verify:
                raise UserError(
                    self.env._("The bank has answered on each payee of %s.", order.name)
                )
            order._enqueue_verify_payees()
        return True

    # === BUSINESS METHODS === #

    def _generate(self):
        result = super()._generate()
        if self._payees(False):
            self._enqueue_verify_payees()
        return result

    def _payees(self, *codes):
        """:return: the instructions whose payee is to be verified and stands at one of ``codes``; False: not asked"""
        self.ensure_one()
        if not self.channel_id.sudo().verify_payees or self.kind == "direct_debit":
            return self.env["treasury.payment.instruction"]
        return self.sudo()._live().filtered(lambda item: item.payee_code in codes)

    def _enqueue_verify_payees(self):
        as_engine(self).with_delay(
            channel="root.finance.outbound",
            description=f"Verify the payees of {self.name}",
            identity_key=f"treasury.payment.order.verify:{self.id}:{self.version}",
        )._job_verify_payees(self.version)

    def _job_verify_payees(self, version):
        """Ask the bank about each payee of a version that it has not answered on, and hold what it does not confirm."""
        order = as_engine(self)
        if order.version != version or order.state != "to_approve":
            return
        items = order._payees(False, payees.NOT_VERIFIED)
        verifications = as_engine(self.env["treasury.payee.verification"])
        verifications.create(
            [{"instruction_id": item.id, **verifications._ask(item)} for item in items]
        )
        order._hold_payees(items)
        counts = {code: len(order._payees(code)) for code, _label in ANSWERS}
        order._log("payees_verified", **{code: count for code, count in counts.items() if count})

    def _hold_payees(self, items):
        # A release was about the answer that was there: what the bank says since is looked at again.
        held = self.hold_ids.filtered(
            lambda hold: hold.rule_id.kind == "payee" and hold.state == "open"
        ).instruction_id
        self._hold_for(
            (rule, item)
            for rule, item in self.env["treasury.fraud.rule"]._suspicions(self, ["payee"])
            if item in items - held
        )

    def _payee_problem(self):
        """:return: why nothing may be approved or sent before the bank was asked, or an empty text
        :rtype: str
        """
        if asked := self._payees(False):
            return self.env._(
                "The bank has not been asked yet about %(count)s payees of %(name)s.",
                count=len(asked),
                name=self.name,
            )
        return ""

    def _approval_problem(self):
        return super()._approval_problem() or self._payee_problem()

    def _release_problem(self):
        return super()._release_problem() or self._payee_problem()

    @api.depends("instruction_ids.verification_ids")
    def _compute_hold_text(self):
        super()._compute_hold_text()
