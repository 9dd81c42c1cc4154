"""The arithmetic of cash positions: nothing guessed, nothing twice, and every part adds up."""

import datetime
import itertools
import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.treasury_sync.tools.position import document, ladder
from odoo.addons.treasury_sync.tools.position.assemble import Inputs, assemble
from odoo.addons.treasury_sync.tools.position.completeness import age, state
from odoo.addons.treasury_sync.tools.position.figures import (
    Account,
    Balance,
    Books,
    Entity,
    explain,
    shown_number,
)
from odoo.addons.treasury_sync.tools.position.ladder import Flow, Habit
from odoo.addons.treasury_sync.tools.position.rates import MissingRateError, Rate, RateTable
from odoo.addons.treasury_sync.tools.position.transfers import Transfer, on_its_way

ADDON = Path(__file__).resolve().parents[3] / "addons/treasury_sync"
TODAY = datetime.date(2026, 11, 26)  # a Thursday
YESTERDAY = datetime.date(2026, 11, 25)
NOW = datetime.datetime(2026, 11, 26, 7)
DAY = datetime.timedelta(days=1)


def balance(amount, day=YESTERDAY, kind="CLBD", **values):
    return Balance(
        id=1,
        type=kind,
        amount=Decimal(amount),
        day=day,
        known_at=NOW,
        source="camt053",
        exchange="FX/2026/000001",
        **values,
    )


def account(amount=None, *, number=1, currency="EUR", entity=1, **values):
    stated = () if amount is None else (balance(amount),)
    return Account(
        id=number,
        name=f"Bank {number}",
        label="…3000",
        entity_id=entity,
        bank="Bank",
        currency=currency,
        **{"balances": stated, **values},
    )


def rates(**per_base):
    return RateTable(
        base="EUR",
        day=TODAY,
        rates={
            code: Rate(currency=code, per_base=Decimal(rate), day=YESTERDAY, source="ECB")
            for code, rate in per_base.items()
        },
    )


def position(*accounts, **values):
    return assemble(
        Inputs(
            **{
                "day": TODAY,
                "known_at": NOW,
                "today": TODAY,
                "currency": "EUR",
                "decimals": 2,
                "entities": (
                    Entity(id=1, name="Alder", code="A1"),
                    Entity(id=2, name="Birch", code="B1"),
                ),
                "accounts": accounts,
                "rates": rates(USD="1.25"),
                **values,
            }
        )
    )


def codes(found):
    return {finding.code for finding in found.findings if finding.blocking}


# === RATES === #


def test_figure_is_converted_with_the_rate_that_is_shown():
    found = position(account("100.00", currency="USD"))
    [line] = found.lines
    assert (line.converted, line.conversion.rate) == (Decimal("80.00"), Decimal("0.8"))
    assert (line.conversion.day, line.conversion.source) == (YESTERDAY, "ECB")


def test_missing_rate_is_never_one():
    found = position(account("100.00"), account("100.00", number=2, currency="GBP"))
    assert found.group == Decimal("100.00")
    assert "position_rate_missing" in codes(found)
    assert not found.complete
    assert found.lines[1].converted is None


def test_rate_of_tomorrow_does_not_count():
    table = RateTable(
        base="EUR",
        day=YESTERDAY,
        rates={"USD": Rate(currency="USD", per_base=Decimal(2), day=TODAY, source="ECB")},
    )
    with pytest.raises(MissingRateError):
        table.conversion("USD", "EUR")


def test_old_rate_converts_and_says_so():
    table = RateTable(
        base="EUR",
        day=TODAY,
        rates={
            "USD": Rate(currency="USD", per_base=Decimal(2), day=TODAY - 30 * DAY, source="ECB")
        },
    )
    found = position(account("100.00", currency="USD"), rates=table)
    assert found.group == Decimal("50.00")
    assert "position_rate_old" in codes(found) and not found.complete


@given(
    amounts=st.lists(st.decimals("-1e9", "1e9", places=2), max_size=6),
    rate=st.decimals("0.01", "200", places=4),
)
def test_published_rate_gives_the_published_figure(amounts, rate):
    found = position(
        *(
            account(str(amount), number=number, currency="USD")
            for number, amount in enumerate(amounts)
        ),
        rates=rates(USD=str(rate)),
    )
    for line in document.write(found)["accounts"]:
        expected = Decimal(line["booked"]["amount"]) * Decimal(line["rate"])
        assert abs(Decimal(line["converted"]) - expected) <= Decimal("0.005")
    sums = [found.by_entity, found.by_bank, found.by_currency]
    for parts in sums:
        assert sum((part.converted for part in parts), Decimal(0)) == found.entities


