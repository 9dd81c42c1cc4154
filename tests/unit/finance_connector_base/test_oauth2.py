"""A token is renewed in time, a refusal says who has to do what, and nothing secret is shown."""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from requests.structures import CaseInsensitiveDict

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
)
from odoo.addons.finance_connector_base.tools.http_client import HttpResponse
from odoo.addons.finance_connector_base.tools.oauth2 import (
    OAuthClient,
    Token,
    authorization_address,
    exchange_code,
    fetch_client_credentials,
    refresh,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
CLIENT = OAuthClient("/token", "id", "s:ecret")


class Server:
    def __init__(self, status=200, body=None, **headers):
        self.answer = (
            status,
            body if isinstance(body, bytes) else json.dumps(body).encode(),
            headers,
        )
        self.call = None

    def __call__(self, method, path, *, idempotent, headers, form):
        self.call = (method, path, headers, form)
        status, body, answer_headers = self.answer
        return HttpResponse(
            status, CaseInsensitiveDict(answer_headers), body, 0.1, method, path, idempotent
        )


GRANTED = {"access_token": "AT", "token_type": "Bearer", "expires_in": 3600, "scope": "ai pi"}


def test_client_credentials_are_asked_for_by_basic():
    server = Server(body=GRANTED)
    token = fetch_client_credentials(server, CLIENT, NOW, scope="ai")
    method, path, headers, form = server.call
    assert (method, path) == ("POST", "/token")
    assert form == {"grant_type": "client_credentials", "scope": "ai"}
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"id:s%3Aecret"
    assert token == Token("AT", None, NOW + timedelta(hours=1), "ai pi")


def test_client_credentials_are_asked_for_by_post():
    server = Server(body=GRANTED)
    fetch_client_credentials(server, OAuthClient("/token", "id", "secret", auth="post"), NOW)
    _method, _path, headers, form = server.call
    assert "Authorization" not in headers
    assert form == {
        "grant_type": "client_credentials",
        "client_id": "id",
        "client_secret": "secret",
    }
    with pytest.raises(ValueError, match="basic or post"):
        OAuthClient("/token", "id", "secret", auth="header")


def test_code_is_redeemed_by_whoever_asked_for_it_only():
    """The challenge in the address is the digest of the verifier sent with the code (RFC 7636, section 4.6)."""
    address = urlsplit(
        authorization_address(
            "https://p.example/auth?x=1", CLIENT, "https://o.example/r", "S1", "ai"
        )
    )
    query = dict(parse_qsl(address.query))
    assert query.pop("x") == "1"
    challenge = query.pop("code_challenge")
    assert query == {
        "response_type": "code",
        "client_id": "id",
        "redirect_uri": "https://o.example/r",
        "state": "S1",
        "scope": "ai",
        "code_challenge_method": "S256",
    }
    server = Server(body=GRANTED)
    exchange_code(server, CLIENT, "C", "https://o.example/r", "S1", NOW)
    form = server.call[3]
    verifier = form.pop("code_verifier")
    assert form == {
        "grant_type": "authorization_code",
        "code": "C",
        "redirect_uri": "https://o.example/r",
    }
    digest = hashlib.sha256(verifier.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == challenge
    exchange_code(server, CLIENT, "C", "https://o.example/r", "S2", NOW)
    assert server.call[3]["code_verifier"] != verifier, "another request, another verifier"


@pytest.mark.parametrize(("sent", "kept"), [({}, "RT"), ({"refresh_token": "RT2"}, "RT2")])
def test_a_new_refresh_token_replaces_the_old_one(sent, kept):
    server = Server(body=GRANTED | sent)
    assert refresh(server, CLIENT, "RT", NOW).refresh_token == kept
    assert server.call[3] == {"grant_type": "refresh_token", "refresh_token": "RT"}


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(60, 60), ("60", 60), (None, 300), ("soon", 300), (-5, 0), (10**30, 315360000)],
)
def test_the_life_of_a_token_is_bounded(expires_in, seconds):
    token = refresh(Server(body=GRANTED | {"expires_in": expires_in}), CLIENT, "RT", NOW)
    assert token.expires_at == NOW + timedelta(seconds=seconds)


def test_a_token_is_renewed_ahead_of_its_end():
    token = Token("AT", None, NOW)
    checks = [
        token.needs_renewal(NOW - timedelta(seconds=before), 120) for before in (121, 120, 0, -1)
    ]
    assert checks == [False, True, True, True]


@pytest.mark.parametrize(
    ("status", "body", "error", "code"),
    [
        (400, {"error": "invalid_grant"}, BusinessError, "consent_expired"),
        (401, {"error": "invalid_client"}, FinalError, "oauth_invalid_client"),
        (400, {"error": "invalid_client"}, FinalError, "oauth_invalid_client"),
        (401, b"", FinalError, "oauth_invalid_client"),
        (400, {"error": "invalid_scope"}, FinalError, "oauth_refused"),
        (400, {"error": "<script>"}, FinalError, "oauth_refused"),
        (404, b"<html>", FinalError, "oauth_refused"),
        (302, b"", FinalError, "oauth_refused"),
        (400, {"error": "temporarily_unavailable"}, RetryableError, "oauth_unavailable"),
        (503, b"<html>", RetryableError, "oauth_unavailable"),
        (500, b"", RetryableError, "oauth_unavailable"),
        (429, [], RetryableError, "oauth_unavailable"),
        (200, b"<html>", RetryableError, "malformed_response"),
        (200, {"token_type": "bearer"}, RetryableError, "oauth_no_token"),
        (200, [], RetryableError, "oauth_no_token"),
        (200, GRANTED | {"token_type": "mac"}, FinalError, "oauth_token_type"),
    ],
)
def test_a_refusal_says_who_has_to_act(status, body, error, code):
    with pytest.raises(error) as caught:
        refresh(Server(status, body), CLIENT, "RT", NOW)
    assert caught.value.code == code
    assert "script" not in str(caught.value)


@pytest.mark.parametrize("now", [NOW, NOW.replace(tzinfo=None)])
def test_a_busy_server_says_when(now):
    with pytest.raises(RetryableError) as caught:
        refresh(Server(429, b"", **{"Retry-After": "17"}), CLIENT, "RT", now)
    assert caught.value.retry_after == 17


def test_no_representation_shows_a_secret():
    token = Token("ACCESS", "REFRESH", NOW, "ai")
    shown = f"{CLIENT!r} {token!r}"
    for secret in ("s:ecret", "ACCESS", "REFRESH"):
        assert secret not in shown
