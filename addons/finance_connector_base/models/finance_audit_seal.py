from odoo import fields, models


class FinanceAuditSeal(models.Model):
    """One link of the chain over the audit events, written after them by a single sealer."""

    _name = "finance.audit.seal"
    _description = "Finance Audit Seal"
    _inherit = ["finance.append.only"]
    _order = "position desc"
    _rec_name = "position"
    _log_access = False

    position = fields.Integer(required=True, readonly=True)
    event_id = fields.Integer(string="Event ID", required=True, readonly=True)
    event_hash = fields.Char(required=True, readonly=True, help="SHA-256 of the event's canonical form.")
    chain_hash = fields.Char(required=True, readonly=True, help="SHA-256 over the previous link and this one.")
    sealed_at = fields.Datetime(required=True, readonly=True)

    _position_uniq = models.UniqueIndex("(position)", "A position of the chain is used once.")
    _event_uniq = models.UniqueIndex("(event_id)", "An event is sealed once.")
