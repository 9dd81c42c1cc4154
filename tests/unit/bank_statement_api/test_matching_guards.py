"""What keeps the engine from posting by itself, one guard each: without it the line would be posted."""

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

DAY = datetime.date(2026, 3, 4)
KNOWN = {1: Parties(ibans={"DE1": frozenset([1])})}
FEE = Tolerance(1, 1, "fee", "EUR", maximum=50)


def item(number, amount=5_000, *, name=None, **values):
    values = {"partner": 1, "currency": "EUR", "document": number} | values
    return Item(
        id=number, company=1, residual=amount, numbers=(name or f"INV/2026/{number:05d}",), **values
    )


def line(text, amount=5_000, *, number=1, **values):
    values = {"amounts": (("EUR", amount),), "date": DAY} | values
    return Line(id=number, company=1, journal=1, texts=(Text("payment_ref", text),), **values)


def one(a_line, *items, **kwargs):
    [decision] = match([a_line], items, **kwargs)
    return decision


# === COMPANY, CURRENCY, DIRECTION === #


def test_parties_of_another_company_are_nobody():
    text = "Zahlung der Rechnung mit Nummer INV/2026/000"
    assert one(line(text, iban="DE1"), item(12), parties=KNOWN).outcome == AUTO
    elsewhere = {2: KNOWN[1]}
    assert one(line(text, iban="DE1"), item(12), parties=elsewhere).outcome == PROPOSE


def test_item_that_is_settled_is_no_candidate():
    assert one(line("INV/2026/00012", -5_000), item(12, 0)).outcome == NONE


def test_several_items_behind_a_gate_are_ambiguous():
    dollars = item(12, currency="USD"), item(13, currency="USD")
    assert one(line("INV/2026/00012"), *dollars).outcome == PROPOSE
    assert one(line("INV/2026/00012 INV/2026/00013"), *dollars).outcome == AMBIGUOUS


# === RIVALS === #


def test_line_that_another_one_contests_is_ambiguous():
    issued = item(12, references=("RF18539007547034",))
    decisions = match([line("RF18539007547034"), line("INV/2026/00012", number=2)], [issued])
    assert [(one.outcome, one.reason.code) for one in decisions] == [
        (AMBIGUOUS, "contested"),
        (PROPOSE, "claimed"),
    ]


def test_of_many_equal_lines_one_pays():
    """More of them than are solved exactly."""
    lines = [line("INV/2026/00012", number=number) for number in range(1, 16)]
    outcomes = [decision.outcome for decision in match(lines, [item(12)])]
    assert (outcomes.count(AUTO), outcomes.count(PROPOSE)) == (1, 14)


def test_likeness_beside_a_number_that_is_settled_is_left_to_a_person():
    shapes = {1: numbers.learn(["INV/2026/00099"])}
    text = "INV/2O26/OOO12"
    alone = one(line(text, iban="DE1"), item(12), parties=KNOWN, shapes=shapes)
    assert alone.outcome == AUTO
    beside = one(line(f"{text} INV/2026/00077", iban="DE1"), item(12), parties=KNOWN, shapes=shapes)
    assert (beside.outcome, beside.reason.code) == (PROPOSE, "names_closed")


def test_number_that_a_slip_makes_of_another_one_needs_the_party():
    twins = item(12), item(13)
    decision = one(line("INV/2026/00012"), *twins)
    assert (decision.outcome, decision.reason.code) == (PROPOSE, "confusable")
    assert one(line("INV/2026/00012", iban="DE1"), *twins, parties=KNOWN).outcome == AUTO
    assert one(line("INV/2026/00012"), item(12), item(13, 4_999)).outcome == AUTO


@pytest.mark.parametrize(("count", "outcome"), [(150, AUTO), (202, PROPOSE)])
def test_too_many_of_one_amount_to_compare_need_the_party(count, outcome):
    many = [
        item(number, name=f"{number:03d}A{number:03d}B{number:03d}") for number in range(1, count)
    ]
    assert one(line("012A012B012"), *many).outcome == outcome


# === DIFFERENCES === #


@pytest.mark.parametrize(
    ("amount", "tolerance"),
    [
        (4_940, FEE),
        (5_020, FEE),
        (4_980, Tolerance(1, 1, "fee", "USD", maximum=50)),
        (4_980, Tolerance(1, 2, "fee", "EUR", maximum=50)),
        (4_980, Tolerance(1, 1, "fee", "EUR", maximum=50, rate=10)),
        (4_980, Tolerance(1, 1, "fee", "EUR", maximum=50, partners=frozenset([2]))),
        (4_980, Tolerance(1, 1, "fee", "EUR", maximum=50, journals=frozenset([2]))),
        (4_997, Tolerance(1, 1, "rounding", "EUR", maximum=2)),
        (4_100, Tolerance(1, 1, "withholding", "EUR", rate=2_000)),
    ],
    ids=[
        "more than the fee",
        "paid too much",
        "another currency",
        "another company",
        "more than its rate",
        "another partner",
        "another journal",
        "more than a rounding",
        "another rate",
    ],
)
def test_difference_that_no_rule_accepts_is_left_to_a_person(amount, tolerance):
    assert one(line("INV/2026/00012", amount), item(12), tolerances=[tolerance]).outcome == PROPOSE


