"""References in a transaction that may be ones we issued: the first rung of matching.

A candidate is text of the bank's, normalised; it becomes evidence only when it *equals* the
normalised form of a reference that we issued. A valid check digit says that a reference was typed
right, never that it is ours. Likeness, amounts and rules belong to the matching engine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from stdnum import iso11649
from stdnum.ch import esr

from .documents import Transaction

_NOT_ALPHANUMERIC = re.compile(r"[^A-Z0-9]+")
# What banks write where a customer gave no end-to-end id.
_NO_END_TO_END = frozenset({"", "NOTPROVIDED", "NOTAVAILABLE", "NONREF", "UNKNOWN"})

# A document number has digits; one this short would be found in any text, and is anybody's number in a field.
_MIN_LENGTH = 5
_MAX_LENGTH = 35
# The longest reference falls into this many groups: RF and 23 more characters, printed by four.
_MAX_WORDS = 7
# Far beyond what banks carry (ISO 20022: 140 characters a line); a longer text costs time and proves nothing.
_MAX_TEXT = 10_000

_STRENGTH = ("rf", "qrr", "ogm", "structured", "end_to_end", "document")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Text that may be a reference we issued.

    :ivar value: normalised, to be compared with :func:`normalise` of an issued reference.
    :ivar kind: ``rf`` (ISO 11649), ``qrr`` (Swiss QR reference), ``ogm`` (Belgian structured
        communication), ``structured`` (another creditor reference), ``end_to_end`` or ``document``.
    :ivar text: as the bank printed it.
    :ivar source: field of the transaction it was found in.
    """

    value: str
    kind: str
    text: str
    source: str


def normalise(text: str | None) -> str:
    """Return the capital letters and digits of a reference; both sides of a comparison use it.

    In PostgreSQL, for references in ASCII: ``regexp_replace(upper(x), '[^A-Z0-9]', '', 'g')``.
    """
    return "".join(tokens(text))


def tokens(text: str | None) -> list[str]:
    """Return the runs of letters and digits of a text, in capitals and without accents."""
    folded = unicodedata.normalize("NFKD", text or "").upper()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    return [run for run in _NOT_ALPHANUMERIC.split(folded) if run]


def end_to_end(holder) -> str:
    """Return the normalised end-to-end id, empty when the payer gave none.

    :param holder: anything with ``end_to_end_id``.
    """
    value = normalise(holder.end_to_end_id)
    return "" if value in _NO_END_TO_END else value


def is_rf(text: str | None) -> bool:
    """Say whether the text is a creditor reference by ISO 11649, with right check digits."""
    return iso11649.is_valid(normalise(text))


def is_qrr(text: str | None) -> bool:
    """Say whether the text is a Swiss QR reference: 27 digits, the last one their check digit."""
    value = normalise(text)
    return len(value) == 27 and value.isdigit() and bool(value.strip("0")) and esr.is_valid(value)


def is_ogm(text: str | None) -> bool:
    """Say whether the text is a Belgian structured communication, +++123/4567/89012+++.

    The last two of its 12 digits are the rest of the first ten divided by 97, or 97 for none
    (Febelfin, "Structured communication for credit transfers").
    """
    value = normalise(text)
    return len(value) == 12 and value.isdigit() and (int(value[:10]) % 97 or 97) == int(value[10:])


def candidates(transaction: Transaction) -> tuple[Candidate, ...]:
    """Return what may be references of ours, the strongest kind first and each value once.

    The details of an entry kept as one line are not looked into: its amount is that of all of them.
    """
    found: dict[str, Candidate] = {}
    every = sorted(_all(transaction), key=lambda item: _STRENGTH.index(item.kind))
    for candidate in every:
        found.setdefault(candidate.value, candidate)
    return tuple(found.values())


def _all(transaction: Transaction) -> Iterable[Candidate]:
    for reference in transaction.structured:
        value = normalise(reference.value)
        if len(value) >= _MIN_LENGTH:
            yield Candidate(value, _kind(value) or "structured", reference.value, "structured")
    value = end_to_end(transaction)
    if len(value) >= _MIN_LENGTH:
        yield Candidate(value, "end_to_end", transaction.end_to_end_id, "end_to_end_id")
    if transaction.remittance:
        yield from _in_text(" ".join(transaction.remittance), "remittance")
    if transaction.additional_info:
        yield from _in_text(transaction.additional_info, "additional_info")


def _kind(value: str) -> str | None:
    if is_rf(value):
        return "rf"
    if is_qrr(value):
        return "qrr"
    return "ogm" if is_ogm(value) else None


def _in_text(text: str, source: str) -> Iterable[Candidate]:
    """Join neighbouring words: separators get lost, and lines of 35 or 140 characters break words."""
    words = tokens(text[:_MAX_TEXT])
    for start in range(len(words)):
        value = ""
        for end in range(start, min(start + _MAX_WORDS, len(words))):
            value += words[end]
            if len(value) > _MAX_LENGTH:
                break
            if len(value) >= _MIN_LENGTH and any(char.isdigit() for char in value):
                printed = " ".join(words[start : end + 1])
                yield Candidate(value, _kind(value) or "document", printed, source)
