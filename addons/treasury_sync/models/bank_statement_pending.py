from odoo import api, models

from odoo.addons.treasury_sync.tools import life


class BankStatementPending(models.Model):
    """What a bank announces on our account by the end-to-end identification of a payment, it has executed."""

    _inherit = "bank.statement.pending"

    @api.model
    def _hear(self, exchange, journal, statement, **kwargs):
        count = super()._hear(exchange, journal, statement, **kwargs)
        ids = [
            transaction.end_to_end_id
            for transaction in statement.pending
            if transaction.end_to_end_id and transaction.amount < 0
        ]
        for item in self.env["treasury.payment.instruction"]._known_by(journal, ids):
            if item.state in (*life.UNDER_WAY, "approved"):
                item._advance(life.Fate.EXECUTED, source="notification", exchange=exchange)
        return count
