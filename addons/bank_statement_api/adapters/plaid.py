import time
from datetime import UTC, datetime, timedelta

from odoo import api, fields, models

from odoo.addons.bank_statement_api.tools import api_bodies, plaid
from odoo.addons.bank_statement_api.tools.fetched import Fetched
from odoo.addons.bank_statement_api.tools.nextgenpsd2 import loads
from odoo.addons.finance_connector_base.tools import jwt_webhooks
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
)
from odoo.addons.finance_connector_base.tools.signatures import SignatureError

PAGE_SIZE = 500
MAX_PAGES = 2000
MAX_RESTARTS = 5
LONGEST_HISTORY = 730
_NOT_READY_SECONDS = 60.0
_keys = jwt_webhooks.KeyCache()


class FinanceAdapterPlaid(models.AbstractModel):
    """Account information over Plaid's ``/transactions/sync``: changes since a cursor, one stream per account.

    A consent is an Item of Plaid; its access token is a credential of the connection that names the consent.
    """

    _name = "finance.adapter.plaid"
    _inherit = ["bank.statement.api.caller", "finance.adapter"]
    _description = "Adapter of Plaid"

    _adapter_label = "Plaid"
    _capabilities = frozenset(
        {"fetch_statements", "fetch_balances", "receive_webhooks", "notify_feeds"}
    )
    _connection_fields = ("endpoint", "allow_private_address", "client_id")
    _credential_kinds = (("client_secret",),)
    _needs_consent = True
    _masks_numbers = True
    _suggestions = {"endpoint": "https://production.plaid.com"}
    _sandbox_suggestions = {"endpoint": "https://sandbox.plaid.com"}

    @api.model
    def _test_connection(self, connection):
        self._post(
            connection,
            "institutions/get",
            scope="test",
            count=1,
            offset=0,
            country_codes=self._countries(connection),
        )
        return self.env._("Plaid accepts the client id and secret. Consents can be set up now.")

    # === STATEMENTS === #

    @api.model
    def _list_accounts(self, connection, consent):
        document = loads(
            self._post(
                connection, "accounts/get", scope="accounts", access_token=consent._token()
            ).body
        )
        return plaid.accounts(document)

    @api.model
    def _fetch_account(self, feed):
        """All changes since the feed's cursor. The cursor of an unfinished loop is never kept."""
        token = feed.consent_id._token()
        reached, authorized_until = self._item(feed, token)
        for _restart in range(MAX_RESTARTS):
            try:
                bodies, last, changes = self._synchronize(feed, token)
                break
            except BusinessError as error:
                if error.code != plaid.MUTATION:
                    raise
                # Plaid's rule: begin the loop anew with the cursor it began with.
        else:
            raise RetryableError(
                "The account changed again and again while it was read.",
                retry_after=_NOT_READY_SECONDS,
                code="paging_endless",
            )
        content = None
        if changes:
            content = api_bodies.pack(
                plaid.CODE,
                feed._account(),
                {"pages": bodies},
                account_id=feed.resource_ref,
                **({} if feed._cursor() else {"history": "whole"}),
            )
        covered = reached.date() - timedelta(days=1) if reached and last.is_complete else None
        return Fetched(
            key=f"sync:{feed.id}:{sha256_hex((feed._cursor() or '').encode())[:16]}",
            content=content,
            covered_until=covered,
            cursor=last.next_cursor,
            authorized_until=authorized_until,
        )

    @api.model
    def _synchronize(self, feed, token):
        """One loop from the feed's cursor to its end.

        :return: bodies, the last page and the number of changes
        :rtype: tuple
        """
        cursor, bodies, changes = feed._cursor(), [], 0
        while len(bodies) < MAX_PAGES:
            response = self._post(
                feed.connection_id,
                "transactions/sync",
                scope=f"transactions:{feed.resource_ref}",
                counted=not bodies,
                access_token=token,
                count=PAGE_SIZE,
                **({"cursor": cursor} if cursor else {}),
                options={
                    "account_id": feed.resource_ref,
                    "include_original_description": True,
                    "days_requested": min(max(feed.history_days, 1), LONGEST_HISTORY),
                },
            )
            page = plaid.page(loads(response.body))
            if not page.is_ready:
                raise RetryableError(
                    "Plaid has not read this account yet.",
                    retry_after=_NOT_READY_SECONDS,
                    code="not_ready",
                )
            bodies.append(response.body)
            changes += page.changes
            if not page.has_more:
                return bodies, page, changes
            if page.next_cursor == cursor:
                break
            cursor = page.next_cursor
        raise RetryableError(
            "Plaid's pages do not come to an end.", code="paging_endless", retry_after=900.0
        )

    @api.model
    def _item(self, feed, token):
        """:return: the moment up to which Plaid has read the bank, and the day on which the consent ends"""
        document = loads(
            self._post(
                feed.connection_id,
                "item/get",
                scope=f"item:{feed.consent_id.external_ref}",
                access_token=token,
            ).body
        )
        code = plaid.item_error(document)
        if code:
            raise self._error(code, 400)
        reached, ends = plaid.updated_until(document)
        return reached, ends and ends.date()

    # === CONSENT === #

    @api.model
    def _request_consent(self, consent, return_address, state):
        """A page of Plaid on which the account holder logs in at the bank, for a new Item or to repair this one."""
        try:
            document = self._create_link(
                consent, return_address, state, consent._token(required=False)
            )
        except BusinessError as error:
            if error.code != "consent_invalid":
                raise
            # The Item is gone over there: it takes a new one.
            document = self._create_link(consent, return_address, state, None)
        address, link_token = document.get("hosted_link_url"), document.get("link_token")
        if not isinstance(link_token, str) or not str(address).startswith(("https://", "http://")):
            raise FinalError("Plaid's answer leads to no web page.", code="answer_incomplete")
        return {
            "external_ref": link_token,
            "state": "received",
            "valid_until": False,
            "redirect_url": address,
        }

    @api.model
    def _create_link(self, consent, return_address, state, token):
        connection = consent.connection_id
        return loads(
            self._post(
                connection,
                "link/token/create",
                scope="consents",
                client_name=consent.company_id.name[:30],
                language="en",
                country_codes=self._countries(connection),
                user={"client_user_id": f"{self.env.cr.dbname}:{consent.id}"},
                webhook=connection.sudo().webhook_address,
                hosted_link={"completion_redirect_uri": f"{return_address}?state={state}"},
                **({"access_token": token} if token else {"products": ["transactions"]}),
            ).body
        )

    @api.model
    def _complete_consent(self, consent, external_ref, parameters, return_address):
        connection = consent.connection_id
        document = loads(
            self._post(connection, "link/token/get", scope="consents", link_token=external_ref).body
        )
        public_token = plaid.public_token(document)
        if not public_token:
            # No new Item: the log-in of the one there is was repaired, or nothing has happened yet.
            return {
                "state": self._consent_state(consent, consent.external_ref),
                **({"external_ref": consent.external_ref} if consent.external_ref else {}),
            }
        answer = loads(
            self._post(
                connection,
                "item/public_token/exchange",
                scope="consents",
                public_token=public_token,
            ).body
        )
        token, item = answer.get("access_token"), answer.get("item_id")
        if not isinstance(token, str) or not isinstance(item, str):
            raise FinalError("Plaid's answer names no item.", code="answer_incomplete")
        consent._store_token(token)
        return {"state": "valid", "external_ref": item}

    @api.model
    def _consent_state(self, consent, external_ref):
        token = consent._token(required=False)
        if not token:
            return "received"
        try:
            document = loads(
                self._post(
                    consent.connection_id, "item/get", scope="consents", access_token=token
                ).body
            )
        except BusinessError as error:
            if error.code in ("consent_expired", "consent_invalid"):
                return "expired" if error.code == "consent_expired" else "revoked"
            raise
        code = plaid.item_error(document)
        if code not in plaid.CONSENT_CODES:
            return "valid"
        return "expired" if plaid.CONSENT_CODES[code] == "consent_expired" else "revoked"

    @api.model
    def _countries(self, connection):
        return [connection.company_id.country_id.code or "US"]

    # === WEBHOOKS === #

    @api.model
    def _verify_webhook(self, connection, headers, body):
        names = {name.lower(): value for name, value in headers.items()}
        token = names.get("plaid-verification", "")
        wanted = jwt_webhooks.key_id(token)
        key = _keys.get(
            (self.env.cr.dbname, connection.id),
            wanted,
            lambda: self._webhook_key(connection, wanted),
            time.monotonic(),
        )
        if key is None:
            raise SignatureError("The webhook is signed with a key that Plaid does not know.")
        if key.get("expired_at"):
            raise SignatureError("The webhook is signed with a key that Plaid has withdrawn.")
        jwt_webhooks.verify(jwt_webhooks.PLAID, token, key, body, datetime.now(UTC))
        # Plaid gives its webhooks no id: two with the same words at two times are two events.
        return f"sha256:{sha256_hex(token.encode())}"

    @api.model
    def _webhook_key(self, connection, wanted):
        try:
            response = self._post(
                connection, "webhook_verification_key/get", scope="webhook keys", key_id=wanted
            )
        except FinalError:
            # Plaid does not know it.
            return {}
        return {wanted: jwt_webhooks.read_jwk(loads(response.body).get("key"))}

    @api.model
    def _read_notification(self, connection, document):
        return plaid.notification(document)

    # === REQUESTS === #

    @api.model
    def _post(self, connection, path, *, scope, counted=True, **values):
        """All of Plaid's interface is POST; none of these has an effect that a repetition would double."""
        return self._call(
            connection,
            "POST",
            path,
            scope=scope,
            counted=counted,
            idempotent=True,
            json=values,
        )

    @api.model
    def _token(self, connection, refused=False):
        return None

    @api.model
    def _headers(self, connection, token):
        return {
            "PLAID-CLIENT-ID": connection.sudo().client_id or "",
            "PLAID-SECRET": connection.sudo()._secret("client_secret"),
            "Plaid-Version": "2020-09-14",
            "Accept": "application/json",
        }

    @api.model
    def _raise_for_error(self, response):
        if response.ok:
            return
        code = plaid.error_code(response.body)
        if code == "INVALID_API_KEYS":
            raise FinalError(
                self.env._("Plaid does not accept the client id and secret."),
                code="oauth_invalid_client",
                next_step=self.env._(
                    "Enter both as Plaid shows them: sandbox and production have secrets of their own."
                ),
            )
        if code in plaid.CONSENT_CODES or code in (plaid.MUTATION, "PRODUCT_NOT_READY"):
            raise self._error(code, response.status)
        response.raise_for_status(fields.Datetime.now())

    @api.model
    def _error(self, code, status):
        if code == "PRODUCT_NOT_READY":
            return RetryableError(
                "Plaid has not read this account yet.",
                retry_after=_NOT_READY_SECONDS,
                code="not_ready",
            )
        if code == plaid.MUTATION:
            return BusinessError(plaid.MUTATION, "The account changed while it was read.")
        if code in plaid.CONSENT_CODES:
            return BusinessError(
                plaid.CONSENT_CODES[code],
                self.env._("The bank no longer lets the account be read (%s).", code),
                next_step=self.env._(
                    "Open the consent, request it again and confirm it at the bank."
                ),
            )
        return RetryableError(
            f"Plaid could not read the account from the bank ({code}).",
            code="synchronization_failed",
        )
