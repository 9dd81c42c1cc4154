"""The one status model: forward only, every level of a report, conflicts told apart."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.treasury_sync.tools import documents, life
from odoo.addons.treasury_sync.tools.life import Fate, Step
from odoo.addons.treasury_sync.tools.reasons import describe_reason

KNOWN = {"E1": ("G1", "I1"), "E2": ("G1", "I2"), "E3": ("G2", "I3")}


def status(code, **values):
    return documents.TransactionStatus(status=code, **values)


def report(*groups, code=None):
    return documents.PaymentStatus(
        source_format="pain.002",
        source_version="10",
        original_message_id="M",
        status=code,
        groups=groups,
    )


def codes(found):
    return {verdict.end_to_end_id: verdict.code for verdict in life.verdicts(found, KNOWN)[0]}


@given(st.lists(st.sampled_from(list(Fate)), max_size=12))
def test_no_order_of_news_takes_a_payment_back(news):
    present = Fate.GENERATED
    for proven in news:
        before = present
        if life.step(present, proven) == Step.ADVANCE:
            present = proven
        if before in life.ROAD and present in life.ROAD:
            assert life.ROAD.index(present) >= life.ROAD.index(before)
        if before in life.ENDED:
            assert present == before


@pytest.mark.parametrize(
    ("present", "proven", "wanted"),
    [
        ("transmitted", "executed", "advance"),
        ("executed", "acknowledged", "known"),
        ("acknowledged", "rejected", "advance"),
        ("booked", "rejected", "conflict"),
        ("executed", "rejected", "conflict"),
        ("booked", "returned", "advance"),
        ("rejected", "acknowledged", "known"),
        ("rejected", "booked", "conflict"),
        ("returned", "executed", "known"),
        ("returned", "booked", "known"),
        ("returned", "rejected", "conflict"),
        ("cancelled", "executed", "conflict"),
        ("transmitted", "cancelled", "conflict"),
        ("approved", "cancelled", "advance"),
        ("cancelled", "rejected", "conflict"),
    ],
)
def test_step(present, proven, wanted):
    assert life.step(present, proven) == wanted


def test_each_level_speaks_for_what_the_one_below_leaves_open():
    found = report(
        documents.GroupStatus(
            group_id="G1", status="ACCP", transactions=(status("RJCT", end_to_end_id="E1"),)
        ),
        code="ACTC",
    )
    assert codes(found) == {"E1": "RJCT", "E2": "ACCP", "E3": "ACTC"}


def test_partial_acceptance_says_nothing_of_the_others():
    found = report(
        documents.GroupStatus(
            group_id="G1", status="PART", transactions=(status("RJCT", instruction_id="I2"),)
        ),
        code="PART",
    )
    assert codes(found) == {"E2": "RJCT"}


def test_rejected_message_rejects_everything_in_it():
    assert codes(report(code="RJCT")) == dict.fromkeys(KNOWN, "RJCT")


def test_accepted_transaction_is_no_rejection():
    found = report(
        documents.GroupStatus(group_id="G1", transactions=(status("ACSC", end_to_end_id="E1"),))
    )
    assert life.proven_by(codes(found)["E1"]) == Fate.EXECUTED


def test_what_the_order_does_not_have_is_named():
    found = report(
        documents.GroupStatus(group_id="G1", transactions=(status("ACSC", end_to_end_id="X"),))
    )
    assert life.verdicts(found, KNOWN) == ([], ["X"])


def test_unknown_code_proves_nothing():
    assert life.proven_by("XXXX") is None
    assert life.proven_by(None) is None


def test_reason_has_code_words_and_the_banks_text():
    reason = documents.StatusReason(code="AC04", texts=("closed in May",))
    assert describe_reason(reason) == "AC04: the account is closed; closed in May"
    assert describe_reason(documents.StatusReason(proprietary="X9")) == "X9"
    assert life.Verdict("E1", "RJCT", (reason, reason)).reason_text.count("AC04") == 2


def test_every_pair_has_an_answer():
    for present, proven in itertools.product(Fate, Fate):
        assert life.step(present, proven) in Step
