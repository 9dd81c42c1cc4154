"""The OFX reader: both generations, several accounts, and what banks write beside the specification."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import detect, ofx, ofx_sgml
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

SAMPLES = Path(__file__).parent / "samples" / "ofx"


@pytest.fixture
def old():
    return (SAMPLES / "bank_1x.ofx").read_bytes()


@pytest.fixture
def new():
    return (SAMPLES / "bank_2x.ofx").read_bytes()


def test_comments_are_read_over_and_a_damaged_one_swallows_nothing(old, new):
    """Banks and the specification's own examples explain their files."""
    for content in (old, new):
        statements = ofx.read(content)
        explained = re.sub(rb"(<[A-Z0-9]+>)(?=\s*<)", rb"\1   <!-- a list of these -->   ", content)
        explained = re.sub(rb"(</[A-Z0-9]+>)", rb"\1<!-- end -->", explained)
        assert explained.count(b"<!--") > 10
        assert [one.booked for one in ofx.read(explained)] == [one.booked for one in statements]
        first = explained.index(b"-->")
        for damaged in (b"-x>", b"--x"):
            with pytest.raises(StatementFormatError):
                ofx.read(explained[:first] + damaged + explained[first + 3 :])


def test_generation_1_without_closing_tags(old):
    assert detect.detect(old).code == "ofx"
    bank, card = ofx.read(old)
    assert (bank.account.other_id, bank.account.currency) == ("000123456789", "USD")
    assert bank.source_version == "102"
    assert [(line.booking_date, line.amount) for line in bank.booked] == [
        (date(2026, 3, 2), Decimal("-1200.00")),
        (date(2026, 3, 3), Decimal("2500.50")),
        (date(2026, 3, 3), Decimal("-3.50")),
    ]
    rent, deposit, _fee = bank.booked
    assert (rent.counterparty.name, rent.remittance) == ("Rent & Co", ())
    assert rent.extras["CHECKNUM"] == "1042"
    assert (deposit.counterparty.name, deposit.value_date) == ("Customer <East>", date(2026, 3, 4))
    assert deposit.remittance == ("Invoice INV/2026/0007",)
    assert (bank.period_from, bank.period_to) == (date(2026, 3, 1), date(2026, 3, 4))
    assert [(item.type, item.amount) for item in bank.balances] == [
        ("ITBD", Decimal("1297.00")),
        ("ITAV", Decimal("1250.00")),
    ]
    # What the balances are of is the moment of the download: they open and close nothing.
    assert (bank.opening, bank.closing) == (None, None)
    [hotel] = card.booked
    assert card.account.other_id == "4111111111111111"
    assert (hotel.amount, hotel.currency, hotel.counterparty.name) == (
        Decimal("-55.10"),
        "USD",
        "Hotel Zürich",
    )
    [foreign] = hotel.foreign
    assert (foreign.currency, foreign.rate, foreign.amount) == ("CHF", Decimal("1.1020"), None)


def test_reference_that_names_two_bookings_is_kept_and_left_to_identity(old):
    bank, _card = ofx.read(old)
    assert [line.provider_uid for line in bank.booked] == ["20260302001", "DUP", "DUP"]


def test_generation_2(new):
    [found] = ofx.read(new)
    assert (found.account.iban, found.source_version) == ("DE89370400440532013000", "220")
    [debit] = found.booked
    assert (debit.amount, debit.booking_date) == (Decimal("-42.00"), date(2026, 3, 4))
    assert debit.counterparty.name == "Électricité"
    assert debit.counterparty.iban == "FR7630006000011234567890189"
    [pending] = found.pending
    assert (pending.amount, pending.booking_date) == (Decimal("-9.99"), date(2026, 3, 4))


def test_text_that_is_marked_as_such_is_read(new):
    marked = b"<NAME><![CDATA[Tom & <Jerry>]]></NAME>"
    [found] = ofx.read(re.sub(b"<NAME>[^<]*</NAME>", marked, new, count=1))
    assert found.booked[0].counterparty.name == "Tom & <Jerry>"


