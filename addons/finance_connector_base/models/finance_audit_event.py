import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.masking import mask_mapping, mask_text


def _canonical(details):
    # Not tools.digest: an odd value must not undo the work that the event tells of. What is hashed is this text.
    return json.dumps(
        details, default=str, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


class FinanceAuditEvent(models.Model):
    """Who did what, when: plain values that stay readable after everything they speak of is gone.

    Rows are only ever added, by :meth:`_log`. Ids of other records are integers without foreign keys, since a key would
    have to cascade or to null.
    """

    _name = "finance.audit.event"
    _description = "Finance Audit Event"
    _inherit = ["finance.append.only"]
    _order = "id desc"
    _rec_name = "action"
    _log_access = False

    event_time = fields.Datetime(required=True, readonly=True, help="Clock of the database, UTC.")
    action = fields.Selection(
        "_selection_action",
        string="What",
        required=True,
        readonly=True,
        index=True,
        help="Kept as a code, shown in words.",
    )
    company_id = fields.Integer(readonly=True, index=True)
    user_id = fields.Integer(string="User ID", readonly=True)
    user_login = fields.Char(string="User", readonly=True)
    exchange_id = fields.Integer(string="Exchange ID", readonly=True, index="btree_not_null")
    exchange_name = fields.Char(string="Exchange", readonly=True)
    correlation_id = fields.Char(readonly=True, index="btree_not_null")
    res_model = fields.Char(string="Model", readonly=True)
    res_id = fields.Many2oneReference(string="Record", model_field="res_model", readonly=True)
    summary = fields.Char(readonly=True)
    details = fields.Text(readonly=True, help="Canonical JSON, masked.")

    _res_idx = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")
    _event_time_idx = models.Index("(event_time)")

    def init(self):
        """Let the database, not the caller, say when an event happened."""
        super().init()
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION finance_audit_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.event_time := clock_timestamp() AT TIME ZONE 'UTC';
                RETURN NEW;
            END $$;
            DROP TRIGGER IF EXISTS finance_audit_event_stamp ON finance_audit_event;
            CREATE TRIGGER finance_audit_event_stamp BEFORE INSERT ON finance_audit_event
                FOR EACH ROW EXECUTE FUNCTION finance_audit_stamp();
            """
        )

    # === ACTION METHODS === #

    def action_open_record(self):
        """Open the record that the event is about.

        :raise UserError: the event names no record, or the record is gone
        """
        self.ensure_one()
        if not self.res_id or self.res_model not in self.env:
            raise UserError(self.env._("This event is not about a record that can be opened."))
        if not self.env[self.res_model].browse(self.res_id).exists():
            raise UserError(
                self.env._(
                    "%(model)s %(id)s was deleted after this event. The event is what is left of it.",
                    model=self.res_model,
                    id=self.res_id,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self.res_model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    # === BUSINESS METHODS === #

    @api.model
    def _log(self, action, record=None, *, exchange=None, summary="", details=None):
        """Add one event in the caller's transaction: it stays exactly if what it tells of stays.

        :param str action: ``<subject>.<what happened>``, e.g. ``credential.rotated``
        :param record: the record it is about; its ``exchange_id`` and ``company_id`` are used where it has them
        :param exchange: ``finance.exchange`` it belongs to, when ``record`` does not say so
        :param str summary: one sentence; masked before it is stored
        :param dict details: plain values; masked before they are stored
        """
        self._add([self._values(action, record, exchange, summary, details)])

    @api.model
    def _log_each(self, action, exchanges, *, summary="", details=None):
        """:meth:`_log` for each of several exchanges, in one statement.

        :param dict details: exchange -> plain values
        """
        told = details or {}
        self._add(
            [
                self._values(action, None, exchange, summary, told.get(exchange))
                for exchange in exchanges
            ]
        )

    @api.model
    def _values(self, action, record, exchange, summary, details):
        """:return: the columns of one event, in the order of :meth:`_add`"""
        if exchange is None and record is not None:
            if record._name == "finance.exchange":
                exchange = record
            elif "exchange_id" in record._fields:
                exchange = record.exchange_id
        exchange = (exchange or self.env["finance.exchange"]).sudo()
        record_sudo = record and record.sudo()
        policy = self.env["finance.vault"]._policy()
        company = exchange.company_id
        if not company and record_sudo and record._name == "res.company":
            company = record_sudo
        elif not company and record_sudo and "company_id" in record._fields:
            company = record_sudo.company_id
        return SQL(
            "(%s, %s, %s, (SELECT login FROM res_users WHERE id = %s), %s, %s, %s, %s, %s, %s, %s)",
            action,
            company.id or None,
            self.env.uid,
            self.env.uid,
            exchange.id or None,
            exchange.name or None,
            exchange.correlation_id or None,
            (record_sudo and record_sudo._name) or None,
            (record_sudo and record_sudo.id) or None,
            mask_text(summary, policy).replace("\0", "") if summary else None,
            _canonical(mask_mapping(details, policy)) if details else None,
        )

    @api.model
    def _add(self, events):
        if events:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO finance_audit_event
                        (action, company_id, user_id, user_login, exchange_id, exchange_name, correlation_id,
                         res_model, res_id, summary, details)
                    VALUES %s
                    """,
                    SQL(", ").join(events),
                )
            )
