"""The passes: each finds ways to settle one line, says what they rest on and how much that is worth.

Currency, company and direction are gates: what does not pass them is no proposal, whatever else speaks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein

from . import worth
from .catalogue import Catalogue
from .evidence import Evidence, gather
from .facts import (
    CORE,
    LIKE,
    NUMBER,
    REFERENCE,
    Item,
    Line,
    Part,
    Parties,
    Proposal,
    Tolerance,
)
from .subset import MAX_ITEMS, UNIQUE, unique_subset
from .words import fold_name, normalise
from .worth import AMOUNT_EXACT, KNOWN_PARTY, POINTS_AMOUNT

_EXPLAINED = ("discount", "fee", "rounding", "withholding")
# Items of one amount beyond which an amount says nothing.
_MOST_OF_AMOUNT = 20
_MOST_COMPARED = 200
_SLIP = 2
"""Characters changed, dropped or added; two that changed places count as two."""
_ALIKE = 86
"""rapidfuzz's token_set_ratio from which two names are shown as alike; a suggestion, never more."""


@dataclass(frozen=True, slots=True)
class World:
    """What lines of one company are compared with."""

    catalogue: Catalogue
    parties: Parties
    tolerances: tuple[Tolerance, ...]


class Finding(NamedTuple):
    """A line with all that was found for it.

    :ivar named: items that the line names, by strength; items of other currencies and directions included.
    :ivar gated: of those, the ones that a gate keeps out, with the gate's code.
    """

    line: Line
    evidence: Evidence
    proposals: tuple[Proposal, ...]
    named: tuple[int, ...] = ()
    gated: tuple[tuple[int, str], ...] = ()


def examine(line: Line, world: World) -> Finding:
    """Look for everything that may settle a line."""
    evidence = gather(line, world.catalogue)
    named = evidence.strengths
    gated = []
    proposals: list[Proposal] = []
    open_to: dict[str, list[Item]] = {}
    for item_id in sorted(named):
        item = world.catalogue.items[item_id]
        amount = _amount_in(line, item.currency)
        if amount is None:
            gated.append((item_id, "currency"))
            continue
        open_to.setdefault(item.currency, []).append(item)
        if (item.residual > 0) != (amount > 0):
            gated.append((item_id, "direction"))
            continue
        proposals.append(_single(line, item, amount, named[item_id], evidence, world))
    for currency, items in open_to.items():
        if len(items) > 1:
            proposals += _together(line, items, currency, evidence, world)
    if not any(
        named.get(item, 0) >= CORE for one in proposals for item, _amount in one.allocations
    ):
        proposals += _by_party(line, named, evidence, world)
        proposals += _by_amount(line, named, evidence, world)
    return Finding(line, evidence, _ranked(proposals), tuple(sorted(named)), tuple(gated))


def _ranked(proposals: list[Proposal]) -> tuple[Proposal, ...]:
    if len(proposals) < 2:
        return tuple(proposals)
    best: dict[tuple, Proposal] = {}
    for proposal in proposals:
        known = best.get(proposal.allocations)
        if known is None or rank(proposal) < rank(known):
            best[proposal.allocations] = proposal
    return tuple(sorted(best.values(), key=rank))


def rank(proposal: Proposal):
    """Sort key: the best first; equal ones in an order that does not depend on that of the input."""
    return -proposal.score, len(proposal.allocations), proposal.allocations


def _amount_in(line: Line, currency: str) -> int | None:
    for own, amount in line.amounts:
        if own == currency:
            return amount
    return None


# === ONE ITEM === #


