"""Never faster or more often than allowed, over any stretch of time."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.rate_limit import (
    Bucket,
    BucketPolicy,
    Quota,
    RateLimit,
    Standing,
    parse_rate_limit_headers,
    standing_of_day,
    take_quota,
    take_token,
    tightest,
)

NOW = datetime(2026, 1, 31, 12)
AWARE = NOW.replace(tzinfo=UTC)
POLICY = BucketPolicy(capacity=3, per_second=0.5)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def test_a_full_bucket_allows_a_burst_and_then_waits():
    bucket, waits = None, []
    for _call in range(4):
        bucket, wait = take_token(bucket, NOW, POLICY)
        waits.append(wait)
    assert waits == [0, 0, 0, 2]
    assert take_token(bucket, later(1), POLICY)[1] == 1
    assert take_token(bucket, later(2), POLICY)[1] == 0


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_calls_never_exceed_burst_plus_rate(gaps):
    bucket, now, granted = None, NOW, 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        bucket, wait = take_token(bucket, now, POLICY)
        granted += wait == 0
        if wait:
            assert take_token(bucket, now + timedelta(seconds=wait + 0.001), POLICY)[1] == 0
    assert granted <= POLICY.capacity + POLICY.per_second * sum(gaps[1:]) + 1e-6


def test_a_long_rest_saves_up_no_more_than_the_capacity():
    bucket, _wait = take_token(Bucket(0.0, NOW), later(10**6), POLICY)
    assert bucket.tokens == POLICY.capacity - 1


def test_a_clock_that_goes_back_adds_nothing():
    bucket = Bucket(0.0, later(100))
    assert take_token(bucket, NOW, POLICY) == (bucket, 2)


@pytest.mark.parametrize("cost", [0, -1, 4])
def test_a_cost_that_can_never_be_paid_is_refused(cost):
    with pytest.raises(ValueError, match="capacity"):
        take_token(None, NOW, POLICY, cost)


@pytest.mark.parametrize("options", [(0, 1), (1, 0)])
def test_a_limit_without_sense_is_refused(options):
    with pytest.raises(ValueError, match="rate limit"):
        BucketPolicy(*options)


def test_a_quota_is_used_up_and_renewed_at_midnight_utc():
    quota, waits = None, []
    for _call in range(5):
        quota, wait = take_quota(quota, NOW, 4)
        waits.append(wait)
    assert waits == [0, 0, 0, 0, 12 * 3600]
    assert quota == Quota(date(2026, 1, 31), 4)
    assert take_quota(quota, datetime(2026, 2, 1), 4) == (Quota(date(2026, 2, 1), 1), 0)


def test_the_day_of_a_quota_is_utc_whatever_the_zone():
    zone = timezone(timedelta(hours=5))
    quota, _wait = take_quota(None, datetime(2026, 2, 1, 1, tzinfo=zone), 4)
    assert quota.day == date(2026, 1, 31)


def test_a_clock_that_goes_back_gives_no_second_quota():
    quota = Quota(date(2026, 2, 1), 4)
    assert take_quota(quota, NOW, 4) == (quota, 36 * 3600)


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        (
            {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "92", "X-RateLimit-Reset": "1"},
            [RateLimit("", 100, 92, 1)],
        ),
        (
            {
                "http_x_ratelimit_limit": "100",
                "http_x_ratelimit_remaining": "92",
                "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_LIMIT": "10",
                "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_REMAINING": "0",
                "HTTP_X_RATELIMIT_ACCOUNT_SUCCESS_RESET": "5242",
            },
            [RateLimit("", 100, 92, None), RateLimit("account_success", 10, 0, 5242)],
        ),
        (
            {"RateLimit-Limit": "10, 10;w=60", "RateLimit-Remaining": "0", "RateLimit-Reset": "30"},
            [RateLimit("", 10, 0, 30)],
        ),
        (
            {
                "RateLimit": '"default";r=50;t=30, "day";r=999',
                "RateLimit-Policy": '"default";q=100;w=60',
            },
            [RateLimit("default", None, 50, 30), RateLimit("day", None, 999, None)],
        ),
        (
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(AWARE.timestamp()) + 60)},
            [RateLimit("", None, 0, 60)],
        ),
        ({"X-RateLimit-Remaining": "few", "X-RateLimit-Limit": "-1", "Server": "x"}, []),
        ({}, []),
    ],
)
def test_limits_are_read_in_every_spelling(headers, limits):
    assert parse_rate_limit_headers(headers, AWARE) == tuple(limits)
    assert parse_rate_limit_headers(headers, NOW) == tuple(limits)


@given(st.integers(0, 9), st.integers(1, 9), st.integers(-2, 2))
def test_what_a_daily_limit_leaves_is_what_may_be_taken(used, limit, days):
    quota = Quota(NOW.date() + timedelta(days=days), used)
    standing, taken = standing_of_day(quota, NOW, limit), 0
    while taken < limit:
        quota, wait = take_quota(quota, NOW, limit)
        if wait:
            assert NOW + timedelta(seconds=wait) == standing.until
            break
        taken += 1
    assert standing.left == taken
    assert standing.allowed == limit


def test_of_several_limits_the_one_that_leaves_least_is_told_and_the_last_to_be_free_again():
    ours = Standing(2, 4, later(100))
    assert tightest([], NOW) is None
    assert tightest([ours, Standing(0, 4, NOW)], NOW) == ours, "what is over says nothing"
    assert tightest([ours, Standing(1, 10, later(5))], NOW) == Standing(1, 10, later(5))
    spent = [Standing(0, 4, later(100)), Standing(0, None, later(200)), Standing(3, 9, later(300))]
    assert tightest(spent, NOW) == Standing(0, 4, later(200))


@pytest.mark.parametrize(
    ("left", "allowed", "nearly"),
    [(1, 4, True), (2, 4, False), (20, 100, True), (21, 100, False), (1, None, True)],
)
def test_the_last_call_and_the_last_fifth_are_warned_about(left, allowed, nearly):
    assert Standing(left, allowed, NOW).is_nearly_spent is nearly
