"""Whether decisions of one kind have been right often enough to be posted without a person.

A pass and an evidence pattern are measured together. What counts is the lower end of the Wilson score interval: few
observations, however good, prove little. The labelled corpus of the project (``tests/corpus``) is the beginning; it
counts for at most :data:`MOST_PRIOR` decisions, so that one error of this company's own is enough to stop a pattern.

Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
"""

from __future__ import annotations

import json
import math
from functools import cache, lru_cache
from pathlib import Path

TARGET = 0.999
Z = 1.96
"""95 % two-sided."""
MOST_PRIOR = 4_000
# The strongest first; what is not listed stands for itself.
_REFERENCES = ("reference", "number", "core")
_PARTIES = ("known", "alike", "none")


def lower_bound(right: float, count: float, z: float = Z) -> float:
    """Return the lower end of the Wilson interval for ``right`` of ``count``; 0 without observations."""
    if not count:
        return 0.0
    share = right / count
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (share + z * z / (2 * count) - spread) / (1 + z * z / count)


def holds(found_by: str, pattern: str, right: int = 0, wrong: int = 0) -> bool:
    """Say whether decisions of a kind may be posted by themselves.

    :param right: decisions of this company that were right.
    :param wrong: those that a person undid or decided otherwise.
    """
    for prior, prior_wrong in (_scaled(*_own(found_by, pattern)), prior_of(found_by, pattern)):
        count = right + wrong + prior
        if lower_bound(count - wrong - prior_wrong, count) >= TARGET:
            return True
    return False


@lru_cache(maxsize=4_096)
def prior_of(found_by: str, pattern: str) -> tuple[int, float]:
    """Return how many decisions of a kind the corpus had, and how many were wrong, scaled to :data:`MOST_PRIOR`.

    Those on weaker evidence count as well: a reference with check digits proves no less than a bare number, and a known
    party no less than an unknown one.
    """
    reference, amount, party = pattern.split(":") if pattern.count(":") == 2 else ("", "", "")
    if reference not in _REFERENCES or party not in _PARTIES:
        return _scaled(*_own(found_by, pattern))
    counts = [
        _own(found_by, f"{weaker}:{amount}:{other}")
        for weaker in _REFERENCES[_REFERENCES.index(reference) :]
        for other in _PARTIES[_PARTIES.index(party) :]
    ]
    return _scaled(sum(count for count, _wrong in counts), sum(wrong for _count, wrong in counts))


def _own(found_by: str, pattern: str) -> tuple[int, int]:
    return _measured().get(f"{found_by} {pattern}", (0, 0))


def _scaled(count: int, wrong: int) -> tuple[int, float]:
    if count <= MOST_PRIOR:
        return count, wrong
    return MOST_PRIOR, wrong * MOST_PRIOR / count


@cache
def _measured() -> dict[str, tuple[int, int]]:
    text = (Path(__file__).parent / "measured.json").read_text()
    return {kind: tuple(counts) for kind, counts in json.loads(text)["kinds"].items()}
