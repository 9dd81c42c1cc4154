"""Announced transactions are recognised when announced again and when booked; in doubt they are not."""

import datetime
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools.pending import Announced, booked, same

DAY = datetime.date(2026, 3, 4)


def one(number, amount="-5.00", **values):
    uids = frozenset(values.pop("uids", ()))
    values = {"date": DAY, "party": "CAFE", "text": "CARD", **values}
    return Announced(id=number, amount=Decimal(amount), uids=uids, **values)


def later(days):
    return DAY + datetime.timedelta(days=days)


@pytest.mark.parametrize(
    ("known", "heard", "expected"),
    [
        ([one(1)], [one(9)], {9: 1}),
        ([one(1, uids=["u"])], [one(9, "-7.00", uids=["u"], text="OTHER")], {9: 1}),
        ([one(1)], [one(9, date=later(1))], {9: 1}),
        ([one(1), one(2)], [one(8), one(9)], {8: 1, 9: 2}),
        ([one(1, end_to_end_id="E")], [one(9, end_to_end_id="E", text="X", party="Y")], {9: 1}),
        ([one(1)], [one(9, "-6.00")], {}),
        ([one(1)], [one(9, party="BAR", text="X")], {}),
        ([one(1, text="A"), one(2, text="B")], [one(9, text="C")], {}),
    ],
)
def test_announced_again(known, heard, expected):
    assert same(known, heard) == expected


@pytest.mark.parametrize(
    ("announced", "bookings", "expected"),
    [
        ([one(1, uids=["p"])], [one(9, "-6.10", uids=["p", "b"], text="X", party="Y")], {9: 1}),
        ([one(1, end_to_end_id="E")], [one(9, "-6.10", end_to_end_id="E")], {9: 1}),
        ([one(1, end_to_end_id="E")], [one(9, "6.10", end_to_end_id="E")], {}),
        ([one(1)], [one(9, date=later(3))], {9: 1}),
        ([one(1)], [one(9, date=later(3), party="")], {9: 1}),
        ([one(1)], [one(9, date=later(3), text="X")], {9: 1}),
        ([one(1)], [one(9, date=later(11))], {}),
        ([one(1)], [one(9, date=later(-4))], {}),
        ([one(1)], [one(9, "-5.01")], {}),
        ([one(1)], [one(9, text="X", party="Y")], {}),
        ([one(1)], [one(8, date=later(1)), one(9, date=later(2))], {}),
        ([one(1), one(2)], [one(9, date=later(1))], {}),
        ([one(1), one(2)], [one(8), one(9)], {8: 1, 9: 2}),
    ],
)
def test_booked(announced, bookings, expected):
    assert booked(announced, bookings) == expected


def test_booking_that_was_here_before_the_announcement_is_another_one():
    at = datetime.datetime(2026, 3, 4, 12, 0)
    before, after = at - datetime.timedelta(hours=1), at + datetime.timedelta(hours=1)
    assert booked([one(1, arrived=at)], [one(9, arrived=before)]) == {}
    assert booked([one(1, arrived=at)], [one(8, arrived=before), one(9, arrived=after)]) == {9: 1}
