from odoo import Command, api, fields, models


class FinanceExceptionClose(models.TransientModel):
    """Ask why exceptions are closed."""

    _name = "finance.exception.close"
    _description = "Close Exceptions"

    exception_ids = fields.Many2many(
        "finance.exception", string="Exceptions", required=True, readonly=True
    )
    decision = fields.Selection(
        [("resolve", "Resolve"), ("ignore", "Ignore")], required=True, readonly=True
    )
    reason = fields.Text(required=True, help="Kept with the exception, for the auditor.")

    @api.model
    def default_get(self, fields):
        defaults = super().default_get(fields)
        if self.env.context.get("active_model") == "finance.exception":
            defaults.setdefault(
                "exception_ids", [Command.set(self.env.context.get("active_ids", []))]
            )
        return defaults

    def action_confirm(self):
        """Close the exceptions as it was decided.

        :return: action that closes the dialogue
        :raise UserError: no reason, or one is closed already
        """
        self.ensure_one()
        if self.decision == "resolve":
            self.exception_ids.action_resolve(self.reason)
        else:
            self.exception_ids.action_ignore(self.reason)
        return {"type": "ir.actions.act_window_close"}
