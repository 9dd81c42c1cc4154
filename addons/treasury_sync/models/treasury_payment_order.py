from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.treasury_sync.tools import life

from .engine import as_engine, is_engine

STATES = [
    ("draft", "Draft"),
    ("to_approve", "To Approve"),
    ("approved", "Approved"),
    ("sent", "Transmitted"),
    ("acknowledged", "Acknowledged"),
    ("executed", "Executed"),
    ("booked", "Booked"),
    ("rejected", "Rejected"),
    ("cancelled", "Cancelled"),
]
# What a preparer decides, while the order is a draft.
_EDITABLE = {"channel_id", "requested_date", "note", "payment_ids"}
_ALWAYS = {"message_follower_ids", "activity_ids", "message_ids", "message_main_attachment_id"}


class TreasuryPaymentOrder(models.Model):
    """Payments of one own account and one currency that are approved and sent as one.

    As a draft it is a collection of payments. Generated, it is a version: instructions, a file and its digest, which
    approvals are bound to. A change makes it a draft again and the next version another file.
    """

    _name = "treasury.payment.order"
    _description = "Payment Order"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("treasury.payment.order"),
    )
    company_id = fields.Many2one(
        "res.company",
        related="channel_id.company_id",
        store=True,
        precompute=True,
        index=True,
    )
    channel_id = fields.Many2one(
        "treasury.payment.channel",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    journal_id = fields.Many2one(
        related="channel_id.journal_id", string="Bank Account", store=True, precompute=True
    )
    interface_id = fields.Many2one(related="channel_id.interface_id")
    kind = fields.Selection(related="channel_id.kind", store=True, precompute=True)
    payment_type = fields.Char(compute="_compute_payment_type")
    state = fields.Selection(
        STATES, required=True, readonly=True, default="draft", copy=False, tracking=True, index=True
    )
    requested_date = fields.Date(
        string="Pay On", required=True, default=fields.Date.context_today, tracking=True
    )
    note = fields.Text()
    payment_ids = fields.One2many("account.payment", "treasury_order_id")
    currency_id = fields.Many2one("res.currency", compute="_compute_totals", store=True)
    amount_total = fields.Monetary(compute="_compute_totals", store=True, string="Total")
    payment_count = fields.Integer(
        compute="_compute_totals", store=True, string="Number of Payments"
    )
    # === THE VERSION THAT STANDS === #
    version = fields.Integer(readonly=True, copy=False, default=0)
    message_ref = fields.Char(
        string="Message ID", readonly=True, copy=False, index="btree_not_null"
    )
    generated_at = fields.Datetime(readonly=True, copy=False)
    digest = fields.Char(readonly=True, copy=False, help="SHA-256 of the file that is approved.")
    document_digest = fields.Char(readonly=True, copy=False)
    payer_name = fields.Char(readonly=True, copy=False)
    payer_account = fields.Char(readonly=True, copy=False)
    payer_bic = fields.Char(readonly=True, copy=False)
    payer_address = fields.Json(readonly=True, copy=False)
    prepared_by_id = fields.Many2one("res.users", readonly=True, copy=False, index="btree_not_null")
    last_editor_id = fields.Many2one(
        "res.users", readonly=True, copy=False, index="btree_not_null", string="Last Edited By"
    )
    editor_ids = fields.Many2many(
        "res.users",
        "treasury_order_editor_rel",
        "order_id",
        "user_id",
        string="Edited By",
        readonly=True,
        copy=False,
        help="Everybody who ever edited the order, and not only the last one.",
    )
    excluded_user_ids = fields.Many2many(
        "res.users",
        "treasury_order_excluded_user_rel",
        "order_id",
        "user_id",
        readonly=True,
        copy=False,
        string="May Not Approve",
        help="Whoever prepared or edited the order, its payments, a recipient's account or a debtor's mandate.",
    )
    instruction_ids = fields.One2many("treasury.payment.instruction", "order_id", readonly=True)
    live_instruction_ids = fields.One2many(
        "treasury.payment.instruction",
        "order_id",
        string="Instructions",
        domain=[("state", "!=", "cancelled")],
        readonly=True,
    )
    news_ids = fields.One2many("treasury.payment.news", "order_id", readonly=True)
    hold_ids = fields.One2many("treasury.payment.hold", "order_id", readonly=True)
    hold_text = fields.Char(compute="_compute_hold_text", string="Held For")
    file_ids = fields.One2many("treasury.payment.file", "order_id", readonly=True)
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    work_status = fields.Selection(related="exchange_id.work_status", string="Sending")
    date_approved = fields.Datetime(readonly=True, copy=False)
    date_sent = fields.Datetime(readonly=True, copy=False)
    date_acknowledged = fields.Datetime(readonly=True, copy=False)
    date_executed = fields.Datetime(readonly=True, copy=False)
    date_booked = fields.Datetime(readonly=True, copy=False)

    _message_ref_uniq = models.UniqueIndex(
        "(message_ref) WHERE message_ref IS NOT NULL",
        "A message identification is used once, for ever.",
    )
    _exchange_uniq = models.UniqueIndex(
        "(exchange_id) WHERE exchange_id IS NOT NULL", "An exchange carries one order."
    )

    # === COMPUTE METHODS === #

    @api.depends("kind")
    def _compute_payment_type(self):
        for order in self:
            order.payment_type = "inbound" if order.kind == "direct_debit" else "outbound"

    @api.depends("payment_ids.amount", "payment_ids.currency_id")
    def _compute_totals(self):
        for order in self:
            currencies = order.payment_ids.currency_id
            order.currency_id = currencies[:1] or order.currency_id
            order.payment_count = len(order.payment_ids)
            order.amount_total = sum(order.payment_ids.mapped("amount"))

    @api.depends("state", "version", "hold_ids.state")
    def _compute_hold_text(self):
        for order in self:
            waits = order.state in ("to_approve", "approved")
            order.hold_text = order._release_problem() if waits else ""

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not is_engine(self.env):
            self.check_access("create")
            for vals in vals_list:
                if refused := {*vals} - _EDITABLE - _ALWAYS - {"company_id"}:
                    raise self._governed_error(refused)
        orders = super().create(vals_list)
        as_engine(orders).write({"last_editor_id": self.env.uid})
        return orders

    def write(self, vals):
        if is_engine(self.env) or not {*vals} - _ALWAYS:
            return super().write(vals)
        if refused := {*vals} - _EDITABLE - _ALWAYS:
            raise self._governed_error(refused)
        for order in self:
            if order.state != "draft":
                raise UserError(
                    self.env._(
                        "%s was generated: take it back to draft to change it. That voids its approvals.",
                        order.name,
                    )
                )
        result = super().write(vals)
        self._note_editor()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_generated(self):
        if any(order.version for order in self):
            raise UserError(
                self.env._("An order that was generated is evidence: cancel it instead.")
            )

    def _governed_error(self, names):
        return UserError(
            self.env._(
                "%(fields)s of a payment order changes by its buttons only.",
                fields=", ".join(sorted(self._fields[name].string for name in names)),
            )
        )

    # === ACTION METHODS === #

    def action_cancel(self):
        """Give up orders that have not left; their payments are free for another order.

        :return: True
        :raise UserError: one may be with the bank
        """
        self._check_group("preparer")
        for order in self:
            if order._kept_by_bank():
                order._follow_kept()
                continue
            order._withdraw(self.env._("The order was cancelled."))
            order._end("cancelled")
        return True

    def action_back_to_draft(self):
        """Take orders back for a change: approvals are void, the next file is another one.

        :return: True
        :raise UserError: one may be with the bank
        """
        self._check_group("preparer")
        for order in self:
            order._withdraw(self.env._("The order was taken back for a change."))
            as_engine(order).state = "draft"
            order._note_editor()
        return True

    # === BUSINESS METHODS === #

    def _check_group(self, *names):
        """Refuse who has none of the groups: a button is a door for RPC as well.

        :param str names: ``preparer``, ``approver``
        :raise AccessError: with the names of the groups
        """
        groups = [f"treasury_sync.group_treasury_{name}" for name in names]
        if not any(self.env.user.has_group(group) for group in groups):
            raise AccessError(
                self.env._(
                    "Only members of %(groups)s may do this.",
                    groups=", ".join(self.env.ref(group).sudo().name for group in groups),
                )
            )
        self.check_access("read")

    def _note_editor(self):
        """Write down that the present user had a hand in these orders."""
        as_engine(self).write(
            {"last_editor_id": self.env.uid, "editor_ids": [Command.link(self.env.uid)]}
        )

    def _withdraw(self, reason):
        """Take back a version that has not left: its instructions are cancelled, its approvals void."""
        self.ensure_one()
        if self.state not in ("draft", "to_approve", "approved"):
            raise UserError(
                self.env._("%s may be with the bank already: it cannot be taken back.", self.name)
            )
        if told := self._told_in_part():
            raise UserError(self.env._("%(told)s %(next)s", told=told, next=self._by_hand_next()))
        exchange = self.sudo().exchange_id
        if exchange:
            # Also takes the lock of a worker that is about to send it.
            exchange._withdraw_payment(reason)
        order = as_engine(self)
        order._void_approvals(reason)
        order._live()._advance(life.Fate.CANCELLED, source="order", reason=reason)
        if exchange:
            order.exchange_id = False

    def _end(self, state):
        order = as_engine(self)
        order.payment_ids.treasury_order_id = False
        order.state = state

    def _live(self):
        """:return: the instructions of the version that stands"""
        self.ensure_one()
        return self.instruction_ids.filtered(
            lambda item: item.version == self.version and item.state != "cancelled"
        ).sorted("sequence")

    def _told_in_part(self):
        """:return: how much of a file that did not leave here the bank has spoken of, so it has it; empty for nothing
        :rtype: str
        """
        items = self._live()
        told = items.filtered(lambda item: item.state not in ("generated", "approved"))
        if not told or self.state not in ("to_approve", "approved"):
            return ""
        return self.env._(
            "The bank has spoken of %(told)s of the %(count)s payments of %(order)s: it has the file, which is not"
            " taken back or sent once more.",
            told=len(told),
            count=len(items),
            order=self.name,
        )

    def _kept_by_bank(self):
        """:return: the instructions of a draft that are with the bank all the same: earlier releases made drafts of
        orders of which the bank had spoken in part
        """
        self.ensure_one()
        if self.state != "draft":
            return self.env["treasury.payment.instruction"]
        return self.instruction_ids.filtered(
            lambda item: item.version == self.version and item.state != "cancelled"
        )

    def _check_not_kept(self):
        """:raise UserError: the bank has the file of a draft"""
        kept = self._kept_by_bank()
        if not kept:
            return
        raise UserError(
            self.env._(
                "The bank has spoken of %(told)s of the %(count)s payments that %(order)s had when it was taken back:"
                " it has that file, and the order is not generated once more. Ask the bank what became of the other"
                " payments. If it does not execute them, cancel the order: what the bank has stays in it and is"
                " followed, and the other payments are free for a new order.",
                told=len(kept),
                count=len(self.payment_ids | kept.payment_id),
                order=self.name,
            )
        )

    def _follow_kept(self):
        """What the bank has goes on; all other payments are free."""
        kept = self._kept_by_bank()
        order = as_engine(self)
        (order.payment_ids - kept.payment_id).treasury_order_id = False
        order.state = "approved"
        order._follow_instructions()
        order._log("free_of_draft", kept=kept.mapped("end_to_end_id"))
        order.message_post(
            author_id=self.env.user.partner_id.id,
            body=self.env._(
                "Payments that the bank has not spoken of are free for another order; %s stay in this one.",
                len(kept),
            ),
        )

    def _by_hand_next(self):
        return self.env._(
            "Record on the order that it was transmitted by hand, and ask the bank about the other payments."
        )

    def _log(self, action, **details):
        self.env["finance.audit.event"]._log(
            f"payment_order.{action}",
            self,
            summary=self.name,
            details={"version": self.version, "digest": self.digest or "", **details},
        )
