from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.base.models.res_users import check_identity
from odoo.addons.finance_connector_base.models.turns import take_turns
from odoo.addons.treasury_sync.tools import life

from .engine import as_engine


class TreasuryPaymentOrder(models.Model):
    """Approval: two people at least who had no hand in it, each bound to the digest of the file."""

    _inherit = "treasury.payment.order"

    approval_ids = fields.One2many("treasury.payment.approval", "order_id", readonly=True)
    missing_approvals = fields.Integer(compute="_compute_approval_state")
    approval_state = fields.Char(
        string="Approvals",
        compute="_compute_approval_state",
        help="What is there and what is missing.",
    )
    can_approve = fields.Boolean(compute="_compute_can_approve")

    # === COMPUTE METHODS === #

    @api.depends("approval_ids.state", "version", "digest", "amount_total")
    def _compute_approval_state(self):
        excluded = self._excluded_by_order()
        policies = self.env["treasury.approval.policy"]._for_orders(self)
        for order in self:
            given = order._valid_approvals(excluded[order])
            order.missing_approvals = policies[order]._count_missing(given)
            if order.state == "draft":
                order.approval_state = ""
            elif order.missing_approvals:
                order.approval_state = self.env._(
                    "%(given)s given, %(missing)s missing",
                    given=len(given),
                    missing=order.missing_approvals,
                )
            else:
                order.approval_state = self.env._("Complete: %s given", len(given))

    @api.depends_context("uid")
    @api.depends("state", "excluded_user_ids", "approval_ids")
    def _compute_can_approve(self):
        for order in self:
            order.can_approve = not order._approval_problem()

    # === ACTION METHODS === #

    @check_identity
    def action_approve(self):
        """Approve the file whose digest the context names as ``approved_digest``, in one's own name or else for whoever
        delegated. Asks for the password again.

        :return: True
        :raise UserError: it is not the file that waits, or this person may not approve it
        """
        self._check_group("approver")
        self.ensure_one()
        self._approve(self.env.context.get("approved_digest"))
        return True

    def action_refuse(self, reason=None):
        """Refuse to approve: the order is a draft again, and its approvals are void.

        :param str reason: what its preparer has to correct
        :return: True
        """
        self._check_group("approver")
        why = (reason or "").strip()
        for order in self:
            order._check_to_approve()
            reason = self.env._("%s refused to approve it.", self.env.user.name)
            if why:
                reason = f"{reason} {why}"
            order._withdraw(reason)
            as_engine(order).state = "draft"
            order._log("refused", reason=why)
            order.sudo().message_post(body=reason)
        return True

    # === BUSINESS METHODS === #

    def _approve(self, digest):
        """Give the approval of the present user.

        :param str digest: of the file that the person has seen
        """
        self.ensure_one()
        take_turns(self)
        if problem := self._approval_problem():
            raise AccessError(problem)
        if not digest or digest != self.digest:
            raise UserError(
                self.env._(
                    "%s has changed since you opened it. Look at it again before you approve.",
                    self.name,
                )
            )
        # Also what happened to the file, its instructions or what they pay since it was generated.
        self._check_content(self._file()._content())
        if problem := self._instructions_problem():
            raise UserError(
                self.env._(
                    "%s. Refuse the order, so that its preparer corrects it.", problem.rstrip(".")
                )
            )
        principal = self._find_principal()
        # Nor does a delegation count that ends at this moment.
        take_turns(self._delegations().filtered(lambda item: item.user_id == principal))
        order = as_engine(self)
        self.flush_recordset()
        as_engine(self.env["treasury.payment.approval"]).create(
            {
                "order_id": self.id,
                "company_id": self.company_id.id,
                "version": self.version,
                "digest": digest,
                "user_id": self.env.uid,
                "principal_id": principal.id,
                "prepared_by_id": self.prepared_by_id.id,
                "last_editor_id": self.last_editor_id.id,
            }
        )
        self._log("approved", principal=principal.login)
        order.message_post(
            author_id=self.env.user.partner_id.id,
            body=self.env._("Approved SHA-256 %s.", self.digest)
            if principal == self.env.user
            else self.env._(
                "Approved SHA-256 %(digest)s in the name of %(principal)s.",
                digest=self.digest,
                principal=principal.sudo().name,
            ),
        )
        if not self._count_missing():
            order.write({"state": "approved", "date_approved": fields.Datetime.now()})
            order._live()._advance(life.Fate.APPROVED, source="order")
            order._release()

    def _check_to_approve(self):
        if self.state != "to_approve":
            raise UserError(self.env._("%s does not wait for approval.", self.name))

    def _approval_problem(self):
        """:return: why the present user cannot approve this order, or an empty text
        :rtype: str
        """
        self.ensure_one()
        user = self.env.user
        if self.state != "to_approve":
            return self.env._("%s does not wait for approval.", self.name)
        if not user.has_group("treasury_sync.group_treasury_approver"):
            return self.env._("Only payment approvers approve payments.")
        if self.company_id not in user.company_ids:
            return self.env._("You do not belong to %s.", self.company_id.sudo().name)
        if user in self._excluded_now():
            return self.env._(
                "You prepared or edited this order, one of its payments, a recipient's account or a debtor's mandate:"
                " others approve it."
            )
        if user in self.sudo().approval_ids.filtered(self._is_valid).user_id:
            return self.env._("You have approved this version already.")
        if not self._find_principal():
            return self.env._("Whoever you could approve for has done so, or had a hand in it.")
        return ""

    def _excluded_now(self):
        """:return: who may not approve: as written down at generation, and who changed an account since"""
        return self._excluded_by_order()[self]

    def _excluded_by_order(self):
        """:rtype: dict"""
        account = "partner_bank_id"
        editors = self._standing(f"{account}.treasury_editor_id", f"{account}.treasury_editor_ids")
        return {order: order.sudo().excluded_user_ids.union(*editors[order]) for order in self}

    def _standing(self, *names):
        """What the instructions of the version that stands name. PostgreSQL is asked, once for all orders: of one with
        ten thousand payments each would be read for the few that they name.

        :param str names: many2one and many2many fields, and paths to such
        :return: for each order a list of recordsets, by ``names``
        :rtype: dict
        """
        items = self.env["treasury.payment.instruction"].sudo().with_context(active_test=False)
        found = defaultdict(list)
        for order, version, *values in items._read_group(
            [("order_id", "in", self.ids), ("state", "!=", "cancelled")],
            ["order_id", "version", *names],
        ):
            found[order.id, version] += values
        return {order: found[order._origin.id, order.version] for order in self}

    def _find_principal(self):
        """In whose name the present user approves: their own if that counts, else of one who delegated.

        :rtype: res.users
        """
        taken = self.sudo().approval_ids.filtered(self._is_valid).principal_id
        delegated = self._delegations().user_id
        possible = (self.env.user | delegated) - taken - self._excluded_now()
        wanted = self.env["treasury.approval.policy"]._for_order(self).approver_ids
        return (possible & wanted)[:1] or possible[:1]

    def _delegations(self):
        """:return: by which others let the present user decide on this order today"""
        return self.env["treasury.approval.delegation"]._in_force(self.env.user, self.company_id)

    def _is_valid(self, approval):
        return (
            approval.state == "valid"
            and approval.version == self.version
            and approval.digest == self.digest
        )

    def _valid_approvals(self, excluded=None):
        """:return: the approvals of exactly the file that stands

        :param excluded: who may not approve, if that is known already
        """
        self.ensure_one()
        excluded = self._excluded_now() if excluded is None else excluded
        return self.sudo().approval_ids.filtered(
            lambda approval: (
                self._is_valid(approval)
                and not (approval.user_id | approval.principal_id) & excluded
            )
        )

    def _count_missing(self):
        """:return: how many approvals are missing before it may be sent
        :rtype: int
        """
        policies = self.env["treasury.approval.policy"]._for_order(self)
        return policies._count_missing(self._valid_approvals())

    def _void_approvals(self, reason):
        """Make the approvals of the version that stands void, and say so.

        :param str reason: what changed
        """
        for order in self:
            valid = order.sudo().approval_ids.filtered(lambda approval: approval.state == "valid")
            if not valid:
                continue
            as_engine(valid).write({"state": "void", "void_reason": reason})
            order._log("approvals_voided", reason=reason, approvals=len(valid))
            order.sudo().message_post(
                body=self.env._(
                    "%(count)s approvals are void: %(reason)s", count=len(valid), reason=reason
                )
            )

    def _on_account_changed(self, accounts):
        """A recipient's account was changed while the order waits: nothing that was approved before holds.

        :param accounts: ``res.partner.bank`` that changed
        """
        reason = self.env._(
            "%(user)s changed the account of %(partner)s.",
            user=self.env.user.name,
            partner=", ".join(accounts.partner_id.mapped("name")),
        )
        self._take_back(reason, "account_changed", accounts=accounts.ids)

    def _take_back(self, reason, action, **details):
        """Make drafts of orders that wait, since what was approved is no longer so; those that left stay as they are.

        :param str reason: what changed
        :param str action: its name in the audit trail
        """
        for order in self.filtered(lambda item: item.state in ("to_approve", "approved")):
            exchange = order.sudo().exchange_id
            if order._told_in_part() or (
                exchange
                and (
                    exchange._may_have_left()
                    or exchange.work_status not in ("ready", "retry", "exception")
                )
            ):
                # It left as it was approved.
                continue
            if not order._valid_approvals():
                order.sudo().message_post(body=reason)
            order._withdraw(reason)
            as_engine(order).state = "draft"
            order._log(action, **details)
