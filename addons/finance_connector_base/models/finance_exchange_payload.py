from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinanceError,
    Severity,
    describe,
)
from odoo.addons.finance_connector_base.tools.vault import TamperedValueError


class FinanceExchangePayload(models.Model):
    """Bytes of an exchange, encrypted in the database so that they are inside its backups."""

    _name = "finance.exchange.payload"
    _description = "Finance Exchange Payload"
    _inherit = ["finance.encrypted.mixin", "finance.insert.mixin"]
    _order = "exchange_id, role, id"
    _rec_name = "role"

    exchange_id = fields.Many2one(
        "finance.exchange", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="exchange_id.company_id", store=True, index=True)
    role = fields.Selection(
        [("content", "Content"), ("response", "Response"), ("evidence", "Evidence")],
        required=True,
        readonly=True,
    )
    filename = fields.Char(readonly=True)
    content_type = fields.Char(readonly=True)
    size = fields.Integer(readonly=True, help="Bytes, in clear.")
    digest = fields.Char(readonly=True, index=True, help="SHA-256 of the clear bytes.")
    preview = fields.Text(compute="_compute_preview", help="The beginning of the content, masked.")
    legal_hold = fields.Boolean(
        help="Keep these bytes, whatever the retention of the interface says."
    )
    purged_at = fields.Datetime(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends("key_id", "purged_at")
    def _compute_preview(self):
        vault = self.env["finance.vault"]
        for payload in self:
            if payload.purged_at:
                payload.preview = self.env._(
                    "Removed when its retention ended. The digest remains."
                )
                continue
            try:
                payload.preview = vault._mask_preview(payload._content(), payload.content_type)
            except FinanceError as exc:
                report = describe(exc)
                payload.preview = f"{report.message} {report.next_step}".strip()

    # === CRUD METHODS === #

    def write(self, vals):
        if not self.env.su and set(vals) - {"legal_hold"}:
            raise AccessError(self.env._("What was received or sent cannot be changed."))
        if "legal_hold" in vals:
            for payload in self.filtered(lambda payload: payload.legal_hold != vals["legal_hold"]):
                self.env["finance.audit.event"]._log(
                    "payload.held" if vals["legal_hold"] else "payload.released", record=payload
                )
        return super().write(vals)

    # === BUSINESS METHODS === #

    @api.model
    def _store(self, exchange, role, content, filename=None, content_type=None):
        """Keep ``content``, encrypted and digested.

        :param exchange: ``finance.exchange``, one record
        :param str role: ``content``, ``response`` or ``evidence``
        :param bytes content: the clear bytes
        :return: the new payload
        :raise FinalError: there is no usable key ring; nothing is stored in clear instead
        """
        payload_id = self._next_id()
        payload = self._insert(
            {
                "exchange_id": exchange.id,
                "company_id": exchange.company_id.id,
                "role": role,
                # Banks put the account into the name of a statement file.
                "filename": filename and self.env["finance.vault"]._mask(filename),
                "content_type": content_type,
                "size": len(content),
                "digest": sha256_hex(content),
            },
            id=payload_id,
            **self.browse(payload_id)._sealed(content),
        )
        exchange.invalidate_recordset(["payload_ids"], flush=False)
        return payload

    def _content(self):
        """
        :return: the clear bytes, proven to be those that were stored
        :rtype: bytes
        :raise BusinessError: code ``payload_tampered`` or ``payload_purged``
        :raise FinalError: the key is missing
        """
        self.ensure_one()
        try:
            content = self._unseal()
        except TamperedValueError as exc:
            raise self._tampered_error() from exc
        if content is None:
            raise BusinessError(
                "payload_purged",
                "The content was removed when its retention ended.",
                next_step="Ask the counterparty for it again.",
                evidence={"payload_id": self.id, "digest": self.digest},
            )
        if sha256_hex(content) != self.digest:
            raise self._tampered_error()
        return content

    def _tampered_error(self):
        return BusinessError(
            "payload_tampered",
            "The stored content is not what was received: it was changed in the database.",
            next_step="Do not process it. Ask the counterparty for it again and tell whoever looks after the database.",
            evidence={"payload_id": self.id, "digest": self.digest},
            severity=Severity.CRITICAL,
        )

    def _purge(self):
        """Remove the bytes; digest and size stay as evidence. What is on legal hold is left alone."""
        payloads = self.filtered(lambda payload: not payload.legal_hold and not payload.purged_at)
        payloads._erase()
        payloads.purged_at = fields.Datetime.now()
        for payload in payloads:
            self.env["finance.audit.event"]._log(
                "payload.purged", record=payload, details={"digest": payload.digest}
            )

    @api.autovacuum
    def _gc_expired(self, limit=1000):
        """Purge what is older than the retention of its interface version and no longer worked on."""
        rows = self.env.execute_query(
            SQL(
                """SELECT payload.id
                     FROM finance_exchange_payload payload
                     JOIN finance_exchange exchange ON exchange.id = payload.exchange_id
                     JOIN finance_interface_version version ON version.id = exchange.version_id
                    WHERE payload.purged_at IS NULL
                      AND payload.legal_hold IS NOT TRUE
                      AND exchange.work_status IN ('done', 'cancelled')
                      AND version.retention_days > 0
                      AND payload.create_date < %s - make_interval(days => version.retention_days)
                    ORDER BY payload.id
                    LIMIT %s""",
                fields.Datetime.now(),
                limit,
            )
        )
        self.browse(row[0] for row in rows)._purge()
        return len(rows), limit if len(rows) == limit else 0
