from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models.finance_exception_deadline import SEVERITIES
from odoo.addons.finance_connector_base.tools.errors import Severity
from odoo.addons.finance_connector_base.tools.exception_codes import describe_code, known_codes
from odoo.addons.finance_connector_base.tools.masking import mask_mapping, mask_text

OPEN_STATES = ("open", "in_progress")
_SEVERITY_KEYS = {
    Severity.LOW: "0",
    Severity.MEDIUM: "1",
    Severity.HIGH: "2",
    Severity.CRITICAL: "3",
}
ACTIVITY = "mail.mail_activity_data_todo"
DEFAULT_RUNBOOK = "/finance_connector_base/static/runbooks.html"


class FinanceException(models.Model):
    """Something a person must decide: *technical* (the pipe) or *business* (the content).

    Closed ones stay as evidence: nobody deletes or reopens one, what comes back is a new exception.
    """

    _name = "finance.exception"
    _description = "Finance Exception"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "due_date, severity desc, id"
    _check_company_auto = True
    _mail_post_access = "read"

    name = fields.Char(
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("finance.exception"),
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    kind = fields.Selection(
        [("technical", "Technical"), ("business", "Business")], required=True, readonly=True
    )
    code = fields.Char(required=True, readonly=True, index=True)
    severity = fields.Selection(SEVERITIES, required=True, default="1", tracking=True)
    summary = fields.Char(required=True, readonly=True, help="One sentence: what happened.")
    next_step = fields.Text(readonly=True, help="What to do next, as it was opened.")
    evidence = fields.Json(readonly=True)
    runbook_url = fields.Char(string="Runbook", readonly=True)
    state = fields.Selection(
        [
            ("open", "Open"),
            ("in_progress", "In Progress"),
            ("resolved", "Resolved"),
            ("ignored", "Ignored"),
        ],
        required=True,
        readonly=True,
        default="open",
        tracking=True,
        copy=False,
        group_expand=True,
    )
    owner_id = fields.Many2one("res.users", tracking=True, index="btree_not_null")
    opened_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    due_date = fields.Datetime(
        compute="_compute_due_date", store=True, precompute=True, readonly=True
    )
    is_overdue = fields.Boolean(compute="_compute_is_overdue", search="_search_is_overdue")
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    interface_id = fields.Many2one(related="exchange_id.interface_id", string="Interface")
    connection_id = fields.Many2one(
        "finance.connection", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    unit_key = fields.Char(
        required=True,
        readonly=True,
        default="exchange",
        help="Which unit of the exchange it is about; one open exception per unit and code.",
    )
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference(string="Record", model_field="res_model", readonly=True)
    resolution = fields.Text(readonly=True, tracking=True, copy=False)
    resolved_by_id = fields.Many2one("res.users", readonly=True, copy=False, index="btree_not_null")
    resolved_at = fields.Datetime(readonly=True, copy=False)

    _open_uniq = models.UniqueIndex(
        "(exchange_id, code, unit_key) WHERE state IN ('open', 'in_progress') AND exchange_id IS NOT NULL",
        "This exception is open already.",
    )
    _open_without_exchange_uniq = models.UniqueIndex(
        "(company_id, COALESCE(connection_id, 0), code, unit_key)"
        " WHERE state IN ('open', 'in_progress') AND exchange_id IS NULL",
        "This exception is open already.",
    )
    _due_idx = models.Index("(due_date) WHERE state IN ('open', 'in_progress')")
    _res_idx = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")

    # === COMPUTE METHODS === #

    @api.depends("severity", "opened_at")
    def _compute_due_date(self):
        for exception in self:
            exception.due_date = self._due_date(exception.severity, exception.opened_at)

    @api.depends("due_date", "state")
    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for exception in self:
            exception.is_overdue = (
                exception.state in OPEN_STATES
                and bool(exception.due_date)
                and exception.due_date < now
            )

    @api.model
    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("state", "in", OPEN_STATES), ("due_date", "<", fields.Datetime.now())]

    # === CRUD METHODS === #

    def write(self, vals):
        self._check_editable(vals)
        before = {exception: (exception.owner_id, exception.severity) for exception in self}
        result = super().write(vals)
        for exception, (owner, severity) in before.items():
            if exception.owner_id != owner:
                exception._after_assignment()
            if exception.severity != severity:
                exception._log(
                    "exception.severity_changed",
                    details={"before": severity, "after": exception.severity},
                )
        return result

    def _check_editable(self, vals):
        refused = vals.keys() - self._writable_fields()
        if refused and not self.env.su:
            raise UserError(
                self.env._(
                    "%(fields)s of an exception cannot be edited. Use its buttons: they check who may decide and"
                    " leave a trace.",
                    fields=", ".join(
                        sorted(
                            self._fields[name].string for name in refused if name in self._fields
                        )
                    ),
                )
            )
        if vals.keys() & {"owner_id", "severity", "state", "resolution"}:
            self._check_open()
        if vals.get("owner_id"):
            self._check_may_own(self.env["res.users"].browse(vals["owner_id"]))

    def _writable_fields(self):
        """:return: names of the fields that an operator edits directly; the rest is set by the buttons."""
        mixins = (self.env["mail.activity.mixin"], self.env["mail.thread"])
        return {"owner_id", "severity"}.union(*(mixin._fields for mixin in mixins))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_evidence(self):
        raise UserError(
            self.env._(
                "Exceptions are evidence and are never deleted. Close it with a reason instead."
            )
        )

    # === ACTION METHODS === #

    def action_take(self):
        """Become the owner and show that somebody is at work.

        :return: True
        """
        self.action_assign(self.env.uid)
        self._set_state("in_progress", "exception.taken")
        return True

    def action_assign(self, user_id):
        """Give the exceptions to a person, who gets an activity.

        :param int user_id: the new owner
        :return: True
        :raise UserError: the person may not work on them, or they are closed
        """
        self.write({"owner_id": user_id})
        return True

    def action_retry(self):
        """Try the exchanges of these exceptions again. An exception that does not come up again closes itself.

        :return: True
        :raise UserError: one is closed, or is about no exchange
        """
        self._require_exchange()
        self._set_state("in_progress", "exception.retried")
        return self.exchange_id.action_retry()

    def action_replay(self):
        """Work through the inbound exchanges of these exceptions anew. What was posted stays posted once.

        :return: True
        :raise UserError: one is closed, or is about no inbound exchange
        """
        self._require_exchange()
        self._set_state("in_progress", "exception.replayed")
        return self.exchange_id.action_replay()

    def action_fix_mapping(self):
        """Open the dialogue that maps the code these exceptions miss, and processes their exchanges again.

        :return: action of ``finance.exception.fix.mapping``
        :raise UserError: they do not all miss the same code
        """
        self._check_open()
        wizard = self.env["finance.exception.fix.mapping"].create(
            {"exception_ids": [Command.set(self.ids)]}
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Fix Mapping"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_open_runbook(self):
        """:return: action that opens the runbook of this kind of exception in a new tab"""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.runbook_url, "target": "new"}

    def action_open_record(self):
        """Open the Odoo record that the exception is about.

        :raise UserError: it is about none, or the record was deleted
        """
        self.ensure_one()
        known = self.res_id and self.res_model in self.env
        if not known or not self.env[self.res_model].browse(self.res_id).exists():
            raise UserError(self.env._("This exception is not about a record that can be opened."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_resolve(self, reason):
        """Close the exceptions as dealt with; an exchange goes on when it has no other open one.

        :param str reason: what was done, for the auditor
        :return: True
        :raise UserError: no reason, or one is closed already
        """
        self._close("resolved", reason)._on_exceptions_closed()
        return True

    def action_ignore(self, reason):
        """Close the exceptions without doing anything about them; an exchange goes on when it has no other open one.

        :param str reason: why nothing has to be done, for the auditor
        :return: True
        :raise UserError: no reason, or one is closed already
        """
        self._close("ignored", reason)._on_exceptions_closed()
        return True

    # === BUSINESS METHODS === #

    @api.model
    def _open(
        self,
        code,
        summary,
        *,
        company,
        kind="business",
        severity=None,
        next_step=None,
        evidence=None,
        exchange=None,
        connection=None,
        unit_key="exchange",
        record=None,
    ):
        """Open an exception, or return the one that is open for the same exchange (else company and connection), code
        and unit.

        :param str code: a code of ``tools.exception_codes``
        :param str summary: one sentence of what happened; masked
        :param company: ``res.company``
        :param str severity: ``"0"`` to ``"3"`` or a ``tools.errors.Severity``; the catalogue's by default
        :param str next_step: what to do, in plain words; the catalogue's by default
        :param dict evidence: plain values; masked
        :param str unit_key: which unit of the exchange it is about
        :param record: the Odoo record it is about
        :return: one ``finance.exception``, in the environment of the caller
        :raise psycopg2.errors.SerializationFailure: another worker opened the same one at this moment; the
            transaction is to be repeated
        """
        exchange_sudo = (exchange or self.env["finance.exchange"]).sudo()
        connection_sudo = (connection or exchange_sudo.connection_id).sudo()
        same = [
            ("code", "=", code),
            ("unit_key", "=", unit_key),
            ("exchange_id", "=", exchange_sudo.id),
        ]
        if not exchange_sudo:
            same += [("company_id", "=", company.id), ("connection_id", "=", connection_sudo.id)]
        existing = self.sudo().search([*same, ("state", "in", OPEN_STATES)], limit=1)
        if existing:
            return existing.with_env(self.env)
        words = describe_code(code)
        policy = self.env["finance.vault"]._policy()
        exception = self._insert(
            code=code,
            company_id=company.id,
            kind=kind,
            severity=_SEVERITY_KEYS.get(severity, severity) or _SEVERITY_KEYS[words.severity],
            summary=mask_text(summary, policy).replace("\0", ""),
            exchange_id=exchange_sudo.id or None,
            connection_id=connection_sudo.id or None,
            unit_key=unit_key,
        )
        exception.sudo().write(
            {
                "next_step": next_step or words.next_step,
                "evidence": mask_mapping(evidence, policy) if evidence else False,
                "runbook_url": exchange_sudo.interface_id.runbook_url or self._runbook_url(code),
                "res_model": record._name if record else False,
                "res_id": record.id if record else False,
            }
        )
        exception._log(
            "exception.opened", summary=summary, details={"code": code, "unit": unit_key}
        )
        owner = exception.sudo()._default_owner()
        if owner:
            exception.sudo().owner_id = owner
        exception._publish_opened()
        return exception

    def _insert(self, **values):
        # Two workers may find the same problem at once. The ORM would log the unique violation as an error; this way
        # PostgreSQL answers with a serialization failure, which Odoo and queue_job repeat.
        now = fields.Datetime.now()
        values |= {
            "name": self.env["ir.sequence"].sudo().next_by_code("finance.exception"),
            "state": "open",
            "opened_at": now,
            "due_date": self._due_date(values["severity"], now),
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }
        query = SQL(
            "INSERT INTO finance_exception (%s) VALUES %s ON CONFLICT DO NOTHING RETURNING id",
            SQL(", ").join(map(SQL.identifier, values)),
            tuple(values.values()),
        )
        self.env.cr.execute(query, log_exceptions=False)
        return self.browse(self.env.cr.fetchone())

    @api.model
    def _due_date(self, severity, opened_at):
        hours = self.env["finance.exception.deadline"]._hours_by_severity().get(severity)
        return hours and opened_at + timedelta(hours=hours)

    @api.model
    def _runbook_url(self, code):
        base = (
            self.env["ir.config_parameter"].sudo().get_param("finance_connector_base.runbook_url")
        )
        # What a counterparty answers, such as HTTP 404, is a refusal and has no section of its own.
        section = code if code in known_codes() else "final_error"
        return f"{base or DEFAULT_RUNBOOK}#{section}"

    def _log(self, action, summary="", details=None):
        self.env["finance.audit.event"]._log(
            action,
            self,
            exchange=self.exchange_id,
            summary=f"{self.sudo().name}: {summary}" if summary else self.sudo().name,
            details=details,
        )

    def _set_state(self, state, action, reason=None):
        self.check_access("write")
        self._check_open()
        vals = {"state": state}
        if state not in OPEN_STATES:
            vals |= {
                "resolution": reason,
                "resolved_by_id": self.env.uid,
                "resolved_at": fields.Datetime.now(),
            }
        self.sudo().write(vals)
        for exception in self:
            exception._log(action, summary=reason or "")

    def _close(self, state, reason):
        """Close the exceptions.

        :return: the ``finance.exchange`` that have no open exception left
        """
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Give a reason: the auditor will ask for it."))
        exchanges = self.exchange_id
        if exchanges:
            # Two people who close the last two at once must not each see the other's as open: the second is repeated.
            self.env.cr.execute(
                SQL(
                    "UPDATE finance_exchange SET write_date = NOW() AT TIME ZONE 'UTC' WHERE id IN %s",
                    exchanges._ids,
                )
            )
        self._set_state(state, f"exception.{state}", reason)
        self.sudo().activity_feedback([ACTIVITY], feedback=reason)
        still_open = (
            self.sudo()
            .search([("exchange_id", "in", exchanges.ids), ("state", "in", OPEN_STATES)])
            .exchange_id
        )
        return exchanges - still_open.with_env(self.env)

    @api.model
    def _resolve_by_system(self, record, *, codes=None, unit_keys=None, reason):
        """Close what is open about ``record`` because its cause is gone.

        :param record: the record that the exceptions are about
        :param codes: only these codes; by default all
        :param unit_keys: only of these units; by default all
        :param str reason: how that is known
        """
        domain = [
            ("res_model", "=", record._name),
            ("res_id", "in", record.ids),
            ("state", "in", OPEN_STATES),
            ("exchange_id", "=", False),
        ]
        if codes:
            domain.append(("code", "in", codes))
        if unit_keys:
            domain.append(("unit_key", "in", unit_keys))
        if settled := self.with_user(SUPERUSER_ID).search(domain):
            settled._close("resolved", reason)

    def _check_open(self):
        closed = self.filtered(lambda exception: exception.state not in OPEN_STATES)
        if closed:
            raise UserError(
                self.env._(
                    "%(names)s: a closed exception stays as it is. If the case came back, a new one is opened.",
                    names=", ".join(closed.mapped("name")),
                )
            )

    def _require_exchange(self):
        if not all(exception.exchange_id for exception in self):
            raise UserError(
                self.env._(
                    "This exception is about no single exchange. Correct the cause and resolve it."
                )
            )
