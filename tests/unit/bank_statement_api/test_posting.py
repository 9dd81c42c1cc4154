"""What is to be posted adds up, and no cent is lost where it is converted."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools.posting import (
    Allocation,
    Outcome,
    Proposal,
    ProposalError,
    WriteOff,
    check,
    share,
)

D = Decimal
cents = st.integers(1, 10**9).map(lambda units: D(units).scaleb(-2))


def test_a_fee_is_a_part_with_the_other_sign():
    check(Proposal(1, (Allocation(7, D(100)),), (WriteOff(9, D(-2), "Fee"),)), D(98))


def test_the_paid_figure_counts_where_the_item_has_another_currency():
    check(Proposal(1, (Allocation(7, D(125), paid=D(99)),)), D(99))


@pytest.mark.parametrize(
    ("proposal", "open_amount"),
    [
        (Proposal(1), 0),
        (Proposal(1, (Allocation(7, D(100)),)), 98),
        (Proposal(1, (Allocation(7, D(50)), Allocation(7, D(50)))), 100),
        (Proposal(1, (Allocation(7, D(0)),)), 0),
        (Proposal(1, (Allocation(7, D("NaN")),)), 0),
        (Proposal(1, (Allocation(7, D("Infinity")),)), "Infinity"),
        (Proposal(1, (Allocation(7, D(10), paid=D(-10)),)), -10),
        (Proposal(1, (Allocation(7, D(30)),), keep_rest=True), 20),
        (Proposal(1, (Allocation(7, D(-30)),), keep_rest=True), 40),
    ],
)
def test_what_does_not_add_up_is_refused(proposal, open_amount):
    with pytest.raises(ProposalError):
        check(proposal, D(open_amount))


def test_what_is_left_may_stay_open_only_where_the_proposal_says_so():
    part = (Allocation(7, D(30)),)
    check(Proposal(1, part, keep_rest=True), D(40))
    with pytest.raises(ProposalError, match="not to the 40 open"):
        check(Proposal(1, part), D(40))


def test_only_one_item_and_nothing_else_is_a_pair():
    allocation = Allocation(7, D(100))
    assert not Proposal(1, (allocation, Allocation(8, D(1)))).is_pair
    assert not Proposal(1).is_pair
    assert Proposal(1, (allocation,)).is_pair
    assert not Proposal(1, (allocation,), keep_rest=True).is_pair
    assert not Proposal(1, (allocation,), (WriteOff(9, D(1), "Fee"),)).is_pair


def test_an_outcome_with_an_error_is_not_done():
    assert Outcome(1, "orm").done
    assert not Outcome(1, None, "refused").done


@given(st.lists(cents, min_size=1, max_size=20), cents, st.sampled_from([0, 2, 3]))
def test_shares_add_up_to_what_was_converted(parts, rate, decimals):
    whole = sum(parts)
    converted = (whole * rate).quantize(D(1).scaleb(-decimals))
    assert sum(share(parts, whole, converted, decimals)) == converted


def test_nothing_to_convert_at_is_taken_as_it_is():
    assert share([D(5), D(-5)], D(0), D(0), 2) == [D(5), D(-5)]
