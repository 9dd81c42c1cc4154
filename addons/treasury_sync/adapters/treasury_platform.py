from odoo import api, fields, models

from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import status_json

from . import bearer

_ORDERS = "v1/payment-orders"  # Below the address of the connection, whose path counts.
_REFUSED = (400, 403, 409, 413, 422)


class FinanceAdapterTreasuryPlatform(models.AbstractModel):
    """A treasury platform, or a payment hub, over REST. The contract stands in ``docs/treasury-platform.md``.

    The message identification is the idempotency key of every try. A platform that keeps to it takes an order once, so
    what it does not know may be sent again under the same key.
    """

    _name = "finance.adapter.treasury_platform"
    _inherit = "finance.adapter"
    _description = "Adapter of Treasury Platforms"

    _adapter_label = "Treasury platform (REST)"
    _capabilities = frozenset({"query_payments", "receive_webhooks"})
    _connection_fields = ("endpoint", "token_url", "client_id", "allow_private_address")
    _credential_kinds = (("client_secret",), ("signing_secret",))

    @api.model
    def _test_connection(self, connection):
        with connection._call("test"):
            connection._access_token(force=True)
        return self.env._("%s lets us in.", connection.name)

    @api.model
    def _verify_webhook(self, connection, headers, body):
        return self._verify_standard_webhook(connection, headers, body)

    @api.model
    def _send(self, exchange, content):
        order = exchange._payment_order()
        if not order:
            return super()._send(exchange, content)
        payment_format = order.channel_id._format()
        response = self._call_platform(
            exchange,
            "POST",
            _ORDERS,
            body=content,
            headers={
                "Content-Type": payment_format.content_type,
                "Idempotency-Key": order.message_ref,
                "X-Content-SHA256": sha256_hex(content),
            },
        )
        if response.status in _REFUSED:
            raise BusinessError(
                "payment_refused",
                self.env._(
                    "The platform took nothing of this file: %s",
                    response.body[:300].decode(errors="replace"),
                ),
                evidence={"http_status": response.status},
            )
        response.raise_for_status(fields.Datetime.now())
        return {
            "external_ref": order.message_ref,
            "http_status": response.status,
            "response": response.body,
        }

    @api.model
    def _query_status(self, exchange):
        order = exchange._payment_order()
        if not order:
            return super()._query_status(exchange)
        response = self._call_platform(exchange, "GET", f"{_ORDERS}/{order.message_ref}")
        if response.status == 404:
            return {"status": "not_found", "http_status": 404}
        response.raise_for_status(fields.Datetime.now())
        report = status_json.read(response.body)
        return {
            "status": "rejected" if report.status == "RJCT" else "accepted",
            "external_ref": order.message_ref,
            "http_status": response.status,
            "response": response.body,
            "source": "query",
        }

    @api.model
    def _read_payment_status(self, order, content):
        return status_json.read(content) if status_json.looks_like(content) else None

    @api.model
    def _call_platform(self, exchange, method, path, *, headers=None, body=None):
        """One request; guarded and recorded by the engine.

        :raise FinanceError: unknown whenever the platform may have taken it
        """
        content = {} if body is None else {"body": body}
        return bearer.request(
            exchange.connection_id,
            method,
            path,
            idempotent=method == "GET",
            headers=headers or {},
            **content,
        )