def test_discounts_after_their_day_are_no_sum():
    yesterday = DAY - datetime.timedelta(days=1)
    for until, outcome in ((DAY, AUTO), (yesterday, PROPOSE)):
        values = {"discounted": 4_900, "discount_until": until}
        decision = one(
            line("INV/2026/00012, INV/2026/00013", 9_800), item(12, **values), item(13, **values)
        )
        assert decision.outcome == outcome


# === SUMS === #


def test_sum_of_some_of_what_is_named_is_not_certain():
    decision = one(
        line("INV/2026/00012, INV/2026/00013, INV/2026/00014", 8_000),
        *(item(12), item(13, 3_000), item(14, 9_000)),
    )
    best = decision.proposals[0]
    assert (best.items, best.certain, decision.outcome) == ((12, 13), False, PROPOSE)


def test_sum_of_parts_of_numbers_needs_the_party():
    some = item(12), item(13, 3_000)
    text = "2026/00012, 2026/00013"
    assert one(line(text, 8_000), *some).outcome == PROPOSE
    assert one(line(text, 8_000, iban="DE1"), *some, parties=KNOWN).outcome == AUTO


def test_sum_of_two_readings_of_one_text_is_left_to_a_person():
    twins = item(12), item(13, name="INV/2026/00012")
    assert one(line("INV/2026/00012", 10_000), *twins).outcome != AUTO


def test_parts_by_a_part_of_the_number_need_the_party():
    lines = [line("2026/00012", 2_000), line("2026/00012", 3_000, number=2)]
    assert [decision.outcome for decision in match(lines, [item(12)])] == [PROPOSE, PROPOSE]


def test_part_that_names_something_else_as_well_is_left_to_a_person():
    lines = [
        line("INV/2026/00012 INV/2026/00013", 2_000),
        line("INV/2026/00012", 3_000, number=2),
    ]
    decisions = match(lines, [item(12), item(13, -9_000)])
    assert AUTO not in [decision.outcome for decision in decisions]


# === EVIDENCE === #


def test_short_text_is_no_reference_and_no_number():
    assert one(line("1234", 1), item(12, references=("1234",))).outcome == NONE
    assert one(line("A-12", 1), item(12, name="A-12")).outcome == NONE


def test_short_run_of_digits_counts_as_a_number():
    issued = item(12, references=("123456789",))
    assert one(line("123456789"), issued).proposals[0].pattern.startswith("number:")
    issued = item(12, references=("1234567890",))
    assert one(line("1234567890"), issued).proposals[0].pattern.startswith("reference:")


def test_account_of_somebody_else_is_told_from_a_name_that_resembles():
    parties = {
        1: Parties(
            ibans={"DE2": frozenset([2])}, names={}, shown={1: "Muster Handel", 2: "Beispiel Bau"}
        )
    }
    decision = one(
        line("INV/2026/00012", iban="DE2", name="Muster Hande"), item(12), parties=parties
    )
    assert "party_other" in {part.code for part in decision.proposals[0].parts}


# === PRECISION === #


def test_decisions_have_to_be_right_often_before_they_post():
    assert not precision.holds("exact", "never:seen:before", right=3_837)
    assert precision.holds("exact", "never:seen:before", right=3_839)
    assert not precision.holds("exact", "never:seen:before", right=4_000, wrong=1)


def test_corpus_counts_for_so_much_that_one_error_stops_a_pattern():
    found_by, pattern = max(precision._measured().items(), key=lambda kind: kind[1][0])[0].split(
        " "
    )
    assert precision.holds(found_by, pattern)
    assert not precision.holds(found_by, pattern, wrong=1)


def test_weaker_evidence_counts_for_stronger_and_not_the_other_way(monkeypatch):
    counts = {"exact number:exact:alike": (100, 1)}
    monkeypatch.setattr(precision, "_measured", lambda: counts)
    precision.prior_of.cache_clear()
    try:
        assert precision.prior_of("exact", "reference:exact:known") == (100, 1)
        assert precision.prior_of("exact", "core:exact:known") == (0, 0)
        assert precision.prior_of("exact", "number:exact:none") == (0, 0)
        assert precision.prior_of("exact", "number:fee:alike") == (0, 0)
    finally:
        precision.prior_of.cache_clear()
