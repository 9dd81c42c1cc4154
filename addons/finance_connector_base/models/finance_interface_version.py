from odoo import fields, models


class FinanceInterfaceVersion(models.Model):
    """What can change the behaviour of an interface; immutable once it has been activated."""

    _name = "finance.interface.version"
    _description = "Finance Interface Version"
    _order = "interface_id, number desc"
    _rec_name = "number"

    interface_id = fields.Many2one("finance.interface", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True, default=1)
    state = fields.Selection(
        [("draft", "Draft"), ("proposed", "Proposed"), ("active", "Active"), ("retired", "Retired")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    reason = fields.Text(help="Why this version exists, for the auditor.")
    author_id = fields.Many2one("res.users", default=lambda self: self.env.user, readonly=True, index="btree_not_null")
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, index="btree_not_null")
    effective_from = fields.Datetime(readonly=True, copy=False)
    json_schema = fields.Json(string="JSON Schema", help="Schema that inbound content or the canonical document must satisfy.")
    settings = fields.Json(help="Handler specific settings, e.g. {'details': 'split'}.")
    max_attempts = fields.Integer(required=True, default=8)
    base_seconds = fields.Integer(string="First delay (s)", required=True, default=30)
    cap_seconds = fields.Integer(string="Longest delay (s)", required=True, default=3600)
    ack_deadline_minutes = fields.Integer(string="Acknowledgement within (minutes)", default=60)
    retention_days = fields.Integer(
        default=3650, help="Payloads older than this are removed unless a legal hold is set; their digest stays."
    )

    _number_uniq = models.Constraint("UNIQUE(interface_id, number)", "A version number is used once.")
