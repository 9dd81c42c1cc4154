from odoo import models
from odoo.tools.misc import split_every

# Odoo looks at each exchange difference for each part of a plan.
_PLAN = 200


class AccountPaymentRegister(models.TransientModel):
    """Payments of a run in few steps: Odoo's wizard makes, posts and reconciles them one after the other.

    The context's ``treasury_together`` asks for it. What comes out is the same; a test compares it row by row.
    ``treasury_company`` says whose payments they are: Odoo would make those of a branch's bills in the branch, where
    neither the order nor the statement of the company that has the account finds them.
    """

    _inherit = "account.payment.register"

    def _compute_from_lines(self):
        super()._compute_from_lines()
        if company := self.env.context.get("treasury_company"):
            self.company_id = company

    def _get_line_batch_key(self, line):
        """Also bills that name no account are paid to the one that the run has shown, with the others that are.

        The context's ``treasury_accounts`` says it: ids of accounts by those of items.
        """
        key = super()._get_line_batch_key(line)
        account = self.env.context.get("treasury_accounts", {}).get(line.id)
        return {**key, "partner_bank_id": account} if account else key

    def _is_together(self, edit_mode):
        return bool(self.env.context.get("treasury_together")) and not edit_mode

    def _init_payments(self, to_process, edit_mode=False):
        if self._is_together(edit_mode):
            for item in to_process:
                # Where there is nothing to write off, the entries are made at once, when they are posted.
                if not item["create_vals"].get("write_off_line_vals"):
                    item["create_vals"].pop("write_off_line_vals", None)
        return super()._init_payments(to_process, edit_mode)

    def _reconcile_payments(self, to_process, edit_mode=False):
        if not self._is_together(edit_mode):
            return super()._reconcile_payments(to_process, edit_mode)
        valid = self.env["account.payment"]._get_valid_payment_account_types()
        plan = []
        for item in to_process:
            paying = item["payment"].move_id.line_ids.filtered(
                lambda line: (
                    line.parent_state == "posted"
                    and line.account_type in valid
                    and not line.reconciled
                )
            )
            for account, lines in paying.grouped("account_id").items():
                owed = item["to_reconcile"].filtered(
                    lambda line, account=account: line.account_id == account and not line.reconciled
                )
                plan.append(lines | owed)
        for part in split_every(_PLAN, plan):
            self.env["account.move.line"]._reconcile_plan(list(part))
        for item in to_process:
            item["to_reconcile"].move_id.matched_payment_ids += item["payment"]
        return None
