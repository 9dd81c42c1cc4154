"""OAuth 2.0 token endpoint (RFC 6749, 4.4 client credentials and 6 refresh), tokens living by the movable clock."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.router import ProblemError, json_response

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - printed in the documentation


@dataclass
class Token:
    """An access token; ``trusted`` until the signing key is rotated."""

    expires_at: datetime
    trusted: bool = True


class OAuth:
    """Issues and checks tokens."""

    def __init__(self, world):
        self._world = world
        self._secret = CLIENT_SECRET
        self._tokens = {}
        self._refresh_tokens = {}
        self._counts = {"client_credentials": 0, "refresh_token": 0, "refused": 0}

    def add_routes(self, router):
        """Offer ``POST /token`` and ``GET /control/tokens``."""
        router.add("POST", "/token", self._issue)
        router.add("GET", "/control/tokens", self._count)

    def check(self, authorization):
        """Return None for a token in force, else the NextGenPSD2 code of what is wrong with it."""
        scheme, _, value = (authorization or "").partition(" ")
        token = self._tokens.get(value) if scheme.lower() == "bearer" else None
        if token is None:
            return "TOKEN_UNKNOWN"
        if not token.trusted:
            return "TOKEN_INVALID"
        if token.expires_at <= self._world.now:
            return "TOKEN_EXPIRED"
        return None

    def rotate_key(self, body):
        """Distrust every token issued so far; with ``what: secret`` also change the client's secret."""
        for token in self._tokens.values():
            token.trusted = False
        if body.get("what", "token") == "secret":
            self._secret = body.get("secret") or self._world.serial("secret")
            self._refresh_tokens.clear()
        return {"client_secret": self._secret}

    def _count(self, request):
        issued = self._counts["client_credentials"] + self._counts["refresh_token"]
        return json_response(200, {"issued": issued, **self._counts})

    def _refuse(self, status, code, text):
        self._counts["refused"] += 1
        headers = {"WWW-Authenticate": 'Basic realm="sandbox"'} if status == 401 else {}
        return ProblemError(
            json_response(status, {"error": code, "error_description": text}, headers)
        )

    def _issue(self, request):
        form = request.form()
        self._check_client(request, form)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            scope = form.get("scope", "accounts")
        elif grant == "refresh_token":
            scope = self._refresh_tokens.pop(form.get("refresh_token"), None)
            if scope is None:
                raise self._refuse(400, "invalid_grant", "The refresh token is unknown or used.")
        else:
            raise self._refuse(
                400, "unsupported_grant_type", "Use client_credentials or refresh_token."
            )
        return self._answer(grant, scope)

    def _check_client(self, request, form):
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise self._refuse(
                    401, "invalid_client", "The Basic header is not base64."
                ) from error
        if client != CLIENT_ID or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise self._refuse(401, "invalid_client", "Unknown client or wrong secret.")

    def _answer(self, grant, scope):
        self._counts[grant] += 1
        lifetime = self._world.settings["token_lifetime"]
        value = self._world.serial("token", length=40)
        self._tokens[value] = Token(self._world.now + timedelta(seconds=lifetime))
        content = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": scope,
        }
        if "offline_access" in scope.split():
            content["refresh_token"] = self._world.serial("refresh token", length=40)
            self._refresh_tokens[content["refresh_token"]] = scope
        return json_response(200, content, {"Cache-Control": "no-store"})
