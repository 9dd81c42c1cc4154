import time

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError
from odoo.addons.finance_connector_base.tools.rejection_log import RejectionLog

_MAX_BYTES_PARAMETER = "finance_connector_base.webhook_max_bytes"
_MAX_BYTES = 1024 * 1024
# What receiving looks at: an interface has many more.
_INTERFACE_FIELDS = [
    "active",
    "active_version_id",
    "code",
    "company_id",
    "connection_id",
    "direction",
    "handler",
    "mode",
    "owner_id",
]
_rejections = RejectionLog()


class FinanceConnection(models.Model):
    """Webhooks of a connection, from the raw request to a stored exchange."""

    _inherit = "finance.connection"

    webhook_address = fields.Char(
        compute="_compute_webhook_address",
        groups="finance_connector_base.group_finance_manager",
        help="Where the other side sends its notifications. Keep it between the two of you.",
    )

    @api.depends("webhook_token")
    def _compute_webhook_address(self):
        for connection in self:
            token = connection.webhook_token
            connection.webhook_address = (
                token and f"{connection.get_base_url()}/finance/webhook/{token}"
            )

    @api.model
    def _listening_at(self, token):
        """The connection that an address belongs to, as superuser and free of any caller's context.

        The token is found through its unique index: a miss tells nothing about tokens that exist.

        :param str token: last part of ``/finance/webhook/<token>``
        :return: one active connection, or none
        """
        env = self.env(user=SUPERUSER_ID, su=True, context={})
        rows = env.execute_query(
            SQL(
                "SELECT id, adapter FROM finance_connection WHERE webhook_token = %s AND active",
                token,
            )
        )
        connection = env["finance.connection"].browse(row[0] for row in rows)
        if connection:
            # Of its many columns the only one that receiving looks at.
            connection._update_cache({"adapter": rows[0][1]}, validate=False)
        return connection

    @api.model
    def _webhook_max_bytes(self):
        """:return: the largest body that is read, in bytes; 1 MiB unless configured.
        :rtype: int
        """
        return int(
            self.env["ir.config_parameter"].sudo().get_param(_MAX_BYTES_PARAMETER, _MAX_BYTES)
        )

    def _receive_webhook(self, headers, body):
        """Prove, store and commit one webhook.

        :param headers: mapping of the request's headers
        :param bytes body: the raw body
        :return: the exchange it is stored as; the same one for a repetition
        :raise FinalError: ``signature_invalid`` or ``webhook_not_accepted``; nothing was stored
        :raise BusinessError: ``idempotency_conflict``; the content is kept as evidence
        """
        self.ensure_one()
        try:
            event_id = self._adapter()._verify_webhook(self, headers, body)
            interface = self._webhook_interface(headers, body)
        except FinalError as error:
            self._count_rejected_webhook(error)
            raise
        digest = sha256_hex(interface._handler()._digest_content(body))
        exchange, is_new = self.env["finance.exchange"]._receive_committed(
            interface,
            # A sender without event ids repeats itself byte by byte.
            event_id or f"sha256:{digest}",
            body,
            source="webhook",
            content_type=headers.get("Content-Type"),
            external_ref=event_id,
        )
        if not is_new and exchange._has_conflict(digest):
            raise BusinessError(
                "idempotency_conflict",
                "This event id came before with other content; a person will look at it.",
                evidence={"exchange": exchange.name},
            )
        return exchange

    def _webhook_interface(self, headers, body):
        """The first inbound event interface of this connection whose handler takes the webhook.

        :raise FinalError: ``webhook_not_accepted``
        """
        interfaces = self.env["finance.interface"]
        interfaces.flush_model()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM finance_interface WHERE connection_id = %s AND active"
                " AND direction = 'inbound' AND sync_mode = 'event' ORDER BY id",
                self.id,
            )
        )
        interfaces = interfaces.browse(row[0] for row in rows)
        interfaces.fetch(_INTERFACE_FIELDS)
        for interface in interfaces:
            if interface._handler()._accepts_webhook(interface, headers, body):
                return interface
        raise FinalError(
            "No interface of this connection takes this webhook.", code="webhook_not_accepted"
        )

    def _count_rejected_webhook(self, error):
        """Leave a trace of refused webhooks that their sender cannot make larger at will."""
        # Also the trace of secrets that were looked at in vain.
        self.env["finance.exchange"]._abandon()
        count = _rejections.count((self.env.cr.dbname, self.id, error.code), time.monotonic())
        if not count:
            return
        self.env["finance.audit.event"]._log(
            "webhook.rejected",
            self,
            summary=error.message,
            details={"code": error.code, "count": count},
        )
        self.env["finance.exception"]._open(
            error.code,
            error.message,
            company=self.company_id or self.interface_ids[:1].company_id or self.env.company,
            kind="technical",
            connection=self,
        )
