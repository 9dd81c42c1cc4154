from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .treasury_payment_channel import KINDS

LEAST_APPROVALS = 2


class TreasuryApprovalPolicy(models.Model):
    """How many approvals which orders need, and from whom. Every policy that fits an order has to be met.

    Without any policy two approvers are needed; no policy asks for fewer.
    """

    _name = "treasury.approval.policy"
    _description = "Approval Policy"
    _inherit = ["finance.audited.mixin", "mail.thread"]
    _order = "sequence, id"
    _check_company_auto = True
    _audit_subject = "approval_policy"

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    required_count = fields.Integer(
        string="Approvers", required=True, default=2, tracking=True, help="Two at least."
    )
    approver_ids = fields.Many2many(
        "res.users",
        string="Of These",
        tracking=True,
        help="Empty: of all payment approvers. They may delegate.",
    )
    kind = fields.Selection(KINDS, tracking=True, help="Empty: any kind.")
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        tracking=True,
        help="Of the amount; orders in other currencies are converted at the day's rate.",
    )
    amount_from = fields.Monetary(
        tracking=True, help="Smallest total of an order that it is for; 0: any."
    )
    only_currency_ids = fields.Many2many(
        "res.currency",
        "treasury_policy_currency_rel",
        string="Only in Currencies",
        tracking=True,
        help="Empty: any currency.",
    )
    journal_ids = fields.Many2many(
        "account.journal", string="Bank Accounts", check_company=True, help="Empty: any account."
    )
    partner_ids = fields.Many2many(
        "res.partner", string="Beneficiaries", check_company=True, help="Empty: anybody."
    )

    _required_count_check = models.Constraint(
        "CHECK (required_count >= 2)", "Two people approve a payment, at least."
    )
    _amount_check = models.Constraint("CHECK (amount_from >= 0)", "An amount is not negative.")

    # === CONSTRAINT METHODS === #

    @api.constrains("required_count", "approver_ids")
    def _check_can_be_met(self):
        for policy in self:
            named = len(policy.approver_ids)
            if named and named < policy.required_count:
                raise ValidationError(
                    self.env._(
                        "%(policy)s asks for %(required)s approvals of %(named)s approvers, and would never be met:"
                        " name more of them, or ask for fewer.",
                        policy=policy.name,
                        required=policy.required_count,
                        named=named,
                    )
                )

    # === BUSINESS METHODS === #

    @api.model
    def _for_order(self, order):
        """:return: the policies that an order has to meet
        :rtype: treasury.approval.policy
        """
        return self._for_orders(order)[order]

    @api.model
    def _for_orders(self, orders):
        """:return: for each order the policies that it has to meet, found with one search
        :rtype: dict
        """
        policies = self.sudo().search([("company_id", "in", orders.company_id.ids)])
        # A contact of a vendor gets what is the vendor's.
        recipients = (
            orders._standing("partner_id.commercial_partner_id") if policies.partner_ids else {}
        )
        return {
            order: policies.filtered(
                lambda policy, order=order: policy._fits(order, recipients.get(order, ()))
            )
            for order in orders
        }

    def _fits(self, order, recipients):
        """:param recipients: ``res.partner`` that the order pays"""
        self.ensure_one()
        if self.company_id != order.company_id:
            return False
        total = order.currency_id._convert(
            order.amount_total,
            self.currency_id,
            order.company_id,
            fields.Date.context_today(self),
            round=False,
        )
        named = self.partner_ids.commercial_partner_id
        return (
            (not self.kind or self.kind == order.kind)
            and total >= self.amount_from
            and (not self.only_currency_ids or order.currency_id in self.only_currency_ids)
            and (not self.journal_ids or order.journal_id in self.journal_ids)
            and (not named or any(recipient in named for recipient in recipients))
        )

    def _missing(self, approvals):
        """:return: how many approvals this policy still needs
        :rtype: int
        """
        self.ensure_one()
        principals = approvals.principal_id
        if self.approver_ids:
            principals &= self.approver_ids
        return max(0, self.required_count - len(principals))

    def _count_missing(self, approvals):
        """:return: how many approvals are missing before all these policies are met, and the rule that two approve
        :rtype: int
        """
        return max(
            LEAST_APPROVALS - len(approvals.principal_id),
            *(policy._missing(approvals) for policy in self),
            0,
        )
