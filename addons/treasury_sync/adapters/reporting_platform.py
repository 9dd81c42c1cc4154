from datetime import UTC, datetime
from urllib.parse import quote

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import BusinessError, RetryableError

from . import bearer

_PATH = "v1/positions"


class FinanceAdapterReportingPlatform(models.AbstractModel):
    """A reporting platform that takes JSON documents and acknowledges them later; ``docs/cash-position.md``.

    The correlation id of the exchange is the ``Idempotency-Key`` of every request about it, so that the platform can be
    asked for it without having told its own number. The token is OAuth2's (client credentials), or an API key.
    """

    _name = "finance.adapter.reporting_platform"
    _inherit = ["finance.adapter"]
    _description = "Adapter of Reporting Platforms"

    _adapter_label = "Reporting platform (JSON)"
    _capabilities = frozenset({"deliver_positions", "receive_webhooks"})
    _connection_fields = (
        "endpoint",
        "token_url",
        "client_id",
        "oauth_scope",
        "allow_private_address",
    )
    _credential_kinds = (("client_secret", "api_key"), ("signing_secret",))

    @api.model
    def _test_connection(self, connection):
        self._request(connection, "GET", f"{_PATH}?limit=1")
        return self.env._("The reporting platform lets us in.")

    @api.model
    def _verify_webhook(self, connection, headers, body):
        return self._verify_standard_webhook(connection, headers, body)

    @api.model
    def _send(self, exchange, content):
        response = self._request(
            exchange.connection_id,
            "POST",
            _PATH,
            body=content,
            headers={
                "Content-Type": "application/json",
                "Idempotency-Key": exchange.correlation_id,
            },
        )
        answer = self._read(response)
        if response.status in (400, 409, 422):
            raise BusinessError(
                "rejected",
                self.env._(
                    "The platform took nothing: %s", str(answer.get("error") or response.status)
                ),
                evidence={"http_status": response.status},
            )
        response.raise_for_status(datetime.now(UTC))
        return self._outcome(response, answer)

    @api.model
    def _query_status(self, exchange):
        response = self._request(
            exchange.connection_id,
            "GET",
            f"{_PATH}/by-key/{quote(exchange.correlation_id, safe='')}",
        )
        if response.status == 404 and self._read(response).get("code") == "unknown_key":
            return {"status": "not_found", "http_status": response.status}
        response.raise_for_status(datetime.now(UTC))
        answer = self._read(response)
        return {
            **self._outcome(response, answer),
            "status": answer.get("status") or "pending",
            "reason": answer.get("reason"),
        }

    @api.model
    def _outcome(self, response, answer):
        return {
            "external_ref": answer.get("id"),
            "http_status": response.status,
            "response": response.body,
            "acknowledged": answer.get("status") == "accepted",
            "receipt": answer,
        }

    @api.model
    def _request(self, connection, method, path, headers=None, **content):
        response = bearer.request(
            connection,
            method,
            path,
            key=connection._secret("api_key", required=False),
            idempotent=method == "GET",
            headers=headers or {},
            **content,
        )
        if response.status in (401, 403):
            response.raise_for_status(datetime.now(UTC))
        return response

    @api.model
    def _read(self, response):
        """:raise RetryableError: what came is not the platform's"""
        answer = response.json()
        if not isinstance(answer, dict):
            raise RetryableError("The platform's answer is no JSON object.", code="bad_answer")
        return answer
