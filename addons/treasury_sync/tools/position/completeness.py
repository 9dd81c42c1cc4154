"""Whether what is known of an account is enough to count on it."""

from __future__ import annotations

import datetime

from odoo.addons.bank_statement_api.tools.bank_days import is_bank_day

from .figures import BROKEN, FRESH, MISSING, NOT_EXPECTED, STALE, Account

_DAY = datetime.timedelta(days=1)
_LONGEST = 400


def last_expected_day(calendar: str, day: datetime.date, today: datetime.date) -> datetime.date:
    """Return the last bank day whose closing balance can be known: today is not over."""
    found = min(day, today - _DAY)
    while not is_bank_day(calendar, found):
        found -= _DAY
    return found


def age(account: Account, day: datetime.date, today: datetime.date) -> int | None:
    """Return how many bank days the last booked balance lags behind ``day``; None where there is none."""
    balance = account.booked
    if balance is None:
        return None
    expected = last_expected_day(account.calendar, day, today)
    lag, each = 0, balance.day + _DAY
    while each <= expected and lag < _LONGEST:
        lag += is_bank_day(account.calendar, each)
        each += _DAY
    return lag


def state(account: Account, day: datetime.date, today: datetime.date) -> str:
    """Say how far an account can be counted on.

    Missing: no booked balance at all. Stale: older than its policy allows. Broken: on one of the days before its last
    balance, statements are missing or do not add up.
    """
    if not account.expected:
        return NOT_EXPECTED
    lag = age(account, day, today)
    if lag is None:
        return MISSING
    # What is missing at the end is merely late.
    if "b" in account.days or "m" in account.days.rstrip("m-"):
        return BROKEN
    return STALE if lag > account.max_age else FRESH
