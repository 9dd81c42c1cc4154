from odoo import fields, models


class FinanceException(models.Model):
    """Something a person must decide: *technical* (the pipe) or *business* (the content)."""

    _name = "finance.exception"
    _description = "Finance Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "due_date, severity desc, id"
    _check_company_auto = True

    name = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("finance.exception"),
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    kind = fields.Selection([("technical", "Technical"), ("business", "Business")], required=True, readonly=True)
    code = fields.Char(required=True, readonly=True, index=True)
    severity = fields.Selection(
        [("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Critical")], required=True, default="1", tracking=True
    )
    summary = fields.Char(required=True, readonly=True, help="One sentence: what happened.")
    next_step = fields.Text(readonly=True, help="What to do next.")
    evidence = fields.Json(readonly=True)
    runbook_url = fields.Char(string="Runbook", readonly=True)
    state = fields.Selection(
        [("open", "Open"), ("in_progress", "In Progress"), ("resolved", "Resolved"), ("ignored", "Ignored")],
        required=True,
        default="open",
        tracking=True,
        copy=False,
        group_expand=True,
    )
    owner_id = fields.Many2one("res.users", tracking=True, index="btree_not_null")
    due_date = fields.Datetime(readonly=True)
    exchange_id = fields.Many2one("finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict")
    connection_id = fields.Many2one("finance.connection", readonly=True, index="btree_not_null", ondelete="restrict")
    unit_key = fields.Char(required=True, readonly=True, default="exchange", help="Which unit of the exchange it is about; one open exception per unit and code.")
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    resolution = fields.Text(readonly=True, tracking=True)
    resolved_by_id = fields.Many2one("res.users", readonly=True, index="btree_not_null")
    resolved_at = fields.Datetime(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(exchange_id, code, unit_key) WHERE state IN ('open', 'in_progress') AND exchange_id IS NOT NULL",
        "This exception is open already.",
    )
