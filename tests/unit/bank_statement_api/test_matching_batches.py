"""Payments that the bank books in one amount: a batch is settled by its members, or not at all."""

from dataclasses import replace

import pytest

from odoo.addons.bank_statement_api.tools.matching.engine import match
from odoo.addons.bank_statement_api.tools.matching.facts import AMBIGUOUS, AUTO, PROPOSE, Item, Text

from tests.unit.bank_statement_api.test_matching_engine import item, line

PAYMENTS = (
    item(1, -3_000, name="PAY/2026/00001", partner=1),
    item(2, -4_500, name="PAY/2026/00002", partner=2),
)


def batch(*members, number=-77, reference="PO00031-AB2CD-G1"):
    return Item(
        id=number,
        company=1,
        currency="EUR",
        residual=sum(one.residual for one in members),
        document=number,
        references=(reference,),
        kind="batch",
        members=tuple((one.id, one.residual) for one in members),
    )


def decide(*lines, items=None):
    return match(lines, items or (*PAYMENTS, batch(*PAYMENTS)))


def test_batch_is_settled_by_its_members():
    [decision] = decide(line("PO00031-AB2CD-G1", -7_500))
    assert decision.outcome == AUTO
    assert decision.proposals[0].allocations == ((1, -3_000), (2, -4_500))
    assert decision.proposals[0].spans[0].item == 1, "places are told by an item that exists"


def test_members_need_not_be_candidates_themselves():
    [decision] = decide(line("PO00031-AB2CD-G1", -7_500), items=[batch(*PAYMENTS)])
    assert decision.outcome == AUTO
    assert decision.proposals[0].items == (1, 2)


def test_batch_and_its_members_are_no_rivals():
    [decision] = decide(line("PO00031-AB2CD-G1 PAY/2026/00001 PAY/2026/00002", -7_500))
    assert decision.outcome == AUTO
    assert [one.items for one in decision.proposals].count((1, 2)) == 1


def test_member_that_is_paid_by_itself_keeps_the_batch_from_being_paid():
    decisions = decide(
        line("PAY/2026/00001", -3_000, number=1), line("PO00031-AB2CD-G1", -7_500, number=2)
    )
    paid = [item for one in decisions if one.outcome == AUTO for item in one.proposals[0].items]
    assert len(paid) == len(set(paid)), "nothing is paid twice"
    assert len([one for one in decisions if one.outcome == AUTO]) < 2


def test_two_batches_with_one_payment_are_not_both_paid():
    other = replace(batch(*PAYMENTS), id=-78, document=-78, references=("PO00032-XYZ22-G1",))
    decisions = decide(
        line("PO00031-AB2CD-G1", -7_500, number=1),
        line("PO00032-XYZ22-G1", -7_500, number=2),
        items=[*PAYMENTS, batch(*PAYMENTS), other],
    )
    assert [one.outcome for one in decisions].count(AUTO) < 2


@pytest.mark.parametrize("amount", [-7_000, -8_000])
def test_part_of_a_batch_is_left_to_a_person(amount):
    [decision] = decide(line("PO00031-AB2CD-G1", amount))
    assert decision.outcome == PROPOSE


def test_text_that_names_another_payment_as_well_is_ambiguous():
    other = item(3, -7_500, name="PAY/2026/00003", partner=3)
    [decision] = decide(
        line("PO00031-AB2CD-G1 PAY/2026/00003", -7_500), items=[*PAYMENTS, batch(*PAYMENTS), other]
    )
    assert decision.outcome == AMBIGUOUS


def test_several_batches_in_one_amount_are_left_to_a_person():
    others = item(3, -1_000, name="PAY/2026/00003"), item(4, -2_000, name="PAY/2026/00004")
    second = batch(*others, number=-78, reference="PO00032-XYZ22-G1")
    [decision] = decide(
        line("PO00031-AB2CD-G1 PO00032-XYZ22-G1", -10_500),
        items=[*PAYMENTS, *others, batch(*PAYMENTS), second],
    )
    assert decision.outcome != AUTO


def test_batch_is_found_in_a_field_of_its_own():
    a_line = line("Sammelüberweisung", -7_500)
    texts = (*a_line.texts, Text("batch", "PO00031-AB2CD-G1", structured=True))
    [decision] = decide(replace(a_line, texts=texts))
    assert decision.outcome == AUTO
    assert decision.proposals[0].spans[0].field == "batch"
