from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.treasury_sync.tools import life


class ResCompany(models.Model):
    _inherit = "res.company"

    payments_await_bank = fields.Boolean(
        string="Paid When the Bank Has Booked",
        help="A registered payment leaves its invoice in payment until a statement line settles it."
        " Without this, Odoo Community counts the invoice as paid at once. Payment orders need it."
        " It holds for the branches of the company as well.",
    )

    def write(self, vals):
        changing = self.filtered(
            lambda company: (
                "payments_await_bank" in vals
                and company.payments_await_bank != bool(vals["payments_await_bank"])
            )
        )
        changing.filtered("payments_await_bank")._check_nothing_under_way()
        result = super().write(vals)
        for company in changing:
            self.env["finance.audit.event"]._log(
                "company.payments_await_bank",
                company,
                details={"after": company.payments_await_bank},
            )
            company._recompute_payment_states()
        return result

    def _payments_await_bank(self):
        """:return: whether a payment of this company, which may be a branch, awaits the bank"""
        self.ensure_one()
        return any(self.parent_ids.sudo().mapped("payments_await_bank"))

    def _check_nothing_under_way(self):
        """:raise UserError: bills would count as paid that the bank has not paid yet"""
        item = (
            self.env["treasury.payment.instruction"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.ids),
                    ("state", "in", ("generated", "approved", *life.UNDER_WAY)),
                ],
                limit=1,
            )
        )
        if item:
            raise UserError(
                self.env._(
                    "%s is under way: what it pays is paid when the bank has booked it, or is open again.",
                    item.order_id.name,
                )
            )

    def _recompute_payment_states(self):
        """Let invoices whose payments no statement line has settled yet take the state of the new setting."""
        payments_sudo = (
            self.env["account.payment"]
            .sudo()
            .search(
                [
                    ("company_id", "child_of", self.ids),
                    ("is_matched", "=", False),
                    ("state", "in", ("in_process", "paid")),
                ]
            )
        )
        invoices_sudo = payments_sudo.reconciled_invoice_ids | payments_sudo.reconciled_bill_ids
        self.env.add_to_compute(invoices_sudo._fields["payment_state"], invoices_sudo)
