"""Words of a text with their places, and the forms in which texts are compared."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_RUN = re.compile(r"[A-Z0-9]+")
# What optical recognition and tired eyes take for each other; both sides of a comparison are folded.
_LOOKALIKES = str.maketrans("OQDILSBZG", "000115826")
_DIGITS = str.maketrans("123456789", "000000000")
# What says how a company is organised, not who it is.
_LEGAL_FORMS = frozenset(
    [
        "AB",
        "AG",
        "AS",
        "ASA",
        "BV",
        "BVBA",
        "CO",
        "CORP",
        "EURL",
        "EV",
        "GBR",
        "GMBH",
        "INC",
        "KFT",
        "KG",
        "LDA",
        "LIMITED",
        "LLC",
        "LLP",
        "LTD",
        "MBH",
        "NV",
        "OG",
        "OHG",
        "OU",
        "OY",
        "OYJ",
        "PLC",
        "PTY",
        "SA",
        "SARL",
        "SAS",
        "SE",
        "SIA",
        "SL",
        "SLU",
        "SNC",
        "SOCIETE",
        "SPA",
        "SPRL",
        "SRL",
        "SRO",
        "SP",
        "ZOO",
        "UAB",
        "UG",
        "UND",
        "DOO",
    ]
)
# Far beyond what banks carry (ISO 20022: 140 characters a line); a longer text costs time and proves nothing.
_MAX_TEXT = 2_000


def words(text: str) -> list[tuple[str, int, int]]:
    """Return the runs of letters and digits, in capitals without accents, with their place in ``text``."""
    text = text[:_MAX_TEXT]
    if text.isascii():
        return [(run[0], *run.span()) for run in _RUN.finditer(text.upper())]
    folded, places = [], []
    for place, char in enumerate(text):
        for piece in unicodedata.normalize("NFKD", char).upper():
            if not unicodedata.combining(piece):
                folded.append(piece)
                places.append(place)
    return [
        (run[0], places[run.start()], places[run.end() - 1] + 1)
        for run in _RUN.finditer("".join(folded))
    ]


def normalise(text: str | None) -> str:
    """Return the capital letters and digits of a text."""
    if text and text.isascii():
        capitals = text[:_MAX_TEXT].upper()
        return capitals if capitals.isalnum() else "".join(_RUN.findall(capitals))
    return "".join(word for word, _start, _end in words(text or ""))


def look_alike(value: str) -> str:
    """Return a normalised value with the characters that look alike made equal: O and 0, I and 1, S and 5."""
    return value.translate(_LOOKALIKES)


def shape(value: str) -> str:
    """Return a normalised value with each digit as 0: the form that the numbers of one sequence share."""
    return value.translate(_DIGITS)


@lru_cache(maxsize=65_536)
def fold_name(name: str) -> str:
    """Return a party's name for comparison: its words in order of the alphabet, without the legal form."""
    every = (
        _RUN.findall(name[:_MAX_TEXT].upper())
        if name.isascii()
        else [word for word, _start, _end in words(name)]
    )
    telling = [word for word in every if word not in _LEGAL_FORMS] or every
    return " ".join(sorted(telling))
