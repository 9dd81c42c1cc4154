"""Signatures of the Standard Webhooks specification (symmetric, ``v1``)."""

import base64
import binascii
import hashlib
import hmac

#: Seconds a webhook may be old, or ahead.
TOLERANCE = 300


def read_secret(text):
    """Return the key bytes of a ``whsec_<base64>`` secret.

    :raise ValueError: another form.
    """
    prefix, _, encoded = str(text).partition("_")
    if prefix != "whsec" or not encoded:
        raise ValueError("a webhook secret looks like whsec_<base64>")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise ValueError("the part after whsec_ is not base64") from error


def sign(key, identification, timestamp, body):
    """Return the ``webhook-signature`` of ``body``; ``timestamp`` in seconds since 1970."""
    content = f"{identification}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def is_signed(key, headers, body, now):
    """Tell whether one of the signatures in ``headers`` is right and the timestamp is of ``now``."""
    timestamp = headers.get("webhook-timestamp", "")
    if (
        not timestamp.isascii()
        or not timestamp.isdecimal()
        or abs(int(timestamp) - now) > TOLERANCE
    ):
        return False
    wanted = sign(key, headers.get("webhook-id", ""), timestamp, body)
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(wanted.encode(), item.encode()) for item in given)
