import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import ponto
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import loads
from odoo.addons.finance_connector_base.tools import jwt_webhooks
from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.finance_connector_base.tools.signatures import SignatureError

MEDIA_TYPE = "application/vnd.api+json"
MAX_PAGES = 2000
_CONSENT_CODES = {
    "authorizationExpired": "consent_expired",
    "accountAuthorizationExpired": "consent_expired",
    "accountRevoked": "consent_invalid",
    "accessRevoked": "consent_invalid",
}
_keys = jwt_webhooks.KeyCache()


class BankStatementIbanity(models.AbstractModel):
    """What Ponto Connect and Isabel Connect have in common: mutual TLS, a person's OAuth2 grant, JSON:API, errors.

    The certificate and private key that Ibanity issued for the application are credentials of the connection.
    """

    _name = "bank.statement.ibanity"
    _inherit = "bank.statement.api.caller"
    _description = "Ibanity"

    _connection_fields = (
        "endpoint",
        "allow_private_address",
        "token_url",
        "authorization_url",
        "client_id",
        "oauth_scope",
        "webhook_audience",
        "ca_certificate",
    )
    _credential_kinds = (("client_secret",), ("certificate",), ("private_key",))
    _needs_consent = True

    @api.model
    def _headers(self, connection, token):
        return {**super()._headers(connection, token), "Accept": MEDIA_TYPE}

    @api.model
    def _document(self, connection, method, path, **options):
        return loads(self._call(connection, method, path, **options).body)

    @api.model
    def _raise_for_error(self, response):
        if response.ok:
            return
        for code in ponto.error_codes(response.body) & _CONSENT_CODES.keys():
            raise self._consent_ended(_CONSENT_CODES[code])
        response.raise_for_status(fields.Datetime.now())

    # === ACCESS === #

    @api.model
    def _is_granted(self, connection):
        """:return: whether a person has given this application access, some time"""
        return bool(connection.sudo()._credentials("oauth2_token"))

    @api.model
    def _test_certificate(self, connection):
        """Before anybody gave access there is only the way to Ibanity to be tested, certificate against certificate."""
        self._require_certificate(connection)
        self._webhook_keys(connection)
        return self.env._("Ibanity accepts the certificate. Now somebody has to give access.")

    @api.model
    def _require_certificate(self, connection):
        if not connection.sudo()._client_certificate():
            raise FinalError(
                f"{connection.display_name} has no client certificate.",
                code="credential_missing",
                next_step="Enter the certificate and the private key that Ibanity issued, as credentials.",
            )

    @api.model
    def _authorize(self, consent, return_address, state):
        """The page on which a person gives this application access."""
        self._require_certificate(consent.connection_id)
        return {
            "external_ref": f"grant:{state[:8]}",
            "state": "received",
            "valid_until": False,
            "redirect_url": consent.connection_id.sudo()._authorization_address(
                return_address, state
            ),
        }

    @api.model
    def _redeem(self, consent, external_ref, parameters, return_address):
        code = parameters.get("code")
        if not code:
            return {"state": "received"}
        consent.connection_id._redeem_code(code, return_address, parameters["state"])
        return {"state": self._consent_state(consent, external_ref)}

    # === WEBHOOKS === #

    @api.model
    def _verify_webhook(self, connection, headers, body):
        token = {name.lower(): value for name, value in headers.items()}.get("signature", "")
        wanted = jwt_webhooks.key_id(token)
        if not connection.webhook_audience:
            raise SignatureError(
                "The connection does not say whom its webhooks have to be for.",
                "Enter the application id of Ibanity on the connection.",
            )
        key = _keys.get(
            (self.env.cr.dbname, connection.id),
            wanted,
            lambda: self._webhook_keys(connection),
            time.monotonic(),
        )
        if key is None:
            raise SignatureError("The webhook is signed with a key that Ibanity does not publish.")
        address = urlsplit(connection.endpoint)
        jwt_webhooks.verify(
            jwt_webhooks.IBANITY,
            token,
            key,
            body,
            datetime.now(UTC),
            issuer=f"{address.scheme}://{address.netloc}",
            audience=connection.webhook_audience,
        )
        event = (loads(body).get("data") or {}).get("id")
        return event if isinstance(event, str) and event else None

    @api.model
    def _webhook_keys(self, connection):
        connection._guard_call("webhook keys")
        with connection._http_client() as client:
            response = client.request("GET", "/webhooks/keys", idempotent=True)
        self._raise_for_error(response)
        connection._record_outcome(scope="webhook keys")
        keys = loads(response.body).get("keys")
        return {
            key["kid"]: key
            for key in (keys if isinstance(keys, list) else [])
            if isinstance(key, dict) and isinstance(key.get("kid"), str) and key.get("kty")
        }