# === BOOKS === #


@given(*(st.decimals("-1e9", "1e9", places=2) for _ in range(6)))
def test_difference_is_the_sum_of_its_parts(bank, ledger, transit, unreconciled, first, timing):
    books = Books(
        account=ledger,
        in_transit=transit,
        unreconciled=unreconciled,
        before_first=first,
        timing=timing,
    )
    found = explain(bank, books)
    assert found.total == bank - books.balance
    assert found.total == (
        found.in_transit
        + found.unreconciled
        + found.before_first
        + found.timing
        + found.unexplained
    )


def test_payment_that_the_bank_has_not_booked_explains_the_difference():
    books = Books(account=Decimal(100), in_transit=Decimal(-30))
    found = explain(Decimal(100), books)
    assert (books.balance, found.total, found.in_transit, found.unexplained) == (70, 30, 30, 0)


@pytest.mark.parametrize(
    ("bank", "before_first", "unexplained"),
    [("107.70", "100.00", 0), ("100.00", "92.30", 0), ("107.69", "92.30", "7.69")],
    ids=["booked late", "reached back to", "neither"],
)
def test_figures_tell_what_was_booked_late(bank, before_first, unexplained):
    late = Decimal("7.70")
    books = Books(account=late, before_first=Decimal(100) - late, booked_late=late)
    found = explain(Decimal(bank), books)
    assert (found.before_first, found.unexplained) == (Decimal(before_first), Decimal(unexplained))


# === COMPLETENESS === #


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"balances": (balance("1"),)}, "fresh"),
        ({"balances": (balance("1", TODAY - 2 * DAY),)}, "fresh"),
        ({"balances": (balance("1", TODAY - 2 * DAY),), "max_age": 0}, "stale"),
        ({"balances": (balance("1", TODAY - 3 * DAY),)}, "stale"),
        ({"balances": ()}, "missing"),
        ({"balances": (balance("1", kind="CLAV"),)}, "missing"),
        ({"balances": (balance("1"),), "days": "ccmcc"}, "broken"),
        ({"balances": (balance("1"),), "days": "ccbcc"}, "broken"),
        ({"balances": (balance("1", TODAY - 2 * DAY),), "days": "cc--cm"}, "fresh"),
        ({"balances": (), "expected": False}, "not_expected"),
    ],
)
def test_state_of_an_account(values, expected):
    assert state(account(**values), TODAY, TODAY) == expected


def test_age_counts_bank_days():
    monday = datetime.date(2026, 11, 23)
    friday = account(balances=(balance("1", datetime.date(2026, 11, 20)),))
    assert age(friday, monday, monday) == 0
    assert age(friday, monday, monday + DAY) == 1


@pytest.mark.parametrize("days", ["", "ccmc"])
def test_position_without_an_expected_account_is_not_complete(days):
    found = position(account("5.00"), account(number=2, days=days))
    assert not found.complete
    assert found.group == Decimal("5.00")


def test_unmapped_entity_is_named():
    found = position(account("5.00"), entities=(Entity(id=1, name="Alder", code=None),))
    assert codes(found) == {"position_unmapped"}
    assert document.write(found)["entities"][0]["code"] == "#1"


def test_balance_with_the_overdraft_is_no_cash():
    stated = (balance("5"), balance("1005", kind="CLAV", credit_line_included=True))
    [line] = position(account(balances=stated)).lines
    assert (line.converted, line.available) == (Decimal("5.00"), None)


# === ELIMINATION === #


def transfer(number, entity, other, amount, day=YESTERDAY, currency="EUR"):
    return Transfer(
        id=number,
        entity_id=entity,
        other_id=other,
        account_id=number,
        currency=currency,
        amount=Decimal(amount),
        day=day,
    )


def test_money_on_its_way_counts_once():
    left = transfer(1, 1, 2, "-40.00")
    [waiting] = on_its_way([left], TODAY)[0]
    assert waiting.amount == 40
    assert on_its_way([left, transfer(2, 2, 1, "40.00", TODAY)], TODAY) == ([], [])
    [early] = on_its_way([transfer(2, 2, 1, "40.00")], TODAY)[0]
    assert early.amount == -40