def test_name_that_stands_where_an_address_belongs_is_read(old):
    for told in (b"<PAYEE>Rent & Co", b"<PAYEE><NAME>Rent & Co<CITY>Z</PAYEE>"):
        bank, _card = ofx.read(old.replace(b"<NAME>Rent & Co", told))
        assert bank.booked[0].counterparty.name == "Rent & Co"


def test_currency_that_is_the_accounts_own_is_no_other(old):
    own = b"<STMTTRN><CURRENCY><CURRATE>1<CURSYM>USD</CURRENCY>"
    bank, _card = ofx.read(old.replace(b"<STMTTRN>", own, 1))
    assert (len(bank.booked), bank.bad_entries) == (3, ())


def test_amount_in_another_currency_and_a_correction_are_asked_about(new):
    [found] = ofx.read(new)
    currency, correction = found.bad_entries
    assert (currency.code, currency.position.entry) == ("currency", 2)
    assert "USD" in currency.reason
    assert (correction.code, correction.evidence["CORRECTFITID"]) == ("correction", "A/0")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("12.5", "12.50"),
        ("+12", "12.00"),
        ("-0,10", "-0.10"),
        *((text, None) for text in ("1,234.56", "1.234", "", "NaN", "1e3", "--1", "12 3")),
    ],
)
def test_amounts(old, text, amount):
    content = old.replace(b"-3,5<", text.encode() + b"<")
    bank, _card = ofx.read(content)
    if amount is None:
        [bad] = bank.bad_entries
        assert bad.code == "amount"
    else:
        assert bank.booked[2].amount == Decimal(amount)


@pytest.mark.parametrize("text", ["20260230", "2026-03-04", "", "March", "20260304[EST"])
def test_impossible_date_is_asked_about(old, text):
    content = old.replace(b"20260302120000[-5:EST]", text.encode())
    bank, _card = ofx.read(content)
    [bad] = bank.bad_entries
    assert (bad.code, bad.position.entry) == ("date", 1)


def test_characters_that_differ_from_the_declared_ones_are_said(old):
    assert ofx.read(old)[0].warnings == ()
    content = old.decode("cp1252").encode("utf-8")
    bank, card = ofx.read(content)
    assert card.booked[0].counterparty.name == "Hotel Zürich"
    assert "utf-8" in bank.warnings[0].message


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks(old, encoding):
    _bank, card = ofx.read(old.decode("cp1252").encode(encoding))
    assert card.booked[0].counterparty.name == "Hotel Zürich"


def test_error_of_the_bank_is_no_empty_statement(new):
    content = new.replace(
        b"<STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS>\n      <STMTRS>",
        b"<STATUS><CODE>2003</CODE><SEVERITY>ERROR</SEVERITY>"
        b"<MESSAGE>Account not found</MESSAGE></STATUS>\n      <STMTRS>",
    )
    with pytest.raises(StatementFormatError) as refused:
        ofx.read(content)
    assert refused.value.reason == "Account not found"


def test_file_cut_anywhere_is_refused_whole(old, new):
    for content in (old, new):
        for cut in range(0, len(content.rstrip()) - 1, 41):
            with pytest.raises(StatementFormatError):
                ofx.read(content[:cut])


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (b"</OFX>", b"</OFX>\n<OFX>", "after the end"),
        (b"</OFX>", b"</OFX>\nmore", "text after the end"),
        (b"</OFX>", b"</OFX></OFX>", "where nothing is open"),
        (b"</STMTTRN>", b"</STMTTRN>-12.50", "text outside of an element: -12.50"),
        (b"<BANKMSGSRSV1>", b"<BANKMSGSRSV1>" + b"<A>" * 60 + b"<B>1" + b"</A>" * 60, "levels"),
        (b"<BANKMSGSRSV1>", b"<BANKMSGSRSV1>a < b", "begins no element"),
        (b"<ACCTID>000123456789", b"", "missing"),
        (b"<CURDEF>USD", b"<CURDEF>USX", "USX"),
    ],
)
def test_structure_that_is_not_to_be_trusted_is_refused(old, before, after, word):
    assert before in old
    with pytest.raises(StatementFormatError) as refused:
        ofx.read(old.replace(before, after, 1))
    assert word in refused.value.reason


