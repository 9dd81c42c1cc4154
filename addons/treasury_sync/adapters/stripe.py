import json
from datetime import UTC, datetime

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import RetryableError
from odoo.addons.treasury_sync.tools import stripe

API_VERSION = "2026-09-30.basil"
PAGE_SIZE = 100
MAX_PAGES = 10_000
OVERLAP_SECONDS = 3600
"""Events are listed by the second they were made; one that was made late stands below newer ones."""


class FinanceAdapterStripe(models.AbstractModel):
    """Stripe: signed webhooks, its list of events, and the balance transactions of a payout.

    The connection's endpoint is the address of the API with its version, e.g. ``https://api.stripe.com/v1``; its API
    key is a restricted one that reads; its signing secret is that of the webhook endpoint.
    """

    _name = "finance.adapter.stripe"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of Stripe"

    _adapter_label = "Stripe"
    _capabilities = frozenset({"receive_webhooks", "settle_payments"})
    _connection_fields = ("endpoint",)
    _credential_kinds = (("api_key",), ("signing_secret",))

    @api.model
    def _test_connection(self, connection):
        self._call(connection, "GET", "balance", scope="balance")
        return self.env._("Stripe accepts the API key.")

    @api.model
    def _token(self, connection, refused=False):
        return connection._secret("api_key")

    @api.model
    def _is_token_refused(self, response):
        # A key is never renewed by itself.
        return False

    @api.model
    def _headers(self, connection, token):
        return {
            **super()._headers(connection, token),
            "Stripe-Version": API_VERSION,
        }

    # === WEBHOOKS === #

    @api.model
    def _verify_webhook(self, connection, headers, body):
        header = next(
            (value for name, value in headers.items() if name.lower() == "stripe-signature"), ""
        )
        stripe.verify(connection._secrets("signing_secret"), header, body, datetime.now(UTC))
        try:
            return json.loads(body)["id"]
        except (ValueError, KeyError, TypeError):
            # Proven and unreadable: kept under its digest, for a person.
            return None

    # === SETTLEMENTS === #

    @api.model
    def _read_settlement(self, gateway, content):
        return stripe.read(content, gateway._names_of_references())

    @api.model
    def _fetch_gateway_events(self, gateway):
        """From the newest down to an hour before the cursor: what is made meanwhile is found next time."""
        reached = int(gateway.event_cursor or 0)
        params = {"created[gte]": max(0, reached - OVERLAP_SECONDS)} if reached else {}
        events = [
            event
            for page in self._pages(gateway.connection_id, "events", "events", params)
            for event in page["data"]
        ]
        for event in reversed(events):
            reached = max(reached, event["created"])
            yield event["id"], json.dumps(event, separators=(",", ":")).encode(), str(reached)

    @api.model
    def _fetch_payout_rows(self, gateway, payout):
        connection = gateway.connection_id
        told = _loads(self._call(connection, "GET", f"payouts/{payout}", scope="payouts"))
        if told.get("automatic") is not False and told.get("reconciliation_status") not in (
            "completed",
            None,
        ):
            raise RetryableError(
                f"Stripe is still adding up payout {payout}.", code="payout_not_ready"
            )
        pages = self._pages(
            connection,
            "balance_transactions",
            "balance_transactions",
            {"payout": payout, "expand[]": "data.source"},
        )
        return stripe.pack_report(told, [json.dumps(page).encode() for page in pages])

    @api.model
    def _pages(self, connection, path, scope, params):
        """Yield the pages of a list, the newest first; all of them or an error."""
        last = None
        for number in range(MAX_PAGES):
            page = _loads(
                self._call(
                    connection,
                    "GET",
                    path,
                    scope=scope,
                    counted=not number,
                    params={
                        **params,
                        "limit": PAGE_SIZE,
                        **({"starting_after": last} if last else {}),
                    },
                )
            )
            if page.get("object") != "list" or not isinstance(page.get("data"), list):
                raise RetryableError(f"Stripe's answer to {path} is no list.")
            yield page
            if not page.get("has_more"):
                return
            last = page["data"][-1]["id"]
        raise RetryableError("Stripe's list does not end.", code="paging_endless")


def _loads(response):
    """:raise RetryableError: the answer was cut short, or is none of Stripe's"""
    try:
        document = json.loads(response.body)
    except ValueError as error:
        raise RetryableError(f"Stripe's answer is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise RetryableError("Stripe's answer is no JSON object.")
    return document
