import json

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from odoo.addons.finance_connector_base.tools.schema import schema_problem

# What a version says; fixed as soon as it is proposed.
_CONTENT = (
    "json_schema",
    "settings",
    "max_attempts",
    "base_seconds",
    "cap_seconds",
    "ack_deadline_minutes",
    "retention_days",
)
_GOVERNED = {
    "state",
    "number",
    "author_id",
    "contributor_ids",
    "approved_by_id",
    "effective_from",
    "interface_id",
}


class FinanceInterfaceVersion(models.Model):
    """What can change the behaviour of an interface; immutable once it has been activated."""

    _name = "finance.interface.version"
    _description = "Finance Interface Version"
    _inherit = ["finance.company.mixin"]
    _order = "interface_id, number desc"
    _rec_name = "number"

    interface_id = fields.Many2one(
        "finance.interface", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    number = fields.Integer(required=True, readonly=True, default=1, copy=False)
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("active", "Active"),
            ("retired", "Retired"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
    )
    reason = fields.Text(help="Why this version exists, for the auditor.")
    author_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    contributor_ids = fields.Many2many(
        "res.users",
        "finance_interface_version_contributor_rel",
        readonly=True,
        copy=False,
        help="Everyone who wrote this version: none of them may activate it.",
    )
    approved_by_id = fields.Many2one("res.users", readonly=True, copy=False, index="btree_not_null")
    effective_from = fields.Datetime(readonly=True, copy=False)
    change_summary = fields.Text(
        compute="_compute_change_summary", help="What differs from the active version."
    )
    json_schema = fields.Json(
        string="JSON Schema",
        help="Schema that inbound content or the canonical document must satisfy.",
    )
    settings = fields.Json(help="Handler specific settings, e.g. {'details': 'split'}.")
    json_schema_text = fields.Text(
        string="JSON Schema as Text",
        compute="_compute_json_texts",
        inverse="_inverse_json_schema_text",
    )
    settings_text = fields.Text(
        string="Settings as Text", compute="_compute_json_texts", inverse="_inverse_settings_text"
    )
    max_attempts = fields.Integer(required=True, default=8)
    base_seconds = fields.Integer(string="First delay (s)", required=True, default=30)
    cap_seconds = fields.Integer(string="Longest delay (s)", required=True, default=3600)
    ack_deadline_minutes = fields.Integer(string="Acknowledgement within (minutes)", default=60)
    retention_days = fields.Integer(
        default=3650,
        help="Payloads older than this are removed unless a legal hold is set; their digest stays.",
    )

    _number_uniq = models.Constraint(
        "UNIQUE(interface_id, number)", "A version number is used once."
    )
    _retry_policy_valid = models.Constraint(
        "CHECK(max_attempts > 0 AND base_seconds > 0 AND cap_seconds >= base_seconds)",
        "A retry policy needs at least one attempt, and a longest delay that is not below the first.",
    )
    _active_uniq = models.UniqueIndex(
        "(interface_id) WHERE state = 'active'", "One version is active at a time."
    )

    # === COMPUTE METHODS === #

    @api.depends("number")
    def _compute_display_name(self):
        for version in self:
            version.display_name = self.env._("Version %s", version.number)

    @api.depends(*_CONTENT, "interface_id.active_version_id")
    def _compute_change_summary(self):
        for version in self:
            version.change_summary = "\n".join(
                f"{label}: {before} → {after}" for label, before, after in version._differences()
            )

    @api.depends("json_schema", "settings")
    def _compute_json_texts(self):
        for version in self:
            version.json_schema_text = _as_text(version.json_schema)
            version.settings_text = _as_text(version.settings)

    def _inverse_json_schema_text(self):
        for version in self:
            version.json_schema = version._parse(version.json_schema_text)

    def _inverse_settings_text(self):
        for version in self:
            version.settings = version._parse(version.settings_text)

    # === CONSTRAINT METHODS === #

    @api.constrains("json_schema")
    def _check_json_schema(self):
        for version in self:
            if version.json_schema and (problem := schema_problem(version.json_schema)):
                raise ValidationError(self.env._("The JSON Schema cannot be used: %s", problem))

    @api.constrains("retention_days")
    def _check_retention_days(self):
        if any(version.retention_days < 0 for version in self):
            raise ValidationError(self.env._("Payloads are kept for a number of days: 0 or more."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su and any(
            vals.keys() & (_GOVERNED - {"interface_id"}) for vals in vals_list
        ):
            raise AccessError(
                self.env._("State, number and author of a version are set by the system.")
            )
        next_numbers = {}
        for vals in vals_list:
            interface_id = vals.get("interface_id")
            if interface_id not in next_numbers:
                last = self.sudo().search(
                    [("interface_id", "=", interface_id)], order="number desc", limit=1
                )
                next_numbers[interface_id] = last.number + 1
            vals.update(number=next_numbers[interface_id], state="draft", author_id=self.env.uid)
            vals["contributor_ids"] = [(6, 0, [self.env.uid])]
            next_numbers[interface_id] += 1
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and (governed := _GOVERNED & vals.keys()):
            raise AccessError(
                self.env._(
                    "%(fields)s of a version changes by its buttons only.",
                    fields=", ".join(sorted(self._fields[name].string for name in governed)),
                )
            )
        # For the superuser as well: what was proposed is what gets approved, and what ran stays known.
        if vals.keys() & {*_CONTENT, "reason", "interface_id"}:
            if any(version.state != "draft" for version in self):
                raise UserError(
                    self.env._("Only a draft can be edited. Make a new version for another change.")
                )
            vals = {**vals, "contributor_ids": [(4, self.env.uid)]}
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if any(version.state in ("active", "retired") for version in self):
            raise UserError(self.env._("A version that was in use is evidence and stays."))

    # === ACTION METHODS === #

    def action_propose(self):
        """Offer a draft for activation; it cannot be edited any more.

        :return: True
        :raise UserError: it is no draft, or says no reason
        """
        self.check_access("write")
        for version in self:
            version._check_state("draft")
            if not (version.reason or "").strip():
                raise UserError(self.env._("Say why this version exists: the auditor will ask."))
            version._log("interface.version_proposed", changes=True)
            version.sudo().state = "proposed"
        return True

    def action_withdraw(self):
        """Make a proposed version a draft again.

        :return: True
        :raise UserError: it is not proposed
        """
        self.check_access("write")
        for version in self:
            version._check_state("proposed")
            version._log("interface.version_withdrawn")
            version.sudo().state = "draft"
        return True

    def action_activate(self):
        """Put a proposed version into force, in place of the active one.

        The first version of an interface may be activated by its author while the interface is off; any later one only
        by somebody who had no part in writing it.

        :return: True
        :raise UserError: it is not proposed
        :raise AccessError: the caller wrote it
        """
        self.check_access("write")
        for version in self:
            version._check_state("proposed")
            interface = version.interface_id
            interface.check_access("write")
            first = interface.mode == "off" and not interface.version_ids.filtered("effective_from")
            if not first and self.env.user in version.contributor_ids:
                raise AccessError(
                    self.env._(
                        "You wrote version %s: somebody else has to activate it.", version.number
                    )
                )
            version._log("interface.version_activated", changes=True)
            interface.active_version_id.sudo().state = "retired"
            # The index allows one active version at a time.
            self.env.flush_all()
            version.sudo().write(
                {
                    "state": "active",
                    "approved_by_id": self.env.uid,
                    "effective_from": fields.Datetime.now(),
                }
            )
            interface.sudo().active_version_id = version
        return True

    # === BUSINESS METHODS === #

    def _parse(self, text):
        """:raise ValidationError: ``text`` is not a JSON object"""
        if not (text or "").strip():
            return False
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ValidationError(self.env._("This is not valid JSON: %s", error)) from error
        if not isinstance(value, dict):
            raise ValidationError(self.env._("A JSON object is needed here: {...}."))
        return value

    def _content_vals(self):
        """:return: what this version says, for a new one that begins with it
        :rtype: dict
        """
        return {name: self[name] for name in _CONTENT} if self else {}

    def _differences(self):
        """What differs from the active version of the interface.

        :return: label, value before and value after, of each field that differs
        :rtype: list[tuple[str, str, str]]
        """
        self.ensure_one()
        before = self.interface_id.active_version_id
        if before == self:
            before = self.browse()
        return [
            (self._fields[name].string, _readable(before[name]), _readable(self[name]))
            for name in _CONTENT
            if (before or self[name]) and before[name] != self[name]
        ]

    def _check_state(self, state):
        if self.state != state:
            labels = dict(self._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "Version %(number)s is %(state)s; this needs one that is %(wanted)s.",
                    number=self.number,
                    state=labels[self.state],
                    wanted=labels[state],
                )
            )

    def _log(self, action, changes=False):
        details = {"number": self.number}
        if changes:
            details["changes"] = [list(difference) for difference in self._differences()]
        self.env["finance.audit.event"]._log(
            action, self, summary=self.reason or "", details=details
        )


def _as_text(value):
    return json.dumps(value, indent=2, ensure_ascii=False) if value else False


def _readable(value):
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    return "-" if value is False else str(value)