def _single(
    line: Line, item: Item, amount: int, strength: int, evidence: Evidence, world: World
) -> Proposal:
    kind, rule, parts = _compare(line, item, amount, world)
    party = _party(line, item, world.parties)
    pays = amount if kind == "short" else item.residual
    # A mandate is used again and again: it tells who pays, and not also what.
    by_mandate_alone = strength == LIKE and party == "mandate"
    certain = (
        kind == "exact" and strength >= LIKE and party in KNOWN_PARTY and not by_mandate_alone
    ) or (kind in ("exact", *_EXPLAINED) and _is_sure(strength, party))
    if (
        certain
        and strength < REFERENCE
        and party not in KNOWN_PARTY
        and _confusable(line, item, amount, party, world)
    ):
        certain = False
        parts = (*parts, Part("confusable", 0))
    foreign = item.currency != line.amounts[0][0]
    return worth.proposal(
        line,
        ((item.id, pays),),
        item.currency,
        found_by=_pass(kind, strength, foreign),
        facts=(strength, kind, party),
        evidence=evidence,
        parts=parts,
        difference=amount - pays,
        rule=rule,
        certain=certain,
    )


def _confusable(line: Line, item: Item, amount: int, party: str, world: World) -> bool:
    """Whether a slip of the pen leads from another item to this one: of its amount or the paid one, nearly its number.

    A number without check digits cannot tell the two apart; who pays could, but is not known. A name that resembles
    this item's party rules out the items of those whom it does not resemble.
    """
    items = world.catalogue.items
    by_amount = world.catalogue.by_amount
    others = [
        other
        for due in {item.residual, amount}
        for other in by_amount.get((item.currency, due), ())
    ]
    if len(others) > _MOST_COMPARED:
        return True
    own = [normalise(text) for text in (*item.numbers, *item.references)]
    return any(
        other.document != item.document
        and any(
            Levenshtein.distance(mine, normalise(text), score_cutoff=_SLIP) <= _SLIP
            for text in (*other.numbers, *other.references)
            for mine in own
        )
        and not (party == "alike" and _party(line, other, world.parties) in ("stranger", "other"))
        for other in (items[place] for place in others if place != item.id)
    )


def _is_sure(strength: int, party: str) -> bool:
    """A part of a number is enough where the party is known as well."""
    return strength >= NUMBER or (strength == CORE and party in KNOWN_PARTY)


def _pass(kind: str, strength: int, foreign: bool) -> str:
    if not strength:
        return "fuzzy"
    if kind in ("exact", "short", "over"):
        return "currency" if foreign else "exact"
    return "tolerance"


def _compare(line: Line, item: Item, amount: int, world: World):
    """:return: how the amounts relate, the rule that allows it, and the sentence's figures"""
    due = item.residual
    if amount == due:
        return "exact", 0, AMOUNT_EXACT
    if (
        item.discounted == amount
        and item.discount_until is not None
        and line.date <= item.discount_until
    ):
        until = (("until", item.discount_until.isoformat()),)
        return "discount", 0, (Part("amount_discount", POINTS_AMOUNT["discount"], until),)
    for tolerance in world.tolerances:
        if _tolerates(tolerance, line, item, amount):
            kind = tolerance.kind
            figures = (("difference", str(amount - due)), ("currency", item.currency))
            return kind, tolerance.rule, (Part(f"amount_{kind}", POINTS_AMOUNT[kind], figures),)
    kind = "short" if abs(amount) < abs(due) else "over"
    figures = (("due", str(due)), ("paid", str(amount)), ("currency", item.currency))
    return kind, 0, (Part(f"amount_{kind}", POINTS_AMOUNT[kind], figures),)


def _tolerates(tolerance: Tolerance, line: Line, item: Item, amount: int) -> bool:
    if tolerance.currency != item.currency or tolerance.company != line.company:
        return False
    if tolerance.partners and item.partner not in tolerance.partners:
        return False
    if tolerance.journals and line.journal not in tolerance.journals:
        return False
    short = abs(item.residual) - abs(amount)
    share = _share(abs(item.residual), tolerance.rate)
    if tolerance.kind == "withholding":
        return short > 0 and abs(short - share) <= 1
    if tolerance.kind == "rounding":
        return 0 < abs(short) <= tolerance.maximum
    return 0 < short <= tolerance.maximum and (not tolerance.rate or short <= share)


