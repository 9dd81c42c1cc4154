from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from odoo.addons.base.models.res_users import check_identity
from odoo.addons.finance_connector_base.models.turns import take_turns
from odoo.addons.treasury_sync.tools import life

from .engine import as_engine

# ISO 20022 ExternalCancellationReason1Code.
REASONS = [
    ("DUPL", "Paid Twice"),
    ("AM09", "Wrong Amount"),
    ("AC03", "Wrong Account"),
    ("TECH", "Technical Error"),
    ("FRAD", "Fraud"),
    ("CUST", "Asked For by the Other Side"),
]


class TreasuryPaymentRecall(models.Model):
    """A request to the bank to stop payments, or to get them back, that two people approve.

    It changes nothing of the payments: what became of them is the bank's word, from a report or the statement, as ever.
    """

    _name = "treasury.payment.recall"
    _description = "Payment Recall"
    _inherit = ["treasury.engine.written", "mail.thread"]
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        "treasury.payment.order", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    channel_id = fields.Many2one(related="order_id.channel_id")
    version = fields.Integer(readonly=True, help="Of the order.")
    instruction_ids = fields.Many2many(
        "treasury.payment.instruction", string="Payments", readonly=True
    )
    reason = fields.Selection(REASONS, required=True, readonly=True)
    note = fields.Text(readonly=True)
    requested_by_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="restrict"
    )
    state = fields.Selection(
        [
            ("requested", "To Approve"),
            ("approved", "Approved"),
            ("sent", "With the Bank"),
            ("accepted", "Accepted"),
            ("partly", "Accepted in Part"),
            ("refused", "Refused"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="requested",
        tracking=True,
        index=True,
    )
    by_hand = fields.Boolean(
        compute="_compute_by_hand", help="The channel carries no recalls: a person calls the bank."
    )
    answer = fields.Char(readonly=True, help="The bank's words, or who there said so.")

    _open_uniq = models.UniqueIndex(
        "(order_id) WHERE state IN ('requested', 'approved', 'sent')",
        "This order is being recalled already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("order_id")
    def _compute_by_hand(self):
        for recall in self:
            recall.by_hand = not recall._is_carried()

    # === CRUD METHODS === #

    def _why_fixed(self):
        return self.env._("A recall is asked for on its payment order, and moves by its buttons.")

    # === ACTION METHODS === #

    @check_identity
    def action_approve(self):
        """Approve recalls that somebody else asked for; the second approval lets them go. Asks for the password again.

        :return: True
        :raise UserError: this person asked for it, approved it, or it does not wait
        """
        for recall in self:
            recall._approve()
        return True

    def action_withdraw(self):
        """Give up recalls that have not left.

        :return: True
        """
        for recall in self:
            recall.order_id._check_group("preparer", "approver")
            recall._check_state("requested", "approved")
            recall._take_back()
        return True

    def action_accepted(self):
        """Record that the bank accepted a recall that a person took to it.

        :return: True
        """
        return self._record_answer("accepted")

    def action_refused(self):
        """Record that the bank refused a recall that a person took to it.

        :return: True
        """
        return self._record_answer("refused")

    # === BUSINESS METHODS === #

    @api.model
    def _request(self, order, items, reason, note):
        """Ask for a recall.

        :param order: ``treasury.payment.order`` that is with the bank
        :param items: its instructions that are to come back
        :param str reason: one of ``REASONS``
        :rtype: treasury.payment.recall
        :raise UserError: nothing of it can be recalled
        """
        order._check_group("preparer", "approver")
        wanted = items & order._live()
        closed = wanted.filtered(lambda item: item.state not in (*life.UNDER_WAY, life.Fate.BOOKED))
        if not wanted or closed:
            raise UserError(
                self.env._(
                    "%s is not with the bank: there is nothing to recall.",
                    closed[:1].end_to_end_id or order.name,
                )
            )
        recall = as_engine(self).create(
            {
                "order_id": order.id,
                "version": order.version,
                "instruction_ids": [Command.set(wanted.ids)],
                "reason": reason,
                "note": note,
                "requested_by_id": self.env.uid,
            }
        )
        recall._generate()
        order._log("recall_requested", reason=reason, payments=len(wanted))
        return recall.with_env(self.env)

    def _approve(self):
        self.ensure_one()
        self.order_id._check_group("approver")
        take_turns(self)
        self._check_state("requested")
        user = self.env.user
        if user == self.requested_by_id:
            raise AccessError(self.env._("You asked for it: others approve it."))
        if user in self.approver_ids:
            raise UserError(self.env._("You have approved it already."))
        self._approve_as(user)
        self.order_id._log("recall_approved")
        if self._is_approved():
            self._move("approved")
            self._release()

    def _release(self):
        """Let an approved recall go: by the channel's own call, where it has one for whole orders."""
        self.ensure_one()
        if self._is_carried():
            self.order_id.sudo().exchange_id._enqueue_recall(self)

    def _take_back(self):
        """End a recall that has not left."""
        self._move("withdrawn")

    def _is_carried(self):
        """:return: whether the channel carries it: all that is left of the order, by a call of its own"""
        self.ensure_one()
        exchange = self._find_order_exchange()
        return (
            bool(exchange)
            and "recall_payments" in exchange.connection_id._adapter()._capabilities
            and self.sudo().instruction_ids == self.order_id.sudo()._live()
        )

    def _find_order_exchange(self):
        """:return: ``finance.exchange`` that brought the order to the bank; none where a person did"""
        exchange = self.order_id.sudo().exchange_id
        return exchange.filtered(
            lambda item: item.connection_id and item.work_status != "cancelled"
        )

    def _record_answer(self, state):
        for recall in self:
            recall.order_id._check_group("approver")
            if not recall._is_told_by_people():
                raise UserError(self.env._("The channel brings the bank's answer."))
            recall._check_state("approved", "sent")
            recall._move(state, answer=self.env._("Recorded by %s", self.env.user.name))
        return True

    def _is_told_by_people(self):
        """:return: whether a person may say what the bank answered"""
        return not self._is_carried()

    def _check_state(self, *states):
        self.ensure_one()
        self.check_access("read")
        if self.state not in states:
            raise UserError(
                self.env._(
                    "The recall of %(order)s is %(state)s.",
                    order=self.order_id.name,
                    state=dict(self._fields["state"]._description_selection(self.env))[self.state],
                )
            )

    def _move(self, state, **vals):
        as_engine(self).write({"state": state, **vals})
        self.order_id._log(f"recall_{state}")
