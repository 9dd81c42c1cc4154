from datetime import UTC

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from odoo.addons.treasury_sync.tools import cut_off

from .engine import as_engine

_WAITING = ("draft", "to_approve", "approved")


class TreasuryPaymentOrder(models.Model):
    """Whether an order is in time for its day, and who agreed to a later one."""

    _inherit = "treasury.payment.order"

    cut_off_at = fields.Datetime(
        string="Cut-Off", compute="_compute_cut_off", help="Until when it has to be with the bank."
    )
    cut_off_text = fields.Char(string="Next Cut-Off", compute="_compute_cut_off")
    late_text = fields.Char(compute="_compute_cut_off")
    earliest_date = fields.Date(
        string="Executed On", compute="_compute_cut_off", help="If it were sent now."
    )
    late_accepted_by_id = fields.Many2one(
        "res.users",
        readonly=True,
        copy=False,
        index="btree_not_null",
        string="Later Day Accepted By",
    )
    late_accepted_version = fields.Integer(readonly=True, copy=False)

    @api.depends("channel_id", "requested_date", "state", "version", "late_accepted_version")
    def _compute_cut_off(self):
        now = fields.Datetime.now().replace(tzinfo=UTC)
        cut_offs = self.env["treasury.cut.off"]
        by_channel = {channel: cut_offs._for_channel(channel.sudo()) for channel in self.channel_id}
        for order in self:
            order.cut_off_at = order.earliest_date = False
            order.cut_off_text = order.late_text = ""
            found = by_channel.get(order.channel_id, cut_offs)
            if not found or not order.requested_date or order.state not in _WAITING:
                continue
            rule = found._rule()
            wanted = cut_off.banking_day(order.requested_date, rule.calendar)
            closes = cut_off.deadline(rule, wanted)
            order.cut_off_at = closes.astimezone(UTC).replace(tzinfo=None)
            order.earliest_date = cut_off.executed_on(rule, order.requested_date, now)
            order.cut_off_text = found._describe(max(closes, cut_off.next_deadline(rule, now)))
            if order.earliest_date > order.requested_date:
                order.late_text = self.env._(
                    "%(bank)s executes on %(day)s at the earliest, not on %(wanted)s.",
                    bank=found.bank_id.name or found.name,
                    day=format_date(self.env, order.earliest_date),
                    wanted=format_date(self.env, order.requested_date),
                )

    # === ACTION METHODS === #

    def action_move_date(self):
        """Agree that drafts are paid on the first day that is still in time.

        :return: True
        """
        self._check_group("preparer")
        for order in self.filtered("late_text"):
            order.write({"requested_date": order.earliest_date})
        return True

    def action_accept_late(self):
        """Agree that the bank executes generated orders on a later day than they ask for; the file stays as it is.

        :return: True
        :raise UserError: it is not late
        """
        self._check_group("preparer", "approver")
        for order in self:
            if order.state not in ("to_approve", "approved") or not order.late_text:
                raise UserError(self.env._("%s is in time.", order.name))
            as_engine(order).write(
                {"late_accepted_by_id": self.env.uid, "late_accepted_version": order.version}
            )
            order._log("late_accepted", executed_on=str(order.earliest_date))
            order.sudo().message_post(
                author_id=self.env.user.partner_id.id,
                body=self.env._("Agreed to a later day: %s", order.late_text),
            )
            if order.state == "approved":
                order._release()
        return True

    # === BUSINESS METHODS === #

    def _check_payments(self, payments):
        super()._check_payments(payments)
        if self.late_text:
            raise UserError(
                self.env._("%s Move the day first, which you agree to by doing so.", self.late_text)
            )

    def _release_problem(self):
        problem = super()._release_problem()
        if problem or not self.late_text or self.late_accepted_version == self.version:
            return problem
        return self.env._(
            "%(name)s came too late: %(why)s Agree to the later day on the order, or take it back to draft.",
            name=self.name,
            why=self.late_text,
        )