def _share(amount: int, rate: int) -> int:
    """A rate in ten-thousandths of an amount, rounded half up."""
    return (amount * rate + 5_000) // 10_000


def _party(line: Line, item: Item, parties: Parties) -> str:
    """:return: how the other party of the line relates to that of the item"""
    if not item.partner:
        return "none"
    if line.mandate and item.mandate == line.mandate:
        return "mandate"
    owners = parties.ibans.get(line.iban, frozenset()) if line.iban else frozenset()
    if item.partner in owners:
        return "iban"
    if line.partner == item.partner:
        return "partner"
    folded = fold_name(line.name) if line.name else ""
    if folded and item.partner in parties.names.get(folded, ()):
        return "name"
    if owners:
        return "other"
    shown = parties.shown.get(item.partner)
    if not folded or not shown:
        return "none"
    return "alike" if fuzz.token_set_ratio(folded, fold_name(shown)) >= _ALIKE else "stranger"


# === ONE LINE TO MANY ITEMS === #


def _together(
    line: Line, items: list[Item], currency: str, evidence: Evidence, world: World
) -> Iterator[Proposal]:
    """All that the line names, instalments of one document, or the one selection of them that adds up."""
    amount = _amount_in(line, currency)
    surely = [item for item in items if evidence.strength(item.id) >= CORE and not item.members]
    if len(surely) < 2:
        return
    if sum(item.residual for item in surely) == amount:
        yield _group(line, surely, "all", evidence, world)
        return
    discounted = [_after_discount(item, line) for item in surely]
    if sum(discounted) == amount:
        yield _group(line, surely, "discount", evidence, world)
        return
    outcome, places = unique_subset([item.residual for item in surely], amount)
    if outcome == UNIQUE:
        yield _group(line, [surely[place] for place in places], "some", evidence, world)


def _after_discount(item: Item, line: Line) -> int:
    if item.discounted is None or item.discount_until is None or line.date > item.discount_until:
        return item.residual
    return item.discounted


def _group(
    line: Line, items: list[Item], how: str, evidence: Evidence, world: World, strength=None
) -> Proposal:
    items = sorted(items, key=lambda item: item.id)
    if strength is None:
        strength = min(evidence.strength(item.id) for item in items)
    parties = {_party(line, item, world.parties) for item in items}
    one_partner = len({item.partner for item in items}) == 1
    party = parties.pop() if len(parties) == 1 else "none"
    # Two items of one mention are two readings of one text, unless they are parts of one document.
    distinct = all(
        len({item.document for item in items if item.id in mention.items}) <= 1
        for mention in evidence.mentions
        if mention.strength >= CORE
    )
    amount = _amount_in(line, items[0].currency)
    parts = [Part(f"sum_{how}", POINTS_AMOUNT["exact"], (("count", str(len(items))),))]
    if how == "party" and items[0].partner in world.parties.several:
        parts.append(Part("party_several", 5))
    total = sum(item.residual for item in items)
    return worth.proposal(
        line,
        tuple((item.id, item.residual) for item in items),
        items[0].currency,
        found_by="one_to_many",
        facts=(strength, f"sum_{how}", party),
        evidence=evidence,
        parts=tuple(parts),
        difference=amount - total,
        certain=how in ("all", "discount")
        and _is_sure(strength, party)
        and distinct
        and one_partner,
    )


# === WITHOUT A REFERENCE === #


