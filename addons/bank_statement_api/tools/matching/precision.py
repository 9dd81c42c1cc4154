"""Whether decisions of one kind have been right often enough to be posted without a person.

A pass and an evidence pattern are measured together. What counts is the lower end of the Wilson score interval: few
observations, however good, prove little. The labelled corpus of the project (``tests/corpus``) is the beginning; it
counts for at most :data:`MOST_PRIOR` decisions, so that one error of this company's own is enough to stop a pattern.

Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

TARGET = 0.999
Z = 1.96
"""95 % two-sided."""
MOST_PRIOR = 4_000


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
    prior, prior_wrong = prior_of(found_by, pattern)
    count = right + wrong + prior
    return lower_bound(count - wrong - prior_wrong, count) >= TARGET


def prior_of(found_by: str, pattern: str) -> tuple[int, float]:
    """Return how many decisions of a kind the corpus had, and how many were wrong, scaled to :data:`MOST_PRIOR`."""
    count, wrong = _measured().get(f"{found_by} {pattern}", (0, 0))
    if count <= MOST_PRIOR:
        return count, wrong
    return MOST_PRIOR, wrong * MOST_PRIOR / count


@cache
def _measured() -> dict[str, tuple[int, int]]:
    text = (Path(__file__).parent / "measured.json").read_text()
    return {kind: tuple(counts) for kind, counts in json.loads(text)["kinds"].items()}
