from odoo import api, models


class BankStatementMatcher(models.AbstractModel):
    """Payouts in transit are expected on the bank account; what a gateway still owes us is not."""

    _inherit = "bank.statement.matcher"

    @api.model
    def _outstanding_accounts(self, company):
        gateways = self.env["treasury.gateway"].sudo().search([("company_id", "=", company.id)])
        return (
            super()._outstanding_accounts(company) | gateways.transit_account_id
        ) - gateways.clearing_account_id