def test_text_without_an_element_is_refused():
    with pytest.raises(StatementFormatError):
        ofx_sgml.parse("nothing")


@pytest.mark.parametrize("name", [b"TRNAMT", b"FITID", b"DTPOSTED"])
def test_what_is_given_twice_is_asked_about(old, name):
    [doubled] = re.findall(b"<%s>[^<]*" % name, old)[:1]
    bank, _card = ofx.read(old.replace(doubled, doubled * 2, 1))
    [bad] = bank.bad_entries
    assert bad.code == "ambiguous"
    assert len(bank.booked) == 2


@pytest.mark.parametrize("text", ["+2 500.50", "2\u00a0500,50", "2 500.5"])
def test_blanks_between_thousands_leave_no_doubt(old, text):
    found, _card = ofx.read(old.replace(b"+2500.50", text.encode("cp1252")))
    assert found.booked[1].amount == Decimal("2500.50")


def test_statement_without_its_currency_is_in_that_of_its_journal(old):
    content = old.replace(b"<CURDEF>USD", b"<CURDEF>")
    with pytest.raises(StatementFormatError):
        ofx.read(content)
    found = ofx.read(content, currency="CAD")
    assert {line.currency for statement in found for line in statement.booked} == {"CAD"}
    assert "currency" in detect.detect(content).options
    # What the file says counts.
    assert ofx.read(old, currency="CAD") == ofx.read(old)


def test_list_that_is_not_closed_holds_its_entries_all_the_same(old):
    bank, card = ofx.read(old)
    found = ofx.read(old.replace(b"</BANKTRANLIST>", b""))
    assert [statement.transactions for statement in found] == [bank.transactions, card.transactions]
    assert (found[0].period_from, found[0].period_to) == (bank.period_from, bank.period_to)


def test_refusal_says_the_line(old):
    with pytest.raises(StatementFormatError) as refused:
        ofx.read(old.replace(b"</BANKTRANLIST>", b"</BANKTRANLOST>", 1))
    assert (refused.value.line, refused.value.tag) == (23, "BANKTRANLIST")


@pytest.mark.parametrize(
    "hostile",
    [
        b'<!DOCTYPE OFX [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b"<!ENTITY a 'ha'>",
    ],
)
def test_declarations_are_refused(new, hostile):
    with pytest.raises(StatementFormatError):
        ofx.read(new.replace(b"<BANKMSGSRSV1>", hostile + b"<BANKMSGSRSV1>", 1))


def test_hostile_sizes_are_harmless():
    for content in (
        b"OFXHEADER:100\n<OFX>" + b"<A>" * 100_000,
        b"OFXHEADER:100\n<OFX>" + b"<A><B>1" * 100_000 + b"</A>" * 100_000 + b"</OFX>",
        b"OFXHEADER:100\n<OFX>" + b"<!--" * 100_000,
        b"OFXHEADER:100\n<OFX><A>" + b"&" * 1_000_000 + b"</OFX>",
        b"OFXHEADER:100\n" + b"\n" * 1_000_000 + b"<OFX>",
    ):
        with pytest.raises(StatementFormatError):
            ofx.read(content)


@settings(max_examples=examples(300))
@given(st.data())
def test_flipped_byte_gives_a_refusal_or_the_same_money_or_a_finding(data):
    original = (SAMPLES / "bank_1x.ofx").read_bytes()
    content = bytearray(original)
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = ofx.read(bytes(content))
    except StatementFormatError:
        return

    def money(statements):
        return [(line.currency, line.amount) for item in statements for line in item.booked]

    told = [bad for item in found for bad in item.bad_entries]
    # A digit for a digit is another amount, which the format has nothing to prove by.
    digit = chr(original[position]).isdigit() and chr(content[position]) in "0123456789+-.,"
    sign = chr(original[position]) in "+-,." or chr(content[position]) in "+-"
    letter = chr(original[position]) in "USD"
    assert money(found) == money(ofx.read(original)) or told or digit or sign or letter
