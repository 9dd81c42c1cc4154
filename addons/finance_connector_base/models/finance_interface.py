from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

# Only the buttons of this model change these.
_GOVERNED = {"mode", "active_version_id"}
# What exchanges inherit from their interface stays what it was when they came.
_FIXED_ONCE_USED = {"company_id", "handler"}
_FIXED_WHILE_ON = {"connection_id", "active"}


class FinanceInterface(models.Model):
    """The governed contract of one exchange type over one connection."""

    _name = "finance.interface"
    _description = "Finance Interface"
    _inherit = ["finance.audited.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "interface"
    _audit_ignored = frozenset({"mode", "active_version_id"})

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="Stable identifier used by external callers, e.g. bank.statement.acme.",
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    connection_id = fields.Many2one(
        "finance.connection",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        tracking=True,
    )
    handler = fields.Selection(selection="_selection_handler", required=True, tracking=True)
    direction = fields.Selection(
        [("inbound", "Inbound"), ("outbound", "Outbound")],
        compute="_compute_direction",
        store=True,
        precompute=True,
    )
    in_order = fields.Boolean(
        help="Work on what is received one after the other, in the order of arrival: for documents that continue each"
        " other, as statements do."
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
        readonly=True,
        default="off",
        copy=False,
        tracking=True,
        help="Shadow runs everything but posts and sends nothing.",
    )
    owner_id = fields.Many2one(
        "res.users", default=lambda self: self.env.user, tracking=True, index="btree_not_null"
    )
    sla_minutes = fields.Integer(
        string="SLA (minutes)",
        default=60,
        help="An exchange older than this without its last milestone is late.",
    )
    system_of_record = fields.Char()
    consumers = fields.Char(help="Who relies on this interface, for the impact of a change.")
    runbook_url = fields.Char(string="Runbook")
    version_ids = fields.One2many("finance.interface.version", "interface_id")
    active_version_id = fields.Many2one(
        "finance.interface.version",
        copy=False,
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
    )
    exchange_ids = fields.One2many("finance.exchange", "interface_id")
    api_user_ids = fields.Many2many(
        "res.users",
        "finance_interface_api_user_rel",
        string="API Callers",
        copy=False,
        tracking=True,
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
        """Concrete models below an abstract one, as selection values: a new system extends no list."""
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

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not self.env.su and (
                vals.get("mode", "off") != "off" or vals.get("active_version_id")
            ):
                raise AccessError(
                    self.env._("An interface starts switched off and without an active version.")
                )
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and (governed := _GOVERNED & vals.keys()):
            raise AccessError(
                self.env._(
                    "%(fields)s of an interface changes by its buttons only: they check who may decide, and when.",
                    fields=", ".join(sorted(self._fields[name].string for name in governed)),
                )
            )
        self._check_fixed(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(version.state in ("active", "retired") for version in self.version_ids):
            raise UserError(
                self.env._("An interface that was in use is evidence: archive it instead.")
            )

    # === ACTION METHODS === #

    def action_set_live(self):
        """Work for real from now on; what was stored meanwhile is worked on as well.

        :return: True
        :raise UserError: no version is active
        """
        return self._set_mode("live")

    def action_set_shadow(self):
        """Run everything but post and send nothing from now on.

        :return: True
        :raise UserError: no version is active
        """
        return self._set_mode("shadow")

    def action_set_off(self):
        """Stop; what comes in is stored and waits.

        :return: True
        """
        return self._set_mode("off")

    def action_new_version(self):
        """Start a draft with the content of the active version.

        :return: action that opens the draft
        """
        self.ensure_one()
        version = self.env["finance.interface.version"].create(
            {"interface_id": self.id, **self.active_version_id._content_vals()}
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": version._name,
            "res_id": version.id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    def _go_live(self, reason):
        """Activate a first version and switch on, for an interface that was just made.

        :param str reason: why it exists, for the auditor
        """
        self._activate_first(reason)
        self.action_set_live()

    def _activate_first(self, reason):
        """Activate a first version of an interface that was just made and is off.

        :param str reason: why it exists, for the auditor
        """
        self.ensure_one()
        version = self.env["finance.interface.version"].create(
            {"interface_id": self.id, "reason": reason}
        )
        version.action_propose()
        version.action_activate()

    def _set_mode(self, mode):
        self.check_access("write")
        for interface in self:
            if mode != "off" and not interface.active_version_id:
                raise UserError(
                    self.env._(
                        "%s has no active version: propose one and have it activated first.",
                        interface.display_name,
                    )
                )
            if interface.mode == mode:
                continue
            self.env["finance.audit.event"]._log(
                "interface.mode_changed",
                interface,
                details={"before": interface.mode, "after": mode},
            )
            interface.sudo().mode = mode
            if mode != "off":
                interface.sudo().exchange_ids.filtered(
                    lambda exchange: exchange.work_status == "ready"
                )._enqueue()
        return True

    def _check_fixed(self, vals):
        for interface in self:
            changed = {
                name
                for name in vals
                if name in self._fields and interface._differs(name, vals[name])
            }
            fixed = set()
            if interface.mode != "off":
                fixed |= _FIXED_WHILE_ON
            if interface.sudo().exchange_ids[:1]:
                fixed |= _FIXED_ONCE_USED
            if refused := changed & fixed:
                raise UserError(
                    self.env._(
                        "%(fields)s of %(name)s cannot change now: switch it off first; company and handler stay"
                        " once it has exchanges.",
                        fields=", ".join(sorted(self._fields[name].string for name in refused)),
                        name=interface.display_name,
                    )
                )

    def _differs(self, name, value):
        field = self._fields[name]
        return self[name] != field.convert_to_record(field.convert_to_cache(value, self), self)

    def _is_running(self):
        """:return: whether exchanges of this interface are worked on"""
        self.ensure_one()
        return self.active and self.mode != "off"

    def _handler(self):
        """The handler model of this interface.

        :return: an empty recordset of ``finance.handler.<code>``
        """
        self.ensure_one()
        return self.env[f"finance.handler.{self.handler}"]
