from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.finance_connector_base.models.finance_exception import ACTIVITY


class FinanceException(models.Model):
    """Who works on an exception: an operator of its company, who has an activity as long as it is open."""

    _inherit = "finance.exception"

    def _default_owner(self):
        candidates = (
            self.exchange_id.owner_id
            | self.exchange_id.interface_id.owner_id
            | self.connection_id.owner_id
        )
        return candidates.filtered(self._may_own)[:1]

    def _may_own(self, user):
        user_sudo = user.sudo()
        return (
            user_sudo.active
            and user_sudo.has_group("finance_connector_base.group_finance_operator")
            and self.company_id <= user_sudo.company_ids
        )

    def _check_may_own(self, user):
        for exception in self:
            if not exception._may_own(user):
                raise UserError(
                    self.env._(
                        "%(user)s may not work on %(name)s: choose an operator of %(company)s.",
                        user=user.sudo().display_name,
                        name=exception.name,
                        company=exception.company_id.sudo().display_name,
                    )
                )

    def _after_assignment(self):
        self.activity_unlink([ACTIVITY])
        if self.owner_id:
            self.sudo().with_context(mail_activity_quick_update=True).activity_schedule(
                ACTIVITY,
                date_deadline=(self.due_date or fields.Datetime.now()).date(),
                summary=self.title,
                user_id=self.owner_id.id,
            )
        self._log("exception.assigned", details={"owner": self.owner_id.sudo().login or None})
