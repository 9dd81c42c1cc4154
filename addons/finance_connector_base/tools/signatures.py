"""Signed webhooks: the Standard Webhooks form, and the usual HMAC-SHA256 headers. Fails closed.

Standard Webhooks:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import math
import secrets as randomness
from dataclasses import dataclass
from datetime import UTC, datetime

from .dates import as_utc
from .errors import FinalError

_SECRET_PREFIX = "whsec_"  # noqa: S105, a prefix
_SECRET_BYTES = 32
_SHORTEST_SECRET_BYTES = 16
_VERSION = "v1"


class SignatureError(FinalError):
    """A message is not proven to be from the sender it claims."""

    def __init__(self, message, next_step=""):
        super().__init__(message, "signature_invalid", next_step=next_step)


@dataclass(frozen=True)
class VerifiedWebhook:
    """What a valid signature vouches for.

    :param str message_id: the same for every repeat of a message.
    :param datetime.datetime timestamp: of the sending, in UTC.
    """

    message_id: str
    timestamp: datetime


@dataclass(frozen=True)
class HmacScheme:
    """How a provider signs with HMAC-SHA256 over the raw body.

    :param str header: name of the header with the signature.
    :param str encoding: ``hex`` or ``base64``.
    :param str prefix: text in front of the signature, e.g. ``sha256=``; it may be left out by the
        sender.
    :param str timestamp_header: header with the Unix time of the sending; then ``<time>.<body>`` is
        signed, and a message too old or from the future is refused.
    :param int tolerance_seconds: how far that time may be from ours, in both directions.
    """

    header: str
    encoding: str = "hex"
    prefix: str = ""
    timestamp_header: str | None = None
    tolerance_seconds: int = 300

    def __post_init__(self):
        if self.encoding not in ("hex", "base64"):
            raise ValueError("A signature is encoded as hex or base64.")


# === STANDARD WEBHOOKS === #


def generate_secret():
    """Return a new signing secret, ``whsec_`` and 32 random bytes in base64."""
    return _SECRET_PREFIX + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def sign_webhook(secrets, message_id, body, now):
    """Return the headers that sign a message with every secret in use.

    :param Sequence[str] secrets: newest first; during a rotation both sign.
    :param str message_id: stays the same when the message is sent again.
    :param bytes body: exactly the bytes sent.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :rtype: dict[str, str]
    :raise SignatureError: there is no secret, or one is malformed.
    """
    if not message_id or "." in message_id:
        raise ValueError("The id of a webhook message is text without a full stop.")
    timestamp = str(int(as_utc(now).timestamp()))
    signatures = [
        f"{_VERSION},{_base64(_standard_mac(secret, message_id, timestamp, body))}"
        for secret in _require(secrets)
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def verify_webhook(secrets, headers, body, now, tolerance_seconds=300):
    """Check a message in the Standard Webhooks form.

    :param Sequence[str] secrets: those in use; one of them must have signed.
    :param Mapping[str, str] headers: of the request, in any spelling.
    :param bytes body: the raw bytes received, before any parsing.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :param int tolerance_seconds: how far the time of sending may be from ours, in both directions.
    :rtype: VerifiedWebhook
    :raise SignatureError: no secret is set, a header is missing, it is too old or from the future,
        or no signature fits.
    """
    headers = _lower(headers)
    message_id = headers.get("webhook-id", "")
    stated = headers.get("webhook-timestamp", "")
    presented = [
        part.removeprefix(f"{_VERSION},")
        for part in headers.get("webhook-signature", "").split()
        if part.startswith(f"{_VERSION},")
    ]
    # Every secret is parsed, and so found wanting, whether or not another one fits.
    expected = [
        _base64(_standard_mac(secret, message_id, stated, body)) for secret in _require(secrets)
    ]
    if not message_id or "." in message_id or not presented:
        raise SignatureError("The webhook is not signed in the form agreed.")
    timestamp = _check_age(stated, now, tolerance_seconds)
    _check_any(expected, presented)
    return VerifiedWebhook(message_id, timestamp)


def _standard_mac(secret, message_id, timestamp, body):
    try:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < _SHORTEST_SECRET_BYTES:
        raise SignatureError(
            "The signing secret of the connection is malformed.",
            "Enter the secret as the provider shows it, starting with whsec_.",
        ) from None
    return _mac(key, f"{message_id}.{timestamp}.".encode() + body)


# === OTHER HEADERS === #


def sign_hmac(scheme, secret, body, now):
    """Return the headers that sign ``body`` as ``scheme`` says.

    :param HmacScheme scheme: the provider's way.
    :param str secret: the shared secret, as text.
    :param bytes body: exactly the bytes sent.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :rtype: dict[str, str]
    """
    stated = str(int(as_utc(now).timestamp())) if scheme.timestamp_header else None
    (secret,) = _require([secret])
    headers = {scheme.header: scheme.prefix + _scheme_mac(scheme, secret, stated, body)}
    if stated:
        headers[scheme.timestamp_header] = stated
    return headers


def verify_hmac(scheme, secrets, headers, body, now):
    """Check a message signed as ``scheme`` says.

    :param HmacScheme scheme: the provider's way.
    :param Sequence[str] secrets: those in use; one of them must have signed.
    :param Mapping[str, str] headers: of the request, in any spelling.
    :param bytes body: the raw bytes received, before any parsing.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :raise SignatureError: as :func:`verify_webhook`.
    """
    secrets = _require(secrets)
    headers = _lower(headers)
    presented = headers.get(scheme.header.lower(), "").strip().removeprefix(scheme.prefix)
    if not presented:
        raise SignatureError(f"The header {scheme.header} with the signature is missing.")
    if scheme.encoding == "hex":
        presented = presented.lower()
    stated = None
    if scheme.timestamp_header:
        stated = headers.get(scheme.timestamp_header.lower(), "")
        _check_age(stated, now, scheme.tolerance_seconds)
    _check_any([_scheme_mac(scheme, secret, stated, body) for secret in secrets], [presented])


def _scheme_mac(scheme, secret, stated, body):
    signed = body if stated is None else stated.encode() + b"." + body
    mac = _mac(secret.encode(), signed)
    return mac.hex() if scheme.encoding == "hex" else _base64(mac)


# === SHARED === #


def _require(secrets):
    secrets = [secret for secret in secrets if secret]
    if not secrets:
        raise SignatureError(
            "The connection has no signing secret, so nothing it receives can be trusted.",
            "Enter the secret on the connection; the sender will deliver again.",
        )
    return secrets


def _lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def _mac(key, signed):
    return hmac.new(key, signed, hashlib.sha256).digest()


def _base64(mac):
    return base64.b64encode(mac).decode()


def _check_age(stated, now, tolerance_seconds):
    try:
        moment = float(stated) if stated.isascii() else math.nan
    except ValueError:
        moment = math.nan
    if not abs(as_utc(now).timestamp() - moment) <= tolerance_seconds:
        raise SignatureError(
            "The webhook is too old, from the future, or does not say when it was sent.",
            "Check the clock of this server; a recorded message can't be played again.",
        )
    return datetime.fromtimestamp(moment, UTC)


def _check_any(expected, presented):
    fits = False
    for ours in expected:
        for theirs in presented:
            # No early way out: the time taken must not tell which secret or how much of it fits.
            fits |= hmac.compare_digest(ours.encode(), theirs.encode())
    if not fits:
        raise SignatureError(
            "The signature does not fit the message.",
            "Check that both sides use the same secret and that nothing between them changes the body.",
        )
