import uuid
from urllib.parse import urlencode

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import api_window, nextgenpsd2
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
)

MAX_PAGES = 2000
# What PSD2 grants without the account holder being present (RTS Art. 36 (5)), per consent, account and endpoint.
FREQUENCY_PER_DAY = 4
COUNTED_SCOPES = ("balances:", "transactions:")
CONSENT_STATES = {
    "received": "received",
    "partiallyAuthorised": "received",
    "valid": "valid",
    "rejected": "rejected",
    "expired": "expired",
    "revokedByPsu": "revoked",
    "terminatedByTpp": "revoked",
}
CONSENT_CODES = {"CONSENT_EXPIRED": "consent_expired", "CONSENT_INVALID": "consent_invalid"}
TOKEN_CODES = frozenset({"TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_UNKNOWN"})


class FinanceAdapterNextgenpsd2(models.AbstractModel):
    """Account information over NextGenPSD2 of the Berlin Group, version 1.3.11.

    Reads without the account holder being present, so calls count against the ``frequencyPerDay`` of the consent.
    """

    _name = "finance.adapter.nextgenpsd2"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of NextGenPSD2"

    _adapter_label = "NextGenPSD2 (Berlin Group)"
    _capabilities = frozenset({"fetch_statements", "fetch_balances"})
    _connection_fields = (
        "endpoint",
        "allow_private_address",
        "token_url",
        "client_id",
        "oauth_scope",
        "oauth_auth",
    )
    _credential_kinds = (("client_secret",),)
    _needs_consent = True
    _holder_hint = "PSU-ID: how the bank knows the account holder"

    @api.model
    def _test_connection(self, connection):
        connection._access_token(force=True)
        return self.env._("The bank gave an access token. Consents and accounts can be set up now.")

    @api.model
    def _call_limits(self, connection, scope):
        if scope.startswith(COUNTED_SCOPES):
            return None, FREQUENCY_PER_DAY
        return super()._call_limits(connection, scope)

    # === STATEMENTS === #

    @api.model
    def _fetch_window(self, feed, date_from, date_to):
        account = feed._account()
        connection, consent = feed.connection_id, feed.consent_id
        base = f"v1/accounts/{feed.resource_ref}"
        counted_by = f"{feed.resource_ref}:{consent.external_ref}"
        headers = {"Consent-ID": consent.external_ref or ""}
        balances = self._call(
            connection, "GET", f"{base}/balances", headers=headers, scope=f"balances:{counted_by}"
        )
        query = urlencode({"dateFrom": date_from, "dateTo": date_to, "bookingStatus": "both"})
        pages, seen = [], set()
        path = f"{base}/transactions?{query}"
        while path:
            if path in seen or len(pages) >= MAX_PAGES:
                raise RetryableError(
                    "The bank's pages do not come to an end.",
                    code="paging_endless",
                    retry_after=900.0,
                )
            seen.add(path)
            response = self._call(
                connection,
                "GET",
                path,
                headers=headers,
                scope=f"transactions:{counted_by}",
                counted=not pages,
            )
            page = nextgenpsd2.page(nextgenpsd2.loads(response.body), account)
            pages.append(response.body)
            path = page.next_href
        return api_window.pack(account, date_from, date_to, pages, balances.body)

    @api.model
    def _list_accounts(self, connection, consent):
        headers = {"Consent-ID": consent.external_ref or ""}
        response = self._call(connection, "GET", "v1/accounts", headers=headers, scope="accounts")
        return nextgenpsd2.accounts(nextgenpsd2.loads(response.body))

    # === CONSENT === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        """Create a consent for all accounts of the holder."""
        callback = f"{return_address}?{urlencode({'state': state})}"
        response = self._call(
            consent.connection_id,
            "POST",
            "v1/consents",
            scope="consents",
            json={
                "access": {"allPsd2": "allAccounts"},
                "recurringIndicator": True,
                "validUntil": consent._default_valid_until().isoformat(),
                "frequencyPerDay": FREQUENCY_PER_DAY,
                "combinedServiceIndicator": False,
            },
            headers={
                "TPP-Redirect-URI": callback,
                "TPP-Nok-Redirect-URI": callback,
                **({"PSU-ID": consent.holder_ref} if consent.holder_ref else {}),
            },
        )
        answer = nextgenpsd2.loads(response.body)
        links = answer.get("_links") or {}
        redirect = (links.get("scaRedirect") or links.get("scaOAuth") or {}).get("href")
        if redirect and not redirect.startswith(("https://", "http://")):
            raise FinalError(
                "The bank's answer leads to something that is no web page.",
                code="answer_incomplete",
            )
        if not answer.get("consentId"):
            raise FinalError("The bank's answer names no consent.", code="answer_incomplete")
        return {
            "external_ref": answer["consentId"],
            "state": CONSENT_STATES.get(answer.get("consentStatus"), "received"),
            "valid_until": answer.get("validUntil") or consent._default_valid_until(),
            "redirect_url": redirect or False,
        }

    @api.model
    def _consent_state(self, consent, external_ref):
        response = self._call(
            consent.connection_id,
            "GET",
            f"v1/consents/{external_ref}/status",
            scope="consents",
        )
        status = nextgenpsd2.loads(response.body).get("consentStatus")
        if status not in CONSENT_STATES:
            raise FinalError(
                f"The bank names an unknown consent status: {status}", code="answer_incomplete"
            )
        return CONSENT_STATES[status]

    # === REQUESTS === #

    @api.model
    def _headers(self, connection, token):
        return {**super()._headers(connection, token), "X-Request-ID": str(uuid.uuid4())}

    @api.model
    def _is_token_refused(self, response):
        return bool(self._error_codes(response) & TOKEN_CODES)

    @api.model
    def _error_codes(self, response):
        """Codes of the ``tppMessages`` of an error answer; empty when the body is something else."""
        try:
            messages = nextgenpsd2.loads(response.body).get("tppMessages") or []
        except BusinessError:
            return set()
        return {message.get("code") for message in messages if isinstance(message, dict)}

    @api.model
    def _raise_for_error(self, response):
        """Turn an answer that is no success into an error; never into an empty result."""
        if response.ok:
            return
        codes = self._error_codes(response)
        for code in codes & CONSENT_CODES.keys():
            raise BusinessError(
                CONSENT_CODES[code],
                self.env._("The bank no longer accepts the consent for this account."),
                next_step=self.env._(
                    "Open the consent, request it again and confirm it at the bank."
                ),
            )
        response.raise_for_status(fields.Datetime.now())
