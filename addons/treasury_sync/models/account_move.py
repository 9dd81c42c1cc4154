from odoo import api, models


class AccountMove(models.Model):
    _inherit = "account.move"

    @api.model
    def _get_invoice_in_payment_state(self):
        """Odoo asks for one invoice, or in general for the current company; see ``docs/architecture.md``, section 7."""
        company = self.company_id[:1] or self.env.company
        if company.payments_await_bank:
            return "in_payment"
        return super()._get_invoice_in_payment_state()
