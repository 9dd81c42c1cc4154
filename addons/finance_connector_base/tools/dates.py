"""Dates as counterparties write them; a bank's own date is never shifted by a time zone."""

import functools
import re
from datetime import UTC, date, datetime


class DateError(ValueError):
    """A text is no date or time of the form expected."""


# xs:date of XML Schema, as ISO 20022 uses it: a day, and perhaps the zone it was written in.
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
# xs:dateTime; a fraction of any length, of which microseconds are kept.
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,18}))?(Z|[+-]\d{2}:?\d{2})?", re.ASCII
)


@functools.lru_cache(maxsize=1024)
def parse_date(text):
    """Read ``YYYY-MM-DD``.

    :param str text: the date; a zone behind it is dropped, for the day is what the bank printed.
    :rtype: datetime.date
    :raise DateError: it is no such date.
    """
    match = _DATE.fullmatch((text or "").strip())
    try:
        return date.fromisoformat(match[1])
    except (TypeError, ValueError):
        raise DateError(f"“{text}” is not a date of the form YYYY-MM-DD.") from None


def parse_datetime(text):
    """Read ``YYYY-MM-DDThh:mm:ss`` with or without fraction and zone.

    :param str text: the time.
    :return: aware when the text names a zone, naive when it does not.
    :rtype: datetime.datetime
    :raise DateError: it is no such time.
    """
    match = _DATETIME.fullmatch((text or "").strip())
    try:
        fraction = (match[2] or "")[:6].ljust(6, "0")
        return datetime.fromisoformat(f"{match[1]}.{fraction}{match[3] or ''}")
    except (TypeError, ValueError):
        raise DateError(f"“{text}” is not a time of the form YYYY-MM-DDThh:mm:ss.") from None


def as_utc(moment):
    """Return a time as aware UTC; a naive one counts as UTC, which is how Odoo stores times."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def to_utc_naive(moment):
    """Return an aware time as naive UTC, the form Odoo stores.

    :raise DateError: the time has no zone, so its UTC is not known.
    """
    if moment.tzinfo is None:
        raise DateError(
            f"The time {moment.isoformat()} has no zone, so it can't be turned into UTC."
        )
    return moment.astimezone(UTC).replace(tzinfo=None)
