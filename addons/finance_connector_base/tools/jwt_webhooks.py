"""Webhooks signed as a JSON Web Token (RFC 7519) over the digest of their body."""

import base64
import hashlib
import hmac
import json
import math
from dataclasses import dataclass
from datetime import timedelta

import jwt

from .dates import as_utc
from .signatures import SignatureError

_LONGEST_TOKEN = 8192
_CLOCK = "Check the clock of this server; a recorded message can't be played again."


@dataclass(frozen=True)
class JwtScheme:
    """How a provider signs.

    :param str algorithm: the only one accepted: what the token itself names is never believed.
    :param str body_claim: claim with the digest of the raw body.
    :param str body_hash: name of the hash, as :mod:`hashlib` knows it.
    :param str body_encoding: ``hex`` or ``base64``.
    :param int tolerance_seconds: how old, and how far in the future, the token may have been issued.
    """

    algorithm: str
    body_claim: str
    body_hash: str
    body_encoding: str
    tolerance_seconds: int = 300


IBANITY = JwtScheme("RS512", "digest", "sha512", "base64")
"""``Signature`` header of Ibanity: https://documentation.ibanity.com, webhooks."""
PLAID = JwtScheme("ES256", "request_body_sha256", "sha256", "hex")
"""``Plaid-Verification`` header: https://plaid.com/docs/api/webhooks/webhook-verification."""


def key_id(token):
    """Return the id of the key that a token says it is signed with; nothing is proven yet.

    :param str token: the header's value.
    :rtype: str
    :raise SignatureError: it is no token.
    """
    try:
        found = jwt.get_unverified_header(_bounded(token)).get("kid")
    except jwt.PyJWTError:
        found = None
    if not isinstance(found, str) or not 0 < len(found) <= 200:
        raise SignatureError("The webhook is not signed in the form agreed.")
    return found


def verify(scheme, token, jwk, body, now, issuer=None, audience=None):
    """Check a token and that it speaks of exactly this body.

    :param JwtScheme scheme: the provider's way.
    :param str token: the header's value.
    :param dict jwk: the key of :func:`key_id`, as the provider publishes it.
    :param bytes body: the raw bytes received, before any parsing.
    :param datetime.datetime now: the present time, aware or naive UTC.
    :param str issuer: who has to have issued it; None where the provider does not say.
    :param str audience: whom it has to be for; None where the provider does not say.
    :return: the claims.
    :rtype: dict
    :raise SignatureError: anything of it does not hold.
    """
    required = ["iat", scheme.body_claim]
    required += ["exp", "iss"] if issuer is not None else []
    required += ["aud"] if audience is not None else []
    try:
        key = jwt.PyJWK(jwk, algorithm=scheme.algorithm)
        claims = jwt.decode(
            _bounded(token),
            key,
            algorithms=[scheme.algorithm],
            issuer=issuer,
            audience=audience,
            options={
                "require": required,
                # The times are compared below, with the clock that the caller goes by.
                "verify_iat": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_aud": audience is not None,
                "verify_iss": issuer is not None,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError):
        raise SignatureError(
            "The signature does not fit the message.",
            "Check the application id of the connection and that nothing between both sides changes the body.",
        ) from None
    _check_times(scheme, claims, now)
    stated = claims[scheme.body_claim]
    digest = hashlib.new(scheme.body_hash, body).digest()
    ours = digest.hex() if scheme.body_encoding == "hex" else base64.b64encode(digest).decode()
    if not isinstance(stated, str) or not hmac.compare_digest(ours.encode(), stated.encode()):
        raise SignatureError("The body is not the one that was signed.")
    return claims


def read_jwk(text):
    """Return the key of a JSON answer, or of the entry of a key set.

    :raise SignatureError: it is no public key.
    """
    try:
        found = json.loads(text) if isinstance(text, str | bytes) else text
    except ValueError:
        found = None
    if not isinstance(found, dict) or not found.get("kty"):
        raise SignatureError("The provider's key is not in the form of a JSON Web Key.")
    return found


def _bounded(token):
    if not token or len(token) > _LONGEST_TOKEN:
        raise SignatureError("The header with the signature is missing.")
    return token


def _check_times(scheme, claims, now):
    present = as_utc(now).timestamp()
    issued, ends = claims.get("iat"), claims.get("exp", math.inf)
    numbers = all(isinstance(value, int | float) for value in (issued, ends))
    tolerance = timedelta(seconds=scheme.tolerance_seconds).total_seconds()
    if not numbers or not abs(present - issued) <= tolerance or present > ends + tolerance:
        raise SignatureError("The webhook is too old or from the future.", _CLOCK)


class KeyCache:
    """Public keys of providers by their id, kept for a while in this process.

    A key that is not known is asked for at most once in ``pause`` seconds for each owner: whoever invents key ids must
    not make us call the provider each time.

    :param float life: seconds a key is used before it is asked for again, so that a withdrawn one is noticed.
    :param float pause: seconds between two questions about keys that are not known.
    """

    def __init__(self, life=3600.0, pause=10.0):
        self._life = life
        self._pause = pause
        self._keys = {}
        self._asked = {}

    def get(self, owner, wanted, ask, now):
        """Return the key, or None when the provider does not know it or was asked just now.

        :param owner: hashable, e.g. database and connection.
        :param str wanted: id of the key.
        :param ask: callable without arguments that returns a dict of key ids to keys.
        :param float now: monotonic seconds.
        """
        known, since = self._keys.get((owner, wanted), (None, -math.inf))
        if known is not None and now - since < self._life:
            return known
        if now - self._asked.get(owner, -math.inf) < self._pause:
            return known
        self._asked[owner] = now
        found = ask()
        # Only what the provider names comes in, so that the cache cannot be filled from outside.
        self._keys = {key: kept for key, kept in self._keys.items() if now - kept[1] < self._life}
        self._keys.update({(owner, name): (key, now) for name, key in found.items()})
        return found.get(wanted)
