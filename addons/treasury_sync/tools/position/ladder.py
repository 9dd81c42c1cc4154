"""The short-term forecast: when what is due comes and goes, by due dates, approved payments and payment habits."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.bank_statement_api.tools.bank_days import is_bank_day

RECEIVABLE, PAYABLE, PAYMENT = "receivable", "payable", "payment"
DUE, HABIT, ORDER, TRANSIT, OVERDUE = "due", "habit", "order", "transit", "overdue"
DAYS, WEEKS = "days", "weeks"
_PERIODS = {DAYS: 30, WEEKS: 13}
#: Fewer paid invoices say nothing about a habit.
_ENOUGH = 3
#: A partner who paid years late once is no reason to expect nothing within the horizon.
_LATEST = 120
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """How a partner used to pay.

    :ivar late: median of the days from the due date to the payment; negative for one who pays early.
    :ivar count: paid invoices that it was measured on.
    """

    late: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Money that is expected to come (positive) or to go.

    :ivar other_id: id of the entity at the other end, for one within the group.
    :ivar expected: None for a receivable whose day has passed: nobody knows when it comes.
    :ivar basis: what the day was taken from.
    """

    entity_id: int
    currency: str
    amount: Decimal
    kind: str
    due: datetime.date
    expected: datetime.date | None
    basis: str
    other_id: int | None = None
    partner: str = ""


def expect(
    kind: str,
    due: datetime.date,
    today: datetime.date,
    habit: Habit | None = None,
    calendar: str = "target",
) -> tuple[datetime.date | None, str]:
    """Say when an open item is expected to be paid.

    A receivable is paid as its partner used to, and has no day once that day has passed; a payable is paid when it is
    due, and at once when it is overdue.

    :return: the bank day, and what it was taken from.
    """
    basis, day = DUE, due
    if kind == RECEIVABLE and habit and habit.count >= _ENOUGH:
        basis = HABIT
        day = due + _DAY * max(-_LATEST, min(habit.late, _LATEST))
    if day < today:
        if kind == RECEIVABLE:
            return None, OVERDUE
        day, basis = today, OVERDUE
    while not is_bank_day(calendar, day):
        day += _DAY
    return day, basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One rung of the ladder, in the currency that it was asked for; ``end`` is its last day."""

    start: datetime.date
    end: datetime.date
    opening: Decimal
    inflow: Decimal
    outflow: Decimal
    closing: Decimal


def rungs(step: str, today: datetime.date) -> list[tuple[datetime.date, datetime.date]]:
    """Return the first and last days of the periods from ``today``: 30 days, or 13 weeks that end on Sundays."""
    if step == DAYS:
        return [(today + _DAY * number,) * 2 for number in range(_PERIODS[DAYS])]
    first_end = today + _DAY * (6 - today.weekday())
    spans = [(today, first_end)]
    for number in range(1, _PERIODS[WEEKS]):
        end = first_end + _DAY * 7 * number
        spans.append((end - _DAY * 6, end))
    return spans


def climb(
    opening: Decimal, amounts: Iterable[tuple[datetime.date, Decimal]], spans: Sequence[tuple]
) -> list[Period]:
    """Add what is expected to an opening balance, period by period.

    :param amounts: expected days and converted amounts; those beyond the last period are left out.
    """
    inflow, outflow = [Decimal(0)] * len(spans), [Decimal(0)] * len(spans)
    for day, amount in amounts:
        place = next((n for n, (start, end) in enumerate(spans) if start <= day <= end), None)
        if place is None:
            continue
        if amount > 0:
            inflow[place] += amount
        else:
            outflow[place] += amount
    periods = []
    for place, (start, end) in enumerate(spans):
        closing = opening + inflow[place] + outflow[place]
        periods.append(
            Period(
                start=start,
                end=end,
                opening=opening,
                inflow=inflow[place],
                outflow=outflow[place],
                closing=closing,
            )
        )
        opening = closing
    return periods
