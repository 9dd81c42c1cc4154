from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    payments_await_bank = fields.Boolean(
        string="Paid When the Bank Has Booked",
        help="A registered payment leaves its invoice in payment until a statement line settles it."
        " Without this, Odoo Community counts the invoice as paid at once. Payment orders need it.",
    )

    def write(self, vals):
        changing = self.filtered(
            lambda company: (
                "payments_await_bank" in vals
                and company.payments_await_bank != bool(vals["payments_await_bank"])
            )
        )
        result = super().write(vals)
        for company in changing:
            self.env["finance.audit.event"]._log(
                "company.payments_await_bank",
                company,
                details={"after": company.payments_await_bank},
            )
            company._recompute_payment_states()
        return result

    def _recompute_payment_states(self):
        """Let invoices whose payments no statement line has settled yet take the state of the new setting."""
        payments_sudo = (
            self.env["account.payment"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.ids),
                    ("is_matched", "=", False),
                    ("state", "in", ("in_process", "paid")),
                ]
            )
        )
        invoices_sudo = payments_sudo.reconciled_invoice_ids | payments_sudo.reconciled_bill_ids
        self.env.add_to_compute(invoices_sudo._fields["payment_state"], invoices_sudo)
