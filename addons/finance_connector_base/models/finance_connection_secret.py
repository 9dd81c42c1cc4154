import json
from contextlib import contextmanager
from datetime import datetime, timedelta

from odoo import fields, models
from odoo.tools import SQL

from odoo.addons.finance_connector_base.models.finance_credential import SENT_KINDS
from odoo.addons.finance_connector_base.tools import client_certificate, oauth2
from odoo.addons.finance_connector_base.tools.addresses import destination
from odoo.addons.finance_connector_base.tools.errors import BusinessError, FinalError

TOKEN_MARGIN_SECONDS = 120
# First key of the advisory locks that guard the renewal of a token; the second one is the connection.
_TOKEN_LOCK = 1_179_537_231


class FinanceConnection(models.Model):
    """Secrets of a connection, and the OAuth2 access token made from them."""

    _inherit = "finance.connection"

    credential_ids = fields.One2many("finance.credential", "connection_id")
    token_url = fields.Char(
        string="Token Address", tracking=True, help="OAuth2: where access tokens are issued."
    )
    authorization_url = fields.Char(
        string="Authorisation Address",
        tracking=True,
        help="OAuth2: the page on which a person gives access.",
    )
    client_id = fields.Char(string="Client ID", tracking=True)
    oauth_scope = fields.Char(string="OAuth2 Scope", tracking=True)
    oauth_auth = fields.Selection(
        [("basic", "Basic header"), ("post", "Request body")],
        string="Client Authentication",
        required=True,
        default="basic",
        help="How the client proves itself to the token address (RFC 6749, section 2.3.1).",
    )

    # === CRUD METHODS === #

    def write(self, vals):
        armed = self.env["finance.credential"]
        if vals.keys() & {"adapter", "endpoint", "token_url"}:
            armed = self.sudo().credential_ids.filtered(
                lambda credential: credential.key_id and credential._is_armed()
            )
        result = super().write(vals)
        for credential in armed:
            if not credential._is_armed():
                credential.with_env(self.env)._log("credential.disarmed")
        return result

    # === SECRETS === #

    def _secret_destination(self):
        """Where secrets of this connection are sent. Whoever changes it has to know them, and enters them again."""
        self.ensure_one()
        return " ".join((self.adapter, destination(self.endpoint), destination(self.token_url)))

    def _credentials(self, kind):
        """
        :return: the credentials of a kind that are valid now and were entered for where the connection leads to, newest
            first, as superuser
        """
        entered = self._entered_credentials(kind)
        if kind not in SENT_KINDS:
            return entered
        return entered.filtered(lambda credential: credential._is_armed())

    def _entered_credentials(self, kind):
        self.ensure_one()
        self.env["finance.credential"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT id
                     FROM finance_credential
                    WHERE connection_id = %(connection)s AND kind = %(kind)s AND key_id IS NOT NULL
                      AND valid_from <= %(now)s AND (valid_until IS NULL OR valid_until > %(now)s)
                    ORDER BY valid_from DESC, id DESC""",
                connection=self.id,
                kind=kind,
                now=fields.Datetime.now(),
            )
        )
        return self.env["finance.credential"].sudo().browse(row[0] for row in rows)

    def _secret(self, kind, required=True):
        """The newest valid secret of a kind.

        :param str kind: kind of ``finance.credential``
        :param bool required: raise when there is none
        :rtype: str | None
        :raise FinalError: code ``credential_missing``, or the vault cannot read it
        """
        credential = self._credentials(kind)[:1]
        if credential:
            return credential._reveal()
        if not required:
            return None
        labels = dict(
            self.env["finance.credential"]._fields["kind"]._description_selection(self.env)
        )
        if self._entered_credentials(kind):
            raise FinalError(
                f"{self.display_name} leads elsewhere than when the credential “{labels[kind]}” was entered.",
                code="credential_disarmed",
                next_step="Check its addresses. If they are right, enter the credential again.",
            )
        raise FinalError(
            f"{self.display_name} has no valid credential “{labels[kind]}”.",
            code="credential_missing",
            next_step="Open the connection and enter it, or extend the validity of the one that expired.",
        )

    def _secrets(self, kind):
        """All valid secrets of a kind, newest first: while a secret is rotated, two are valid.

        :rtype: list[str]
        """
        return [credential._reveal() for credential in self._credentials(kind)]

    def _client_certificate(self):
        """The certificate that shows the counterparty who we are, where the connection has one.

        :rtype: ClientCertificate | None
        :raise FinalError: ``client_certificate_invalid`` or ``credential_missing``: there is one, and no key for it
        """
        chains = self._secrets("certificate")
        if not chains:
            return None
        self._secret("private_key")
        return client_certificate.choose_pair(chains, self._secrets("private_key"))

    # === OAUTH2 === #

    def _access_token(self, force=False):
        """The OAuth2 access token, renewed 120 s ahead of its end by one worker for all.

        :param force: the token that the counterparty has just refused; ``True`` renews whatever is stored
        :rtype: str
        :raise FinanceError: the token address refused or could not be reached
        """
        self.ensure_one()
        token = None if force else self._stored_token()
        if token and not token.needs_renewal(fields.Datetime.now(), TOKEN_MARGIN_SECONDS):
            return token.access_token
        # In a transaction of its own, begun under the lock: it sees what the worker before it stored, and what it
        # stores stays when the caller's work is rolled back, since a used refresh token cannot be used again.
        with self._token_lock(), self.env.registry.cursor() as cr:
            return self.with_env(self.env(cr=cr))._renew_token(force)

    @contextmanager
    def _token_lock(self):
        """A session lock on a connection of its own: it has to outlive the transaction that stores the token."""
        with self.env.registry.cursor() as cr:
            cr.execute(SQL("SELECT pg_advisory_lock(%s, %s)", _TOKEN_LOCK, self.id))
            try:
                yield
            finally:
                cr.execute(SQL("SELECT pg_advisory_unlock(%s, %s)", _TOKEN_LOCK, self.id))

    def _renew_token(self, force):
        stored = self._stored_token()
        now = fields.Datetime.now()
        refused = force is True or (stored and force == stored.access_token)
        if stored and not refused and not stored.needs_renewal(now, TOKEN_MARGIN_SECONDS):
            return stored.access_token
        token = self._request_token(stored, now)
        self._store_token(token, now)
        return token.access_token

    def _oauth_client(self):
        """:raise FinalError: ``oauth2_not_configured`` or ``credential_missing``"""
        if not self.token_url or not self.client_id:
            raise FinalError(
                f"{self.display_name} has no token address or no client id.",
                code="oauth2_not_configured",
                next_step="Enter both on the connection.",
            )
        return oauth2.OAuthClient(
            self.token_url, self.client_id, self._secret("client_secret"), self.oauth_auth
        )

    def _request_token(self, stored, now):
        token = self._adapter()._request_token(self, stored, now)
        if token:
            return token
        client = self._oauth_client()
        scope = self.oauth_scope or None
        granted = self._credentials("refresh_token")[:1]
        refresh_token = stored and stored.refresh_token
        if granted and (not stored or granted.changed_at > self._token_credential().changed_at):
            refresh_token = granted._reveal()
        person_needed = bool(granted or self.authorization_url)
        with self._http_client(self.token_url) as http:
            if refresh_token:
                try:
                    return oauth2.refresh(http.request, client, refresh_token, now, scope)
                except BusinessError:
                    # Only what a person granted has to be granted again by a person.
                    if person_needed:
                        raise
            if person_needed:
                raise BusinessError(
                    "consent_expired",
                    "Nobody has given access to this connection yet.",
                    next_step="Open the consent of the connection, request it and confirm it on the provider's page.",
                )
            return oauth2.fetch_client_credentials(http.request, client, now, scope)

    def _authorization_address(self, redirect_uri, state):
        """The page on which a person gives access to this connection.

        :param str redirect_uri: where the person comes back to
        :param str state: unguessable, for this request only
        :rtype: str
        """
        if not self.authorization_url:
            raise FinalError(
                f"{self.display_name} has no authorisation address.",
                code="oauth2_not_configured",
                next_step="Enter it on the connection.",
            )
        return oauth2.authorization_address(
            self.authorization_url,
            self._oauth_client(),
            redirect_uri,
            state,
            self.oauth_scope or None,
        )

    def _redeem_code(self, code, redirect_uri, state):
        """Make the code that a person came back with the connection's token. Committed on its own: a code works once.

        :raise FinanceError: the provider refused it or could not be reached
        """
        client = self._oauth_client()
        with self._token_lock(), self.env.registry.cursor() as cr:
            connection = self.with_env(self.env(cr=cr))
            now = fields.Datetime.now()
            with connection._http_client(self.token_url) as http:
                token = oauth2.exchange_code(http.request, client, code, redirect_uri, state, now)
            connection._store_token(token, now)

    def _token_credential(self):
        return (
            self.env["finance.credential"]
            .sudo()
            .search(
                [
                    ("connection_id", "=", self.id),
                    ("kind", "=", "oauth2_token"),
                    ("key_id", "!=", False),
                ]
            )
        )

    def _stored_token(self):
        credential = self._token_credential()
        if not credential or not credential._is_armed():
            return None
        values = json.loads(credential._unseal())
        return oauth2.Token(
            **{**values, "expires_at": datetime.fromisoformat(values["expires_at"])}
        )

    def _store_token(self, token, now):
        content = json.dumps(
            {
                "access_token": token.access_token,
                "refresh_token": token.refresh_token,
                "expires_at": token.expires_at.isoformat(),
                "scope": token.scope,
            }
        )
        vals = {
            "secret": content,
            "valid_from": now,
            "valid_until": max(token.expires_at, now + timedelta(seconds=1)),
        }
        credentials = self.env["finance.credential"].sudo().with_context(tracking_disable=True)
        credential = credentials.search(
            [("connection_id", "=", self.id), ("kind", "=", "oauth2_token")]
        )
        if credential:
            credential.write(vals)
        else:
            credentials.create(
                {
                    **vals,
                    "name": self.env._("Access token"),
                    "connection_id": self.id,
                    "kind": "oauth2_token",
                }
            )
