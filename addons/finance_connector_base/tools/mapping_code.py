"""The identity of a counterparty's code: what is looked up, without keeping the code itself.

Some codes are account numbers. The suite keeps such a code masked, for the eye, and beside it a digest, for
the look-up.
"""

import re

from .digest import sha256_hex

# Letters only: the digest travels in the evidence of an exception, where masking would take a run of
# digits for a card number.
_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_DIGEST = re.compile(r"[a-p]{64}")
# Account numbers and ISO 4217 codes are the same in any case and with any blanks.
_COMPACT_KINDS = frozenset({"journal", "currency"})


def normalise_code(kind, code):
    """Return ``code`` in the one form in which codes of its kind are compared.

    :param str kind: kind of the mapping, e.g. ``journal``.
    :rtype: str
    """
    return "".join(code.split()).upper() if kind in _COMPACT_KINDS else code.strip()


def code_digest(kind, code):
    """Return the digest that stands for ``code``.

    :param str kind: kind of the mapping; the same code of another kind has another digest.
    :return: SHA-256 as 64 letters from a to p.
    :rtype: str
    """
    return sha256_hex(f"{kind}\n{normalise_code(kind, code)}".encode()).translate(_LETTERS)


def is_code_digest(text):
    """Say whether ``text`` has the form of :func:`code_digest`."""
    return _DIGEST.fullmatch(text) is not None
