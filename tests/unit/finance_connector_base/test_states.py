"""An exchange never goes back, never skips a proof, and never sends twice on its own."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.states import (
    MILESTONES,
    NEEDS_PERSON,
    OPTIONAL_MILESTONES,
    TERMINAL,
    Direction,
    Milestone,
    StateError,
    WorkStatus,
    allowed_targets,
    check_milestone,
    check_transition,
)

EVERYTHING = ("due_at", "deadline", "owner", "reason", "proof_not_received", "restored", "replay")
DIRECTIONS = st.sampled_from(list(Direction))


@given(DIRECTIONS, st.lists(st.sampled_from(list(Milestone)), max_size=30))
def test_milestones_never_go_back(direction, steps):
    order, current, reached = MILESTONES[direction], None, []
    for step in steps:
        try:
            if check_milestone(direction, current, step):
                current = step
                reached.append(step)
        except StateError:
            continue
    assert reached == sorted(reached, key=order.index)
    assert len(set(reached)) == len(reached)
    if reached:
        left_out = set(order[: order.index(reached[-1])]) - set(reached)
        assert left_out <= OPTIONAL_MILESTONES


@pytest.mark.parametrize("direction", list(Direction))
def test_the_whole_way_is_open(direction):
    for current, target in itertools.pairwise([None, *MILESTONES[direction]]):
        assert check_milestone(direction, current, target) is True
        assert check_milestone(direction, target, target) is False


@pytest.mark.parametrize(
    ("direction", "current", "target"),
    [
        ("inbound", None, "posted"),
        ("inbound", "received", "transformed"),
        ("inbound", "received", "sent"),
        ("inbound", "posted", "received"),
        ("outbound", "prepared", "sent"),
        ("outbound", "validated", "acknowledged"),
        ("outbound", "settled", "acknowledged"),
        ("outbound", "sent", "received"),
        ("outbound", "received", "sent"),
        ("inbound", None, "nonsense"),
    ],
)
def test_a_proof_is_never_left_out_or_taken_back(direction, current, target):
    with pytest.raises(StateError):
        check_milestone(direction, current, target)


def test_a_counterparty_that_acknowledges_nothing_still_settles():
    assert check_milestone("outbound", "sent", "settled")
    assert check_milestone("outbound", "sent", "posted")
    assert check_milestone("outbound", False, "prepared")


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize("source", list(WorkStatus))
def test_allowed_targets_are_those_that_pass(direction, source):
    passing = set()
    for target in WorkStatus:
        try:
            check_transition(direction, source, target, EVERYTHING)
        except StateError:
            continue
        passing.add(target)
    assert passing == allowed_targets(direction, source)
    assert source not in passing


def test_what_may_have_been_sent_never_runs_again_by_itself():
    assert allowed_targets("outbound", "unknown") == {"ready", "waiting", "exception", "done"}
    with pytest.raises(StateError, match="proof_not_received"):
        check_transition("outbound", "unknown", "ready", ["reason"])
    check_transition("outbound", "unknown", "ready", ["proof_not_received"])


def test_only_what_goes_out_can_be_unknown():
    for source in WorkStatus:
        assert "unknown" not in allowed_targets("inbound", source)
    assert allowed_targets("inbound", "unknown") == frozenset()


def test_a_restored_database_can_doubt_what_it_shows_as_unsent():
    for source in ("ready", "retry", "exception", "dead"):
        check_transition("outbound", source, "unknown", ["restored"])
        with pytest.raises(StateError, match="restored"):
            check_transition("outbound", source, "unknown")


def test_what_went_out_is_never_replayed():
    for status in TERMINAL:
        assert allowed_targets("outbound", status) == frozenset()
        assert allowed_targets("inbound", status) == {"ready"}
        with pytest.raises(StateError, match="replay"):
            check_transition("inbound", status, "ready")


@pytest.mark.parametrize("direction", list(Direction))
def test_every_open_status_has_a_way_to_an_end(direction):
    for source in set(WorkStatus) - TERMINAL:
        reachable, frontier = set(), {source} if allowed_targets(direction, source) else set()
        while frontier:
            reachable |= frontier
            frontier = set().union(*(allowed_targets(direction, s) for s in frontier)) - reachable
        assert not reachable or reachable & TERMINAL, source


@pytest.mark.parametrize("direction", list(Direction))
@pytest.mark.parametrize(
    ("target", "needed"),
    [("cancelled", "reason"), ("dead", "owner"), ("retry", "due_at"), ("waiting", "deadline")],
)
def test_a_status_comes_with_what_it_needs(direction, target, needed):
    sources = [s for s in WorkStatus if target in allowed_targets(direction, s)]
    assert sources
    for source in sources:
        with pytest.raises(StateError, match=needed):
            check_transition(direction, source, target)
        check_transition(direction, source, target, [needed])


def test_a_person_closes_by_hand_only_with_a_reason():
    for source in NEEDS_PERSON:
        with pytest.raises(StateError, match="reason"):
            check_transition("inbound", source, "done")


def test_a_running_exchange_is_not_cancelled_under_its_worker():
    assert "cancelled" not in allowed_targets("outbound", "running")


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="sideways"):
        check_transition("sideways", "ready", "running")
    with pytest.raises(ValueError, match="paused"):
        check_transition("inbound", "ready", "paused")


def test_what_the_counterparty_attests_holds_without_the_proofs_before_it():
    with pytest.raises(StateError):
        check_milestone("outbound", None, "sent")
    assert check_milestone("outbound", None, "sent", attested=True)
    with pytest.raises(StateError):
        check_milestone("outbound", "acknowledged", "sent", attested=True)
