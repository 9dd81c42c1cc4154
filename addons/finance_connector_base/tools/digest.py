"""Digests, and the one byte form of plain values that a digest or signature is taken of."""

import hashlib
import json
from datetime import UTC, date, datetime
from decimal import Decimal

# A power of ten beyond this is no amount of money, and would take memory to write out.
_MAX_EXPONENT = 100


class DigestError(ValueError):
    """A value has no canonical form."""


def sha256_hex(data):
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal digits.

    :param bytes data: the clear bytes.
    """
    return hashlib.sha256(data).hexdigest()


def canonical_json(obj):
    """Write plain values so that equal content gives equal bytes.

    After RFC 8785 (keys sorted by UTF-16 code units, no blanks, UTF-8), except for numbers:
    integers keep all digits, and a Decimal becomes text without trailing zeros, so 1.50 and 1.5 are
    the same. Dates become ISO 8601 text, times in UTC.

    :param obj: None, bool, int, str, Decimal, date, aware datetime, and lists, tuples and dicts of
        them.
    :rtype: bytes
    :raise DigestError: for a float, a naive time, a key that is no text, or anything else.
    """
    try:
        return json.dumps(
            _canonical(obj), ensure_ascii=False, separators=(",", ":"), allow_nan=False
        ).encode()
    except UnicodeEncodeError as exc:
        raise DigestError("Text with a lone surrogate has no canonical form.") from exc


def digest_of(obj):
    """Return the SHA-256 of the canonical form of ``obj``, in hexadecimal."""
    return sha256_hex(canonical_json(obj))


def _canonical(value):
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return _canonical_decimal(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DigestError("A time without a zone has no canonical form: add its zone.")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise DigestError("The keys of a canonical object must be text.")
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return {key: _canonical(value[key]) for key in keys}
    raise DigestError(
        f"A value of type {type(value).__name__} has no canonical form: use Decimal, int or text."
    )


def _canonical_decimal(value):
    if not value.is_finite() or abs(value.adjusted()) > _MAX_EXPONENT:
        raise DigestError("Only a finite amount of ordinary size has a canonical form.")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0", "") else text
