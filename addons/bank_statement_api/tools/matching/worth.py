"""What a proposal is worth: the points of its evidence, and the pattern by which its precision is measured."""

from __future__ import annotations

from functools import lru_cache

from .evidence import Evidence
from .facts import CORE, LIKE, NUMBER, REFERENCE, Line, Part, Proposal

_POINTS_REFERENCE = {REFERENCE: 60, NUMBER: 56, CORE: 40, LIKE: 30, 0: 0}
_NAMES_REFERENCE = {REFERENCE: "reference", NUMBER: "number", CORE: "core", LIKE: "like", 0: "none"}
POINTS_AMOUNT = {
    "exact": 28,
    "discount": 26,
    "fee": 20,
    "rounding": 22,
    "withholding": 22,
    "short": 4,
    "over": 0,
}
_POINTS_PARTY = {
    "iban": 12,
    "mandate": 12,
    "partner": 10,
    "name": 9,
    "alike": 5,
    "none": 0,
    "stranger": -3,
    "other": -8,
}
# One for all that have it; most have.
AMOUNT_EXACT = (Part("amount_exact", POINTS_AMOUNT["exact"]),)
_NAMED_PARTS = {
    strength: (Part(f"named_{name}", _POINTS_REFERENCE[strength]),) if strength else ()
    for strength, name in _NAMES_REFERENCE.items()
}
_PARTY_PARTS = {
    party: (Part(f"party_{party}", points),) if party != "none" else ()
    for party, points in _POINTS_PARTY.items()
}
KNOWN_PARTY = ("iban", "mandate", "partner", "name")


def proposal(
    line: Line,
    allocations: tuple[tuple[int, int], ...],
    currency: str,
    *,
    found_by: str,
    facts: tuple[int, str, str],
    evidence: Evidence,
    parts: tuple[Part, ...],
    certain: bool,
    difference: int,
    rule: int = 0,
) -> Proposal:
    """:param facts: how surely it is named, how the amounts relate, and how the other party does
    :param parts: reasons beside the name and the party
    """
    strength, kind, party = facts
    items = {item for item, _amount in allocations}
    spans = [
        mention.span(next(item for item in mention.items if item in items))
        for mention in evidence.mentions
        if not items.isdisjoint(mention.items) and mention.end
    ]
    every = (*_NAMED_PARTS[strength], *parts, *_PARTY_PARTS[party])
    return Proposal(
        line=line.id,
        allocations=allocations,
        currency=currency,
        found_by=found_by if strength else "fuzzy",
        pattern=_pattern(strength, kind, party),
        score=max(0, min(100, sum([part.points for part in every]))),
        parts=every,
        spans=tuple(spans),
        difference=difference,
        difference_kind=kind if difference or kind == "short" else "",
        rule=rule,
        certain=certain,
    )


@lru_cache(maxsize=1_024)
def _pattern(strength: int, kind: str, party: str) -> str:
    return f"{_NAMES_REFERENCE[strength]}:{kind}:{'known' if party in KNOWN_PARTY else party}"
