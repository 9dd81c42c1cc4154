from datetime import UTC, datetime
from http import HTTPStatus

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.signatures import sign_webhook


class FinanceAdapterWebhook(models.AbstractModel):
    """Signed webhooks in both directions, after the Standard Webhooks specification 1.0.0.

    The connection's endpoint is the full address that events are sent to; its credentials of kind *signing secret* sign
    what goes out and prove what comes in. While a secret is rotated, old and new both count.
    """

    _name = "finance.adapter.webhook"
    _inherit = ["finance.adapter"]
    _description = "Adapter for Standard Webhooks"

    _adapter_label = "Webhooks (Standard Webhooks)"
    _capabilities = frozenset({"receive_webhooks", "deliver_events"})

    @api.model
    def _verify_webhook(self, connection, headers, body):
        return self._verify_standard_webhook(connection, headers, body)

    @api.model
    def _send(self, exchange, content):
        connection = exchange.connection_id
        now = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            # The id stays the same however often the message is sent: receivers recognise a repetition by it.
            **sign_webhook(
                connection._secrets("signing_secret"), exchange.correlation_id, content, now
            ),
        }
        with connection._http_client() as client:
            response = client.request(
                "POST", connection.endpoint, idempotent=True, headers=headers, body=content
            )
        if response.status == HTTPStatus.GONE:
            raise FinalError(
                f"{connection.name} answered that it takes no more events.", code="subscriber_gone"
            )
        response.raise_for_status(now)
        return {
            "external_ref": exchange.correlation_id,
            "http_status": response.status,
            "response": response.body,
            "acknowledged": True,
        }
