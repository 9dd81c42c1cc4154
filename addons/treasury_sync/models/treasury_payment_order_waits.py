from odoo import api, fields, models
from odoo.tools import format_datetime

_AUTOMATIC = ("ready", "running", "retry")


class TreasuryPaymentOrder(models.Model):
    """What an order waits for, and for whom: the one sentence that the lists show."""

    _inherit = "treasury.payment.order"

    waits_for = fields.Char(compute="_compute_waits_for")
    is_held = fields.Boolean(compute="_compute_is_held")
    approval_problem = fields.Char(compute="_compute_approval_problem")

    @api.depends(
        "state",
        "approval_state",
        "hold_text",
        "work_status",
        "next_question_at",
        "answer_due_at",
        "interface_id.mode",
    )
    def _compute_waits_for(self):
        for order in self:
            order.waits_for = order._waits_for()

    @api.depends("hold_ids.state", "state", "version")
    def _compute_is_held(self):
        for order in self:
            order.is_held = order.state in ("to_approve", "approved") and any(
                hold.state == "open" and hold.version == order.version for hold in order.hold_ids
            )

    @api.depends_context("uid")
    @api.depends("can_approve", "state")
    def _compute_approval_problem(self):
        """Why the present user has no button to approve what waits for that."""
        for order in self:
            waits = order.state == "to_approve" and not order.can_approve
            order.approval_problem = order._approval_problem() if waits else ""

    def _waits_for(self):
        """:rtype: str"""
        if self._kept_by_bank():
            return self.env._("the bank's word on what it does not have; then cancel it")
        if self.state == "draft":
            return self.env._("its preparer to ask for approval")
        if self.state == "to_approve":
            return self.hold_text or self.env._("approvers: %s", self.approval_state)
        if self.state == "approved":
            return self.hold_text or self._waits_to_leave()
        if self.state == "executed":
            return self.env._("the statement that books it")
        if self.state in ("sent", "acknowledged"):
            return self._waits_for_bank()
        return ""

    def _waits_to_leave(self):
        exchange = self.sudo().exchange_id
        if not self.channel_id.sudo().interface_id:
            return self.env._(
                "a person who downloads the file, brings it to the bank and records that"
            )
        if exchange.work_status == "unknown":
            return self.env._("the bank's answer whether it has it")
        if self.channel_id.sudo().interface_id.mode != "live":
            return self.env._("the interface of its channel to be switched on")
        if exchange.work_status in _AUTOMATIC:
            return self.env._("the next try to send it")
        return self.env._("a person: see the open exception")

    def _waits_for_bank(self):
        if self.next_question_at:
            return self.env._(
                "the bank, asked again %s", format_datetime(self.env, self.next_question_at)
            )
        if self.answer_due_at:
            return self.env._(
                "the bank's report, due %s", format_datetime(self.env, self.answer_due_at)
            )
        return self.env._("the bank's report")
