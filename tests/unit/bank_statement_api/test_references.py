"""References in a bank's text: found whatever is left of their separators, equal or nothing."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import camt, references

from tests.camt_writer import Line, daily_file


def found_in(text, **values):
    [statement] = camt.read(
        daily_file(
            "DE89370400440532013000",
            "EUR",
            [Line(date(2026, 3, 4), Decimal("1.00"), text, **values)],
        )
    )
    return {candidate.value for candidate in references.candidates(statement.booked[0])}


@pytest.mark.parametrize(
    "text",
    [
        "Payment INV/2026/00012 thanks",
        "payment inv 2026 00012",
        "INV-2026-00012",
        "INV202600012",
        "Rg. INV/2026/ 00012",
        "INV/20 26/00012",
    ],
)
def test_document_number_is_found_whatever_became_of_its_separators(text):
    assert references.normalise("INV/2026/00012") in found_in(text)


def test_neighbouring_number_is_not_it():
    assert "INV202600012" not in found_in("INV/2026/000121")
    assert "INV202600012" not in found_in("XINV/2026/00012")


def test_number_too_short_to_be_one_is_none():
    assert not found_in("No 12")


def test_end_to_end_id_counts_and_its_absence_does_not():
    assert "ORDER77" in found_in("x", end_to_end_id="ORDER-77")
    assert not found_in("x", end_to_end_id="NOTPROVIDED")


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (references.is_rf, "RF18 5390 0754 7034", "RF19 5390 0754 7034"),
        (references.is_ogm, "+++010/8068/17183+++", "+++010/8068/17184+++"),
        (references.is_qrr, "21 00000 00003 13947 14300 09017", "21 00000 00003 13947 14300 09018"),
    ],
)
def test_check_digits(check, right, wrong):
    assert check(right)
    assert not check(wrong)


@given(st.text(max_size=80))
def test_normalised_text_is_capital_letters_and_digits_and_stays_so(text):
    value = references.normalise(text)
    assert value == references.normalise(value)
    assert all(char.isascii() and (char.isdigit() or char.isupper()) for char in value)
