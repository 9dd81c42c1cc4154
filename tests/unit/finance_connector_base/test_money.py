"""An amount is exactly what was written, or it is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.money import (
    MoneyError,
    from_minor_units,
    minor_unit_exponent,
    parse_amount,
    to_minor_units,
)

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF"])


@given(st.integers(-(10**15), 10**15), CURRENCIES)
def test_minor_units_and_text_round_trip(units, currency):
    amount = from_minor_units(units, currency)
    assert to_minor_units(amount, currency) == units
    assert parse_amount(str(amount), currency) == amount


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("EUR", 2), ("CHF", 2), ("JPY", 0), ("KWD", 3), ("TND", 3), ("CLF", 4), ("ISK", 0)],
)
def test_currencies_have_their_decimals(currency, exponent):
    assert minor_unit_exponent(currency) == exponent


@pytest.mark.parametrize(
    ("text", "currency", "shown"),
    [
        ("1234.5", "EUR", "1234.50"),
        ("-0.01", "EUR", "-0.01"),
        ("1000.00", "JPY", "1000"),
        ("1.2345", "CLF", "1.2345"),
        (" 7 ", "EUR", "7.00"),
        ("1.50000", "EUR", "1.50"),
        ("999999999999999999.99", "EUR", "999999999999999999.99"),
    ],
)
def test_amounts_get_exactly_the_decimals_of_the_currency(text, currency, shown):
    assert str(parse_amount(text, currency)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        "1,5",
        "1.234,50",
        "+1",
        "1e3",
        "1.",
        ".5",
        "--1",
        "1 000",
        "NaN",
        "Infinity",
        "0x1",
        "٣",
        "1.005",
        "1" * 19,
    ],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(MoneyError):
        parse_amount(text, "EUR")


@pytest.mark.parametrize("currency", ["", "eur", "XXX", "XAU", "EURO", None])
def test_what_is_no_currency_is_refused(currency):
    with pytest.raises(MoneyError):
        minor_unit_exponent(currency)


@pytest.mark.parametrize(
    "amount", [1.5, 1, "1", Decimal("NaN"), Decimal("Infinity"), Decimal("1.005")]
)
def test_only_an_exact_decimal_becomes_minor_units(amount):
    with pytest.raises(MoneyError):
        to_minor_units(amount, "EUR")
