import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from odoo import api, models

from odoo.addons.finance_connector_base.tools.errors import FinalError, RetryableError
from odoo.addons.finance_connector_base.tools.schema import check_schema
from odoo.addons.finance_connector_base.tools.signatures import HmacScheme, verify_hmac
from odoo.addons.treasury_sync.tools import json_gateway, settlements

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[1] / "schemas/gateway_mapping.v1.json").read_text()
)
MAX_PAGES = 10_000
OVERLAP = timedelta(hours=1)
FIRST_FETCH = timedelta(days=30)


class FinanceAdapterJsonGateway(models.AbstractModel):
    """Any gateway with signed JSON webhooks and a list of its messages: all that is its own is data.

    Its description is the settings of the version of the interface that settles it; the schema
    ``schemas/gateway_mapping.v1.json`` says what it holds.
    """

    _name = "finance.adapter.json_gateway"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of JSON Gateways"

    _adapter_label = "JSON gateway (described by data)"
    _capabilities = frozenset({"receive_webhooks", "settle_payments"})
    _connection_fields = ("endpoint",)
    _credential_kinds = (("api_key",), ("signing_secret",))

    @api.model
    def _mapping(self, connection):
        """:return: the description of the connection's gateway, proven to be one
        :raise FinalError: there is none in force
        """
        interface = (
            self.env["finance.interface"]
            .sudo()
            .search(
                [("connection_id", "=", connection.id), ("handler", "=", "gateway_settlement")],
                limit=1,
            )
        )
        mapping = interface.active_version_id.settings
        if not mapping:
            raise FinalError(
                self.env._("%s has no description of its gateway in force.", connection.name),
                code="gateway_not_described",
                next_step=self.env._(
                    "Put it into the settings of the interface's version and have that activated."
                ),
            )
        check_schema(mapping, SCHEMA)
        return mapping

    @api.model
    def _token(self, connection, refused=False):
        return connection._secret("api_key")

    @api.model
    def _is_token_refused(self, response):
        # A key is never renewed by itself.
        return False

    @api.model
    def _headers(self, connection, token):
        shown = self._mapping(connection).get("authorization", {})
        header = shown.get("header", "Authorization")
        return {
            "Accept": "application/json",
            header: f"{shown.get('prefix', 'Bearer ')}{token}",
        }

    @api.model
    def _test_connection(self, connection):
        described = self._mapping(connection).get("catch_up")
        if not described:
            return self.env._("The description is complete; it has no list of messages to ask for.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._call(
            connection, "GET", described["path"], scope="events", params={described["since"]: now}
        )
        return self.env._("The gateway accepts the API key.")

    # === WEBHOOKS === #

    @api.model
    def _verify_webhook(self, connection, headers, body):
        mapping = self._mapping(connection)
        scheme = mapping.get("signature")
        if not scheme:
            raise FinalError(
                self.env._("%s does not say how it signs.", connection.name),
                code="signature_invalid",
            )
        verify_hmac(
            HmacScheme(**scheme),
            connection._secrets("signing_secret"),
            headers,
            body,
            datetime.now(UTC),
        )
        return json_gateway.message_id(body, mapping)

    # === SETTLEMENTS === #

    @api.model
    def _read_settlement(self, gateway, content):
        return json_gateway.read(content, self._mapping(gateway.connection_id))

    @api.model
    def _fetch_gateway_events(self, gateway):
        connection = gateway.connection_id
        mapping = self._mapping(connection)
        described = mapping.get("catch_up")
        if not described:
            return
        reached = (
            datetime.fromisoformat(gateway.event_cursor)
            if gateway.event_cursor
            else datetime.now(UTC) - FIRST_FETCH
        )
        params = {described["since"]: (reached - OVERLAP).isoformat(timespec="seconds")}
        found = []
        for page in self._pages(connection, described, described["path"], "events", params):
            for item in json_gateway.items(page, described["items"]):
                content = json_gateway.dumps(item)
                name = json_gateway.message_id(content, mapping)
                if not name:
                    raise RetryableError("The gateway listed a message without an id.")
                found.append((json_gateway.moment(item, mapping), name, content))
        for as_of, name, content in sorted(found):
            reached = max(reached, as_of)
            yield name, content, reached.isoformat()

    @api.model
    def _fetch_payout_rows(self, gateway, payout):
        connection = gateway.connection_id
        described = self._mapping(connection)["payout"]
        path = described["path"].replace("{payout}", payout)
        return json_gateway.pack_report(
            payout, list(self._pages(connection, described, path, "payouts", {}))
        )

    @api.model
    def _pages(self, connection, described, path, scope, params):
        """Yield the pages of a list; all of them or an error."""
        for number in range(MAX_PAGES):
            response = self._call(
                connection, "GET", path, scope=scope, counted=not number, params=params
            )
            try:
                page = json_gateway.loads(response.body)
                json_gateway.items(page, described["items"])
            except settlements.SettlementFormatError as error:
                raise RetryableError(str(error)) from error
            yield page
            following = json_gateway.value(page, described.get("next"))
            if not following:
                return
            params = {**params, described["next_parameter"]: following}
        raise RetryableError("The gateway's list does not end.", code="paging_endless")
