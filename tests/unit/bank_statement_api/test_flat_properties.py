"""What holds for every file of the formats made of lines of text, not for samples only.

Read back is what was written; a file with one bit turned over, or cut off anywhere, is refused, or
says that something is wrong, or holds the same money.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from effort import THOROUGH, examples
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import checks, detect
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests import flat_writer
from tests.camt_writer import Line

DAY = date(2026, 3, 4)
ACCOUNTS = {
    "mt940": "DE02120300000000202051",
    "mt942": "DE02120300000000202051",
    "bai2": "0975312468",
    "coda": "BE68539007547034",
    "cfonb120": "FR1420041010050500013M02606",
    "norma43": "ES9121000418450200051332",
}
FORMATS = tuple(ACCOUNTS)
# The writer of Norma 43 has numbers for these; CODA's banks lead accounts in all of them.
CURRENCIES = dict.fromkeys(FORMATS, ("EUR", "USD", "JPY", "KWD"))
CURRENCIES["norma43"] = ("EUR", "USD", "GBP")


def write(name, lines, currency="EUR", **kwargs):
    return getattr(flat_writer, name)(ACCOUNTS[name], currency, lines, **kwargs)


def read(content):
    return detect.detect(content).read(content)


def money(statements):
    """What a file says of money: its balances and its bookings, whatever else it says of them."""
    return [
        (
            (statement.opening and statement.opening.amount),
            (statement.closing and statement.closing.amount),
            sorted((line.currency, line.status, line.amount) for line in statement.transactions),
        )
        for statement in statements
    ]


def same(found, expected):
    """Whether the bookings are the same and every balance is, that is still stated."""
    return len(found) == len(expected) and all(
        lines == expected_lines and opening in (None, first) and closing in (None, last)
        for (opening, closing, lines), (first, last, expected_lines) in zip(
            found, expected, strict=True
        )
    )


def complains(statements):
    """Whether something keeps a person from booking the file without a look."""
    return any(
        statement.bad_entries
        or any(finding.severity != "info" for finding in checks.prove(statement))
        for statement in statements
    )


def is_safe(content, expected):
    try:
        found = read(content)
    except StatementFormatError:
        return True
    # A currency that was changed makes another account of it, which no journal stands for.
    if any(statement.account.currency != "EUR" for statement in found):
        return True
    return same(money(found), expected) or complains(found)


# -- read back is what was written -------------------------------------------------------------

TEXT = st.text(
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789 .-()"), max_size=200
).map(lambda text: " ".join(text.split()))
WORD = st.from_regex(r"[A-Z][A-Z0-9]{0,11}", fullmatch=True)


@st.composite
def days(draw, currency):
    places = {"JPY": 0, "KWD": 3}.get(currency, 2)
    amounts = draw(st.lists(st.integers(-(10**9), 10**9).filter(bool), min_size=0, max_size=6))
    return [
        Line(
            DAY + timedelta(days=draw(st.integers(0, 20))),
            Decimal(amount).scaleb(-places),
            draw(TEXT).strip("-. ") or "TEXT",
            draw(WORD),
            draw(st.none() | WORD),
            draw(st.none() | WORD),
            draw(st.none() | st.just("DE89370400440532013000")),
        )
        for amount in amounts
    ]


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=examples(25))
def test_read_back_is_what_was_written(name, data):
    currency = data.draw(st.sampled_from(CURRENCIES[name]))
    lines = data.draw(days(currency))
    opening = {} if name == "mt942" else {"opening": data.draw(st.integers(-(10**6), 10**6))}
    opening = {key: Decimal(value) for key, value in opening.items()}
    statements = read(write(name, lines, currency, **opening))
    found = [line for statement in statements for line in statement.transactions]
    # BAI2 has a group for each day.
    expected = sorted(lines, key=lambda line: line.day) if name == "bai2" else lines
    assert [(line.amount, line.booking_date) for line in found] == [
        (line.amount, line.day) for line in expected
    ]
    assert not complains(statements)
    if name == "norma43":
        return
    for line, source in zip(found, expected, strict=True):
        assert line.account_servicer_ref == source.reference
        assert "".join(line.remittance).replace(" ", "") in source.text.replace(" ", "")
        if name != "bai2":
            assert line.end_to_end_id == source.end_to_end_id
            assert (line.counterparty.name, line.counterparty.iban) == (source.name, source.iban)


# -- damage ------------------------------------------------------------------------------------

LINES = [
    Line(DAY, Decimal("1190.00"), "INVOICE 2026/17", "R1", "E2E-1", "CUSTOMER", None),
    Line(DAY, Decimal("-25.07"), "RENT MARCH", "R2", None, "LANDLORD", None),
]


BITS = (0, 4, 6) if THOROUGH else (4,)
STRIDE = 1 if THOROUGH else 3


@pytest.mark.parametrize("name", FORMATS)
def test_one_bit_turned_over_never_makes_other_money(name):
    content = write(name, LINES)
    expected = money(read(content))
    wrong = [
        (place, bit)
        for place in range(0, len(content), STRIDE)
        for bit in BITS
        if not is_safe(
            content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :], expected
        )
    ]
    assert not wrong, [
        (content[max(0, place - 12) : place + 8], chr(content[place] ^ (1 << bit)))
        for place, bit in wrong[:10]
    ]


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=examples(120))
def test_one_byte_replaced_never_makes_other_money(name, data):
    content = write(name, LINES)
    place = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(
        st.sampled_from(b"0123456789,-+/:?{}ABCDRE \n\r\t\x00\xff") | st.integers(0, 255)
    )
    changed = content[:place] + bytes([byte]) + content[place + 1 :]
    assert is_safe(changed, money(read(content)))


@pytest.mark.parametrize("name", FORMATS)
def test_file_cut_off_anywhere_is_refused_or_complete(name):
    content = write(name, LINES)
    expected = money(read(content))
    places = range(0, len(content), STRIDE)
    assert not [place for place in places if not is_safe(content[:place], expected)]


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=examples(25))
def test_line_lost_or_doubled_never_goes_unseen(name, data):
    lines = write(name, LINES).splitlines(keepends=True)
    expected = money(read(b"".join(lines)))
    place = data.draw(st.integers(0, len(lines) - 1))
    doubled = data.draw(st.booleans())
    changed = lines[:place] + [lines[place]] * (2 if doubled else 0) + lines[place + 1 :]
    assert is_safe(b"".join(changed), expected)
