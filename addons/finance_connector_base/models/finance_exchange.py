import uuid

from odoo import api, fields, models

MILESTONES = [
    ("received", "Received"),
    ("prepared", "Prepared"),
    ("validated", "Validated"),
    ("transformed", "Transformed"),
    ("sent", "Sent"),
    ("acknowledged", "Acknowledged"),
    ("settled", "Settled"),
    ("posted", "Posted"),
]
WORK_STATUSES = [
    ("ready", "Ready"),
    ("running", "Running"),
    ("waiting", "Waiting"),
    ("retry", "Retry"),
    ("exception", "Exception"),
    ("unknown", "Unknown"),
    ("dead", "Dead"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]


class FinanceExchange(models.Model):
    """One durable business exchange with an external party: what has been proven, and what happens next."""

    _name = "finance.exchange"
    _description = "Finance Exchange"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("finance.exchange"),
    )
    interface_id = fields.Many2one("finance.interface", required=True, readonly=True, index=True, ondelete="restrict")
    version_id = fields.Many2one("finance.interface.version", readonly=True, index="btree_not_null", ondelete="restrict")
    connection_id = fields.Many2one("finance.connection", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    direction = fields.Selection([("inbound", "Inbound"), ("outbound", "Outbound")], required=True, readonly=True)
    source = fields.Selection(
        [
            ("api", "API"),
            ("webhook", "Webhook"),
            ("schedule", "Schedule"),
            ("upload", "Upload"),
            ("event", "Odoo event"),
        ],
        required=True,
        readonly=True,
    )
    idempotency_key = fields.Char(required=True, readonly=True, copy=False)
    digest = fields.Char(readonly=True, copy=False, help="SHA-256 of the clear bytes.")
    correlation_id = fields.Char(
        required=True, readonly=True, copy=False, index=True, default=lambda self: str(uuid.uuid4())
    )
    external_ref = fields.Char(readonly=True, copy=False, index="btree_not_null")
    shadow = fields.Boolean(readonly=True)
    milestone = fields.Selection(MILESTONES, readonly=True, copy=False)
    work_status = fields.Selection(WORK_STATUSES, required=True, readonly=True, default="ready", copy=False)
    due_at = fields.Datetime(readonly=True, copy=False, help="Next retry, or deadline of the awaited acknowledgement.")
    date_received = fields.Datetime(readonly=True, copy=False)
    date_prepared = fields.Datetime(readonly=True, copy=False)
    date_validated = fields.Datetime(readonly=True, copy=False)
    date_transformed = fields.Datetime(readonly=True, copy=False)
    date_sent = fields.Datetime(readonly=True, copy=False)
    date_acknowledged = fields.Datetime(readonly=True, copy=False)
    date_settled = fields.Datetime(readonly=True, copy=False)
    date_posted = fields.Datetime(readonly=True, copy=False)
    initiated_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null", default=lambda self: self.env.user)
    owner_id = fields.Many2one("res.users", index="btree_not_null", help="Who looks after it when the machine cannot.")
    res_model = fields.Char(readonly=True, help="Outbound: model of the record it is about.")
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    event_type = fields.Char(readonly=True, help="Outbound events: what happened, e.g. invoice.posted.")
    result = fields.Json(readonly=True, copy=False, help="The stored answer.")
    cancel_reason = fields.Text(readonly=True, copy=False)
    payload_ids = fields.One2many("finance.exchange.payload", "exchange_id")
    attempt_ids = fields.One2many("finance.exchange.attempt", "exchange_id")
    exception_ids = fields.One2many("finance.exception", "exchange_id")
    attempt_count = fields.Integer(readonly=True, copy=False, default=0)

    _idempotency_key_uniq = models.Constraint(
        "UNIQUE(interface_id, idempotency_key)", "This exchange was received before."
    )
    _due_idx = models.Index("(work_status, due_at) WHERE work_status IN ('ready', 'running', 'retry', 'waiting', 'unknown')")
    _res_idx = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
