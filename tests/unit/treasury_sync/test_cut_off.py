"""Banking days and cut-off times: TARGET2, national calendars, days before, and the change to summer time."""

from datetime import UTC, date, datetime, time

import pytest

from odoo.addons.treasury_sync.tools.cut_off import (
    CutOff,
    banking_day,
    calendars,
    deadline,
    earliest_day,
    executed_on,
    is_banking_day,
    next_deadline,
)

SEPA = CutOff("ECB", time(14), "Europe/Berlin")
SWISS = CutOff("CH", time(13), "Europe/Zurich", days_before=1)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 5, 1), False),
        (date(2026, 12, 24), True),
        (date(2026, 12, 25), False),
        (date(2026, 10, 3), False),  # a Saturday
        (date(2026, 11, 26), True),
    ],
)
def test_days_of_target2(day, works):
    assert is_banking_day(day, "ECB") is works


def test_countries_differ():
    thanksgiving, ascension = date(2026, 11, 26), date(2026, 5, 14)
    assert not is_banking_day(thanksgiving, "FED")
    assert is_banking_day(thanksgiving, "ECB")
    assert not is_banking_day(date(2026, 8, 31), "GB")
    assert is_banking_day(ascension, "ECB")
    assert {"ECB", "FED", "CH", "DE", "GB", "US"} <= {code for code, _name in calendars()}


def test_before_and_after_the_time():
    before = datetime(2026, 11, 26, 12, 59, tzinfo=UTC)
    after = datetime(2026, 11, 26, 13, 1, tzinfo=UTC)
    assert earliest_day(SEPA, before) == date(2026, 11, 26)
    assert earliest_day(SEPA, after) == date(2026, 11, 27)
    assert next_deadline(SEPA, before) == datetime(2026, 11, 26, 13, tzinfo=UTC)
    assert executed_on(SEPA, date(2026, 11, 26), after) == date(2026, 11, 27)
    assert executed_on(SEPA, date(2026, 12, 1), after) == date(2026, 12, 1)


def test_over_a_long_weekend():
    thursday = datetime(2026, 4, 2, 15, tzinfo=UTC)
    assert earliest_day(SEPA, thursday) == date(2026, 4, 7)
    assert banking_day(date(2026, 4, 7), "ECB", step=-1) == date(2026, 4, 2)
    assert executed_on(SEPA, date(2026, 4, 4), datetime(2026, 4, 1, tzinfo=UTC)) == date(2026, 4, 7)


def test_day_before():
    assert deadline(SWISS, date(2026, 11, 30)).date() == date(2026, 11, 27)
    assert earliest_day(SWISS, datetime(2026, 11, 26, 11, tzinfo=UTC)) == date(2026, 11, 27)
    assert earliest_day(SWISS, datetime(2026, 11, 26, 13, tzinfo=UTC)) == date(2026, 11, 30)


def test_summer_time():
    winter, summer = deadline(SEPA, date(2026, 3, 27)), deadline(SEPA, date(2026, 3, 30))
    assert winter.astimezone(UTC).hour == 13
    assert summer.astimezone(UTC).hour == 12
