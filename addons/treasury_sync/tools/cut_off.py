"""Until when a bank takes payments for a day, by its banking days.

Calendars come from the package ``holidays``: ``ECB`` is that of TARGET2, ``FED`` that of Fedwire, two letters are a
country's (ISO 3166).
"""

import functools
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

FINANCIAL = {"ECB": "TARGET2 (euro)", "FED": "Fedwire (US dollar)"}
# Where the holidays of a part are those of the country's clearing systems.
_PART = {"GB": "ENG"}
_FURTHEST = 400


@dataclass(frozen=True)
class CutOff:
    """What one bank says of one product.

    :ivar calendar: see the module.
    :ivar at: local time until which a payment is in time.
    :ivar zone: name of the time zone of ``at``, e.g. ``Europe/Zurich``.
    :ivar days_before: banking days before the execution day that ``at`` is on; 0: the day itself.
    """

    calendar: str
    at: time
    zone: str
    days_before: int = 0


def calendars():
    """Return codes and names of the calendars that can be chosen: the financial ones first."""
    countries = sorted(code for code in holidays.list_supported_countries() if len(code) == 2)
    return [*FINANCIAL.items(), *((code, code) for code in countries)]


@functools.lru_cache
def _calendar(code):
    if code in FINANCIAL:
        return holidays.financial_holidays(code)
    return holidays.country_holidays(code, subdiv=_PART.get(code))


def is_banking_day(day, calendar):
    """Tell whether banks work on ``day``: no weekend, no holiday of the calendar."""
    return _calendar(calendar).is_working_day(day)


def banking_day(day, calendar, *, step=0):
    """Return a banking day.

    :param datetime.date day: to count from.
    :param int step: 0: ``day`` itself or the next one after it; 1: the first one after it; -1: the last one before it.
    :raise ValueError: the calendar has none within a year.
    """
    if step == 0 and is_banking_day(day, calendar):
        return day
    direction = timedelta(days=-1 if step < 0 else 1)
    for _attempt in range(_FURTHEST):
        day += direction
        if is_banking_day(day, calendar):
            return day
    raise ValueError(f"The calendar {calendar} has no banking day around {day}.")


def deadline(cut_off, day):
    """Return the last moment for an execution on ``day``, a banking day.

    :rtype: datetime.datetime, with time zone
    """
    for _number in range(cut_off.days_before):
        day = banking_day(day, cut_off.calendar, step=-1)
    return datetime.combine(day, cut_off.at, ZoneInfo(cut_off.zone))


def earliest_day(cut_off, now):
    """Return the first execution day that is still in time at ``now``.

    :param datetime.datetime now: with time zone.
    """
    day = banking_day(now.astimezone(ZoneInfo(cut_off.zone)).date(), cut_off.calendar)
    while deadline(cut_off, day) < now:
        day = banking_day(day, cut_off.calendar, step=1)
    return day


def next_deadline(cut_off, now):
    """Return the next moment at which a day closes."""
    return deadline(cut_off, earliest_day(cut_off, now))


def executed_on(cut_off, wanted, now):
    """Return the day that a bank executes on what is sent ``now`` and wanted for ``wanted``."""
    return max(banking_day(wanted, cut_off.calendar), earliest_day(cut_off, now))
