from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.errors import Severity

from .engine import as_engine
from .treasury_approval_policy import LEAST_APPROVALS


class TreasuryPaymentRecall(models.Model):
    """Approval: two people at least who did not ask for it."""

    _inherit = "treasury.payment.recall"

    approval_ids = fields.One2many("treasury.payment.recall.approval", "recall_id", readonly=True)
    approver_ids = fields.Many2many(
        "res.users", string="Approved By", compute="_compute_approver_ids"
    )

    @api.depends("approval_ids")
    def _compute_approver_ids(self):
        for recall in self:
            recall.approver_ids = recall._valid_approvals().user_id

    def _approve_as(self, user):
        """Write down that ``user`` approves it as it stands."""
        self.flush_recordset()
        as_engine(self.env["treasury.payment.recall.approval"]).create(
            {
                "recall_id": self.id,
                "company_id": self.company_id.id,
                "digest": self.digest,
                "user_id": user.id,
                "requested_by_id": self.requested_by_id.id,
            }
        )

    def _valid_approvals(self):
        """:return: the approvals of exactly this file, by others than whoever asked for it"""
        self.ensure_one()
        recall = self.sudo()
        return recall.approval_ids.filtered(
            lambda approval: (
                (approval.digest or False) == (recall.digest or False)
                and approval.user_id != recall.requested_by_id
            )
        )

    def _is_approved(self):
        """:return: whether enough people have approved it as it stands"""
        return len(self._valid_approvals().user_id) >= LEAST_APPROVALS

    def _check_approved(self):
        """
        :raise BusinessError: ``payment_not_approved``
        """
        if self.state != "approved" or not self._is_approved():
            raise self._not_approved(
                self.env._("The recall of %s is not approved.", self.order_id.name)
            )

    def _report_forged(self):
        """It counts as approved and nobody approved it: somebody changed it in the database."""
        self.instruction_ids[:1]._open_exception(
            "payment_not_approved",
            self.env._("The recall of %s is not approved.", self.order_id.name),
            evidence={"order": self.order_id.name, "approvals": len(self._valid_approvals())},
            severity=Severity.HIGH,
        )
