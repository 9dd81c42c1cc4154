"""What holds for the engine whatever it is given."""

import datetime
from dataclasses import replace

from effort import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools.matching import numbers
from odoo.addons.bank_statement_api.tools.matching.engine import MARGIN, match
from odoo.addons.bank_statement_api.tools.matching.facts import (
    AMBIGUOUS,
    AUTO,
    Item,
    Line,
    Parties,
    Text,
    Tolerance,
)

DAY = datetime.date(2026, 3, 4)
PARTIES = {
    1: Parties(ibans={"DE1": frozenset([1]), "DE2": frozenset([2])}, shown={1: "Nord", 2: "Süd"})
}
FEES = (Tolerance(1, 1, "fee", "EUR", maximum=30), Tolerance(2, 1, "rounding", "EUR", maximum=2))

amounts = st.sampled_from([100, 100, 200, 300, 500, 700])


@st.composite
def items(draw):
    count = draw(st.integers(0, 7))
    return [
        Item(
            id=number,
            company=1,
            currency=draw(st.sampled_from(["EUR", "EUR", "USD"])),
            residual=draw(amounts) * draw(st.sampled_from([1, 1, 1, -1])),
            document=number,
            partner=draw(st.integers(1, 2)),
            numbers=(f"INV/2026/{draw(st.integers(10, 14)):05d}",),
        )
        for number in range(1, count + 1)
    ]


@st.composite
def lines(draw):
    count = draw(st.integers(1, 5))
    made = []
    for number in range(1, count + 1):
        named = draw(st.lists(st.integers(10, 14), max_size=3))
        made.append(
            Line(
                id=number,
                company=1,
                journal=1,
                amounts=(
                    (
                        draw(st.sampled_from(["EUR", "EUR", "USD"])),
                        draw(amounts) - draw(st.sampled_from([0, 0, 0, 1, 20])),
                    ),
                ),
                date=DAY,
                texts=(Text("payment_ref", " ".join(f"INV/2026/{one:05d}" for one in named)),),
                iban=draw(st.sampled_from(["", "DE1", "DE2"])),
            )
        )
    return made


SURE_ITEM = Item(
    id=50,
    company=1,
    currency="EUR",
    residual=100,
    document=50,
    partner=1,
    numbers=("INV/2026/00050",),
)
SURE_LINE = Line(
    id=50,
    company=1,
    journal=1,
    amounts=(("EUR", 100),),
    date=DAY,
    texts=(Text("payment_ref", "INV/2026/00050"),),
)
"""A certain match: by chance there is one too rarely for what is said of them to be tried."""


def decide(some_lines, some_items):
    shapes = {1: numbers.learn(["INV/2026/00010"])}
    return match(some_lines, some_items, parties=PARTIES, tolerances=FEES, shapes=shapes)


@settings(max_examples=examples(300))
@given(lines(), items())
def test_nothing_is_paid_twice_and_sums_are_equal(some_lines, some_items):
    by_id = {item.id: item for item in some_items}
    by_line = {line.id: line for line in some_lines}
    paid = {}
    for decision in decide(some_lines, some_items):
        if decision.outcome != AUTO:
            continue
        best = decision.proposals[0]
        [amount] = [
            value for name, value in by_line[decision.line].amounts if name == best.currency
        ]
        assert sum(value for _item, value in best.allocations) + best.difference == amount
        for item, value in best.allocations:
            assert by_id[item].currency == best.currency, "the currency is kept"
            paid[item] = paid.get(item, 0) + value
    for item, value in paid.items():
        assert abs(value) <= abs(by_id[item].residual)
        assert value * by_id[item].residual > 0


