"""OAuth 2.0 (RFC 6749): from a client, a person's code or a refresh token to a token, nothing stored."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from .errors import BusinessError, FinalError, RetryableError, Severity

# RFC 6749 leaves the life of a token open when `expires_in` is missing: renew soon rather than
# late.
_DEFAULT_LIFE_SECONDS = 300
_LONGEST_LIFE_SECONDS = 10 * 365 * 86400


@dataclass(frozen=True)
class OAuthClient:
    """Who asks for tokens and where.

    :param str token_url: path or URL of the token endpoint, as ``send`` takes it.
    :param str auth: ``basic`` (client id and secret in the header) or ``post`` (in the form).
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    auth: str = "basic"

    def __post_init__(self):
        if self.auth not in ("basic", "post"):
            raise ValueError("A client proves itself by basic or post.")


@dataclass(frozen=True)
class Token:
    """An access token and what came with it.

    :param datetime.datetime expires_at: of the same kind (naive UTC or aware) as the ``now`` it was
        asked with.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: datetime
    scope: str | None = None

    def needs_renewal(self, now, margin_seconds=60):
        """Say whether the token ends within the margin."""
        return now >= self.expires_at - timedelta(seconds=margin_seconds)


def fetch_client_credentials(send, client, now, scope=None):
    """Ask for a token in the client's own name.

    :param send: callable of the signature of :meth:`.http_client.HttpClient.request`.
    :param OAuthClient client: who asks.
    :param datetime.datetime now: the present time.
    :param str scope: what for, or None for the server's default.
    :rtype: Token
    :raise FinanceError: see :func:`refresh`.
    """
    return _ask(send, client, {"grant_type": "client_credentials", "scope": scope}, now)


def authorization_address(url, client, redirect_uri, state, scope=None):
    """Return the page on which a person gives access (RFC 6749, 4.1.1, with PKCE of RFC 7636).

    :param str url: the authorization endpoint.
    :param OAuthClient client: who asks.
    :param str redirect_uri: where the person comes back to, exactly as registered with the provider.
    :param str state: unguessable, for this request only.
    :param str scope: what for, or None.
    :rtype: str
    """
    digest = hashlib.sha256(_verifier(client, state).encode()).digest()
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        **({"scope": scope} if scope else {}),
    }
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def exchange_code(send, client, code, redirect_uri, state, now):
    """Ask for a token with the code that a person came back with.

    :param send: callable of the signature of :meth:`.http_client.HttpClient.request`.
    :param str code: as the provider gave it; it works once.
    :param str redirect_uri: as in :func:`authorization_address`.
    :param str state: as in :func:`authorization_address`.
    :param datetime.datetime now: the present time.
    :rtype: Token
    :raise FinanceError: see :func:`refresh`.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": _verifier(client, state),
    }
    return _ask(send, client, form, now)


def _verifier(client, state):
    """Return the PKCE secret of one request: derived, so that none has to be stored meanwhile."""
    key = client.client_secret.encode()
    digest = hmac.new(key, f"pkce:{client.client_id}:{state}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def refresh(send, client, refresh_token, now, scope=None):
    """Ask for a new access token with a refresh token.

    :param send: callable of the signature of :meth:`.http_client.HttpClient.request`.
    :param OAuthClient client: who asks.
    :param str refresh_token: the one in use; the server may send a new one that replaces it.
    :param datetime.datetime now: the present time.
    :param str scope: a narrower scope, or None.
    :return: the token, with the present refresh token when the server sent no other.
    :rtype: Token
    :raise FinalError: ``oauth_invalid_client`` and other refusals that need another setting.
    :raise BusinessError: ``consent_expired``: a person has to give access again.
    :raise RetryableError: the server can't answer now.
    """
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "scope": scope}
    return _ask(send, client, form, now, refresh_token)


def _ask(send, client, form, now, refresh_token=None):
    form = {name: value for name, value in form.items() if value is not None}
    headers = {"Accept": "application/json"}
    if client.auth == "basic":
        pair = f"{quote(client.client_id, safe='')}:{quote(client.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form |= {"client_id": client.client_id, "client_secret": client.client_secret}
    # Asking again moves no money: at worst a refresh token was used up unseen, which then shows as
    # consent_expired.
    answer = send("POST", client.token_url, idempotent=True, headers=headers, form=form)
    if not answer.ok:
        raise _refusal(answer, now)
    return _read_token(answer, now, refresh_token)


def _read_token(answer, now, refresh_token):
    body = answer.json()
    access_token = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(access_token, str) or not access_token:
        raise RetryableError("The token server sent no access token.", code="oauth_no_token")
    if str(body.get("token_type", "bearer")).lower() != "bearer":
        raise FinalError("The token is of a type that is not supported.", "oauth_token_type")
    return Token(
        access_token=access_token,
        refresh_token=body.get("refresh_token") or refresh_token,
        expires_at=now + timedelta(seconds=_life_seconds(body.get("expires_in"))),
        scope=body.get("scope"),
    )


def _life_seconds(expires_in):
    try:
        return min(max(int(expires_in), 0), _LONGEST_LIFE_SECONDS)
    except (TypeError, ValueError):
        return _DEFAULT_LIFE_SECONDS


def _refusal(answer, now):
    """Return what an error answer means (RFC 6749, section 5.2)."""
    error = _error_code(answer)
    if error == "invalid_grant":
        return BusinessError(
            "consent_expired",
            "The access that was granted has expired or was withdrawn.",
            next_step="Authorise the connection again.",
            evidence={"error": error, "status": answer.status},
            severity=Severity.HIGH,
        )
    if error == "invalid_client" or (answer.status == 401 and not error):
        return FinalError(
            "The token server does not accept the client id and secret.",
            "oauth_invalid_client",
            next_step="Enter the current client id and secret on the connection.",
        )
    if error and error not in ("temporarily_unavailable", "server_error"):
        return FinalError(
            f"The token server refuses the request: {error}.",
            "oauth_refused",
            next_step="Check scope and grant of the connection with the provider.",
        )
    if error or answer.status in (408, 425, 429) or answer.status >= 500:
        return RetryableError(
            f"The token server can't answer now (status {answer.status}).",
            answer.retry_after(now),
            code="oauth_unavailable",
        )
    return FinalError(
        f"The token server answered with status {answer.status}.",
        "oauth_refused",
        next_step="Check the token address of the connection.",
    )


def _error_code(answer):
    """Return the registered error code of an answer, or None; free text is never taken over."""
    try:
        body = answer.json()
    except (FinalError, RetryableError):
        return None
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, str) and error.replace("_", "").isalnum() else None