def test_on_any_day_of_a_transfer_the_group_has_the_same():
    transfers = [transfer(1, 1, 2, "-40.00", TODAY - 2 * DAY), transfer(2, 2, 1, "40.00", TODAY)]
    before = position(account("100.00"), account("0.00", number=2, entity=2))
    during = position(
        account("60.00"),
        account("0.00", number=2, entity=2),
        transfers=transfers,
        day=YESTERDAY,
    )
    after = position(account("60.00"), account("40.00", number=2, entity=2), transfers=transfers)
    assert before.group == during.group == after.group == 100


def test_transfer_that_never_arrives_is_no_cash():
    waiting, late = on_its_way([transfer(1, 1, 2, "-40.00", TODAY - 15 * DAY)], TODAY)
    assert (waiting, [each.id for each in late]) == ([], [1])


@pytest.mark.parametrize(
    "other",
    [
        transfer(2, 2, 1, "39.99"),
        transfer(2, 2, 1, "40.00", currency="USD"),
        transfer(2, 3, 1, "40.00"),
        transfer(2, 2, 1, "40.00", YESTERDAY - 11 * DAY),
    ],
)
def test_only_what_belongs_together_is_paired(other):
    waiting, late = on_its_way([transfer(1, 1, 2, "-40.00"), other], TODAY)
    assert len(waiting) + len(late) == 2


def test_in_house_account_is_no_cash_of_the_group():
    found = position(account("100.00"), account("70.00", number=2, entity=2, kept_by=1))
    assert (found.entities, found.in_house, found.group) == (170, -70, 100)
    outside = position(account("70.00", number=2, entity=2, kept_by=9))
    assert outside.group == 70


# === FORECAST === #


def flow(amount, day, **values):
    return Flow(
        **{
            "entity_id": 1,
            "currency": "EUR",
            "amount": Decimal(amount),
            "kind": ladder.RECEIVABLE,
            "due": day,
            "expected": day,
            "basis": ladder.DUE,
            **values,
        }
    )


def test_ladder_starts_at_the_position_and_adds_up():
    found = position(
        account("100.00"),
        flows=[
            flow("50.00", TODAY + DAY),
            flow("-20.00", TODAY + 8 * DAY, kind=ladder.PAYABLE),
            flow("7.00", TODAY - 9 * DAY, expected=None),
            flow("-5.00", TODAY + DAY, other_id=2),
        ],
    )
    assert found.days[0].opening == 100
    assert (found.days[-1].closing, found.weeks[-1].closing, found.overdue) == (130, 130, 7)
    for rungs in (found.days, found.weeks):
        for before, after in itertools.pairwise(rungs):
            assert before.closing == after.opening
            assert before.end + DAY == after.start


@pytest.mark.parametrize(
    ("kind", "due", "habit", "expected"),
    [
        (ladder.RECEIVABLE, TODAY + DAY, None, (TODAY + DAY, "due")),
        (ladder.RECEIVABLE, TODAY, Habit(late=4, count=9), (datetime.date(2026, 11, 30), "habit")),
        (ladder.RECEIVABLE, TODAY, Habit(late=4, count=2), (TODAY, "due")),
        (ladder.RECEIVABLE, TODAY - DAY, Habit(late=0, count=9), (None, "overdue")),
        (ladder.PAYABLE, TODAY - DAY, None, (TODAY, "overdue")),
        (ladder.PAYABLE, datetime.date(2026, 11, 28), None, (datetime.date(2026, 11, 30), "due")),
    ],
)
def test_when_an_item_is_expected(kind, due, habit, expected):
    assert ladder.expect(kind, due, TODAY, habit) == expected


# === DOCUMENT === #


def test_document_keeps_to_its_schema():
    schema = json.loads((ADDON / "schemas/cash_position.v1.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = position(
        account("100.00", currency="USD", books=Books(account=Decimal(90))),
        account(number=2, entity=2),
        account("1.00", number=3, currency="GBP"),
        account("7.00", number=4, entity=2, kept_by=1),
        transfers=[transfer(1, 1, 2, "-40.00")],
        flows=[flow("50.00", TODAY + DAY)],
    )
    sent = {
        **document.write(found),
        "position": "CP/2026/000001",
        "group": {"code": "G", "name": "Group"},
    }
    jsonschema.validate(json.loads(json.dumps(sent)), schema)


def test_account_number_is_shown_by_its_end():
    assert shown_number("DE89370400440532013000") == "…3000"
    assert shown_number("123") == ""
