"""Fees and reversals in tables: what the profile says of them, and never what a reader supposes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.column_profile import FEES, Profile
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

PROFILE = Profile(
    booking_date="Date", amount="Amount", fee="Fee", balance="Balance", dates="ymd", decimals="."
)


def table(*rows, head="Date;Amount;Fee;Balance"):
    return "\n".join((head, *rows, "")).encode()


def read_one(content, profile):
    [found] = columns.read(content, profile=profile, currency="EUR")
    return found


@pytest.mark.parametrize(
    ("fees", "fee", "amount", "charge"),
    [
        # Inside: the amount is what moved, and the fee is told.
        ("inside", "0.50", "-10.00", "-0.50"),
        ("inside", "-0.50", "-10.00", "-0.50"),
        # On top: the account moves by both.
        ("minus", "0.50", "-10.50", "-0.50"),
        ("minus", "-0.50", "-9.50", "0.50"),
        ("plus", "-0.50", "-10.50", "-0.50"),
        ("plus", "0.50", "-9.50", "0.50"),
    ],
)
def test_fee_does_to_the_amount_what_the_profile_says(fees, fee, amount, charge):
    [line] = read_one(table(f"2026-03-04;-10.00;{fee};"), replace(PROFILE, fees=fees)).booked
    assert line.amount == Decimal(amount)
    assert [(item.amount, item.included) for item in line.charges] == [(Decimal(charge), True)]


@pytest.mark.parametrize("fees", FEES)
@pytest.mark.parametrize("fee", ["", "0.00", "0"])
def test_row_without_a_fee_has_none(fees, fee):
    [line] = read_one(table(f"2026-03-04;-10.00;{fee};"), replace(PROFILE, fees=fees)).booked
    assert (line.amount, line.charges) == (Decimal("-10.00"), ())


@pytest.mark.parametrize("fees", [None, "guess"])
def test_profile_that_does_not_say_what_a_fee_is_reads_nothing(fees):
    with pytest.raises(StatementFormatError) as refused:
        read_one(table("2026-03-04;-10.00;0.50;"), replace(PROFILE, fees=fees))
    assert (refused.value.code, refused.value.tag) == ("statement_profile", "Fee")


@pytest.mark.parametrize("fees", FEES)
def test_fee_that_is_no_amount_makes_its_row_an_exception(fees):
    found = read_one(
        table("2026-03-04;-10.00;half;", "2026-03-05;-1.00;;"), replace(PROFILE, fees=fees)
    )
    [bad] = found.bad_entries
    assert bad.evidence["column"] == "Fee"
    assert [line.amount for line in found.booked] == [Decimal("-1.00")]


def test_fees_of_both_signs_inside_their_amounts_say_nothing_of_which_are_given_back():
    rows = table("2026-03-04;-10.00;0.50;", "2026-03-05;3.00;-0.50;")
    found = read_one(rows, replace(PROFILE, fees="inside"))
    assert [(line.amount, line.charges) for line in found.booked] == [
        (Decimal("-10.00"), ()),
        (Decimal("3.00"), ()),
    ]


def test_fee_where_positive_amounts_go_out_is_still_a_cost():
    profile = replace(PROFILE, fees="minus", reversed=True)
    [line] = read_one(table("2026-03-04;10.00;0.50;"), profile).booked
    assert line.amount == Decimal("-10.50")


def test_fee_beside_two_columns_of_amounts():
    profile = Profile(booking_date="Date", debit="Out", credit="In", fee="Fee", fees="minus")
    rows = table("2026-03-04;10.00;;0.50", "2026-03-05;;4.00;0.25", head="Date;Out;In;Fee")
    assert [line.amount for line in read_one(rows, profile).booked] == [
        Decimal("-10.50"),
        Decimal("3.75"),
    ]


# Each as a bank writes it: the balances of the rows show what the fee is.
PROVEN = {
    "inside": ("2026-03-13;-10.00;0.50;90.00", "2026-03-14;5.00;0.25;95.00"),
    "minus": ("2026-03-13;-10.00;0.50;89.50", "2026-03-14;5.00;0.25;94.25"),
    "plus": ("2026-03-13;-10.00;-0.50;89.50", "2026-03-14;5.00;-0.25;94.25"),
}


@pytest.mark.parametrize("fees", FEES)
def test_balances_prove_what_the_profile_says_of_the_fee(fees):
    rows = table("2026-03-12;1.00;;100.00", *PROVEN[fees])
    for told in FEES:
        assert bool(read_one(rows, replace(PROFILE, fees=told)).findings) == (told != fees)


@pytest.mark.parametrize("fees", FEES)
def test_meaning_of_a_fee_is_proposed_where_the_balances_show_it(fees):
    profile = column_suggestion.suggest(table("2026-03-12;1.00;;100.00", *PROVEN[fees]))
    assert (profile.fee, profile.fees) == ("Fee", fees)


def test_meaning_that_nothing_shows_is_asked_for_and_a_column_without_fees_is_left_out():
    unknown = column_suggestion.suggest(
        table("2026-03-13;-10.00;0.50", "2026-03-14;5.00;", head="Date;Amount;Fee")
    )
    assert (unknown.fee, unknown.fees) == ("Fee", None)
    empty = column_suggestion.suggest(
        table("2026-03-13;-10.00;0.00", "2026-03-14;5.00;", head="Date;Amount;Fee")
    )
    assert empty.fee is None


# === REVERSALS === #


@pytest.mark.parametrize(
    ("word", "expected"), [("STORNO", True), ("r", True), ("", False), ("booked", False)]
)
def test_reversal_is_what_the_profile_s_words_say(word, expected):
    profile = Profile(
        booking_date="Date", amount="Amount", reversal="Kind", reversal_words=("Storno", "R")
    )
    rows = table(f"2026-03-13;-10.00;{word}", head="Date;Amount;Kind")
    [line] = read_one(rows, profile).booked
    # The amount is what the row says, as everywhere.
    assert (line.reversal, line.amount) == (expected, Decimal("-10.00"))


def test_columns_of_fee_and_reversal_have_to_be_there():
    for profile in (
        replace(PROFILE, fee="Gone", fees="inside"),
        replace(PROFILE, fee=None, reversal="Gone"),
    ):
        with pytest.raises(StatementFormatError, match="Gone"):
            read_one(table("2026-03-13;-10.00;0.50;"), profile)
