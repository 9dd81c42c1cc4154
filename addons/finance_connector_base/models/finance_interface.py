from odoo import api, fields, models


class FinanceInterface(models.Model):
    """The governed contract of one exchange type over one connection."""

    _name = "finance.interface"
    _description = "Finance Interface"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True, copy=False, help="Stable identifier used by external callers, e.g. bank.statement.acme."
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    connection_id = fields.Many2one(
        "finance.connection", required=True, index=True, check_company=True, ondelete="restrict", tracking=True
    )
    handler = fields.Selection(selection="_selection_handler", required=True, tracking=True)
    direction = fields.Selection(
        [("inbound", "Inbound"), ("outbound", "Outbound")],
        compute="_compute_direction",
        store=True,
        precompute=True,
    )
    sync_mode = fields.Selection(
        [
            ("event", "Event"),
            ("micro_batch", "Micro-batch"),
            ("batch_window", "Batch window"),
            ("manual", "Manual"),
        ],
        required=True,
        default="event",
    )
    mode = fields.Selection(
        [("off", "Off"), ("shadow", "Shadow"), ("live", "Live")],
        required=True,
        default="off",
        tracking=True,
        help="Shadow runs everything but posts and sends nothing.",
    )
    owner_id = fields.Many2one("res.users", default=lambda self: self.env.user, tracking=True, index="btree_not_null")
    sla_minutes = fields.Integer(
        string="SLA (minutes)", default=60, help="An exchange older than this without its last milestone is late."
    )
    system_of_record = fields.Char()
    consumers = fields.Char(help="Who relies on this interface, for the impact of a change.")
    runbook_url = fields.Char(string="Runbook")
    version_ids = fields.One2many("finance.interface.version", "interface_id")
    active_version_id = fields.Many2one(
        "finance.interface.version", copy=False, readonly=True, ondelete="restrict", index="btree_not_null"
    )
    exchange_ids = fields.One2many("finance.exchange", "interface_id")
    api_user_ids = fields.Many2many(
        "res.users",
        "finance_interface_api_user_rel",
        string="API Callers",
        copy=False,
        help="External systems that may reach this interface through finance.api.",
    )

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "The code of an interface is unique within its company."
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_handler(self):
        return self._selection_descendants("finance.handler", "_handler_label")

    @api.model
    def _selection_descendants(self, root, label):
        """Concrete models below an abstract one, as selection values: a new system is a class and data, no list to extend."""
        names = sorted(
            name
            for name in self.env.registry.descendants([root], "_inherit")
            if name.startswith(f"{root}.")
        )
        return [(name.removeprefix(f"{root}."), getattr(self.env[name], label)) for name in names]

    # === COMPUTE METHODS === #

    @api.depends("handler")
    def _compute_direction(self):
        for interface in self:
            interface.direction = interface.handler and interface._handler()._direction

    # === BUSINESS METHODS === #

    def _handler(self):
        """The handler model of this interface.

        :return: an empty recordset of ``finance.handler.<code>``
        """
        self.ensure_one()
        return self.env[f"finance.handler.{self.handler}"]
