from odoo import fields, models


class FinanceExchangePayload(models.Model):
    """Bytes of an exchange, encrypted in the database so that they are inside its backups."""

    _name = "finance.exchange.payload"
    _description = "Finance Exchange Payload"
    _order = "exchange_id, role, id"

    exchange_id = fields.Many2one("finance.exchange", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="exchange_id.company_id", store=True, index=True)
    role = fields.Selection(
        [("content", "Content"), ("response", "Response"), ("evidence", "Evidence")], required=True, readonly=True
    )
    filename = fields.Char(readonly=True)
    content_type = fields.Char(readonly=True)
    size = fields.Integer(readonly=True, help="Bytes, in clear.")
    digest = fields.Char(readonly=True, index=True, help="SHA-256 of the clear bytes.")
    ciphertext = fields.Binary(attachment=False, readonly=True, groups="base.group_no_one,!base.group_user")
    purged_at = fields.Datetime(readonly=True)
