"""Decisions of the engine, one situation each."""

import datetime

import pytest

from odoo.addons.bank_statement_api.tools.matching import numbers, precision
from odoo.addons.bank_statement_api.tools.matching.engine import match
from odoo.addons.bank_statement_api.tools.matching.facts import (
    AMBIGUOUS,
    AUTO,
    NONE,
    PROPOSE,
    Item,
    Line,
    Parties,
    Text,
    Tolerance,
)
from odoo.addons.bank_statement_api.tools.matching.subset import unique_subset

DAY = datetime.date(2026, 3, 4)


def item(number, amount=5_000, *, name=None, partner=1, currency="EUR", **values):
    values.setdefault("document", number)
    return Item(
        id=number,
        company=1,
        currency=currency,
        residual=amount,
        partner=partner,
        numbers=(name or f"INV/2026/{number:05d}",),
        **values,
    )


def line(text, amount=5_000, *, number=1, currency="EUR", amounts=None, **values):
    return Line(
        id=number,
        company=1,
        journal=1,
        amounts=amounts or ((currency, amount),),
        date=values.pop("date", DAY),
        texts=(Text("payment_ref", text),),
        **values,
    )


def one(a_line, *items, **kwargs):
    [decision] = match([a_line], items, **kwargs)
    return decision


@pytest.mark.parametrize(
    "text",
    [
        "Payment INV/2026/00012 thanks",
        "payment inv 2026 00012",
        "INV-2026-00012",
        "INV202600012",
        "Rg. INV/2026/ 00012",
        "INV/20 26/00012",
        "Überweisung für INV/2026/00012",
    ],
)
def test_number_is_found_whatever_became_of_its_separators(text):
    decision = one(line(text), item(12))
    assert decision.outcome == AUTO
    [span] = decision.proposals[0].spans
    assert text[span.start : span.end].upper().replace(" ", "").endswith("00012")


@pytest.mark.parametrize("text", ["INV/2026/000121", "XINV/2026/00012", "No 12"])
def test_neighbouring_number_is_not_it(text):
    assert one(line(text), item(12)).outcome != AUTO


@pytest.mark.parametrize(
    "printed",
    [
        "RF18539007547034",
        "18539007547034",
        "RFRF18539007547034",
        "RF18 5390 0754 7034",
        "rf18 RF18539007547034",
    ],
)
def test_structured_reference_comes_back_in_many_forms(printed):
    decision = one(line(f"Danke {printed}"), item(3, references=("RF18539007547034",)))
    assert decision.outcome == AUTO
    assert decision.proposals[0].pattern.startswith("reference:exact")


def test_valid_reference_that_was_not_issued_proves_nothing():
    assert one(line("RF18539007547034"), item(3, 9_000)).outcome == NONE


def test_direction_is_a_gate():
    decision = one(line("RETURN INV/2026/00012", -5_000), item(12))
    assert (decision.outcome, decision.reason.code, decision.proposals) == (
        PROPOSE,
        "gate_direction",
        (),
    )


RETURNED = item(13, name="PAY/2026/00013", kind="transit")
REOPENED = item(12, -5_000, name="BILL/2026/00012")


def test_what_comes_back_is_not_contested_by_the_bill_that_is_open_again():
    decision = one(line("RETURN PAY/2026/00013 BILL/2026/00012"), RETURNED, REOPENED)
    assert (decision.outcome, decision.proposals[0].items) == (AUTO, (13,))


def test_what_comes_back_in_part_is_left_to_a_person():
    # Who names both may mean the one less the other, whatever a rule accepts.
    fees = [Tolerance(1, 1, "fee", "EUR", maximum=300)]
    a_line = line("RETURN PAY/2026/00013 BILL/2026/00012", 4_800)
    decision = one(a_line, RETURNED, REOPENED, tolerances=fees)
    assert (decision.outcome, decision.reason.code) == (AMBIGUOUS, "names_others")


def test_what_comes_back_is_contested_by_another_of_its_direction():
    other = item(14, 3_000, name="PAY/2026/00014", kind="transit")
    text = "RETURN PAY/2026/00013 BILL/2026/00012 PAY/2026/00014"
    decision = one(line(text), RETURNED, REOPENED, other)
    assert (decision.outcome, decision.reason.code) == (AMBIGUOUS, "names_others")


def test_currency_is_a_gate():
    decision = one(line("INV/2026/00012"), item(12, currency="USD"))
    assert decision.reason.code == "gate_currency"


def test_instructed_amount_opens_the_currency_gate():
    decision = one(
        line("INV/2026/00012", amounts=(("USD", 5_000), ("EUR", 4_600))), item(12, currency="USD")
    )
    assert (decision.outcome, decision.proposals[0].currency) == (AUTO, "USD")


def test_two_items_of_one_reference_are_ambiguous():
    twins = item(12), item(13, name="INV/2026/00012")
    assert one(line("INV/2026/00012"), *twins).outcome == AMBIGUOUS


def test_second_payment_of_one_invoice_waits():
    first, second = match([line("INV/2026/00012"), line("INV/2026/00012", number=2)], [item(12)])
    assert (first.outcome, second.outcome, second.reason.code) == (AUTO, PROPOSE, "claimed")


def test_part_payment_is_proposed_and_keeps_the_rest_open():
    decision = one(line("INV/2026/00012", 2_000), item(12))
    best = decision.proposals[0]
    assert (decision.outcome, best.allocations, best.difference_kind) == (
        PROPOSE,
        ((12, 2_000),),
        "short",
    )


