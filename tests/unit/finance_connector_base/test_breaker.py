"""A bank that is down is left alone, and is asked again by one worker, not by all."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.breaker import (
    BreakerEvent,
    BreakerPolicy,
    BreakerState,
    CircuitOpenError,
    transition,
)
from odoo.addons.finance_connector_base.tools.errors import ErrorClass, classify

ATTEMPT, SUCCESS, FAILURE = BreakerEvent
NOW = datetime(2026, 1, 31, 12)
POLICY = BreakerPolicy(failure_threshold=3, open_seconds=60, max_open_seconds=200, probe_seconds=30)


def later(seconds):
    return NOW + timedelta(seconds=seconds)


def run(state, *events, now=NOW):
    for event in events:
        state = transition(state, event, now, POLICY)
    return state


OPEN = run(BreakerState(), FAILURE, FAILURE, FAILURE)


def test_it_opens_after_failures_in_a_row():
    assert run(BreakerState(), FAILURE, FAILURE).state == "closed"
    assert run(BreakerState(), FAILURE, FAILURE, SUCCESS, FAILURE, FAILURE).state == "closed"
    assert replace(OPEN, until=None) == BreakerState("open", 3, None, 60)


def test_no_call_is_made_while_it_is_open():
    with pytest.raises(CircuitOpenError) as caught:
        transition(OPEN, ATTEMPT, later(59), POLICY)
    assert caught.value.retry_after == 1
    assert classify(caught.value) is ErrorClass.RETRYABLE


def test_one_probe_is_let_through_after_the_pause():
    probing = transition(OPEN, ATTEMPT, later(60), POLICY)
    assert probing.state == "half_open"
    with pytest.raises(CircuitOpenError):
        transition(probing, ATTEMPT, later(61), POLICY)
    assert transition(probing, SUCCESS, later(62), POLICY) == BreakerState()


def test_a_probe_whose_worker_died_is_replaced():
    probing = transition(OPEN, ATTEMPT, later(60), POLICY)
    assert transition(probing, ATTEMPT, later(90), POLICY).state == "half_open"


def test_pauses_double_up_to_the_longest():
    state, now, pauses = OPEN, NOW, []
    for _probe in range(4):
        now = state.until
        state = transition(transition(state, ATTEMPT, now, POLICY), FAILURE, now, POLICY)
        pauses.append((state.until - now).total_seconds())
    assert pauses == [120, 200, 200, 200]


def test_a_late_outcome_of_an_earlier_call_changes_nothing():
    assert run(OPEN, SUCCESS) == OPEN
    assert run(OPEN, FAILURE) == OPEN


@given(st.lists(st.tuples(st.sampled_from(list(BreakerEvent)), st.integers(0, 300)), max_size=40))
def test_at_most_one_call_in_a_pause_whatever_happens(events):
    state, now, last_open = BreakerState(), NOW, None
    for event, wait in events:
        now += timedelta(seconds=wait)
        try:
            state = transition(state, event, now, POLICY)
        except CircuitOpenError as refused:
            assert refused.retry_after > 0
            assert now < state.until
            continue
        if event == ATTEMPT and last_open:
            assert now >= last_open
        last_open = state.until if state.state != "closed" else None
        assert state.open_seconds <= POLICY.max_open_seconds