def _by_party(
    line: Line, named: dict[int, int], evidence: Evidence, world: World
) -> Iterator[Proposal]:
    """What the other party owes: the amount alone, or the one sum of its items."""
    for partner in sorted(_partners_of(line, world.parties)):
        ids = world.catalogue.by_partner.get(partner, ())
        if len(ids) > 200:
            continue
        items = [world.catalogue.items[item] for item in ids]
        for currency, amount in line.amounts:
            fitting = [
                item
                for item in items
                if item.currency == currency and (item.residual > 0) == (amount > 0)
            ]
            for item in fitting:
                if item.id not in named and _worth_showing(item, amount, line):
                    yield _single(line, item, amount, 0, evidence, world)
            if 2 <= len(fitting) <= MAX_ITEMS:
                outcome, places = unique_subset([item.residual for item in fitting], amount)
                if outcome == UNIQUE:
                    chosen = [fitting[place] for place in places]
                    yield _group(line, chosen, "party", evidence, world, strength=0)


def _worth_showing(item: Item, amount: int, line: Line) -> bool:
    return (
        item.residual == amount
        or _after_discount(item, line) == amount
        or (abs(amount) < abs(item.residual) <= abs(amount) * 21 // 20)
    )


def _partners_of(line: Line, parties: Parties) -> set[int]:
    found = set(parties.ibans.get(line.iban, ())) if line.iban else set()
    if line.partner:
        found.add(line.partner)
    if line.name:
        found |= parties.names.get(fold_name(line.name), frozenset())
    return found


def _by_amount(
    line: Line, named: dict[int, int], evidence: Evidence, world: World
) -> Iterator[Proposal]:
    for currency, amount in line.amounts:
        ids = world.catalogue.by_amount.get((currency, amount), ())
        if len(ids) <= _MOST_OF_AMOUNT:
            for item in ids:
                if item not in named:
                    yield _single(line, world.catalogue.items[item], amount, 0, evidence, world)


# === MANY LINES TO ONE ITEM === #


def join_parts(findings: list[Finding], catalogue: Catalogue) -> list[Finding]:
    """Several lines that surely name one item, each a part of it and together all of it, pay it together."""
    paying: dict[int, list[int]] = {}
    for place, finding in enumerate(findings):
        sure = [
            one
            for one in finding.proposals
            if one.found_by == "exact"
            and one.difference_kind == "short"
            and len(one.allocations) == 1
            and _is_sure(finding.evidence.strength(one.items[0]), _party_of(one))
        ]
        if len(sure) == 1 and len(finding.named) == 1:
            paying.setdefault(sure[0].items[0], []).append(place)
        for one in finding.proposals:
            if one.certain and len(one.allocations) == 1 and not one.difference:
                # A line that pays it whole: then nobody pays it in parts.
                paying.setdefault(one.items[0], []).append(-1)
    result = list(findings)
    for item_id, places in sorted(paying.items()):
        if len(places) < 2 or -1 in places:
            continue
        item = catalogue.items[item_id]
        parts = [_amount_in(findings[place].line, item.currency) for place in places]
        if sum(parts) != item.residual:
            continue
        for place in places:
            result[place] = _part_payment(findings[place], item, len(places))
    return result


def _party_of(proposal: Proposal) -> str:
    """:return: ``iban`` for a known party, else what the pattern says of it"""
    party = proposal.pattern.rsplit(":", 1)[1]
    return "iban" if party == "known" else party


def _part_payment(finding: Finding, item: Item, count: int) -> Finding:
    [proposal] = [one for one in finding.proposals if one.items == (item.id,)]
    amount = _amount_in(finding.line, item.currency)
    parts = tuple(
        Part("sum_lines", POINTS_AMOUNT["exact"], (("count", str(count)),))
        if part.code == "amount_short"
        else part
        for part in proposal.parts
    )
    reference, _kind, party = proposal.pattern.split(":")
    joined = replace(
        proposal,
        allocations=((item.id, amount),),
        found_by="many_to_one",
        pattern=f"{reference}:sum_lines:{party}",
        score=min(100, sum(part.points for part in parts)),
        parts=parts,
        difference=0,
        difference_kind="",
        certain=True,
    )
    others = [one for one in finding.proposals if one is not proposal]
    return finding._replace(proposals=_ranked([joined, *others]))
