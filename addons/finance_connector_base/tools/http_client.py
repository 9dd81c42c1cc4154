"""The one way out over HTTP: verified, bounded, without redirects, and sure about what was sent."""

import json as jsonlib
import logging
import re
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from .addresses import address_refusal
from .client_certificate import client_context
from .errors import (
    ErrorClass,
    FinalError,
    RetryableError,
    UnknownOutcomeError,
    classify_http_status,
)
from .masking import mask_text
from .rate_limit import parse_rate_limit_headers
from .retry import parse_retry_after

_logger = logging.getLogger(__name__)

_CHUNK_BYTES = 64 * 1024
_LONGEST_PAUSE = 86400.0
# What a server says of our certificate (RFC 8446, section 6.2), as OpenSSL names it. TLS 1.2 answers a missing one with
# handshake_failure.
_CERTIFICATE_ALERT = re.compile(
    r"ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED"
    r"|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)"
)
_CHECK_STATUS = "Ask the counterparty for the status before anything is sent again."


@dataclass(frozen=True)
class HttpResponse:
    """An answer, whatever its status.

    :param int status: HTTP status.
    :param CaseInsensitiveDict headers: of the answer.
    :param bytes body: the whole of it.
    :param float elapsed: seconds from the call to the last byte.
    :param str method: of the request.
    :param str url: of the request, without its query.
    :param bool idempotent: what the caller said of the request.
    """

    status: int
    headers: CaseInsensitiveDict = field(repr=False)
    body: bytes = field(repr=False)
    elapsed: float
    method: str
    url: str
    idempotent: bool

    @property
    def ok(self):
        return 200 <= self.status < 300

    def text(self):
        """Return the body as text (UTF-8; what is not is replaced)."""
        return self.body.decode("utf-8", errors="replace")

    def json(self):
        """Return the body as JSON values, with Decimal for every number that has a fraction.

        :raise FinanceError: it is no JSON; of the class of the status when that is an error, else
            retryable for an idempotent request and unknown for any other.
        """
        try:
            return jsonlib.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            if not self.ok:
                raise self._status_error(None) from None
            raise _failure(
                f"The answer to {self.method} {self.url} is not the JSON it should be.",
                "malformed_response",
                maybe_done=not self.idempotent,
            ) from None

    def retry_after(self, now):
        """Return the seconds the other side asks us to wait, or None.

        From ``Retry-After``, else from the rate-limit headers whose calls are used up.

        :param datetime.datetime now: the present time, aware or naive UTC.
        :rtype: float | None
        """
        asked = parse_retry_after(self.headers.get("Retry-After"), now)
        if asked is not None:
            return asked
        resets = [
            limit.reset_seconds
            for limit in parse_rate_limit_headers(self.headers, now)
            if limit.remaining == 0 and limit.reset_seconds is not None
        ]
        return min(max(resets), _LONGEST_PAUSE) if resets else None

    def raise_for_status(self, now):
        """Raise what the status means, unless it is a success.

        :param datetime.datetime now: the present time, aware or naive UTC.
        :raise FinanceError: code ``http_<status>``; see :func:`.errors.classify_http_status`.
        """
        if not self.ok:
            raise self._status_error(self.retry_after(now))

    def _status_error(self, retry_after):
        message = f"{self.method} {self.url} was answered with status {self.status}."
        code = f"http_{self.status}"
        error_class = classify_http_status(self.status, idempotent=self.idempotent)
        if error_class is ErrorClass.RETRYABLE:
            return RetryableError(message, retry_after, code=code)
        if error_class is ErrorClass.UNKNOWN:
            return UnknownOutcomeError(message, code=code)
        return FinalError(
            message,
            code,
            next_step="Check address, credentials and content of the request, then retry.",
        )


