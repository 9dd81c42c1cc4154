from odoo import api, fields, models


class FinanceExchangeDryRun(models.TransientModel):
    """What a replay of an exchange would do; nothing of it was kept."""

    _name = "finance.exchange.dry.run"
    _description = "Dry Run of an Exchange"

    exchange_id = fields.Many2one("finance.exchange", required=True, readonly=True)
    outcome = fields.Selection(
        [("clean", "Would pass"), ("exceptions", "Would ask a person"), ("error", "Would fail")],
        required=True,
        readonly=True,
    )
    result = fields.Text(readonly=True)
    problems = fields.Text(readonly=True)

    @api.model
    def _of(self, exchange, report):
        """
        :param exchange: ``finance.exchange``, one record
        :param dict report: what ``action_replay_dry_run`` returned
        :return: the report for the screen
        """
        exceptions = report.get("exceptions") or []
        error = report.get("error")
        return self.create(
            {
                "exchange_id": exchange.id,
                "outcome": "error" if error else "exceptions" if exceptions else "clean",
                "result": self._words(exchange, report.get("result") or {}),
                "problems": error["message"]
                if error
                else "\n".join(f"• {each['summary']}" for each in exceptions),
            }
        )

    @api.model
    def _words(self, exchange, result):
        """:return: what the handler says of a result, else the figures that are not nothing"""
        handler = exchange.interface_id.sudo()._handler()
        return handler._describe_result(result) or "\n".join(
            f"{name.replace('_', ' ').capitalize()}: {value}"
            for name, value in result.items()
            if value
        )

    def action_replay(self):
        """Do it for real.

        :return: action that closes the dialogue
        """
        self.ensure_one()
        self.exchange_id.action_replay()
        return {"type": "ir.actions.act_window_close"}
