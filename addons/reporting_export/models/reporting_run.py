import uuid
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date

from odoo.addons.reporting_export.models.reporting_export import FILE_FORMATS
from odoo.addons.reporting_export.tools import lineage

_TEXTS = ("entity", "account", "currency", "what")
_AMOUNTS = ("debit", "credit", "balance", "amount_currency")
_COLUMNS = (*_TEXTS, "rows", "ledger", "exported", *_AMOUNTS)


class ReportingRun(models.Model):
    """One export as it was: what was read, when, by whom, what it added up to, and what became of it."""

    _name = "reporting.run"
    _description = "Reporting Run"
    _order = "id desc"
    _rec_names_search = ["uid", "export_id.name", "dataset_id.name"]

    uid = fields.Char(
        string="Identifier",
        help="By which folders, manifests and programs know this run.",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: str(uuid.uuid4()),
    )
    export_id = fields.Many2one(
        "reporting.export", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(related="export_id.company_id", store=True, index=True)
    dataset_id = fields.Many2one(related="export_id.dataset_id", store=True, index=True)
    contract_id = fields.Many2one(
        "reporting.contract", required=True, readonly=True, ondelete="restrict", index=True
    )
    kind = fields.Selection(
        [
            ("full", "Everything"),
            ("incremental", "Changes"),
            ("close", "Closed month"),
            ("restatement", "Restatement"),
            ("backfill", "Back-fill"),
        ],
        required=True,
        readonly=True,
    )
    date_from = fields.Date(required=True, readonly=True)
    date_to = fields.Date(readonly=True, help="Empty: whatever the last day of the records is.")
    entity_ids = fields.Many2many("res.company", string="Entities", readonly=True)
    restates_id = fields.Many2one(
        "reporting.run", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    previous_id = fields.Many2one(
        "reporting.run",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Whose manifest this one continues.",
    )
    exchange_id = fields.Many2one(
        "finance.exchange", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    requested_by_id = fields.Many2one(
        "res.users", readonly=True, index="btree_not_null", default=lambda self: self.env.user
    )
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("building", "Reading"),
            ("held", "Held"),
            ("sending", "On Its Way"),
            ("delivered", "Delivered"),
            ("cancelled", "Cancelled"),
        ],
        compute="_compute_state",
        store=True,
        help="Held: a person has to decide; nothing of it was delivered.",
    )
    file_format = fields.Selection(FILE_FORMATS, required=True, readonly=True)
    masked_columns = fields.Char(readonly=True, help="What the target gets tokens for.")
    cancel_requested = fields.Boolean(readonly=True, copy=False)
    progress = fields.Float(
        readonly=True, copy=False, help="Part of the rows' periods that is read."
    )
    progress_note = fields.Char(readonly=True, copy=False)
    watermark = fields.Char(readonly=True, copy=False, help="The database snapshot that was read.")
    manifest_digest = fields.Char(readonly=True, copy=False)
    row_count = fields.Integer(string="Rows", readonly=True, copy=False)
    size = fields.Integer(string="Bytes", readonly=True, copy=False)
    totals = fields.Json(readonly=True, copy=False)
    differences = fields.Json(readonly=True, copy=False)
    totals_text = fields.Text(string="Control Totals", compute="_compute_texts")
    differences_text = fields.Text(string="Not Equal to the Ledger", compute="_compute_texts")
    file_ids = fields.One2many("reporting.run.file", "run_id")

    _uid_uniq = models.Constraint("UNIQUE(uid)", "A run's identifier is used once.")

    # === COMPUTE METHODS === #

    @api.depends("dataset_id.name", "date_from", "date_to")
    def _compute_display_name(self):
        """What people call a run, in breadcrumbs as well; programs and folders know it by its identifier."""
        for run in self:
            days = [format_date(run.env, day) for day in (run.date_from, run.date_to) if day]
            run.display_name = self.env._(
                "%(dataset)s, %(days)s, run %(number)s",
                dataset=run.dataset_id.name,
                days=" - ".join(days),
                number=run.id,
            )

    # The engine tells of its steps: see finance.exchange._tell_reporting_runs.
    @api.depends("exchange_id", "progress_note")
    def _compute_state(self):
        for run in self:
            exchange = run.exchange_id
            if exchange.work_status == "cancelled":
                run.state = "cancelled"
            elif exchange.milestone in ("acknowledged", "settled", "posted"):
                run.state = "delivered"
            elif exchange.work_status in ("exception", "dead"):
                run.state = "held"
            elif exchange.milestone:
                run.state = "sending"
            elif not exchange or (exchange.work_status == "ready" and not run.progress_note):
                run.state = "queued"
            else:
                run.state = "building"

    @api.depends("totals", "differences")
    def _compute_texts(self):
        for run in self:
            run.totals_text = _table(run.totals)
            run.differences_text = _table(run.differences)

    # === ACTION METHODS === #

    def action_cancel(self):
        """Stop reading, or end a run that is held. What a target has got is not taken back."""
        self.ensure_one()
        self.exchange_id._check_operator()
        self.sudo().cancel_requested = True
        if self.state in ("queued", "building", "held"):
            reason = self.env._("Cancelled by %s.", self.env.user.name)
            self.exchange_id.action_cancel(reason)
            self.sudo()._tell_lineage(lineage.FAIL, reason)

    def action_open_exchange(self):
        """Open the exchange that carries this run: its timeline, attempts and exceptions."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "finance.exchange",
            "res_id": self.exchange_id.id,
            "view_mode": "form",
        }

    # === BUSINESS METHODS === #

    @api.model
    def _queue(self, vals):
        """Create a run and the exchange that will read and deliver it, both or none.

        :rtype: reporting.run
        """
        run = self.sudo().create(vals | {"requested_by_id": self.env.uid})
        run.exchange_id = self.env["finance.exchange"]._emit(
            run.export_id.interface_id, f"run:{run.uid}", record=run
        )
        self.env["finance.audit.event"]._log(
            "run.requested",
            run,
            summary=run.export_id.name,
            details={
                "kind": run.kind,
                "from": str(run.date_from),
                "to": str(run.date_to),
                "entities": run.entity_ids.ids,
                "contract": run.contract_id.display_name,
            },
        )
        return run.with_env(self.env)

    def _open(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }


def _table(rows):
    """:return: JSON rows as aligned text, for a screen; numbers to the right"""
    if not rows:
        return ""
    # The database keeps no order of a JSON object's names.
    names = [name for name in _COLUMNS if name in rows[0]]
    names += sorted(rows[0].keys() - set(names))
    cells = [names, *([_cell(name, row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in _TEXTS else cell.rjust(width)
            for name, cell, width in zip(names, line, widths, strict=True)
        ).rstrip()
        for line in cells
    )


def _cell(name, value):
    """:return: text of a value; of an amount, with its thousands apart and at least two decimals"""
    if name not in _AMOUNTS or value in ("", None):
        return str(value)
    amount = Decimal(str(value))
    return f"{amount:,.{max(2, -amount.as_tuple().exponent)}f}"