def test_merged_invoices_are_paid_together():
    decision = one(line("INV/2026/00012, INV/2026/00013", 8_000), item(12), item(13, 3_000))
    assert (decision.outcome, decision.proposals[0].items) == (AUTO, (12, 13))


def test_credit_note_is_taken_off():
    decision = one(line("INV/2026/00012 INV/2026/00013", 4_000), item(12), item(13, -1_000))
    assert decision.outcome == AUTO


def test_merged_invoices_of_two_customers_are_proposed():
    decision = one(
        line("INV/2026/00012, INV/2026/00013", 8_000), item(12), item(13, 3_000, partner=2)
    )
    assert (decision.outcome, decision.proposals[0].items) == (PROPOSE, (12, 13))


def test_text_that_names_more_than_was_paid_is_ambiguous():
    decision = one(line("INV/2026/00012, INV/2026/00013"), item(12), item(13, 3_000))
    assert (decision.outcome, decision.reason.code) == (AMBIGUOUS, "names_others")


def test_parts_of_one_invoice_pay_it_together():
    parts = [line("INV/2026/00012", 2_000), line("INV/2026/00012", 3_000, number=2)]
    decisions = match(parts, [item(12)])
    assert [(one.outcome, one.proposals[0].allocations) for one in decisions] == [
        (AUTO, ((12, 2_000),)),
        (AUTO, ((12, 3_000),)),
    ]


def test_instalments_of_one_document_are_no_rivals():
    first, second = (
        item(1, 5_000, name="INV/2026/00012"),
        item(2, 4_000, name="INV/2026/00012", document=1),
    )
    assert one(line("INV/2026/00012"), first, second).outcome == AUTO


@pytest.mark.parametrize(
    ("amount", "kind"),
    [(4_980, "fee"), (4_998, "rounding"), (4_000, "withholding"), (4_900, "discount")],
)
def test_accepted_difference_is_posted_with_its_rule(amount, kind):
    rules = (
        Tolerance(1, 1, "fee", "EUR", maximum=50),
        Tolerance(2, 1, "rounding", "EUR", maximum=2),
        Tolerance(3, 1, "withholding", "EUR", rate=2_000),
    )
    discount = {"discounted": 4_900, "discount_until": DAY}
    best = one(line("INV/2026/00012", amount), item(12, **discount), tolerances=rules).proposals[0]
    assert (best.difference_kind, best.difference, best.certain) == (kind, amount - 5_000, True)


def test_discount_after_its_day_is_a_part_payment():
    yesterday = DAY - datetime.timedelta(days=1)
    decision = one(
        line("INV/2026/00012", 4_900), item(12, discounted=4_900, discount_until=yesterday)
    )
    assert (decision.outcome, decision.proposals[0].difference_kind) == (PROPOSE, "short")
    # The sentence of this reason shows both figures.
    assert dict(decision.reason.params) == {"due": "5000", "paid": "4900", "currency": "EUR"}


def test_cut_number_needs_the_party():
    text = "Zahlung der Rechnung mit Nummer INV/2026/000"
    known = {1: Parties(ibans={"DE1": frozenset([1])})}
    assert one(line(text), item(12)).outcome == PROPOSE
    assert one(line(text, iban="DE1"), item(12), parties=known).outcome == AUTO


def test_mandate_finds_its_items_and_posts_nothing_by_itself():
    decision = one(line("LASTSCHRIFT", mandate="M1"), item(12, mandate="M1"), item(13))
    best = decision.proposals[0]
    assert (decision.outcome, best.items) == (PROPOSE, (12,))
    assert "party_mandate" in {part.code for part in best.parts}


def test_amount_and_name_alone_are_a_suggestion():
    parties = {1: Parties(ibans={"DE1": frozenset([1])})}
    decision = one(line("thank you", iban="DE1"), item(12), parties=parties)
    assert (decision.outcome, decision.proposals[0].found_by) == (PROPOSE, "fuzzy")


def test_number_of_a_settled_document_is_told():
    shapes = {1: numbers.learn(["INV/2026/00099"])}
    assert one(line("INV/2026/00077", 1), item(12), shapes=shapes).reason.code == "closed"


def test_what_is_not_measured_to_be_right_is_proposed():
    decision = one(line("INV/2026/00012"), item(12), trusted=lambda company, proposal: False)
    assert (decision.outcome, decision.reason.code) == (PROPOSE, "precision")


@pytest.mark.parametrize(
    ("values", "total", "expected"),
    [
        ([5, 7, 11], 16, ("unique", (0, 2))),
        ([5, 5, 11], 16, ("several", ())),
        ([5, 7, 11], 17, ("none", ())),
        ([5, 7, 11], 11, ("none", ())),
        ([10, -3, 4], 7, ("unique", (0, 1))),
        (list(range(1, 22)), 30, ("too_many", ())),
    ],
)
def test_subset_counts_only_when_it_is_the_only_one(values, total, expected):
    assert unique_subset(values, total) == expected


def test_search_for_a_subset_is_bounded():
    assert unique_subset(list(range(1, 21)), 10**9 + 1, steps=10)[0] in ("none", "too_many")
    assert unique_subset([2] * 20, 21, steps=100)[0] == "too_many"


@pytest.mark.parametrize(
    ("right", "count", "expected"),
    [(0, 0, 0.0), (4_000, 4_000, 0.99904), (3_999, 4_000, 0.99858), (10, 10, 0.72246)],
)
def test_lower_bound_is_wilsons(right, count, expected):
    assert precision.lower_bound(right, count) == pytest.approx(expected, abs=1e-5)
