"""From lines and open items to decisions: certain, to be asked, ambiguous, or nothing found.

The result depends on what is given, never on its order or on something being given twice.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from .assign import assign
from .catalogue import Catalogue
from .facts import (
    AMBIGUOUS,
    AUTO,
    CORE,
    NONE,
    PROPOSE,
    Decision,
    Item,
    Line,
    Part,
    Parties,
    Proposal,
    Tolerance,
)
from .passes import Finding, World, examine, join_parts

VERSION = 2
"""Kept with each decision; raised when the engine would decide otherwise."""
MARGIN = 12
"""Points by which the best proposal has to lead; a closer runner-up makes the line ambiguous."""
SHOWN = 5
"""Proposals that are kept for a line."""
_MANY_OBJECTS = 100_000
_CERTAIN, _CLOSED, _NOTHING = Part("certain", 0), Part("closed", 0), Part("nothing", 0)


def match(
    lines: Iterable[Line],
    items: Iterable[Item],
    *,
    parties: Mapping[int, Parties] | None = None,
    tolerances: Iterable[Tolerance] = (),
    shapes: Mapping[int, frozenset[str]] | None = None,
    trusted: Callable[[int, Proposal], bool] = lambda company, proposal: True,
) -> tuple[Decision, ...]:
    """Decide on each line.

    :param parties: by company, who is known by which account and name.
    :param tolerances: differences that active rules accept.
    :param shapes: by company, the forms of its document numbers.
    :param trusted: says whether the measured precision of a proposal's pass and pattern lets it post by itself.
    :return: one decision a line, by company and then by date, amount and id.
    """
    lines_of: dict[int, dict[int, Line]] = {}
    for line in lines:
        lines_of.setdefault(line.company, {})[line.id] = line
    items_of: dict[int, list[Item]] = {}
    for item in items:
        if item.residual:
            items_of.setdefault(item.company, []).append(item)
    ordered = tuple(
        sorted(set(tolerances), key=lambda one: (one.kind != "rounding", one.maximum, one.rule))
    )
    decisions: list[Decision] = []
    with _uncollected():
        for company, own in sorted(lines_of.items()):
            world = World(
                Catalogue(items_of.get(company, ()), (shapes or {}).get(company, frozenset())),
                (parties or {}).get(company, Parties()),
                tuple(one for one in ordered if one.company == company),
            )
            in_order = sorted(own.values(), key=lambda line: line.order)
            decisions += _decide_all(in_order, world, trusted)
    return tuple(decisions)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for cycles: nothing here has any, and looking takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            if gc.get_count()[0] > _MANY_OBJECTS and not gc.get_freeze_count():
                # To the oldest generation unseen: all that was made would be searched at once.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _decide_all(lines: list[Line], world: World, trusted) -> list[Decision]:
    findings = join_parts([examine(line, world) for line in lines], world.catalogue)
    chosen = assign(findings, world.catalogue)
    return [_decide(finding, chosen.get(finding.line.id), world, trusted) for finding in findings]


def _decide(finding: Finding, given, world: World, trusted) -> Decision:
    line = finding.line
    proposals = finding.proposals
    if not proposals:
        outcome = AMBIGUOUS if len(finding.gated) > 1 else PROPOSE if finding.gated else NONE
        return Decision(line.id, outcome, _why_gated(finding, world))
    best = given.proposal if given else proposals[0]
    if best is not proposals[0]:
        proposals = (best, *(one for one in proposals if one is not best))
    ranked = _as_posted(proposals, world.catalogue)
    reason, outcome = _doubt(finding, best, given, world)
    if reason is None and not best.certain:
        code = (
            "confusable" if any(part.code == "confusable" for part in best.parts) else "suggestion"
        )
        reason, outcome = Part(code, 0), PROPOSE
    if reason is None and not trusted(line.company, best):
        reason, outcome = Part("precision", 0, (("pattern", best.pattern),)), PROPOSE
    if reason is None:
        return Decision(line.id, AUTO, _CERTAIN, ranked)
    return Decision(line.id, outcome, reason, ranked)


def _why_gated(finding: Finding, world: World) -> Part:
    if not finding.gated:
        return _CLOSED if finding.evidence.closed else _NOTHING
    item_id, gate = finding.gated[0]
    item = world.catalogue.items[item_id]
    figures = (
        ("item", str(item_id)),
        ("issued", item.currency),
        ("paid", finding.line.amounts[0][0]),
    )
    return Part(f"gate_{gate}", 0, figures)


def _doubt(finding: Finding, best: Proposal, given, world: World):
    """:return: what speaks against posting the best proposal, or (None, None)"""
    if given is None:
        return Part("claimed", 0, (("item", str(best.items[0])),)), PROPOSE
    if given.rival:
        return Part("contested", 0, (("line", str(given.rival)),)), AMBIGUOUS
    others = _others_named(finding, best, world.catalogue) if best.certain else ()
    if others:
        return Part("names_others", 0, (("count", str(len(others))),)), AMBIGUOUS
    if best.difference_kind in ("short", "over"):
        code = f"amount_{best.difference_kind}"
        return next(replace(part, points=0) for part in best.parts if part.code == code), PROPOSE
    rival = _runner_up(finding, best, world.catalogue)
    if rival:
        return Part("runner_up", 0, (("score", str(rival.score)),)), AMBIGUOUS
    if finding.evidence.closed and finding.evidence.strength(best.items[0]) < CORE:
        return Part("names_closed", 0), PROPOSE
    return None, None


def _others_named(finding: Finding, best: Proposal, catalogue: Catalogue) -> set[int]:
    """Where the amount is exact, one of the other direction is none: what comes back names what is open again with it.

    :return: documents that the line names and that are not settled with the best proposal
    """
    if finding.named == best.items:
        return set()
    items, claimed = catalogue.items, catalogue.claims(best.items)
    documents = {items[item].document for item in (*best.items, *claimed) if item in items}
    # A difference may be what the one is less than the other.
    opposite = (
        () if best.difference else [item for item, gate in finding.gated if gate == "direction"]
    )
    return {
        items[item].document
        for item in finding.named
        if finding.evidence.strength(item) >= CORE
        and item not in opposite
        and not catalogue.claims((item,)) <= claimed
    } - documents


def _runner_up(finding: Finding, best: Proposal, catalogue: Catalogue) -> Proposal | None:
    if len(finding.proposals) == 1:
        return None
    items, claimed = catalogue.items, catalogue.claims(best.items)
    documents = {items[item].document for item in best.items}
    for other in finding.proposals:
        if (
            other is best
            or {items[item].document for item in other.items} == documents
            or catalogue.claims(other.items) == claimed
        ):
            continue
        if best.score - other.score < MARGIN:
            return other
    return None


def _as_posted(proposals: tuple[Proposal, ...], catalogue: Catalogue) -> tuple[Proposal, ...]:
    """The first of them, by what is settled with each; a batch and its members named one by one are the same."""
    batches = catalogue.batches
    if not batches:
        return proposals[:SHOWN]
    shown: dict[tuple, Proposal] = {}
    for one in proposals:
        allocations = tuple(sorted(catalogue.parts(one.allocations)))
        spans = tuple(
            replace(span, item=batches[span.item].members[0][0]) if span.item in batches else span
            for span in one.spans
        )
        shown.setdefault(allocations, replace(one, allocations=allocations, spans=spans))
    return tuple(shown.values())[:SHOWN]