@settings(max_examples=examples(200))
@given(lines(), items(), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing(some_lines, some_items, random):
    expected = decide(some_lines, some_items)
    shuffled_lines, shuffled_items = some_lines * 2, some_items * 2
    random.shuffle(shuffled_lines)
    random.shuffle(shuffled_items)
    assert decide(shuffled_lines, shuffled_items) == expected


@settings(max_examples=examples(200))
@given(lines(), items(), st.sampled_from([1, 2, 9]))
def test_unrelated_item_changes_no_certain_match(some_lines, some_items, partner):
    some_lines, some_items = [*some_lines, SURE_LINE], [*some_items, SURE_ITEM]
    certain = [one for one in decide(some_lines, some_items) if one.outcome == AUTO]
    by_line = {line.id: line for line in some_lines}
    for one in certain:
        # The nearest that an item may come which the line does not name: its very amount.
        [(currency, amount)] = by_line[one.line].amounts
        other = Item(
            id=99,
            company=1,
            currency=currency,
            residual=amount,
            document=99,
            partner=partner,
            numbers=("RE-77-0815",),
        )
        after = {again.line: again for again in decide(some_lines, [*some_items, other])}
        assert after[one.line].outcome == AUTO
        assert after[one.line].proposals[0] == one.proposals[0]


@settings(max_examples=examples(200))
@given(
    lines(),
    items(),
    st.sampled_from(["Nord", "Nordd", "Süd", "Other"]),
    st.sampled_from([1, 20]),
    st.booleans(),
)
def test_likeness_contests_no_certain_match(some_lines, some_items, name, count, is_earlier):
    some_lines, some_items = [*some_lines, SURE_LINE], [*some_items, SURE_ITEM]
    certain = [one for one in decide(some_lines, some_items) if one.outcome == AUTO]
    by_line = {line.id: line for line in some_lines}
    for one in certain:
        # The nearest that payments may come without a reference: the same amount, by people of such a name. Many of
        # them, as where all pay one price: a block of that size is decided by what nobody contests.
        alike = [
            Line(
                id=number,
                company=1,
                journal=1,
                amounts=by_line[one.line].amounts,
                date=DAY - datetime.timedelta(days=1) if is_earlier else DAY,
                texts=(Text("payment_ref", "Thank you"),),
                name=name,
            )
            for number in range(100, 100 + count)
        ]
        after = {again.line: again for again in decide([*some_lines, *alike], some_items)}
        assert after[one.line] == one
        assert all(after[line.id].outcome != AUTO for line in alike)


@settings(max_examples=examples(200))
@given(lines(), items())
def test_equal_rival_makes_a_certain_match_ambiguous(some_lines, some_items):
    some_lines, some_items = [*some_lines, SURE_LINE], [*some_items, SURE_ITEM]
    for one in decide(some_lines, some_items):
        best = one.proposals[0] if one.outcome == AUTO else None
        if best is None or len(best.items) > 1 or best.found_by == "many_to_one":
            continue
        [twin] = [item for item in some_items if item.id == best.items[0]]
        rival = replace(twin, id=99, document=99)
        [after] = [
            other for other in decide(some_lines, [*some_items, rival]) if other.line == one.line
        ]
        assert after.outcome != AUTO


@settings(max_examples=examples(200))
@given(
    st.sampled_from(["", "DE1"]),
    st.sampled_from(["", "Nord", "Nordd", "Süd"]),
    st.sampled_from([0, 1]),
    st.sampled_from([0, 1, 2, 3]),
)
@example("DE1", "Süd", 0, 2)  # 3 points behind: another knows the payer by name
@example("", "Nord", 0, 0)  # 9 points: nobody's
@example("DE1", "", 0, 0)  # 12 points, which is the margin
@example("DE1", "", 0, 2)  # 20 points: somebody else's
def test_rival_within_the_margin_makes_a_certain_match_ambiguous(iban, name, payer, owner):
    # Read with O for 0; the rival's number looks the same, and only the party tells the two apart.
    texts = (Text("payment_ref", "INV/2O26/OO050"),)
    a_line = replace(SURE_LINE, texts=texts, iban=iban, name=name, partner=payer)
    rival = replace(SURE_ITEM, id=99, document=99, partner=owner, numbers=("1NV/2026/00050",))
    parties = {1: replace(PARTIES[1], names={"NORD": frozenset([1]), "SUD": frozenset([2])})}
    [alone] = match([a_line], [SURE_ITEM], parties=parties)
    [beside] = match([a_line], [SURE_ITEM, rival], parties=parties)
    best, other = beside.proposals[:2]
    if alone.outcome == AUTO:
        lead = best.score - other.score
        assert (beside.outcome, best.items) == (
            (AMBIGUOUS, best.items) if lead < MARGIN else (AUTO, (50,))
        )


@settings(max_examples=examples(200))
@given(lines(), items())
def test_certain_match_leads_by_the_margin(some_lines, some_items):
    for one in decide([*some_lines, SURE_LINE], [*some_items, SURE_ITEM]):
        if one.outcome == AUTO:
            best, *others = one.proposals
            near = [other for other in others if best.score - other.score < MARGIN]
            assert all(set(other.items) == set(best.items) for other in near)


@settings(max_examples=examples(100))
@given(lines(), items())
def test_other_company_is_another_world(some_lines, some_items):
    elsewhere = [replace(item, company=2) for item in some_items]
    for decision in decide(some_lines, elsewhere):
        assert not decision.proposals
