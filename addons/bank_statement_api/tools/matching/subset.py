"""Which of some amounts add up to a total: found only when there is exactly one answer."""

from __future__ import annotations

from collections.abc import Sequence

UNIQUE = "unique"
NONE = "none"
SEVERAL = "several"
TOO_MANY = "too_many"

MAX_ITEMS = 20
MAX_STEPS = 50_000


def unique_subset(
    amounts: Sequence[int], total: int, *, smallest: int = 2, steps: int = MAX_STEPS
) -> tuple[str, tuple[int, ...]]:
    """Find the one selection of amounts whose sum is the total.

    The search is bounded; where the bound is reached nothing is said, since another answer may be beyond it.

    :param amounts: minor units, of one sign or mixed.
    :param smallest: number of amounts an answer has at least.
    :return: ``unique`` with the places in ``amounts``, or ``none``, ``several`` or ``too_many`` with an empty tuple.
    """
    if len(amounts) > MAX_ITEMS:
        return TOO_MANY, ()
    order = sorted(range(len(amounts)), key=lambda place: (-abs(amounts[place]), place))
    values = [amounts[place] for place in order]
    # What can still be reached from each place on, downwards and upwards.
    low, high = [0] * (len(values) + 1), [0] * (len(values) + 1)
    for place in range(len(values) - 1, -1, -1):
        low[place] = low[place + 1] + min(values[place], 0)
        high[place] = high[place + 1] + max(values[place], 0)
    found: list[tuple[int, ...]] = []
    stack: list[tuple[int, int, tuple[int, ...]]] = [(0, total, ())]
    while stack:
        steps -= 1
        if steps < 0:
            return TOO_MANY, ()
        place, rest, chosen = stack.pop()
        if place == len(values) or not low[place] <= rest <= high[place]:
            continue
        taken = (*chosen, place)
        if rest == values[place] and len(taken) >= smallest:
            found.append(taken)
            if len(found) > 1:
                return SEVERAL, ()
        stack.append((place + 1, rest, chosen))
        stack.append((place + 1, rest - values[place], taken))
    if not found:
        return NONE, ()
    return UNIQUE, tuple(sorted(order[place] for place in found[0]))
