"""Proof, for an account and each day, that its statements are complete; from what the bank stated and what is booked.

Two closing balances of the bank that follow each other prove every day between them when the bookings make the one
into the other. So a line that somebody changed or deleted, a statement that never came and a booking that only an
intraday report showed come out by the figures, whoever caused it and whenever.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .bank_days import is_bank_day

COMPLETE, MISSING, BROKEN, NOT_EXPECTED = "complete", "missing", "broken", "not_expected"
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A statement, or an interface's word, as far as it tells of balances.

    :ivar day: of the closing balance.
    :ivar opening: balance before its first booking; None when not stated.
    :ivar opening_day: as the bank dates it; many date it with the day before.
    :ivar number: of the statement, 0 for none.
    :ivar order: by which those that arrived later come later.
    """

    day: datetime.date
    closing: Decimal
    opening: Decimal | None = None
    opening_day: datetime.date | None = None
    number: int = 0
    order: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """Bookings of one day that arrived together.

    :ivar statement_day: of the closing of the statement that they belong to; None when they belong to none.
    :ivar elsewhere: that closing is not among those given.
    """

    day: datetime.date
    total: Decimal
    count: int
    statement_day: datetime.date | None = None
    order: int = 0
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of an account.

    :ivar windows: first and last day that an interface delivered in full.
    :ivar gaps: first and last day that it should have and did not.
    :ivar held: what stands against documents of a day that wait for a person.
    :ivar begin: the first day that a booking is known of, where ``booked`` does not have them all.
    """

    closings: Sequence[Closing] = ()
    booked: Sequence[Booked] = ()
    windows: Iterable[tuple[datetime.date, datetime.date]] = ()
    gaps: Iterable[tuple[datetime.date, datetime.date]] = ()
    held: Mapping[datetime.date, Sequence[str]] = field(default_factory=dict)
    calendar: str = "target"
    begin: datetime.date | None = None


@dataclass(slots=True)
class Day:
    """What is proven of a day.

    :ivar opening: the bank's last balance before it, where one is stated; never a computed one.
    :ivar closing: the bank's balance at its end, where one is stated.
    :ivar difference: what the bookings lack to make the closing; None when nothing can be compared.
    :ivar notes: codes of what is wrong, each with its figures.
    """

    day: datetime.date
    state: str = NOT_EXPECTED
    opening: Decimal | None = None
    closing: Decimal | None = None
    count: int = 0
    total: Decimal = Decimal(0)
    difference: Decimal | None = None
    numbers: list[int] = field(default_factory=list)
    notes: list[tuple[str, dict]] = field(default_factory=list)


def prove(
    account: Account, first: datetime.date, last: datetime.date, today: datetime.date
) -> list[Day]:
    """Prove the days from ``first`` to ``last``.

    Nothing is expected before the first day that anything is known of, nor of today, which is not over.
    """
    begin = _begin(account)
    days = {
        first + _DAY * number: Day(first + _DAY * number)
        for number in range((last - first).days + 1)
    }
    if begin is None:
        return list(days.values())
    for day in days.values():
        if begin <= day.day < today and is_bank_day(account.calendar, day.day):
            day.state = MISSING
    for start, end in account.windows:
        _mark(days, start, end, COMPLETE)
    _chain(account, days)
    for start, end in account.gaps:
        _mark(days, start, end, MISSING, only_from=COMPLETE)
    for each in account.booked:
        if day := days.get(each.day):
            day.count += each.count
            day.total += each.total
            if day.state == NOT_EXPECTED and each.day < today:
                day.state = MISSING
    for when, codes in account.held.items():
        if day := days.get(when):
            day.state = BROKEN
            day.notes += [("held", {"code": code}) for code in codes]
    return list(days.values())


def _begin(account):
    known = [each.opening_day or each.day for each in account.closings]
    known += [each.day for each in account.booked]
    known += [start for start, _end in account.windows]
    known += [account.begin] if account.begin else []
    return min(known, default=None)


def _mark(days, start, end, state, only_from=None):
    # They are in order: asking for the least of a year with each statement took longer than all the rest.
    day = max(start, next(iter(days)))
    end = min(end, next(reversed(days)))
    while day <= end:
        found = days[day]
        if found.state != NOT_EXPECTED and (only_from is None or found.state == only_from):
            found.state = state
        day += _DAY


def _chain(account, days):
    groups = {}
    for each in sorted(account.closings, key=lambda each: (each.day, each.number, each.order)):
        groups.setdefault(each.day, []).append(each)
    of_statement, loose = {}, []
    for each in account.booked:
        if each.statement_day in groups:
            of_statement[each.statement_day] = (
                of_statement.get(each.statement_day, Decimal(0)) + each.total
            )
        elif not each.elsewhere:
            loose.append(each)
    begin = None
    first = next(iter(groups.values()), None)
    if first and first[0].opening is not None:
        # What was booked before the first balance, and known when it was stated, is in it.
        begin = first[0].opening_day or first[0].day
        known = max(each.order for each in first)
        loose = [each for each in loose if each.day >= begin or each.order > known]
    loose.sort(key=lambda each: (each.day, each.order))
    previous = None
    for day, group in groups.items():
        _prove_group(
            account, days, previous, group, of_statement.get(day, Decimal(0)), loose, begin
        )
        previous = group


def _prove_group(account, days, previous, group, total, loose, begin):
    day, closing = group[0].day, group[-1].closing
    opening, opening_day = group[0].opening, group[0].opening_day or day
    start = opening_day
    base = opening
    notes = []
    if previous is not None:
        before = previous[-1]
        start, base = before.day + _DAY, before.closing
        if opening is not None and opening not in {each.closing for each in previous}:
            notes.append(("opening", {"expected": before.closing, "actual": opening}))
            _mark(days, start, min(opening_day, day) - _DAY, MISSING)
            start, base = max(start, min(opening_day, day)), opening
        elif opening is not None:
            base = opening
        notes += _missing_numbers(before, group[0])
    # What arrived after this balance was stated, for a day before it, is known to the next one.
    known = max(each.order for each in group)
    taken = [each for each in loose if each.day <= day and each.order <= known]
    for each in taken:
        loose.remove(each)
    total += sum((each.total for each in taken), Decimal(0))
    difference = None if base is None else closing - base - total
    # Of a day before the first balance, and heard of after it: booked late, or reached back to. The figures tell which.
    early = sum((each.total for each in taken if begin and each.day < begin), Decimal(0))
    if difference and difference + early == 0:
        total, difference = total - early, Decimal(0)
    if difference:
        notes.append(("balance", {"expected": base + total, "actual": closing}))
        if taken and closing - base - total + sum(each.total for each in taken) == 0:
            notes.append(("unconfirmed", {"count": sum(each.count for each in taken)}))
    broken = bool(notes)
    _mark(days, start, day, BROKEN if difference else COMPLETE)
    if found := days.get(day):
        found.opening, found.closing, found.difference = base, closing, difference
        found.numbers = [each.number for each in group if each.number]
        found.notes += notes
        found.state = BROKEN if broken else COMPLETE


def _missing_numbers(before, after):
    """The bank's own numbers, which start anew with a year."""
    if not before.number or not after.number or after.day.year != before.day.year:
        return []
    if after.number <= before.number + 1:
        return []
    return [("number", {"first": before.number + 1, "last": after.number - 1})]
