from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime

from odoo.addons.finance_connector_base.tools.states import MILESTONES

_STUCK = ("exception", "unknown", "dead")
_MILESTONE_DATES = sorted({f"date_{name}" for order in MILESTONES.values() for name in order})


class FinanceExchange(models.Model):
    """What the screens say about an exchange: its proofs as a line, and what happens next in words."""

    _inherit = "finance.exchange"

    milestone_line = fields.Json(
        string="Milestones",
        compute="_compute_milestone_line",
        help="What has been proven so far, with its time.",
    )
    status_text = fields.Char(
        string="What Happens Next",
        compute="_compute_status_text",
        help="The work status in words.",
    )
    open_exception_count = fields.Integer(
        string="Open Exceptions", compute="_compute_open_exception_count"
    )
    is_stuck = fields.Boolean(
        string="Stuck",
        compute="_compute_is_stuck",
        search="_search_is_stuck",
        help="It does not go on by itself, or its time is over.",
    )
    needs_me = fields.Boolean(
        compute="_compute_needs_me",
        search="_search_needs_me",
        help="It is stuck, and you look after it or after one of its open exceptions.",
    )
    timeline = fields.Json(
        compute="_compute_timeline", help="Everything that happened to it, oldest first."
    )
    preview = fields.Text(compute="_compute_preview", help="The beginning of the content, masked.")

    # === COMPUTE METHODS === #

    @api.depends("direction", "milestone", *_MILESTONE_DATES)
    def _compute_milestone_line(self):
        labels = dict(self._fields["milestone"]._description_selection(self.env))
        for exchange in self:
            order = MILESTONES[exchange.direction]
            last = order.index(exchange.milestone) if exchange.milestone else -1
            exchange.milestone_line = [
                {
                    "name": str(name),
                    "label": labels[name],
                    "at": fields.Datetime.to_string(exchange[f"date_{name}"]) or None,
                    "passed": position <= last,
                }
                for position, name in enumerate(order)
            ]

    @api.depends(
        "work_status",
        "due_at",
        "owner_id",
        "exception_ids.state",
        "cancel_reason",
        "progress_done",
        "progress_total",
        "result",
    )
    def _compute_status_text(self):
        for exchange in self:
            exchange.status_text = exchange._describe_status()

    @api.depends("exception_ids.state")
    def _compute_open_exception_count(self):
        counts = dict(
            self.env["finance.exception"]._read_group(
                [("exchange_id", "in", self.ids), ("state", "in", ("open", "in_progress"))],
                ["exchange_id"],
                ["__count"],
            )
        )
        for exchange in self:
            exchange.open_exception_count = counts.get(exchange._origin, 0)

    @api.depends("work_status", "due_at")
    def _compute_is_stuck(self):
        stuck = self.filtered_domain(self._stuck_domain())
        for exchange in self:
            exchange.is_stuck = exchange in stuck

    @api.depends_context("uid")
    @api.depends("work_status", "due_at", "owner_id", "exception_ids.owner_id")
    def _compute_needs_me(self):
        mine = self.filtered_domain(self._needs_me_domain())
        for exchange in self:
            exchange.needs_me = exchange in mine

    def _compute_timeline(self):
        self.check_access("read")
        words = dict(self.env["finance.audit.event"]._selection_action())
        for exchange in self:
            # The trail as a whole is for auditors; what happened to an exchange is for whoever may see it.
            events_sudo = (
                self.env["finance.audit.event"]
                .sudo()
                .search([("exchange_id", "=", exchange._origin.id)], order="id")
            )
            exchange.timeline = [
                {
                    "id": event.id,
                    "at": fields.Datetime.to_string(event.event_time),
                    "label": words[event.action],
                    "by": event.who,
                    "summary": event.summary or "",
                }
                for event in events_sudo
            ]

    @api.depends("payload_ids.preview")
    def _compute_preview(self):
        for exchange in self:
            content = exchange.payload_ids.filtered(lambda payload: payload.role == "content")
            exchange.preview = content[:1].preview

    # === SEARCH METHODS === #

    @api.model
    def _search_is_stuck(self, operator, value):
        return self._stuck_domain() if operator == "in" else NotImplemented

    @api.model
    def _search_needs_me(self, operator, value):
        return self._needs_me_domain() if operator == "in" else NotImplemented

    @api.model
    def _stuck_domain(self):
        return Domain("work_status", "in", _STUCK) | (
            Domain("work_status", "in", ("waiting", "retry"))
            & Domain("due_at", "<", fields.Datetime.now())
        )

    @api.model
    def _needs_me_domain(self):
        mine = Domain("owner_id", "=", self.env.uid) | Domain(
            "exception_ids",
            "any",
            [("owner_id", "=", self.env.uid), ("state", "in", ("open", "in_progress"))],
        )
        return self._stuck_domain() & mine

    # === ACTION METHODS === #

    def action_show_dry_run(self):
        """Try a replay, undo it, and show what it would do.

        :return: action of ``finance.exchange.dry.run``
        :raise UserError: it is outbound
        """
        self.ensure_one()
        report = self.action_replay_dry_run()
        wizard = self.env["finance.exchange.dry.run"]._of(self, report)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run of %s", self.name),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_open_cancel(self):
        """:return: action that asks for the reason of a cancellation"""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel Exchange"),
            "res_model": "finance.exchange.cancel",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_exchange_ids": self.ids},
        }

    def action_open_exceptions(self):
        """:return: action that lists the exceptions of this exchange, closed ones included"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Exceptions of %s", self.name),
            "res_model": "finance.exception",
            "views": [(False, "list"), (False, "form")],
            "domain": [("exchange_id", "=", self.id)],
        }

    def action_open_record(self):
        """Open the Odoo record that this exchange is about.

        :raise UserError: it is about none, or the record was deleted
        """
        self.ensure_one()
        if not self.res_id or self.res_model not in self.env:
            raise self._no_record_error()
        record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise self._no_record_error()
        return record.get_formview_action()

    # === BUSINESS METHODS === #

    def _no_record_error(self):
        return UserError(self.env._("%s is not about a record that can be opened.", self.name))

    def _describe_status(self):
        """:return: one sentence: what happens next, and who has to do something"""
        self.ensure_one()
        when = format_datetime(self.env, self.due_at, dt_format="short")
        owner = self.owner_id.sudo().name
        match self.work_status:
            case "ready" if not self.interface_id.sudo()._is_running():
                return self.env._(
                    "Stored. It is worked on as soon as its interface is switched on."
                )
            case "ready":
                return self.env._("Waits for its turn; nothing to do.")
            case "running" if self.progress_total:
                return self.env._(
                    "Is being worked on now: %(done)s of %(total)s are done.",
                    done=self.progress_done,
                    total=self.progress_total,
                )
            case "running":
                return self.env._("Is being worked on now.")
            case "waiting" if self.is_stuck:
                return self.env._("The answer was expected until %s and has not come.", when)
            case "waiting":
                return self.env._("Waits for the other side's answer, until %s.", when)
            case "retry":
                return self.env._("The last try failed; the next one is due at %s.", when)
            case "exception":
                return self.env._(
                    "A person has to decide. Open exceptions: %s.", self.open_exception_count
                )
            case "unknown":
                return self.env._(
                    "It was sent and the outcome is not known: the other side is asked."
                )
            case "dead":
                return self.env._(
                    "All tries failed. %(owner)s looks after it.",
                    owner=owner or self.env._("Nobody"),
                )
            case "cancelled":
                return self.env._("Cancelled: %s", self.cancel_reason or "")
            case _:
                handler = self.interface_id.sudo()._handler()
                return handler._describe_result(self.result or {}) or self.env._("Finished.")
