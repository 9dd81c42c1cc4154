import secrets
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models.turns import one_by_one, take_turns
from odoo.addons.reporting_export.models.reporting_query import Period
from odoo.addons.reporting_export.tools.contract import STRING
from odoo.addons.reporting_export.tools.file_formats import FORMATS

_MASK_KEY_BYTES = 32
_OVER = ("delivered", "cancelled")
FILE_FORMATS = [(known.code, known.name) for known in FORMATS.values()]


class ReportingExport(models.Model):
    """A data set on its way to one target: which entities, since when, how often, in which form."""

    _name = "reporting.export"
    _description = "Reporting Export"
    _inherit = [
        "finance.audited.mixin",
        "finance.company.mixin",
        "finance.encrypted.mixin",
        "mail.thread",
    ]
    _order = "name, id"
    _check_company_auto = True
    _audit_subject = "export"
    _audit_ignored = frozenset({"next_run_at"})

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(related="interface_id.company_id", store=True, index=True)
    dataset_id = fields.Many2one(
        "reporting.dataset", required=True, index=True, ondelete="restrict", tracking=True
    )
    interface_id = fields.Many2one(
        "finance.interface",
        required=True,
        index=True,
        ondelete="restrict",
        domain=[("handler", "=", "reporting_run")],
        tracking=True,
        help="Its connection is the target.",
    )
    connection_id = fields.Many2one(related="interface_id.connection_id")
    lineage_interface_id = fields.Many2one(
        "finance.interface",
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
        domain=[("handler", "=", "lineage")],
        tracking=True,
        help="Gets OpenLineage events of each run; none where nobody keeps lineage.",
    )
    entity_ids = fields.Many2many(
        "res.company",
        string="Entities",
        required=True,
        default=lambda self: self.env.company,
        tracking=True,
    )
    kind = fields.Selection(
        [
            ("full", "Everything, each time"),
            ("incremental", "What changed since the last run"),
            ("close", "Each month when it is locked"),
        ],
        required=True,
        default="incremental",
        tracking=True,
    )
    file_format = fields.Selection(FILE_FORMATS, required=True, default="parquet", tracking=True)
    mask_personal = fields.Boolean(
        string="Mask Personal Columns",
        tracking=True,
        help="The target gets a token in place of what may say who a person is; equal values get equal tokens.",
    )
    date_from = fields.Date(
        required=True,
        default=lambda self: fields.Date.today().replace(month=1, day=1),
        tracking=True,
        help="Nothing older is exported.",
    )
    interval_hours = fields.Integer(
        string="Every (hours)", default=24, help="0: only when somebody asks."
    )
    next_run_at = fields.Datetime(default=fields.Datetime.now, copy=False)
    run_ids = fields.One2many("reporting.run", "export_id")
    last_run_id = fields.Many2one("reporting.run", compute="_compute_last_run")
    last_state = fields.Selection(
        selection=lambda self: self.env["reporting.run"]._fields["state"].selection,
        string="Last Run's State",
        compute="_compute_last_run",
    )

    # === COMPUTE METHODS === #

    @api.depends("run_ids.state")
    def _compute_last_run(self):
        for export in self:
            export.last_run_id = export.run_ids.sorted("id")[-1:]
            export.last_state = export.last_run_id.state

    # === CONSTRAINT METHODS === #

    @api.constrains("kind", "dataset_id")
    def _check_kind(self):
        for export in self:
            contract = export.dataset_id.active_contract_id
            if export.kind == "incremental" and contract and not contract._tells_deletions():
                raise ValidationError(
                    self.env._(
                        "%s cannot say which of its rows are gone, since their key is not the record's id: export it"
                        " as a whole or by closed month.",
                        export.dataset_id.name,
                    )
                )

    @api.constrains("entity_ids", "interface_id")
    def _check_entities(self):
        for export in self:
            if not export.entity_ids:
                raise ValidationError(self.env._("Name at least one entity to export."))

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_may_read(vals)
        exports = super().create(vals_list)
        for export in exports:
            export._seal(secrets.token_bytes(_MASK_KEY_BYTES))
        return exports

    def write(self, vals):
        self._check_may_read(vals)
        return super().write(vals)

    def _check_may_read(self, vals):
        """Nobody sends away the figures of a company that he may not see himself."""
        if self.env.su or "entity_ids" not in vals:
            return
        named = self.new({"entity_ids": vals["entity_ids"]}).entity_ids._origin
        if foreign := named - self.env.user.company_ids:
            raise UserError(
                self.env._(
                    "You do not work for %s, so you cannot export it.",
                    ", ".join(foreign.sudo().mapped("name")),
                )
            )

    # === ACTION METHODS === #

    def action_run(self):
        """Start a run now, of the kind this export has.

        :return: action that opens the run
        """
        self.ensure_one()
        self.check_access("read")
        self.env["finance.exchange"]._check_operator()
        if self.kind == "close":
            take_turns(self)
            runs = self._start_closed()
        else:
            self._check_nothing_under_way()
            runs = self._start(self.kind)
        if not runs:
            raise UserError(
                self.env._("Every locked month has been exported, and nothing in them has changed.")
            )
        return runs[0]._open()

    def action_open_backfill(self):
        """Open the dialogue that exports some months again."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Back-fill %s", self.name),
            "res_model": "reporting.backfill",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_export_id": self.id},
        }

    def action_open_runs(self):
        """Open the runs of this export."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Runs of %s", self.name),
            "res_model": "reporting.run",
            "view_mode": "list,form",
            "domain": [("export_id", "=", self.id)],
        }

    # === SCHEDULE === #

    @api.model
    def _cron_run(self):
        """Start what is due; one export that cannot start says so in its chatter and leaves the others running."""
        domain = [
            ("next_run_at", "<=", fields.Datetime.now()),
            ("interval_hours", ">", 0),
            ("interface_id.mode", "!=", "off"),
        ]
        due = self.search(domain)
        for export in one_by_one(due, domain):
            export.next_run_at = fields.Datetime.now() + timedelta(hours=export.interval_hours)
            try:
                with self.env.cr.savepoint():
                    if export.kind == "close":
                        export._start_closed()
                    elif not export._under_way():
                        export._start(export.kind)
            except UserError as error:
                export.message_post(
                    body=self.env._("The schedule could not start a run: %s", error)
                )
        self.env["ir.cron"]._commit_progress(len(due), remaining=0)

    def _under_way(self):
        """A run that is neither delivered nor cancelled.

        The next one would read from the same place, or continue one that is never delivered, and could arrive first.

        :rtype: reporting.run
        """
        self.ensure_one()
        return (
            self.env["reporting.run"]
            .sudo()
            .search([("export_id", "=", self.id), ("state", "not in", _OVER)], limit=1)
        )

    def _check_nothing_under_way(self):
        """:raise UserError: an earlier run is not over; of two that ask at once, one gets that answer"""
        take_turns(self)
        if run := self._under_way():
            states = dict(run._fields["state"]._description_selection(self.env))
            raise UserError(
                self.env._(
                    "%(run)s of %(export)s is not over (%(state)s), and the next one begins where it ends: wait for"
                    " it, or open it and decide or cancel.",
                    run=run.display_name,
                    export=self.name,
                    state=states[run.state],
                )
            )

    # === BUSINESS METHODS === #

    def _start(self, kind, date_from=None, date_to=None, entities=None, restates=None):
        """Put one run into the outbox.

        :param str kind: ``full``, ``incremental``, ``close``, ``restatement`` or ``backfill``
        :param date date_from: first day; by default this export's
        :param date date_to: last day, included; left out, there is none
        :return: the run
        """
        self.ensure_one()
        contract = self.dataset_id.active_contract_id
        if not contract:
            raise UserError(
                self.env._("%s has no contract in force: activate one.", self.dataset_id.name)
            )
        return self.env["reporting.run"]._queue(
            {
                "export_id": self.id,
                "contract_id": contract.id,
                "kind": kind,
                "date_from": date_from or self.date_from,
                "date_to": date_to,
                "entity_ids": [fields.Command.set((entities or self.entity_ids).ids)],
                "restates_id": restates and restates.id,
                "file_format": self.file_format,
                "masked_columns": ",".join(self._masked_columns(contract)),
            }
        )

    def _start_closed(self):
        """Export each month of each entity that is locked and was not exported, and again those changed since.

        :return: the new runs
        """
        self.ensure_one()
        runs = self.env["reporting.run"]
        for entity in self.entity_ids:
            for period in self._locked_periods(entity):
                last = self._last_closed(entity, period)
                if not last:
                    runs |= self._start("close", period.start, period.end, entity)
                elif last.state == "delivered" and self._has_changed(last, entity, period):
                    runs |= self._start("restatement", period.start, period.end, entity, last)
        return runs

    def _has_changed(self, run, entity, period):
        """:return: whether a record of a closed month was changed after it was exported"""
        _database, _colon, snapshot = run.watermark.partition(":")
        changed = self.env["reporting.query"]._changed_ids(
            run.contract_id, entity, period.start, period.end, snapshot
        )
        return bool(self.env.execute_query(SQL("SELECT EXISTS (%s)", changed))[0][0])

    def _last_closed(self, entity, period):
        return self.run_ids.filtered(
            lambda run: (
                run.kind in ("close", "restatement")
                and run.state != "cancelled"
                and run.entity_ids == entity
                and run.date_from == period.start
                and run.contract_id == self.dataset_id.active_contract_id
            )
        ).sorted("id")[-1:]

    def _locked_periods(self, entity):
        """:return: the whole months since ``date_from`` that nobody may post into any more
        :rtype: list[Period]
        """
        locked = max(
            filter(None, (entity.sudo().fiscalyear_lock_date, entity.sudo().hard_lock_date)),
            default=date.min,
        )
        return [
            period
            for period in months(self.date_from.replace(day=1), locked)
            if period.end <= locked
        ]

    def _masked_columns(self, contract):
        """:raise UserError: something personal is no text, and a token is"""
        personal = contract.column_ids.filtered(
            lambda column: self.mask_personal and column.personal
        )
        if bare := personal.filtered(lambda column: column.type != STRING):
            raise UserError(
                self.env._(
                    "%(export)s masks what is personal, and only text can be masked: make a contract without"
                    " %(columns)s, or with that as text.",
                    export=self.name,
                    columns=", ".join(bare.mapped("name")),
                )
            )
        return sorted(personal.mapped("name"))

    def _mask_key(self):
        self.ensure_one()
        return self.sudo()._unseal()


def months(start, end):
    """:return: the months from that of ``start`` to that of ``end``, each as far as it lies between the two
    :rtype: list[Period]
    """
    periods = []
    first = start
    while first <= end:
        last = first + relativedelta(day=31)
        periods.append(Period(f"{first:%Y-%m}", first, min(last, end)))
        first = last + timedelta(days=1)
    return periods
