"""Who gets which items: decided over all lines that want the same ones, not first come, first served.

Lines that share an item make a block. In a block the selection with the highest sum of scores is taken in which no item
is paid beyond what is open. Small blocks are solved exactly; in a large one only what nobody contests is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .catalogue import Catalogue
from .facts import Proposal
from .passes import Finding, rank

CONTEST = 12
"""Points: a line that wants an item this nearly as much makes giving it to another a matter of opinion."""
_MOST_LINES = 12
_MOST_STEPS = 20_000
_WORTH_CONTESTING = 40


class Given(NamedTuple):
    """What a line got; ``rival`` is a line that could have had it as well, 0 for none."""

    proposal: Proposal
    rival: int = 0


def assign(findings: Sequence[Finding], catalogue: Catalogue) -> dict[int, Given]:
    """Give each line one of its proposals, or none when others take what it wants.

    :param findings: in the order in which equal claims are served.
    """
    chosen: dict[int, Given] = {}
    wanted: dict[int, list[int]] = {}
    for place, finding in enumerate(findings):
        serious = _serious(finding)
        for item in catalogue.claims([item for one in serious for item in one.items]):
            wanted.setdefault(item, []).append(place)
    for block in _blocks(len(findings), wanted.values()):
        members = [findings[place] for place in block if findings[place].proposals]
        if len(members) == 1:
            chosen[members[0].line.id] = Given(members[0].proposals[0])
        elif members:
            chosen.update(_solve(members, catalogue))
    return chosen


def _serious(finding: Finding) -> tuple[Proposal, ...]:
    """Proposals that keep others away: the best, and what comes close to it. Mere likeness contests nothing."""
    if not finding.proposals or finding.proposals[0].score < _WORTH_CONTESTING:
        return ()
    if len(finding.proposals) == 1:
        return finding.proposals
    least = max(_WORTH_CONTESTING, finding.proposals[0].score - CONTEST)
    return tuple(one for one in finding.proposals[:4] if one.score >= least)


def _blocks(count: int, groups: Iterable[list[int]]) -> list[list[int]]:
    """Places 0 to ``count`` by connected groups (union-find)."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for group in groups:
        for place in group[1:]:
            low, high = sorted((root(group[0]), root(place)))
            parent[high] = low
    # The first of a block is its root.
    members: dict[int, list[int]] = {}
    for place, above in enumerate(parent):
        if above == place:
            members[place] = [place]
        else:
            members[root(place)].append(place)
    return list(members.values())


def _solve(members: list[Finding], catalogue: Catalogue) -> dict[int, Given]:
    options = [_serious(finding) or finding.proposals[:1] for finding in members]
    if len(members) > _MOST_LINES:
        taken = _uncontested(options, catalogue)
    else:
        taken = _best_selection(options, catalogue)
        if taken is None:
            taken = _uncontested(options, catalogue)
    result = {}
    for place, proposal in enumerate(taken):
        if proposal is not None:
            rival = _rival(place, proposal, members, options, taken, catalogue)
            result[members[place].line.id] = Given(proposal, rival)
    return result


def _best_selection(options, catalogue: Catalogue) -> list[Proposal | None] | None:
    """Branch and bound over the lines in their order; the first of equal selections wins, so order decides ties.

    :return: None when the bound on steps is reached.
    """
    ceiling = [0] * (len(options) + 1)
    for place in range(len(options) - 1, -1, -1):
        ceiling[place] = ceiling[place + 1] + max((one.score for one in options[place]), default=0)
    best_score, best = -1, None
    steps = 0
    stack: list[tuple[int, int, tuple[Proposal | None, ...]]] = [(0, 0, ())]
    while stack:
        steps += 1
        if steps > _MOST_STEPS:
            return None
        place, score, taken = stack.pop()
        if score + ceiling[place] <= best_score:
            continue
        if place == len(options):
            best_score, best = score, taken
            continue
        # The last pushed is tried first: the best proposal, then the others, then nothing.
        stack.append((place + 1, score, (*taken, None)))
        for one in sorted(options[place], key=rank, reverse=True):
            if _fits(one, taken, catalogue):
                stack.append((place + 1, score + one.score, (*taken, one)))
    return list(best)


def _fits(proposal: Proposal, taken, catalogue: Catalogue) -> bool:
    paid: dict[int, int] = {}
    own = catalogue.parts(proposal.allocations)
    for allocations in (*(catalogue.parts(one.allocations) for one in taken if one), own):
        for item, amount in allocations:
            paid[item] = paid.get(item, 0) + abs(amount)
    for item, amount in own:
        due = catalogue.open_amount(item)
        # What is known as a member of a batch only is open as far as the batch says.
        if paid[item] > (abs(amount) if due is None else due):
            return False
    return True


def _uncontested(options, catalogue: Catalogue) -> list[Proposal | None]:
    """In a block too large to be solved: the best of each line, where no other line wants any of its items."""
    wanting: dict[int, set[int]] = {}
    for place, every in enumerate(options):
        for one in every:
            for item in catalogue.claims(one.items):
                wanting.setdefault(item, set()).add(place)
    taken: list[Proposal | None] = []
    used: set[int] = set()
    for place, every in enumerate(options):
        best = every[0] if every else None
        claimed = catalogue.claims(best.items) if best else frozenset()
        contenders = {other for item in claimed for other in wanting[item]}
        alone = contenders == {place} or _same_claim(contenders, options)
        if best and alone and not used & claimed:
            used |= claimed
            taken.append(best)
        else:
            taken.append(None)
    return taken


def _same_claim(places: set[int], options) -> bool:
    claims = {(one[0].allocations, one[0].pattern) for one in (options[place] for place in places)}
    return len(claims) == 1


def _rival(place: int, proposal: Proposal, members, options, taken, catalogue: Catalogue) -> int:
    """The line that wants one of the items nearly as much, though for other reasons.

    Two payments with the same evidence for one item are interchangeable: the earlier one pays it, the other is a
    payment too many. That is no ambiguity.
    """
    items = catalogue.claims(proposal.items)
    for other, every in enumerate(options):
        if other == place:
            continue
        for one in every:
            if not items & catalogue.claims(one.items) or taken[other] is one:
                continue
            same = one.allocations == proposal.allocations and one.pattern == proposal.pattern
            gets_as_good = taken[other] is not None and taken[other].score >= one.score
            if not same and not gets_as_good and one.score > proposal.score - CONTEST:
                return members[other].line.id
    return 0
