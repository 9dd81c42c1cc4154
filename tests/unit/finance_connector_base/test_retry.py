"""Delays must grow, stay within bounds, differ between workers, and honour what the bank asked."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.retry import RetryPolicy, parse_retry_after

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
POLICY = RetryPolicy(max_attempts=4, base_seconds=10, cap_seconds=60, jitter=0.5)


@given(st.integers(1, 10**6), st.integers(), st.none() | st.floats(0, 10**6))
def test_a_delay_stays_within_its_bounds(attempt, seed, retry_after):
    delay = POLICY.next_delay(attempt, random.Random(seed), retry_after)
    assert delay >= 5
    assert delay >= (retry_after or 0)
    assert delay <= max(60, (retry_after or 0) + 5)


def test_a_delay_without_jitter_doubles_up_to_the_cap():
    policy = RetryPolicy(base_seconds=10, cap_seconds=60, jitter=0)
    delays = [policy.next_delay(attempt, random.Random(1)) for attempt in range(1, 6)]
    assert delays == [10, 20, 40, 60, 60]


def test_workers_do_not_come_back_together():
    delays = {POLICY.next_delay(1, random.Random(seed)) for seed in range(20)}
    asked = {POLICY.next_delay(1, random.Random(seed), 100) for seed in range(20)}
    assert len(delays) == len(asked) == 20
    assert POLICY.next_delay(3, random.Random(7)) == POLICY.next_delay(3, random.Random(7))


def test_attempts_run_out():
    assert [POLICY.exhausted(attempt) for attempt in (1, 3, 4, 5)] == [False, False, True, True]


@pytest.mark.parametrize(
    "options",
    [
        {"max_attempts": 0},
        {"base_seconds": 0},
        {"base_seconds": 9, "cap_seconds": 1},
        {"jitter": 2},
    ],
)
def test_a_policy_without_sense_is_refused(options):
    with pytest.raises(ValueError, match="retry policy"):
        RetryPolicy(**options)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("-5", 0),
        ("Sat, 31 Jan 2026 12:00:30 GMT", 30),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0),
        ("Sat, 31 Jan 2026 12:00:30", 30),
        ("99999999999999999999", 86400),
        ("Sat, 31 Jan 2099 12:00:30 GMT", 86400),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert parse_retry_after(header, NOW) == seconds
    assert parse_retry_after(header, NOW.replace(tzinfo=None)) == seconds


@given(st.text(alphabet="0123456789.-+eE:, SatJanGMT", max_size=40))
def test_retry_after_never_fails(header):
    seconds = parse_retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= 86400
