"""Each day of an account: complete, missing, broken or not expected, by the bank's balances and what is booked."""

import datetime
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import coverage
from odoo.addons.bank_statement_api.tools.bank_days import is_bank_day
from odoo.addons.bank_statement_api.tools.coverage import Account, Booked, Closing

MONDAY = datetime.date(2026, 3, 2)
TODAY = datetime.date(2026, 3, 16)
SHORT = {"complete": "c", "missing": "m", "broken": "b", "not_expected": "-"}


def day(number):
    return MONDAY + datetime.timedelta(days=number)


def closing(at, amount, opening=None, **values):
    return Closing(
        day=day(at),
        closing=Decimal(amount),
        opening=None if opening is None else Decimal(opening),
        opening_day=None if opening is None else day(at),
        **values,
    )


def booked(number, total, statement=..., **values):
    return Booked(
        day=day(number),
        total=Decimal(total),
        count=1,
        statement_day=day(number) if statement is ... else statement,
        **values,
    )


def week(account, days=7, today=TODAY):
    return coverage.prove(account, MONDAY, day(days - 1), today)


def states(account, **options):
    return "".join(SHORT[each.state] for each in week(account, **options))


CHAIN = [
    closing(0, "10", "5"),
    closing(1, "12", "10"),
    closing(2, "12", "12"),
    closing(3, "9", "12"),
]
LINES = [booked(0, "5"), booked(1, "2"), booked(3, "-3")]


def test_chain_of_statements_proves_its_days_and_nothing_after():
    assert states(Account(closings=CHAIN, booked=LINES)) == "ccccm--"


def test_nothing_known_is_nothing_expected():
    assert states(Account()) == "-------"


def test_nothing_is_expected_before_the_first_day_nor_of_today():
    account = Account(closings=CHAIN[2:3], booked=[])
    assert states(account, today=day(4)) == "--cm---"


def test_weekly_statement_proves_the_week():
    account = Account(
        closings=[closing(0, "10", "10"), closing(4, "13", "10")],
        booked=[booked(1, "1", statement=day(4)), booked(3, "2", statement=day(4))],
    )
    assert states(account) == "ccccc--"


def test_changed_or_deleted_line_breaks_its_day_with_both_figures():
    account = Account(closings=CHAIN, booked=[LINES[0], LINES[2]])
    assert states(account) == "cbccm--"
    found = week(account)[1]
    assert (found.opening, found.closing, found.difference) == (10, 12, 2)
    assert found.notes == [("balance", {"expected": Decimal(10), "actual": Decimal(12)})]


def test_statement_that_never_came_is_missing_and_its_successor_broken():
    account = Account(closings=[CHAIN[0], CHAIN[3]], booked=[LINES[0], LINES[2]])
    assert states(account) == "cmmbm--"
    assert week(account)[3].notes[0] == (
        "opening",
        {"expected": Decimal(10), "actual": Decimal(12)},
    )


def test_missing_number_is_broken_although_the_balances_agree():
    account = Account(closings=[closing(0, "5", "5", number=7), closing(1, "5", "5", number=9)])
    assert states(account, days=2) == "cb"
    assert week(account)[1].notes == [("number", {"first": 8, "last": 8})]


def test_numbers_start_anew_with_a_year():
    last, first = datetime.date(2025, 12, 31), datetime.date(2026, 1, 2)
    account = Account(
        closings=[
            Closing(day=last, closing=Decimal(5), opening=Decimal(5), number=250),
            Closing(day=first, closing=Decimal(5), opening=Decimal(5), number=1),
        ]
    )
    found = coverage.prove(account, last, first, TODAY)
    assert [SHORT[each.state] for each in found] == ["c", "-", "c"]


def test_several_statements_of_a_day_are_one_link():
    account = Account(
        closings=[
            closing(0, "5", "5"),
            closing(1, "9", "7", number=2, order=2),
            closing(1, "7", "5", number=1, order=3),
        ],
        booked=[booked(1, "4")],
    )
    assert states(account, days=2) == "cc"


def test_intraday_booking_that_the_end_of_day_does_not_confirm_breaks_the_day():
    account = Account(closings=CHAIN[:2], booked=[*LINES[:2], booked(1, "3", statement=None)])
    found = week(account)[1]
    assert found.state == "broken"
    assert ("unconfirmed", {"count": 1}) in found.notes


def test_intraday_alone_does_not_make_a_day_complete():
    assert states(
        Account(closings=CHAIN[:1], booked=[LINES[0], booked(1, "3", statement=None)])
    ) == ("cmmmm--")


def test_interface_covers_its_window_but_for_its_gap():
    account = Account(windows=[(day(0), day(4))], gaps=[(day(2), day(3))])
    assert states(account) == "ccmmc--"


def test_late_booking_of_an_interface_counts_in_the_balance_that_knows_it():
    account = Account(
        windows=[(day(0), day(1))],
        closings=[closing(0, "5", order=1), closing(1, "9", order=2)],
        booked=[
            booked(0, "1", statement=None, order=1),
            booked(0, "3", statement=None, order=2),
            booked(1, "1", statement=None, order=2),
        ],
    )
    assert states(account, days=2) == "cc"


@pytest.mark.parametrize("order", [0, 2])
def test_what_was_booked_before_the_first_balance_is_in_it(order):
    """An interface that reaches further back than the statements breaks neither the first nor the next of them."""
    before = [booked(number, "40", None, order=order) for number in (0, 1)]
    closings = [closing(2, "12", "10", order=1), closing(3, "15", "12", order=2)]
    account = Account(closings=closings, booked=[*before, booked(2, "2"), booked(3, "3", order=2)])
    found = week(account)
    assert [each.state for each in found[2:4]] == ["complete", "complete"]
    assert [each.difference for each in found[2:4]] == [0, 0]


def test_late_booking_of_a_day_before_the_first_balance_counts_in_the_next():
    closings = [closing(2, "12", "10", order=1), closing(3, "15", "12", order=2)]
    lines = [booked(2, "2"), booked(0, "1", None, order=2), booked(3, "2", None, order=2)]
    assert [each.state for each in week(Account(closings=closings, booked=lines))[2:4]] == [
        "complete"
    ] * 2
    # A figure that neither of the two explains is told.
    lines[-1] = booked(3, "2.50", None, order=2)
    found = week(Account(closings=closings, booked=lines))[3]
    assert (found.state, found.difference) == ("broken", Decimal("-0.50"))


def test_booking_on_a_day_without_business_is_no_silence():
    account = Account(closings=[closing(4, "5", "5")], booked=[booked(5, "1", statement=None)])
    assert states(account) == "----cm-"


def test_document_held_for_a_person_is_broken():
    account = Account(closings=CHAIN, booked=LINES, held={day(4): ["statement_balance_break"]})
    assert states(account) == "ccccb--"


@pytest.mark.parametrize(
    ("calendar", "when", "expected"),
    [
        ("target", datetime.date(2026, 4, 3), False),  # Good Friday
        ("target", datetime.date(2026, 4, 6), False),  # Easter Monday
        ("target", datetime.date(2026, 5, 1), False),
        ("target", datetime.date(2026, 12, 25), False),
        ("target", datetime.date(2026, 12, 24), True),
        ("target", datetime.date(2026, 3, 7), False),
        ("weekdays", datetime.date(2026, 4, 3), True),
        ("weekdays", datetime.date(2026, 3, 7), False),
        ("daily", datetime.date(2026, 3, 7), True),
    ],
)
def test_days_on_which_banks_book(calendar, when, expected):
    assert is_bank_day(calendar, when) is expected
