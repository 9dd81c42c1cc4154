from odoo import api, models


class BankStatementNotification(models.Model):
    """A notification (camt.054) names payments before the statement does: they were executed."""

    _inherit = "bank.statement.notification"

    @api.model
    def _keep(self, exchange, journal, statement):
        kept = super()._keep(exchange, journal, statement)
        self.env["treasury.payment.instruction"]._hear_announced(
            journal, statement.transactions, exchange
        )
        return kept
