import json

from odoo import api, fields, models
from odoo.exceptions import AccessError

from odoo.addons.finance_connector_base.tools.digest import canonical_json, sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, Severity
from odoo.addons.treasury_sync.tools.position import document
from odoo.addons.treasury_sync.tools.position.assemble import assemble


class CashPositionRun(models.Model):
    """A cash position as it was known at one moment: the figures, what they were made of, and the bytes that are sent.

    Rows are only added, which PostgreSQL enforces. What became of the delivery is on the exchange.
    """

    _name = "cash.position.run"
    _description = "Frozen Cash Position"
    _inherit = ["finance.append.only"]
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    group_id = fields.Many2one(
        "cash.position.group", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    date = fields.Date(required=True, readonly=True, index=True)
    known_at = fields.Datetime(
        string="As Known at", required=True, readonly=True, help="What came later is not in it."
    )
    frozen_by_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="restrict"
    )
    source = fields.Selection(
        [("manual", "By hand"), ("schedule", "Schedule")], required=True, readonly=True
    )
    currency_id = fields.Many2one("res.currency", required=True, readonly=True, ondelete="restrict")
    total = fields.Monetary(string="Group Position", required=True, readonly=True)
    complete = fields.Boolean(readonly=True)
    content = fields.Text(
        required=True, readonly=True, help="The canonical document, byte by byte."
    )
    digest = fields.Char(required=True, readonly=True, help="SHA-256 of the document.")
    line_ids = fields.One2many("cash.position.run.line", "run_id", readonly=True)
    exchange_id = fields.Many2one("finance.exchange", compute="_compute_delivery")
    delivery = fields.Selection(
        [
            ("none", "Kept here"),
            ("under_way", "On Its Way"),
            ("sent", "Sent, Not Acknowledged"),
            ("acknowledged", "Acknowledged"),
            ("held", "Needs a Person"),
        ],
        compute="_compute_delivery",
    )
    findings_text = fields.Text(string="What Is Missing", compute="_compute_findings_text")

    _name_uniq = models.Constraint("UNIQUE(name)", "A frozen position has a name of its own.")

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_delivery(self):
        # Whoever may read the run may know whether it arrived.
        exchanges_sudo = (
            self.env["finance.exchange"]
            .sudo()
            .search([("res_model", "=", self._name), ("res_id", "in", self.ids)])
        )
        by_run = {exchange.res_id: exchange for exchange in exchanges_sudo}
        for run in self:
            exchange = by_run.get(run.id, exchanges_sudo.browse())
            run.exchange_id = exchange
            if not exchange:
                run.delivery = "none"
            elif exchange.work_status in ("exception", "dead", "cancelled"):
                run.delivery = "held"
            elif exchange._has_reached("acknowledged"):
                run.delivery = "acknowledged"
            elif exchange._has_reached("sent"):
                run.delivery = "sent"
            else:
                run.delivery = "under_way"

    @api.depends("content")
    def _compute_findings_text(self):
        labels = self.env["cash.position"]._finding_labels()
        for run in self:
            run.findings_text = "\n".join(
                f"{finding['subject']}: {labels.get(finding['code'], finding['code'])}"
                for finding in run._document()["findings"]
            )

    # === ACTION METHODS === #

    def action_open_exchange(self):
        """Open the exchange that delivers this position.

        :raise AccessError: the caller sees no exchanges
        """
        self.ensure_one()
        self.check_access("read")
        if not self.env.user.has_group("finance_connector_base.group_finance_viewer"):
            raise AccessError(self.env._("Exchanges are for viewers of Finance Connectivity."))
        return {
            "type": "ir.actions.act_window",
            "res_model": "finance.exchange",
            "res_id": self.exchange_id.id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    @api.model
    def _freeze(self, group, source):
        """Compute, keep and put into the outbox, all or nothing.

        :param group: ``cash.position.group``, one record
        :return: the run
        """
        positions = self.env["cash.position"]
        position = assemble(positions._inputs(group, fields.Date.context_today(self), None))
        name = self.env["ir.sequence"].sudo().next_by_code("cash.position.run")
        written = {
            **document.write(position),
            "position": name,
            "group": {"code": group.code, "name": group.name},
        }
        content = canonical_json(written)
        run = self.create(
            {
                "name": name,
                "group_id": group.id,
                "company_id": group.company_id.id,
                "date": position.inputs.day,
                "known_at": position.inputs.known_at,
                "frozen_by_id": self.env.uid,
                "source": source,
                "currency_id": group.currency_id.id,
                "total": float(position.group),
                "complete": position.complete,
                "content": content.decode(),
                "digest": sha256_hex(content),
                "line_ids": [
                    fields.Command.create(values)
                    for values in self.env["cash.position.run.line"]._values(position)
                ],
            }
        )
        self.env["finance.audit.event"]._log(
            "cash_position.frozen",
            run,
            summary=name,
            details={"group": group.code, "digest": run.digest, "complete": run.complete},
        )
        if group.interface_id:
            self.env["finance.exchange"]._emit(
                group.interface_id,
                f"cash-position:{name}",
                record=run,
                event_type="cash_position.frozen",
                source="schedule" if source == "schedule" else "event",
            )
            run.invalidate_recordset(["exchange_id", "delivery"])
        return run

    def _content(self):
        """
        :return: the document, proven to be the one that was frozen
        :rtype: bytes
        :raise BusinessError: ``payload_tampered``
        """
        self.ensure_one()
        content = self.content.encode()
        if sha256_hex(content) != self.digest:
            raise BusinessError(
                "payload_tampered",
                f"{self.name} is not what was frozen: it was changed in the database.",
                "Freeze the position anew, and tell whoever looks after the database.",
                evidence={"position": self.name, "digest": self.digest},
                severity=Severity.CRITICAL,
            )
        return content

    def _document(self):
        """:rtype: dict"""
        self.ensure_one()
        return json.loads(self.content)
