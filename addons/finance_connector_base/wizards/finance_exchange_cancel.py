from odoo import fields, models


class FinanceExchangeCancel(models.TransientModel):
    """Ask why exchanges are cancelled."""

    _name = "finance.exchange.cancel"
    _description = "Cancel Exchanges"

    exchange_ids = fields.Many2many(
        "finance.exchange", string="Exchanges", required=True, readonly=True
    )
    reason = fields.Text(required=True, help="Kept with the exchange, for the auditor.")

    def action_confirm(self):
        """Cancel the exchanges.

        :return: action that closes the dialogue
        :raise UserError: one cannot be cancelled any more
        """
        self.ensure_one()
        self.exchange_ids.action_cancel(self.reason)
        return {"type": "ir.actions.act_window_close"}
