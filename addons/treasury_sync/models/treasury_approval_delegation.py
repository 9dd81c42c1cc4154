from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError


class TreasuryApprovalDelegation(models.Model):
    """An approver lets another approver decide in their name, for some days."""

    _name = "treasury.approval.delegation"
    _description = "Approval Delegation"
    _inherit = ["finance.audited.mixin"]
    _order = "date_from desc, id desc"
    _rec_name = "delegate_id"
    _audit_subject = "approval_delegation"

    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    user_id = fields.Many2one(
        "res.users",
        string="Approver",
        required=True,
        index=True,
        default=lambda self: self.env.user,
    )
    delegate_id = fields.Many2one("res.users", string="Deputy", required=True, index=True)
    date_from = fields.Date(string="From", required=True, default=fields.Date.context_today)
    date_to = fields.Date(string="Until", required=True)
    reason = fields.Char(required=True)

    _dates_check = models.Constraint(
        "CHECK (date_to >= date_from)", "A delegation cannot end before it begins."
    )
    _people_check = models.Constraint(
        "CHECK (user_id <> delegate_id)", "Nobody can delegate to themselves."
    )

    @api.constrains("user_id", "delegate_id")
    def _check_approvers(self):
        group = "treasury_sync.group_treasury_approver"
        for delegation in self:
            for user in delegation.user_id | delegation.delegate_id:
                if not user.has_group(group):
                    raise ValidationError(
                        self.env._("%s is no payment approver.", user.sudo().name)
                    )

    @api.model_create_multi
    def create(self, vals_list):
        delegations = super().create(vals_list)
        delegations._check_own()
        return delegations

    def write(self, vals):
        self._check_own()
        result = super().write(vals)
        self._check_own()
        return result

    def _check_own(self):
        """Nobody gives away what is another one's."""
        for delegation in self:
            if not self.env.su and delegation.user_id != self.env.user:
                raise UserError(self.env._("You can delegate your own approvals only."))

    @api.model
    def _in_force(self, user, company):
        """:return: the delegations by which ``user`` may approve today in the name of another"""
        today = fields.Date.context_today(self)
        delegations = self.sudo().search(
            [
                ("delegate_id", "=", user.id),
                ("company_id", "=", company.id),
                ("date_from", "<=", today),
                ("date_to", ">=", today),
            ]
        )
        return delegations.filtered(
            lambda delegation: (
                delegation.user_id.active
                and company in delegation.user_id.company_ids
                and delegation.user_id.has_group("treasury_sync.group_treasury_approver")
            )
        )
