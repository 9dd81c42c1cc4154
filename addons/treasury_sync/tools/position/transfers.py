"""Money on its way between accounts of the group: it has left one and not reached the other, or is in both."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

#: Days that a transfer may be under way; later it is a case for a person, and not counted as cash any more.
WINDOW_DAYS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A booking of the bank between two entities of the group, or two accounts of one.

    :ivar entity_id: whose account it is booked on.
    :ivar other_id: the entity at its other end.
    :ivar amount: negative when the money leaves the account.
    """

    id: int
    entity_id: int
    other_id: int
    account_id: int
    currency: str
    amount: Decimal
    day: datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class OnItsWay:
    """What the group has to count although no account holds it (positive), or must not count twice (negative)."""

    transfer: Transfer
    amount: Decimal


def on_its_way(
    transfers: Iterable[Transfer], day: datetime.date, window: int = WINDOW_DAYS
) -> tuple[list[OnItsWay], list[Transfer]]:
    """Find the bookings whose other half is not booked yet.

    Two bookings belong together when they are between the same ends, of the same amount and currency, on different
    accounts, and not more than ``window`` days apart.

    :param transfers: of at least the last ``2 * window`` days; later ones than ``day`` do not count.
    :return: what is on its way, and what has been for longer than ``window`` days, which nobody can call cash.
    """
    groups: dict[tuple, tuple[list, list]] = {}
    for each in sorted(transfers, key=lambda each: (each.day, each.id)):
        if each.day > day or not each.amount:
            continue
        leaving = each.amount < 0
        ends = (each.entity_id, each.other_id) if leaving else (each.other_id, each.entity_id)
        group = groups.setdefault((*ends, each.currency, abs(each.amount)), ([], []))
        group[0 if leaving else 1].append(each)
    waiting, late = [], []
    oldest = day - datetime.timedelta(days=window)
    for leaving, arriving in groups.values():
        for each in _alone(leaving, arriving, window):
            if each.day < oldest:
                late.append(each)
            else:
                waiting.append(OnItsWay(transfer=each, amount=-each.amount))
    waiting.sort(key=lambda item: (item.transfer.day, item.transfer.id))
    late.sort(key=lambda each: (each.day, each.id))
    return waiting, late


def _alone(leaving: Sequence[Transfer], arriving: Sequence[Transfer], window: int):
    free = list(arriving)
    alone = []
    for each in leaving:
        partner = next(
            (
                other
                for other in free
                if other.account_id != each.account_id
                and abs((other.day - each.day).days) <= window
            ),
            None,
        )
        if partner is None:
            alone.append(each)
        else:
            free.remove(partner)
    return alone + free
