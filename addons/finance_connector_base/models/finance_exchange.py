import re
import uuid

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    DuplicateKeyRace,
    Severity,
)

MILESTONES = [
    ("received", "Received"),
    ("prepared", "Prepared"),
    ("validated", "Validated"),
    ("transformed", "Transformed"),
    ("sent", "Sent"),
    ("acknowledged", "Acknowledged"),
    ("settled", "Settled"),
    ("posted", "Posted"),
]
WORK_STATUSES = [
    ("ready", "Ready"),
    ("running", "Running"),
    ("waiting", "Waiting for an Answer"),
    ("retry", "Will Be Retried"),
    ("exception", "Exception"),
    ("unknown", "Outcome Unknown"),
    ("dead", "Given Up"),
    ("done", "Done"),
    ("cancelled", "Cancelled"),
]


class FinanceExchange(models.Model):
    """One durable business exchange with an external party: what has been proven, and what happens next."""

    _name = "finance.exchange"
    _description = "Finance Exchange"
    _inherit = ["finance.insert.mixin"]
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char(required=True, readonly=True, copy=False, index=True)
    interface_id = fields.Many2one(
        "finance.interface", required=True, readonly=True, index=True, ondelete="restrict"
    )
    version_id = fields.Many2one(
        "finance.interface.version", readonly=True, index="btree_not_null", ondelete="restrict"
    )
    connection_id = fields.Many2one(
        "finance.connection", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    direction = fields.Selection(
        [("inbound", "Inbound"), ("outbound", "Outbound")], required=True, readonly=True
    )
    source = fields.Selection(
        [
            ("api", "API"),
            ("webhook", "Webhook"),
            ("schedule", "Schedule"),
            ("upload", "Upload"),
            ("mail", "E-mail"),
            ("event", "Odoo event"),
        ],
        required=True,
        readonly=True,
    )
    idempotency_key = fields.Char(required=True, readonly=True, copy=False)
    digest = fields.Char(
        readonly=True,
        copy=False,
        help="SHA-256 of what makes two deliveries the same: the clear bytes, unless the handler knows better.",
    )
    correlation_id = fields.Char(
        required=True, readonly=True, copy=False, index=True, default=lambda self: str(uuid.uuid4())
    )
    external_ref = fields.Char(readonly=True, copy=False, index="btree_not_null")
    shadow = fields.Boolean(readonly=True)
    milestone = fields.Selection(MILESTONES, readonly=True, copy=False)
    work_status = fields.Selection(
        WORK_STATUSES, required=True, readonly=True, default="ready", copy=False
    )
    due_at = fields.Datetime(
        readonly=True, copy=False, help="Next retry, or deadline of the awaited acknowledgement."
    )
    date_received = fields.Datetime(readonly=True, copy=False)
    date_prepared = fields.Datetime(readonly=True, copy=False)
    date_validated = fields.Datetime(readonly=True, copy=False)
    date_transformed = fields.Datetime(readonly=True, copy=False)
    date_sent = fields.Datetime(readonly=True, copy=False)
    date_acknowledged = fields.Datetime(readonly=True, copy=False)
    date_settled = fields.Datetime(readonly=True, copy=False)
    date_posted = fields.Datetime(readonly=True, copy=False)
    initiated_by_id = fields.Many2one(
        "res.users", readonly=True, index="btree_not_null", default=lambda self: self.env.user
    )
    owner_id = fields.Many2one(
        "res.users", index="btree_not_null", help="Who looks after it when the machine cannot."
    )
    res_model = fields.Char(
        readonly=True,
        help="Outbound: model of the record it is about. Inbound: of the record that fetched it.",
    )
    res_id = fields.Many2oneReference(model_field="res_model", readonly=True)
    event_type = fields.Char(
        readonly=True, help="Outbound events: what happened, e.g. invoice.posted."
    )
    result = fields.Json(readonly=True, copy=False, help="The stored answer.")
    progress_done = fields.Integer(
        readonly=True,
        copy=False,
        help="Of the records that are being worked on, those done so far.",
    )
    progress_total = fields.Integer(readonly=True, copy=False)
    cancel_reason = fields.Text(readonly=True, copy=False)
    payload_ids = fields.One2many("finance.exchange.payload", "exchange_id")
    attempt_ids = fields.One2many("finance.exchange.attempt", "exchange_id")
    exception_ids = fields.One2many("finance.exception", "exchange_id")
    attempt_count = fields.Integer(readonly=True, copy=False, default=0)

    _idempotency_key_uniq = models.Constraint(
        "UNIQUE(interface_id, idempotency_key)", "This exchange was received before."
    )
    _due_idx = models.Index(
        "(work_status, due_at) WHERE work_status IN ('ready', 'running', 'retry', 'waiting', 'unknown')"
    )
    _res_idx = models.Index("(res_model, res_id) WHERE res_id IS NOT NULL")

    # === RECEIVING === #

    @api.model
    def _receive(
        self,
        interface,
        key,
        content,
        *,
        source,
        filename=None,
        content_type=None,
        external_ref=None,
        correlation_id=None,
        record=None,
        process=True,
    ):
        """Store what came in, once per key, in the caller's transaction. Nothing is parsed here.

        :param interface: ``finance.interface``, inbound, one record
        :param str key: idempotency key, unique within the interface
        :param bytes content: the raw bytes
        :param str source: where it came from, see the field ``source``
        :param record: the record that fetched it, or that it was sent to
        :param bool process: enqueue the work at once (an interface that is off keeps it for later)
        :return: the exchange of this key, and whether it is new. It is not new and ``_has_conflict(digest)`` holds
            when the key was used before for other content: then a person decides, and nothing is posted again.
        :rtype: tuple[finance.exchange, bool]
        :raise DuplicateKeyRace: another transaction stored the same key just now; roll back and call again
        :raise FinalError: no key ring, so nothing may be stored
        """
        interface.ensure_one()
        interface_sudo = interface.sudo()
        if interface_sudo.direction != "inbound":
            raise ValueError(f"{interface_sudo.code} does not receive.")
        if interface_sudo.mode == "shadow":
            # What only a shadow has received is new when it comes for real.
            key = f"shadow:{key}"
        digest = sha256_hex(interface_sudo._handler()._digest_content(content))
        existing = self._find_by_key(interface, key)
        if existing:
            if existing._has_conflict(digest):
                existing._keep_conflict(digest, content, filename, content_type)
            return existing.with_env(self.env), False
        exchange_sudo = self.sudo()._insert_new(
            self._prepare_exchange_vals(interface_sudo, key, record)
            | {
                "source": source,
                "digest": digest,
                "external_ref": external_ref,
                # What is stored is received: the first milestone, there from the start.
                "milestone": "received",
                "date_received": fields.Datetime.now(),
                **({"correlation_id": correlation_id} if correlation_id else {}),
            }
        )
        exchange_sudo._store_payload("content", content, filename, content_type)
        self.env["finance.audit.event"]._log("exchange.received", exchange=exchange_sudo)
        if process and interface_sudo._is_running():
            exchange_sudo._enqueue_new()
        return exchange_sudo.with_env(self.env), True

    @api.model
    def _receive_committed(self, interface, key, content, **kwargs):
        """:meth:`_receive` and commit, for an edge that owns its transaction: on return it is stored for good.

        Deliveries of one key take turns, so any number at once get the same answer.

        :return: as :meth:`_receive`
        """
        # Nearly all are new and alone; only those that are not pay for the lock.
        try:
            exchange, is_new = self._receive(interface, key, content, **kwargs)
            name = exchange.name
            self._checkpoint()
            # The sender waits for it: no further transaction only to read it again.
            exchange._update_cache({"name": name})
            return exchange, is_new
        except (DuplicateKeyRace, psycopg2.errors.SerializationFailure):
            self._abandon()
        with self._advisory_lock("receive", f"{interface.id}:{key}"):
            # The snapshot of this transaction may be older than the lock.
            self._checkpoint()
            exchange, is_new = self._receive(interface, key, content, **kwargs)
            self._checkpoint()
        return exchange, is_new

    @api.model
    def _emit(self, interface, key, *, record=None, event_type=None, source="event", content=None):
        """Put an outbound exchange into the outbox, in the caller's transaction: it exists exactly if that commits.

        :param interface: ``finance.interface``, outbound, one record
        :param str key: idempotency key; the same key returns the exchange that has it
        :param record: the record it is about
        :param str event_type: what happened, e.g. ``invoice.posted``
        :param bytes content: the prepared bytes; left out, the job asks the handler for them
        :rtype: finance.exchange
        :raise ConcurrencyError: another transaction used the key just now; Odoo repeats the call
        """
        interface.ensure_one()
        interface_sudo = interface.sudo()
        if interface_sudo.direction != "outbound":
            raise ValueError(f"{interface_sudo.code} does not send.")
        if existing := self._find_by_key(interface, key):
            return existing.with_env(self.env)
        vals = self._prepare_exchange_vals(interface_sudo, key, record) | {
            "source": source,
            "event_type": event_type,
        }
        try:
            exchange_sudo = self.sudo()._insert_new(vals)
        except DuplicateKeyRace as race:
            raise ConcurrencyError(str(race)) from race
        self.env["finance.audit.event"]._log("exchange.emitted", exchange=exchange_sudo)
        if content is not None:
            exchange_sudo._store_prepared(content)
        if interface_sudo._is_running():
            exchange_sudo._enqueue_new()
        return exchange_sudo.with_env(self.env)

    @api.model
    def _find_by_key(self, interface, key):
        if not key:
            raise ValueError("An exchange needs an idempotency key.")
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM finance_exchange WHERE interface_id = %s AND idempotency_key = %s",
                interface.id,
                key,
            )
        )
        return self.sudo().browse(row[0] for row in rows)

    @api.model
    def _prepare_exchange_vals(self, interface, key, record):
        """Values of a new exchange that follow from its interface, and from its record if it has one.

        :rtype: dict
        """
        return {
            "interface_id": interface.id,
            "version_id": interface.active_version_id.id,
            "connection_id": interface.connection_id.id,
            "company_id": interface.company_id.id,
            "direction": interface.direction,
            "idempotency_key": key,
            "shadow": interface.mode == "shadow",
            "initiated_by_id": self.env.uid,
            "owner_id": interface.owner_id.id,
            **({"res_model": record._name, "res_id": record.id} if record else {}),
        }

    @api.model
    def _insert_new(self, vals):
        """Store a new exchange under its key.

        :raise DuplicateKeyRace: a transaction that this one cannot see has the key; this one has to be rolled back
        """
        exchange_id = self._next_id()
        name = f"FX/{fields.Date.today():%Y}/{exchange_id:06d}"
        try:
            exchange = self._insert(vals | {"name": name}, id=exchange_id)
        except psycopg2.errors.SerializationFailure as error:
            raise DuplicateKeyRace(
                f"Exchange {vals['idempotency_key']} is being stored elsewhere."
            ) from error
        if not exchange:
            raise DuplicateKeyRace(f"Exchange {vals['idempotency_key']} was stored meanwhile.")
        for owner in (exchange.interface_id, exchange.connection_id):
            owner.invalidate_recordset(["exchange_ids"], flush=False)
        return exchange

    # === SAME KEY, OTHER CONTENT === #

    def _has_conflict(self, digest):
        """:return: whether ``digest`` is of other content than this exchange carries."""
        self.ensure_one()
        return self.sudo().digest != digest

    def _keep_conflict(self, digest, content, filename, content_type):
        known = self.payload_ids.filtered(lambda payload: payload.role == "evidence").mapped(
            "digest"
        )
        if sha256_hex(content) not in known:
            self._store_payload("evidence", content, filename, content_type)
        self._open_exception(
            "idempotency_conflict",
            self.env._("The key %(key)s came again with other content.", key=self.idempotency_key),
            evidence={
                "key": self.idempotency_key,
                "stored_digest": self.digest,
                "received_digest": digest,
            },
            severity="2",
            unit_key=f"conflict:{digest[:16]}",
        )

    # === PAYLOADS === #

    def _store_payload(self, role, content, filename=None, content_type=None):
        """Keep bytes with this exchange, encrypted.

        :param str role: ``content``, ``response`` or ``evidence``
        :param bytes content: the clear bytes
        :param str filename: as the other side named it; only its last part is kept
        :rtype: finance.exchange.payload
        """
        self.ensure_one()
        return (
            self.env["finance.exchange.payload"]
            .sudo()
            ._store(self, role, content, _base_name(filename), content_type)
        )

    def _content(self):
        """
        :return: the clear bytes of this exchange, proven to be those that were stored
        :rtype: bytes
        :raise BusinessError: ``payload_tampered``, ``payload_purged`` or ``payload_missing``
        """
        self.ensure_one()
        payload = self.sudo().payload_ids.filtered(lambda payload: payload.role == "content")[:1]
        if not payload:
            raise BusinessError(
                "payload_missing",
                f"{self.name} has no content.",
                next_step="Ask the counterparty for it again.",
                severity=Severity.HIGH,
            )
        return payload._content()


def _base_name(filename):
    """The last part of a remote name: it is shown and offered for download, and never names a path."""
    return re.split(r"[\\/\x00]", filename)[-1][:255] if filename else None