class HttpClient:
    """Calls one system.

    TLS is verified always. Redirects are answers like any other: nothing is sent to where they
    point. Proxies, ``.netrc`` and certificate bundles named by the environment are not used, and
    cookies are not kept. The body of a request or answer is never logged.

    :param str base_url: ``https://host[:port]/path``; ``http://`` only with ``allow_private``, and
        then only to a private or loopback peer.
    :param bool allow_private: private and loopback addresses may be talked to. The check is made on
        the connected peer, so a name that resolves differently the second time gains nothing.
    :param verify: True for the public authorities, or the path of a PEM bundle.
    :param ClientCertificate client_certificate: shown to a server that asks for one (mutual TLS).
    :param tuple timeout: seconds to connect, and seconds without a byte while reading.
    :param float total_seconds: seconds for the whole answer.
    :param int max_bytes: largest body accepted.
    :param str user_agent: how we call ourselves.
    :raise FinalError: ``http_setup`` for settings that can't work.
    """

    def __init__(
        self,
        base_url,
        *,
        allow_private=False,
        verify=True,
        client_certificate=None,
        timeout=(5.0, 30.0),
        total_seconds=120.0,
        max_bytes=20 * 1024 * 1024,
        user_agent="finance-connector/19.0",
    ):
        _check_setup(base_url, allow_private, verify)
        self._base_url = base_url if base_url.endswith("/") else f"{base_url}/"
        self._origin = _origin(urlsplit(base_url))
        self._timeout = timeout
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._flight = threading.local()
        self._session = _Session()
        self._session.trust_env = False
        self._session.verify = verify
        self._session.headers["User-Agent"] = user_agent
        # A compressed answer could be a bomb: ask for none, and refuse one sent all the same.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        context = client_certificate and client_context(client_certificate)
        adapter = _GuardedAdapter(allow_private, self._flight, context)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __enter__(self):
        return self

    def __exit__(self, *_exc_info):
        self.close()

    def close(self):
        """Close the connections that are kept open between calls."""
        self._session.close()

    def request(
        self,
        method,
        path,
        *,
        idempotent,
        headers=None,
        params=None,
        body=None,
        json=None,
        form=None,
    ):
        """Make one call, once.

        :param str method: HTTP method.
        :param str path: relative to the base URL (``v1/accounts``); with a slash in front relative to its host, and a
            whole URL of the same origin: so are paging links written.
        :param bool idempotent: whether the same call may be made twice without a second effect. It
            decides what a call without an answer means: retryable, or unknown.
        :param dict headers: of the request.
        :param dict params: query parameters.
        :param bytes body: raw body; or ``json`` (plain values), or ``form`` (a dict).
        :return: the answer, whatever its status.
        :rtype: HttpResponse
        :raise RetryableError: nothing was sent, or the call may be repeated.
        :raise UnknownOutcomeError: it was sent and nobody knows what became of it.
        :raise FinalError: it can't work like this.
        """
        url = self._url(path)
        shown = f"{url.scheme}://{url.netloc}{mask_text(url.path)}"
        started = time.monotonic()
        self._flight.sent = False
        try:
            with self._session.request(
                method,
                url.geturl(),
                headers=headers,
                params=params,
                data=body if form is None else form,
                json=json,
                stream=True,
                allow_redirects=False,
                timeout=self._timeout,
            ) as answer:
                content = self._read(answer, started + self._total_seconds)
        except _AnswerRefusedError as exc:
            raise _refused_answer(exc, f"{method} {shown}", idempotent) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as exc:
            # From None: the library's own messages carry the query, which may hold secrets.
            raise _map_failure(exc, f"{method} {shown}", self._flight.sent, idempotent) from None
        elapsed = time.monotonic() - started
        _logger.debug("%s %s: %s in %.3f s", method, shown, answer.status_code, elapsed)
        return HttpResponse(
            status=answer.status_code,
            headers=answer.headers,
            body=content,
            elapsed=elapsed,
            method=method,
            url=shown,
            idempotent=idempotent,
        )

    def _url(self, path):
        try:
            url = urlsplit(urljoin(self._base_url, path))
            at_home = _origin(url) == self._origin and not url.username and not url.password
        except ValueError:
            at_home = False
        if not at_home:
            raise FinalError(
                f"A link does not point to the system of this connection: {mask_text(path)}",
                "http_foreign_link",
                next_step="Nothing was sent. Ask the provider where that link is from.",
            )
        return url

    def _read(self, answer, deadline):
        encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            raise _AnswerRefusedError(f"is compressed ({encoding}) though that was not asked for")
        pieces, size = [], 0
        while piece := answer.raw.read1(_CHUNK_BYTES, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > self._max_bytes:
                raise _AnswerRefusedError(f"is larger than the {self._max_bytes} bytes allowed")
            if time.monotonic() > deadline:
                raise requests.ReadTimeout
        return b"".join(pieces)


class _Session(requests.Session):
    def get_redirect_target(self, resp):
        # Also keeps requests from reading the body of a redirect, without limits, on its own.
        return None


class _AnswerRefusedError(Exception):
    """The answer is of a kind that is not read."""


class _GuardedConnection:
    """Checks the peer before a byte leaves, and notes when one did."""

    allow_private = False
    encrypted = False
    flight = None

    def _new_conn(self):
        sock = super()._new_conn()
        reason = address_refusal(
            sock.getpeername()[0], allow_private=self.allow_private, encrypted=self.encrypted
        )
        if reason:
            sock.close()
            raise FinalError(
                f"The connection to {self.host} was refused: {reason}.",
                "http_address_refused",
                next_step="Correct the address, or allow private addresses on the connection.",
            )
        return sock

    def send(self, data):
        if self.sock is None:
            self.connect()
        self.flight.sent = True
        super().send(data)


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, allow_private, flight, context):
        self._shared = {"allow_private": allow_private, "flight": flight}
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._pool_class(HTTPConnectionPool, HTTPConnection, encrypted=False),
            "https": self._pool_class(HTTPSConnectionPool, HTTPSConnection, encrypted=True),
        }

    def _pool_class(self, pool_class, connection_class, encrypted):
        guarded = type(
            f"Guarded{connection_class.__name__}",
            (_GuardedConnection, connection_class),
            {**self._shared, "encrypted": encrypted},
        )
        return type(f"Guarded{pool_class.__name__}", (pool_class,), {"ConnectionCls": guarded})


