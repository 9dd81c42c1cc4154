"""On which days banks book: what is not expected is not missing."""

from __future__ import annotations

import datetime
import functools

from dateutil.easter import easter

TARGET, WEEKDAYS, DAILY = "target", "weekdays", "daily"
_SATURDAY = 5


def is_bank_day(calendar: str, day: datetime.date) -> bool:
    """Say whether a statement is expected for a day.

    :param calendar: ``target``: closing days of T2, the settlement system of the Eurosystem, as its information guide
        lists them (1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December, weekends); ``weekdays``: Monday to
        Friday; ``daily``: every day.
    """
    if calendar == DAILY:
        return True
    if day.weekday() >= _SATURDAY:
        return False
    return calendar != TARGET or day not in _target_holidays(day.year)


@functools.lru_cache(maxsize=64)
def _target_holidays(year: int) -> frozenset[datetime.date]:
    sunday = easter(year)
    return frozenset(
        {
            datetime.date(year, 1, 1),
            sunday - datetime.timedelta(days=2),
            sunday + datetime.timedelta(days=1),
            datetime.date(year, 5, 1),
            datetime.date(year, 12, 25),
            datetime.date(year, 12, 26),
        }
    )
