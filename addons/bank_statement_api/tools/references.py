"""References as banks and payers write them, in the form in which two of them are compared.

What a reference is worth, and whether it is one of ours, is for ``tools/matching`` to say.
"""

from __future__ import annotations

import re
import unicodedata

_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")
# What banks write where a customer gave no end-to-end id.
_NO_END_TO_END = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "UNKNOWN"})


def normalise(text: str | None) -> str:
    """Return the capital letters and digits of a reference; both sides of a comparison use it.

    In PostgreSQL, for references in ASCII: ``regexp_replace(upper(x), '[^A-Z0-9]', '', 'g')``.
    """
    return "".join(tokens(text))


def tokens(text: str | None) -> list[str]:
    """Return the runs of letters and digits of a text, in capitals and without accents."""
    folded = text or ""
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded)
        folded = "".join(char for char in folded.upper() if not unicodedata.combining(char))
    return [run for run in _NOT_ALPHANUMERIC.split(folded.upper()) if run]


def end_to_end(holder) -> str:
    """Return the normalised end-to-end id, empty when the payer gave none.

    :param holder: anything with ``end_to_end_id``.
    """
    value = normalise(holder.end_to_end_id)
    return "" if value in _NO_END_TO_END else value
