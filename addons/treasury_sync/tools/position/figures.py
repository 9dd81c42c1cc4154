"""The figures that a cash position is made of; amounts are in the currency of their account unless said otherwise."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

FRESH, STALE, MISSING, BROKEN, NOT_EXPECTED = "fresh", "stale", "missing", "broken", "not_expected"
BOOKED_TYPES = ("CLBD", "ITBD")
"""Kinds of balances that are booked, the one that a day is closed with first (ISO 20022, ExternalBalanceType1Code)."""


_DIGITS_SHOWN = 4


def shown_number(number: str) -> str:
    """Return what of an account number a reader of the group may see: its end, by which people know it."""
    return f"…{number[-_DIGITS_SHOWN:]}" if len(number) > _DIGITS_SHOWN else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A company of the group.

    :ivar code: as the group calls it; None when nobody mapped it.
    """

    id: int
    name: str
    code: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance as the bank stated it.

    :ivar known_at: when it was stored, UTC.
    :ivar source: format or interface that it came in.
    :ivar exchange: reference of the exchange that brought it.
    """

    id: int
    type: str
    amount: Decimal
    day: datetime.date
    known_at: datetime.datetime
    source: str
    exchange: str
    credit_line_included: bool = False


def last_booked(balances: Iterable[Balance]) -> Balance | None:
    """Return the last booked balance, of one day the closing one; None where none is booked."""
    return max(
        (balance for balance in balances if balance.type in BOOKED_TYPES),
        key=lambda balance: (balance.day, -BOOKED_TYPES.index(balance.type)),
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the ledger holds of an account, and what a difference to the bank consists of.

    :ivar account: balance of the bank account in the ledger, as the trial balance shows it.
    :ivar in_transit: payments and receipts that are registered and that no statement line has settled; money that
        leaves is negative.
    :ivar unreconciled: booked by the bank, and nobody has said yet what it is.
    :ivar before_first: what the bank stated before the first statement, less what the ledger got without a statement.
    :ivar booked_late: bookings of days before the first statement that came in after it.
    :ivar timing: lines that the stated balance holds and the ledger of that day does not, less the opposite.
    """

    account: Decimal = Decimal(0)
    in_transit: Decimal = Decimal(0)
    unreconciled: Decimal = Decimal(0)
    before_first: Decimal = Decimal(0)
    booked_late: Decimal = Decimal(0)
    timing: Decimal = Decimal(0)

    @property
    def balance(self) -> Decimal:
        """What is there by the books: registered payments count, bank lines that nobody explained do not."""
        return self.account + self.in_transit - self.unreconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A bank account on one day.

    :ivar label: what of its number may be shown.
    :ivar kept_by: id of the entity of the group that keeps it, for an in-house account; None for a bank's.
    :ivar max_age: bank days that its last balance may lag behind.
    :ivar balances: the last one of each type, as far as known.
    :ivar days: marks of the days before, oldest first: ``c`` complete, ``m`` missing, ``b`` broken, ``-`` not expected.
    """

    id: int
    name: str
    label: str
    entity_id: int
    bank: str
    currency: str
    decimals: int = 2
    calendar: str = "target"
    expected: bool = True
    max_age: int = 1
    kept_by: int | None = None
    balances: Sequence[Balance] = ()
    books: Books = field(default_factory=Books)
    days: str = ""

    @property
    def booked(self) -> Balance | None:
        """The last booked balance; of one day the closing one."""
        return last_booked(self.balances)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Why the bank's balance is not that of the books; the parts add up to ``total``."""

    total: Decimal
    in_transit: Decimal
    unreconciled: Decimal
    before_first: Decimal
    timing: Decimal
    unexplained: Decimal


def explain(bank: Decimal, books: Books) -> Difference:
    """Split the bank's balance less that of the books into what it consists of.

    >>> explain(Decimal(90), Books(account=Decimal(100), in_transit=Decimal(-30))).unexplained
    Decimal('-10')
    """
    total = bank - books.balance
    parts = {
        "in_transit": -books.in_transit,
        "unreconciled": books.unreconciled,
        "before_first": books.before_first,
        "timing": books.timing,
    }
    unexplained = total - sum(parts.values(), Decimal(0))
    # What came in later for days before the first balance was in it, unless the bank booked it late. The figures tell.
    if unexplained and unexplained == books.booked_late:
        parts["before_first"] += unexplained
        unexplained = Decimal(0)
    return Difference(total=total, **parts, unexplained=unexplained)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What keeps a position from being complete, or what a reader has to know.

    :ivar blocking: the position is not complete while it stands.
    """

    code: str
    subject: str
    figures: dict
    blocking: bool = True
