"""Document numbers, learned from those that the company itself gave out.

``INV/2026/00012`` may come back as ``INV-2026-12``, ``2026 00012`` or ``INV 00012``; which of these forms belong to one
document only is a matter of the numbers in use, so every form leads to all documents that have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .words import normalise, shape

_PARTS = re.compile(r"^(?P<prefix>.*?)(?P<number>\d+)(?P<suffix>\D*)$", re.ASCII | re.DOTALL)
_SHORTEST_CORE = 6


def forms(number: str) -> set[str]:
    """Return the normalised short forms of a document number, without the whole one.

    Short forms keep at least six characters, so that a house number or a year alone is none.

    :param number: as printed, e.g. ``INV/2026/00012``.
    """
    parts = _PARTS.match(number)
    if not parts:
        return set()
    letters, digits = _head(parts["prefix"])
    running, suffix = parts["number"], parts["suffix"]
    if suffix:
        suffix = normalise(suffix)
    short = running.lstrip("0") or "0"
    tail = running + suffix
    whole = letters + digits + tail
    candidates = {letters + digits + short + suffix, digits + tail, letters + tail}
    if len(digits) == 4 and digits[:2] in ("19", "20"):
        candidates |= {letters + digits[2:] + tail, letters + running + digits + suffix}
    candidates.discard(whole)
    return {form for form in candidates if len(form) >= _SHORTEST_CORE}


@lru_cache(maxsize=4_096)
def _head(prefix: str) -> tuple[str, str]:
    """:return: what stands before the running number, and the digits right before it (a year, mostly)"""
    value = normalise(prefix)
    letters = value.rstrip("0123456789")
    return letters, value[len(letters) :]


def learn(numbers: Iterable[str]) -> frozenset[str]:
    """Return the shapes of the numbers that a company gave out: what has one is a number of its own.

    A shape of digits alone is learned from eight digits on; shorter ones are everybody's.

    :param numbers: as printed, of open and of settled documents.
    """
    shapes = {shape(normalise(number)) for number in numbers}
    return frozenset(
        found for found in shapes if len(found) >= 6 and (not found.isdigit() or len(found) >= 8)
    )
