"""Which announced transaction is which: when a bank announces it again, and when it books it.

Banks give what is pending an id of its own, one that they carry into the booking, or none. So the strongest sign is
tried first, and content counts only where it leaves one way to read it: two equal card payments of a day stay two.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal

_BOOKED_WITHIN = datetime.timedelta(days=10)
"""Card payments are booked within days; what is older is another one of the same kind."""
_BOOKED_BEFORE = datetime.timedelta(days=3)
"""Value dates that banks announce may lie ahead of the booking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An announced transaction, or a booking that may be one.

    :ivar id: of the caller's record, or its number.
    :ivar uid: the provider's id; of a booking, the id it had while it was pending, or its own.
    :ivar end_to_end_id: normalised, empty for none.
    :ivar party: name or account of the other side, normalised, empty for none.
    :ivar text: remittance, normalised.
    :ivar arrived: when we heard of it first.
    """

    id: int
    amount: Decimal
    uids: frozenset[str] = frozenset()
    end_to_end_id: str = ""
    date: datetime.date | None = None
    party: str = ""
    text: str = ""
    arrived: datetime.datetime | None = None


def same(known: Iterable[Announced], heard: Iterable[Announced]) -> dict[int, int]:
    """Recognise what a bank announced before.

    :return: id of ``heard`` to id of ``known``; who is missing is new.
    """
    pairing = _Pairing(known, heard)
    pairing.by_uid()
    pairing.by_key(lambda each: each.end_to_end_id and (each.end_to_end_id, each.amount))
    pairing.by_key(lambda each: (each.amount, each.date, each.party, each.text), in_order=True)
    pairing.by_key(lambda each: (each.amount, each.party, each.text), in_order=True)
    pairing.by_key(lambda each: each.party and (each.amount, each.party))
    return pairing.found


def booked(announced: Iterable[Announced], bookings: Iterable[Announced]) -> dict[int, int]:
    """Recognise which bookings were announced.

    :return: id of the booking to id of what announced it; in doubt neither.
    """
    pairing = _Pairing(announced, bookings, fits=_in_time)
    pairing.by_uid()
    pairing.by_key(lambda each: each.end_to_end_id and (each.end_to_end_id, each.amount > 0))
    pairing.by_key(lambda each: (each.amount, each.date, each.party, each.text), in_order=True)
    pairing.by_key(lambda each: each.text and (each.amount, each.party, each.text))
    pairing.by_key(lambda each: each.party and (each.amount, each.party))
    pairing.by_key(lambda each: each.text and (each.amount, each.text))
    return pairing.found


def _in_time(announced, booking):
    if announced.arrived and booking.arrived:
        if booking.arrived < announced.arrived:
            return False
        if announced.date is None:
            return booking.arrived <= announced.arrived + _BOOKED_WITHIN
    if announced.date is None or booking.date is None:
        return True
    return announced.date - _BOOKED_BEFORE <= booking.date <= announced.date + _BOOKED_WITHIN


class _Pairing:
    """What is left on both sides, and what was found."""

    def __init__(self, left, right, fits: Callable = lambda _left, _right: True):
        self.left = {each.id: each for each in left}
        self.right = {each.id: each for each in right}
        self.fits = fits
        self.found: dict[int, int] = {}

    def by_uid(self):
        by_uid = {uid: each.id for each in self.left.values() for uid in each.uids}
        for each in list(self.right.values()):
            hits = {by_uid[uid] for uid in each.uids if uid in by_uid}
            if len(hits) == 1:
                self._take(hits.pop(), each.id)

    def by_key(self, key: Callable[[Announced], Hashable], *, in_order: bool = False):
        """Pair what has an equal key on both sides.

        :param key: a false one says nothing.
        :param in_order: of several equal ones as many as on the other side are paired; else one and one only.
        """
        groups = defaultdict(lambda: ([], []))
        for side, items in enumerate((self.left, self.right)):
            for each in items.values():
                if value := key(each):
                    groups[value][side].append(each)
        for all_lefts, all_rights in groups.values():
            lefts = [
                left for left in all_lefts if any(self.fits(left, right) for right in all_rights)
            ]
            rights = [
                right for right in all_rights if any(self.fits(left, right) for left in lefts)
            ]
            if len(lefts) == len(rights) and (in_order or len(lefts) == 1):
                for left, right in zip(lefts, rights, strict=True):
                    if self.fits(left, right):
                        self._take(left.id, right.id)

    def _take(self, left_id, right_id):
        if left_id in self.left and right_id in self.right:
            del self.left[left_id], self.right[right_id]
            self.found[right_id] = left_id