def _origin(url):
    return url.scheme, url.hostname, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _check_setup(base_url, allow_private, verify):
    try:
        base = urlsplit(base_url)
        _origin(base)  # also reads the port
    except ValueError:
        base = urlsplit("")
    problem = None
    if base.scheme not in ("https", "http") or not base.hostname:
        problem = "The address must be of the form https://host/path."
    elif base.username or base.password or base.query or base.fragment:
        problem = "The address must not hold credentials, a query or a fragment."
    elif base.scheme == "http" and not allow_private:
        problem = "Without TLS only a system on the own network may be called: use https."
    elif not verify:
        problem = "TLS is always verified: name a certificate bundle instead of switching it off."
    elif verify is not True and not Path(verify).is_file():
        problem = f"The certificate file {verify} does not exist."
    if problem:
        raise FinalError(problem, "http_setup", next_step="Correct the settings of the connection.")


def _failure(message, code, maybe_done):
    if maybe_done:
        return UnknownOutcomeError(message, code=code, next_step=_CHECK_STATUS)
    return RetryableError(message, code=code)


def _refused_answer(exc, call, idempotent):
    message = f"The answer to {call} {exc}."
    if idempotent:
        return FinalError(
            message,
            "http_answer_refused",
            next_step="Ask for less at a time, or raise the limit of the connection.",
        )
    return UnknownOutcomeError(message, code="http_answer_refused", next_step=_CHECK_STATUS)


def _map_failure(exc, call, sent, idempotent):
    if _CERTIFICATE_ALERT.search(str(exc)):
        # Refused before the request was read, also where TLS 1.3 had let us send it.
        return FinalError(
            f"The server does not accept our client certificate: {call}.",
            "http_client_certificate",
            next_step="Enter the certificate and key that the provider issued for this application.",
        )
    if sent:
        timed_out = isinstance(exc, requests.Timeout | urllib3.exceptions.ReadTimeoutError)
        what = "No answer came in time" if timed_out else "The connection broke before the answer"
        code = "http_timeout" if timed_out else "http_cut"
        return _failure(f"{what}: {call}.", code, maybe_done=not idempotent)
    if isinstance(exc, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(exc):
        return FinalError(
            f"The certificate of the server is not trusted: {call}.",
            "http_tls",
            next_step="Check the address; for a private authority, name its bundle on the connection.",
        )
    if isinstance(exc, requests.ConnectionError | requests.Timeout):
        return RetryableError(
            f"The server can't be reached, nothing was sent: {call}.", code="http_connect"
        )
    return FinalError(
        f"The request can't be made like this ({type(exc).__name__}): {call}.",
        "http_request_invalid",
        next_step="Check the headers and the address of the request.",
    )


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")
