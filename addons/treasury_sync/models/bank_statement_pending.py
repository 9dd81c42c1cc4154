from odoo import api, models


class BankStatementPending(models.Model):
    """What a bank announces on our account by the end-to-end identification of a payment, it has executed."""

    _inherit = "bank.statement.pending"

    @api.model
    def _hear(self, exchange, journal, statement, **kwargs):
        count = super()._hear(exchange, journal, statement, **kwargs)
        self.env["treasury.payment.instruction"]._hear_announced(
            journal, statement.pending, exchange
        )
        return count
