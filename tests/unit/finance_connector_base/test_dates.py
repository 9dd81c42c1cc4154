"""The day a bank printed is the day that is kept."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.dates import (
    DateError,
    as_utc,
    parse_date,
    parse_datetime,
    to_utc_naive,
)


@given(st.dates(), st.sampled_from(["", "Z", "+14:00", "-12:00"]))
def test_a_zone_never_moves_a_day(day, zone):
    assert parse_date(f"{day.isoformat()}{zone}") == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "31.01.2026",
        "2026-1-31",
        "20260131",
        "2026-02-30",
        "2026-01-31T00:00:00",
        "2026-W05-6",
        "٢٠٢٦-٠١-٣١",
    ],
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(DateError):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (
            "2026-01-31T12:00:00.5+01:00",
            datetime(2026, 1, 31, 12, 0, 0, 500000, timezone(timedelta(hours=1))),
        ),
        ("2026-01-31T12:00:00.123456789", datetime(2026, 1, 31, 12, 0, 0, 123456)),
        (
            " 2026-01-31T12:00:00+0100 ",
            datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=1))),
        ),
    ],
)
def test_a_time_is_aware_when_the_text_is(text, moment):
    parsed = parse_datetime(text)
    assert (parsed, parsed.tzinfo is None) == (moment, moment.tzinfo is None)


@pytest.mark.parametrize(
    "text",
    ["", None, "2026-01-31", "2026-01-31 12:00:00", "2026-01-31T25:00:00", "2026-01-31T12:00"],
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(DateError):
        parse_datetime(text)


def test_utc_is_only_known_with_a_zone():
    moment = datetime(2026, 1, 31, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert to_utc_naive(moment) == datetime(2026, 1, 30, 23, 30)
    assert to_utc_naive(moment).date() == date(2026, 1, 30)
    assert as_utc(moment) == as_utc(datetime(2026, 1, 30, 23, 30)) == moment
    with pytest.raises(DateError, match="no zone"):
        to_utc_naive(datetime(2026, 1, 31))
