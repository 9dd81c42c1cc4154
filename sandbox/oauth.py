"""OAuth 2.0 token endpoint (RFC 6749: 4.1 code with PKCE, 4.4 client credentials, 6 refresh), by the movable clock."""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.router import ProblemError, json_response

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - printed in the documentation


@dataclass
class Token:
    """An access token; ``trusted`` until the signing key is rotated, ``granted`` when a person gave access."""

    expires_at: datetime
    granted: bool = False
    trusted: bool = True


class OAuth:
    """Issues and checks tokens."""

    def __init__(self, world):
        self._world = world
        self._secret = CLIENT_SECRET
        self._tokens = {}
        self._refresh_tokens = {}
        self._codes = {}
        self._counts = {
            "client_credentials": 0,
            "refresh_token": 0,
            "authorization_code": 0,
            "refused": 0,
        }

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

    def is_granted(self, authorization):
        """Tell whether a person gave the access that a token in force stands for."""
        token = self._tokens.get((authorization or "").partition(" ")[2])
        return token is not None and token.granted

    def grant(self, scope, redirect_uri, challenge):
        """Return the code that a person who gave access comes back with; it works once."""
        code = self._world.serial("authorization code", length=40)
        self._codes[code] = scope, redirect_uri, challenge
        return code

    def withdraw_grants(self):
        """End what persons granted: their tokens and what renews them."""
        self._refresh_tokens.clear()
        for token in self._tokens.values():
            token.trusted = token.trusted and not token.granted

    def rotate_key(self, body):
        """Distrust every token issued so far; with ``what: secret`` also change the client's secret."""
        for token in self._tokens.values():
            token.trusted = False
        if body.get("what", "token") == "secret":
            self._secret = body.get("secret") or self._world.serial("secret")
            self._refresh_tokens.clear()
        return {"client_secret": self._secret}

    def _count(self, request):
        issued = sum(self._counts.values()) - self._counts["refused"]
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
            known = self._refresh_tokens.pop(form.get("refresh_token"), None)
            if known is None:
                raise self._refuse(400, "invalid_grant", "The refresh token is unknown or used.")
            scope, granted = known
            return self._answer(grant, scope, granted)
        elif grant == "authorization_code":
            return self._answer(grant, self._redeem(form), granted=True)
        else:
            raise self._refuse(
                400,
                "unsupported_grant_type",
                "Use authorization_code, client_credentials or refresh_token.",
            )
        return self._answer(grant, scope)

    def _redeem(self, form):
        scope, redirect_uri, challenge = self._codes.pop(form.get("code"), (None, None, None))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if (
            scope is None
            or form.get("redirect_uri") != redirect_uri
            or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge
        ):
            raise self._refuse(400, "invalid_grant", "The code is unknown, used or another's.")
        return scope

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

    def _answer(self, grant, scope, granted=False):
        self._counts[grant] += 1
        lifetime = self._world.settings["token_lifetime"]
        value = self._world.serial("token", length=40)
        self._tokens[value] = Token(self._world.now + timedelta(seconds=lifetime), granted)
        content = {
            "access_token": value,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "scope": scope,
        }
        if "offline_access" in scope.split():
            content["refresh_token"] = self._world.serial("refresh token", length=40)
            self._refresh_tokens[content["refresh_token"]] = scope, granted
        return json_response(200, content, {"Cache-Control": "no-store"})
