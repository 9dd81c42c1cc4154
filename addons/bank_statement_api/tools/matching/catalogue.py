"""Open items of one company, to be looked up by what a bank line may say: a look-up a word, never all with all."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from . import numbers, schemes
from .facts import CORE, NUMBER, REFERENCE, Item
from .words import look_alike, normalise

SHORTEST = 5
"""Characters: a shorter reference would be found in any text, and is anybody's number in a field."""
LONGEST = 35
HEAD = 4
"""Characters by which a word is told from all that could begin a reference."""
_SHORTEST_STUB = 8
_MOST_STUBS = 30


class Catalogue:
    """Indexes over the open items of one company.

    :param items: any order; of equal ids one counts.
    :param shapes: of the company's document numbers, see :func:`numbers.learn`: what has one of them looks like a
        number that this company gave out, open or not.
    """

    def __init__(self, items: Iterable[Item], shapes: frozenset[str] = frozenset()):
        self.items = {item.id: item for item in sorted(items, key=lambda item: item.id)}
        self.batches = {item.id: item for item in self.items.values() if item.members}
        self.shapes = shapes
        self.keys: dict[str, Sequence[tuple[int, int]]] = {}
        self.whole: dict[str, list[int]] = {}
        self.by_amount: dict[tuple[str, int], list[int]] = defaultdict(list)
        self.by_partner: dict[int, list[int]] = defaultdict(list)
        self.by_mandate: dict[str, list[int]] = defaultdict(list)
        for item in self.items.values():
            self._add(item)
        heads = {key[:HEAD] for key in self.keys}
        self.heads = frozenset(head[:size] for head in heads for size in range(1, HEAD + 1))
        self.shape_heads = frozenset(
            found[:size] for found in shapes for size in range(1, len(found) + 1)
        )

    def _add(self, item: Item) -> None:
        self.by_amount[item.currency, item.residual].append(item.id)
        if item.partner:
            self.by_partner[item.partner].append(item.id)
        if item.mandate:
            self.by_mandate[normalise(item.mandate)].append(item.id)
        best: dict[str, int] = {}
        for reference in item.references:
            value = normalise(reference)
            if SHORTEST <= len(value) <= LONGEST:
                best[value] = REFERENCE if _is_telling(value) else NUMBER
                for form in schemes.equivalents(value):
                    best.setdefault(form, REFERENCE)
        for number in item.numbers:
            value = normalise(number)
            if SHORTEST <= len(value) <= LONGEST:
                best[value] = max(best.get(value, 0), NUMBER)
        for value in best:
            self.whole.setdefault(value, []).append(item.id)
        for number in item.numbers:
            for form in numbers.forms(number):
                best.setdefault(form, CORE)
        self._add_keys(item.id, best)

    def _add_keys(self, item: int, forms: dict[str, int]) -> None:
        """:param forms: with the strength of each"""
        # One for all forms of a strength, and a list only where items share one: there are hundreds of thousands.
        alone = {strength: ((strength, item),) for strength in set(forms.values())}
        keys = self.keys
        for value, strength in forms.items():
            hits = keys.get(value)
            if hits is None:
                keys[value] = alone[strength]
            elif isinstance(hits, list):
                hits += alone[strength]
            else:
                keys[value] = [*hits, *alone[strength]]

    # === BATCHES === #

    def claims(self, items: Iterable[int]) -> frozenset[int]:
        """Return what is settled with some items: of a batch its members."""
        if not self.batches:
            return frozenset(items)
        return frozenset(
            part
            for item in items
            for part in (
                [member for member, _amount in self.batches[item].members]
                if item in self.batches
                else [item]
            )
        )

    def parts(self, allocations: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Return allocations with each batch that is paid whole as what is paid of its members."""
        if not self.batches:
            return tuple(allocations)
        return tuple(
            part
            for item, amount in allocations
            for part in (
                self.batches[item].members
                if item in self.batches and self.batches[item].residual == amount
                else [(item, amount)]
            )
        )

    def open_amount(self, item: int) -> int | None:
        """Return what is open of an item, without its sign; None when it is known as a member of a batch only."""
        return abs(self.items[item].residual) if item in self.items else None

    # === LOOK-UP === #

    @cached_property
    def alike(self) -> dict[str, list[int]]:
        """Whole references by the form in which look-alikes are equal."""
        found: dict[str, list[int]] = {}
        for value, ids in self.whole.items():
            if len(value) >= _SHORTEST_STUB:
                found.setdefault(look_alike(value), []).extend(ids)
        return found

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.whole)

    def begun(self, stub: str) -> list[int]:
        """Return the items with a reference that begins with what a cut text ends on; too many count as none."""
        if len(stub) < _SHORTEST_STUB:
            return []
        found: list[int] = []
        for place in range(bisect_left(self._sorted, stub), len(self._sorted)):
            value = self._sorted[place]
            if not value.startswith(stub):
                break
            if len(stub) * 10 >= len(value) * 6:
                found.extend(self.whole[value])
            if len(found) > _MOST_STUBS:
                return []
        return sorted(set(found))


def _is_telling(value: str) -> bool:
    """A reference counts as one when its scheme, its length or its letters tell it from a plain number."""
    return len(value) >= 10 or not value.isdigit()
