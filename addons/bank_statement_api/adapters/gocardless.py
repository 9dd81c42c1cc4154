from datetime import timedelta
from urllib.parse import urlencode

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import api_bodies, gocardless
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import loads
from odoo.addons.finance_connector_base.tools import oauth2
from odoo.addons.finance_connector_base.tools.errors import (
    FinalError,
    RetryableError,
)

# What banks allow without the account holder being present, per account and endpoint.
CALLS_PER_DAY = 4
COUNTED_SCOPES = ("balances:", "details:", "transactions:")
ACCESS_DAYS = 180


class FinanceAdapterGocardless(models.AbstractModel):
    """Account information over GoCardless Bank Account Data (formerly Nordigen). No new customers are taken there.

    The client id of the connection is the ``secret_id``, its client secret the ``secret_key``. A consent is a
    requisition; its account holder is named by the institution's id.
    """

    _name = "finance.adapter.gocardless"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of GoCardless Bank Account Data"

    _adapter_label = "GoCardless Bank Account Data"
    _capabilities = frozenset({"fetch_statements", "fetch_balances"})
    _connection_fields = ("endpoint", "allow_private_address", "client_id")
    _credential_kinds = (("client_secret",),)
    _needs_consent = True
    _holder_hint = "Institution id of GoCardless, e.g. SANDBOXFINANCE_SFIN0000"
    _suggestions = {"endpoint": "https://bankaccountdata.gocardless.com/api/v2"}

    @api.model
    def _test_connection(self, connection):
        connection._access_token(force=True)
        return self.env._("GoCardless gave an access token. Consents can be set up now.")

    @api.model
    def _call_limits(self, connection, scope):
        if scope.startswith(COUNTED_SCOPES):
            return None, connection.calls_per_day or CALLS_PER_DAY
        return super()._call_limits(connection, scope)

    # === STATEMENTS === #

    @api.model
    def _list_accounts(self, connection, consent):
        return gocardless.accounts(
            (
                account_id,
                self._document(
                    connection,
                    "GET",
                    f"accounts/{account_id}/details/",
                    scope=f"details:{account_id}",
                ),
            )
            for account_id in self._requisition(consent, consent.external_ref).get("accounts") or []
        )

    @api.model
    def _fetch_window(self, feed, date_from, date_to):
        connection, account_id = feed.connection_id, feed.resource_ref
        state = self._document(connection, "GET", f"accounts/{account_id}/", scope="accounts")
        if code := gocardless.account_refusal(state):
            raise self._consent_ended(code)
        query = urlencode({"date_from": date_from, "date_to": date_to})
        transactions = self._call(
            connection,
            "GET",
            f"accounts/{account_id}/transactions/?{query}",
            scope=f"transactions:{account_id}",
        ).body
        gocardless.check(transactions, feed._account())
        return api_bodies.pack(
            gocardless.CODE,
            feed._account(),
            {"transactions": [transactions], "balances": self._balances(connection, account_id)},
            date_from=date_from.isoformat(),
            date_to=date_to.isoformat(),
        )

    @api.model
    def _balances(self, connection, account_id):
        """Balances have a limit of their own: where it is spent, the bookings are worth having without them."""
        try:
            return [
                self._call(
                    connection,
                    "GET",
                    f"accounts/{account_id}/balances/",
                    scope=f"balances:{account_id}",
                ).body
            ]
        except RetryableError as error:
            if error.code not in ("quota_spent", "http_429"):
                raise
            return []

    # === CONSENT === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        connection = consent.connection_id
        if not consent.holder_ref:
            raise FinalError(
                f"{consent.name} does not say at which bank.",
                code="consent_incomplete",
                next_step="Enter the institution id of GoCardless as account holder, e.g. SANDBOXFINANCE_SFIN0000.",
            )
        try:
            institution = self._document(
                connection, "GET", f"institutions/{consent.holder_ref}/", scope="consents"
            )
        except FinalError as error:
            if error.code != "http_404":
                raise
            raise FinalError(
                self.env._("GoCardless knows no institution %s.", consent.holder_ref),
                code="consent_incomplete",
                next_step=self.env._(
                    "Enter its id from GoCardless' list of institutions, e.g. SANDBOXFINANCE_SFIN0000."
                ),
            ) from error
        access_days = min(
            ACCESS_DAYS, gocardless.days(institution, "max_access_valid_for_days", 90)
        )
        agreement = self._document(
            connection,
            "POST",
            "agreements/enduser/",
            scope="consents",
            json={
                "institution_id": consent.holder_ref,
                "max_historical_days": gocardless.days(institution, "transaction_total_days", 90),
                "access_valid_for_days": access_days,
                "access_scope": ["balances", "details", "transactions"],
            },
        )
        requisition = self._document(
            connection,
            "POST",
            "requisitions/",
            scope="consents",
            json={
                "redirect": f"{return_address}?{urlencode({'state': state})}",
                "institution_id": consent.holder_ref,
                "agreement": agreement.get("id"),
                "reference": state,
            },
        )
        address, identifier = requisition.get("link"), requisition.get("id")
        if not isinstance(identifier, str) or not str(address).startswith(("https://", "http://")):
            raise FinalError("The answer leads to no web page.", code="answer_incomplete")
        return {
            "external_ref": identifier,
            "state": gocardless.CONSENT_STATES.get(requisition.get("status"), "received"),
            "valid_until": fields.Date.context_today(consent) + timedelta(days=access_days),
            "redirect_url": address,
        }

    @api.model
    def _complete_consent(self, consent, external_ref, parameters, return_address):
        requisition = self._requisition(consent, external_ref)
        answer = {"state": self._state(requisition)}
        if answer["state"] == "valid" and requisition.get("agreement"):
            agreement = self._document(
                consent.connection_id,
                "GET",
                f"agreements/enduser/{requisition['agreement']}/",
                scope="consents",
            )
            answer["valid_until"] = gocardless.ends_on(agreement)
        return answer

    @api.model
    def _consent_state(self, consent, external_ref):
        return self._state(self._requisition(consent, external_ref))

    @api.model
    def _requisition(self, consent, external_ref):
        return self._document(
            consent.connection_id, "GET", f"requisitions/{external_ref}/", scope="consents"
        )

    @api.model
    def _state(self, requisition):
        status = requisition.get("status")
        if status not in gocardless.CONSENT_STATES:
            raise FinalError(
                f"GoCardless names an unknown status: {status}", code="answer_incomplete"
            )
        return gocardless.CONSENT_STATES[status]

    # === REQUESTS === #

    @api.model
    def _request_token(self, connection, stored, now):
        """JSON instead of a form, and a refresh token with an end of its own."""
        pair = {
            "secret_id": connection.client_id,
            "secret_key": connection._secret("client_secret"),
        }
        asked = [("token/new/", pair)]
        if stored and stored.refresh_token:
            asked.insert(0, ("token/refresh/", {"refresh": stored.refresh_token}))
        with connection._http_client() as client:
            for path, values in asked:
                response = client.request("POST", path, idempotent=True, json=values)
                if response.ok or path == "token/new/":
                    break
        if response.status == 401:
            raise FinalError(
                "GoCardless does not accept the secret id and key.",
                "oauth_invalid_client",
                next_step="Enter the current secret id as client id, and the secret key as client secret.",
            )
        response.raise_for_status(now)
        document = loads(response.body)
        access, life = document.get("access"), document.get("access_expires")
        if not isinstance(access, str) or not isinstance(life, int):
            raise RetryableError("GoCardless sent no access token.", code="oauth_no_token")
        return oauth2.Token(
            access_token=access,
            refresh_token=document.get("refresh") or (stored.refresh_token if stored else None),
            expires_at=now + timedelta(seconds=life),
        )

    @api.model
    def _document(self, connection, method, path, **options):
        return loads(self._call(connection, method, path, **options).body)

    @api.model
    def _is_token_refused(self, response):
        return not self._is_about_consent(response)

    @api.model
    def _is_about_consent(self, response):
        text = gocardless.error_text(response.body).lower()
        return "end user agreement" in text or "(eua)" in text or "account access" in text

    @api.model
    def _raise_for_error(self, response):
        if response.ok:
            return
        if response.status in (401, 403, 409) and self._is_about_consent(response):
            suspended = "suspended" in gocardless.error_text(response.body).lower()
            raise self._consent_ended("consent_invalid" if suspended else "consent_expired")
        response.raise_for_status(fields.Datetime.now())
