"""Tables by a column profile: every row read as it says, or told with its number, column and cell."""

import contextlib
import csv
import io
import zipfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import (
    column_suggestion,
    columns,
    separated_values,
    spreadsheet,
)
from odoo.addons.bank_statement_api.tools.columns import Profile
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

SAMPLES = Path(__file__).parent / "samples" / "csv"
GERMAN = Profile(
    booking_date="Buchungstag",
    value_date="Wertstellung",
    amount="Betrag",
    balance="Saldo",
    text=("Buchungstext", "Verwendungszweck"),
    partner_name="Name",
    partner_account="IBAN",
    skip=3,
    skip_end=1,
)


def read_one(content, profile, **told):
    [found] = columns.read(content, profile=profile, **{"currency": "EUR", **told})
    return found


def test_german_export_with_a_preamble_and_a_footer():
    found = read_one((SAMPLES / "german.csv").read_bytes(), GERMAN)
    rent, customer = found.booked
    assert (rent.booking_date, rent.value_date) == (date(2026, 3, 24), date(2026, 3, 25))
    assert (rent.amount, customer.amount) == (Decimal("-1200.00"), Decimal("2500.50"))
    assert customer.counterparty.iban == "DE89370400440532013000"
    assert rent.remittance == ("Dauerauftrag", "Miete März; Büro")
    assert rent.position.line == 5
    assert [(item.type, item.amount) for item in found.balances] == [("ITBD", Decimal("300.50"))]
    assert not found.findings


@pytest.mark.parametrize("upwards", [False, True])
def test_booking_among_the_rows_left_out_at_the_end_is_asked_about(upwards):
    profile = Profile(
        booking_date="Date", amount="Amount", balance="Text", dates="dmy", decimals=",", skip_end=2
    )
    rows = ["24.03.2026;-1,00;99,00", "25.03.2026;-2,00;97,00", "26.03.2026;-4,00;93,00"]
    rows = rows[::-1] if upwards else rows
    assert len(read_one(table(*rows, "Total;-7,00;", "Note;;"), profile).booked) == 3
    # A closing balance may have a day: that it is no booking, the balances show as well.
    closing = read_one(table(*rows, "26.03.2026;93,00;93,00", "Note;;"), profile)
    assert (len(closing.booked), closing.bad_entries) == (3, ())
    assert ["row 5" in warning.message for warning in closing.warnings] == [True]
    # Another time the bank writes nothing behind them.
    found = read_one(table(*rows), profile)
    assert len(found.booked) == 1
    assert [bad.position.line for bad in found.bad_entries] == [3, 4]
    assert "as the balances show" in found.bad_entries[0].reason


@pytest.mark.parametrize("end", [(), ("Total;0,00;",)])
def test_table_of_a_day_without_bookings_holds_none(end):
    profile = replace(PLAIN, skip_end=len(end))
    assert columns.read(table(*end), profile=profile, currency="EUR") == []


def test_booking_that_is_left_out_and_the_only_row_is_no_day_without_bookings():
    with pytest.raises(StatementFormatError) as refused:
        columns.read(
            table("24.03.2026;-1,00;x"), profile=replace(PLAIN, skip_end=1), currency="EUR"
        )
    assert (refused.value.code, refused.value.tag) == ("statement_profile", "row 2")


def test_row_left_out_that_may_be_a_booking_is_told():
    profile = Profile(
        booking_date="Date", amount="Amount", text=("Text",), dates="dmy", decimals=",", skip_end=1
    )
    found = read_one(table("24.03.2026;-1,00;a", "25.03.2026;-2,00;b"), profile)
    assert (len(found.booked), found.bad_entries) == (1, ())
    assert ["row 3" in warning.message for warning in found.warnings] == [True]
    assert read_one(table("24.03.2026;-1,00;a", "Total;-1,00;"), profile).warnings == ()


@pytest.mark.parametrize("end", [b"", b"Total;-3,00;\n", b"\n;;\nTotal;-3,00;\nNote;;\n"])
def test_totals_and_notes_at_the_end_are_proposed_to_be_left_out(end):
    content = b"Date;Amount;Text\n24.03.2026;-1,00;a\n25.03.2026;-2,00;b\n" + end
    profile = column_suggestion.suggest(content)
    assert profile.skip_end == end.count(b"\n")
    found = read_one(content, profile)
    assert (len(found.booked), found.bad_entries) == (2, ())


def test_profile_is_suggested_from_the_head():
    profile = column_suggestion.suggest((SAMPLES / "german.csv").read_bytes())
    assert (profile.booking_date, profile.value_date) == ("Buchungstag", "Wertstellung")
    assert (profile.amount, profile.balance) == ("Betrag", "Saldo")
    assert (profile.partner_name, profile.partner_account) == ("Name", "IBAN")
    assert profile.text == ("Buchungstext", "Verwendungszweck")
    assert (profile.dates, profile.skip, profile.delimiter) == ("dmy", 3, ";")
    english = b"Date,Description,Paid out,Paid in,Balance\n25/03/2026,Rent,12.00,,88.00\n"
    profile = column_suggestion.suggest(english)
    assert (profile.debit, profile.credit, profile.amount) == ("Paid out", "Paid in", None)
    assert (profile.dates, profile.decimals) == ("dmy", ".")
    assert read_one(english, profile).booked[0].amount == Decimal("-12.00")


def table(*rows, header="Date;Amount;Text"):
    return "\n".join((header, *rows)).encode()


PLAIN = Profile(booking_date="Date", amount="Amount", text=("Text",), dates="dmy", decimals=",")


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        ("31.02.2026;1,00;x", "Date", "31.02.2026"),
        ("04.03.2026;1O,00;x", "Amount", "1O,00"),
        ("04.03.2026;;x", "Amount", "(empty)"),
        (";1,00;x", "Date", "(empty)"),
        ("04.03.2026;1,00", "Text", "too short"),
        ("04.03.2026;1,005;x", "Amount", "1,005"),
        ("04.03.2026;1,00 USD;x", "Amount", "USD"),
    ],
)
def test_bad_row_is_told_and_the_others_are_read(row, column, word):
    found = read_one(table("03.03.2026;1,00;a", row, "05.03.2026;2,00 EUR;b"), PLAIN)
    assert [line.amount for line in found.booked] == [Decimal("1.00"), Decimal("2.00")]
    [bad] = found.bad_entries
    assert word in bad.reason
    assert "Row 3" in bad.reason
    assert (bad.evidence["row"], bad.evidence["column"]) == ("3", column)


def test_missing_column_and_no_amount_are_refused_by_name():
    with pytest.raises(StatementFormatError) as refused:
        read_one(table("03.03.2026;1,00;a", header="Day;Amount;Text"), PLAIN)
    assert "Date" in str(refused.value)
    assert "Day" in refused.value.reason
    with pytest.raises(StatementFormatError):
        read_one(table("03.03.2026;1,00;a"), Profile(booking_date="Date"))


def test_columns_by_number_without_a_header():
    profile = Profile(booking_date="1", amount="3", text=("2",), has_header=False, dates="ymd")
    found = read_one(b"2026-03-04|Coffee|-3.20\n2026-03-05|Rent|-700.00\n", profile)
    assert [line.amount for line in found.booked] == [Decimal("-3.20"), Decimal("-700.00")]


SIDES = Profile(booking_date="Date", debit="Out", credit="In", dates="ymd", decimals=".")


@pytest.mark.parametrize(
    ("out", "income", "amount"),
    [
        ("5.00", "", "-5.00"),
        ("", "7.00", "7.00"),
        ("0.00", "7.00", "7.00"),
        ("5.00", "7.00", None),
        ("", "", None),
        ("", "-7.00", None),
    ],
)
def test_sign_by_two_columns(out, income, amount):
    found = read_one(table(f"2026-03-04;{out};{income}", header="Date;Out;In"), SIDES)
    assert [line.amount for line in found.booked] == ([Decimal(amount)] if amount else [])
    assert len(found.bad_entries) == (amount is None)


def test_minus_in_the_column_of_money_out_when_all_of_them_have_it():
    rows = ("2026-03-04;-5.00;", "2026-03-05;-6.00;")
    found = read_one(table(*rows, header="Date;Out;In"), SIDES)
    assert [line.amount for line in found.booked] == [Decimal("-5.00"), Decimal("-6.00")]
    mixed = read_one(table(*rows, "2026-03-06;7.00;", header="Date;Out;In"), SIDES)
    assert [line.amount for line in mixed.booked] == [Decimal("-7.00")]
    assert len(mixed.bad_entries) == 2


def test_sign_by_an_indicator():
    profile = Profile(
        booking_date="Date",
        amount="Amount",
        indicator="Way",
        debit_words=("S", "Af"),
        credit_words=("H",),
        dates="ymd",
        decimals=".",
    )
    rows = ("2026-03-04;5.00;s", "2026-03-04;6.00;H", "2026-03-04;7.00;X", "2026-03-04;-8.00;S")
    found = read_one(table(*rows, header="Date;Amount;Way"), profile)
    assert [line.amount for line in found.booked] == [Decimal("-5.00"), Decimal("6.00")]
    assert len(found.bad_entries) == 2


def test_positive_amounts_go_out_where_the_profile_says_so():
    profile = Profile(
        booking_date="Date", amount="Amount", reversed=True, dates="dmy", decimals=","
    )
    assert read_one(table("04.03.2026;5,00;x"), profile).booked[0].amount == Decimal("-5.00")


@pytest.mark.parametrize("backwards", [False, True])
def test_rows_are_proven_against_their_balances(backwards):
    profile = Profile(
        booking_date="Date", amount="Amount", balance="Text", dates="dmy", decimals=","
    )
    rows = ["04.03.2026;5,00;105,00", "05.03.2026;-1,00;104,00", "06.03.2026;2,00;106,00"]
    whole = read_one(table(*(reversed(rows) if backwards else rows)), profile)
    assert not whole.findings
    assert whole.balances[0].amount == Decimal("106.00")
    del rows[1]
    [finding] = read_one(table(*(reversed(rows) if backwards else rows)), profile).findings
    assert (finding.code, finding.severity) == ("balance_break", "error")
    assert finding.expected != finding.actual


def test_accounts_and_currencies_of_a_table_stay_apart():
    profile = Profile(
        booking_date="Date", amount="Amount", account_column="Account", currency_column="Currency",
        dates="ymd", decimals=".",
    )  # fmt: skip
    rows = ("2026-03-04;1.00;A 1;EUR", "2026-03-04;2.00;A1;USD", "2026-03-04;3.00;A1;EUR")
    found = columns.read(table(*rows, header="Date;Amount;Account;Currency"), profile=profile)
    assert [(item.account.other_id, item.account.currency, len(item.booked)) for item in found] == [
        ("A1", "EUR", 2),
        ("A1", "USD", 1),
    ]


def test_ambiguous_tables_are_refused():
    open_profile = Profile(booking_date="Date", amount="Amount")
    with pytest.raises(StatementFormatError) as refused:
        read_one(table("03.04.2026;1,00;x"), open_profile)
    assert refused.value.code == "statement_ambiguous"
    with pytest.raises(StatementFormatError) as refused:
        columns.read(table("25.04.2026;1,00;x"), profile=PLAIN)
    assert refused.value.code == "statement_currency"
    with pytest.raises(StatementFormatError) as refused:
        columns.read(table("25.04.2026;1,00;x"))
    assert refused.value.code == "statement_profile"


def test_account_that_a_person_named_counts():
    account = AccountRef(other_id="4711", currency="EUR")
    assert read_one(table("04.03.2026;1,00;x"), PLAIN, account=account).account.other_id == "4711"


@pytest.mark.parametrize(
    "content", [b'Date;Amount;Text\n04.03.2026;1,00;"x\n', b"", b"\0\0\0", b"Date\n"]
)
def test_damaged_table_is_refused_whole(content):
    with pytest.raises(StatementFormatError):
        read_one(content, PLAIN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(encoding):
    content = table("04.03.2026;1,00;Müller").decode().encode(encoding)
    assert read_one(content, PLAIN).booked[0].remittance == ("Müller",)


# === XLSX === #


def workbook(*rows, **kwargs):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    for name in kwargs.get("more", ()):
        book.create_sheet(name).append(["nothing"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_workbook_with_typed_cells():
    content = workbook(
        ["Date", "Amount", "Text"],
        [date(2026, 3, 4), -12.5, "Coffee"],
        [datetime(2026, 3, 5, 23, 59), 0.1 + 0.2, 4711],
        ["06.03.2026", "1.234,50", None],
        [date(2026, 3, 7), "=1+1", "formula"],
        [date(2026, 3, 7), 1.005, "half a cent"],
        [date(2026, 3, 7), True, "no number"],
        [date(2026, 3, 7), 1e200, "no money"],
    )
    assert spreadsheet.is_xlsx(content)
    found = read_one(content, PLAIN)
    assert found.source_format == "xlsx"
    assert [(line.booking_date, line.amount) for line in found.booked] == [
        (date(2026, 3, 4), Decimal("-12.50")),
        (date(2026, 3, 5), Decimal("0.30")),
        (date(2026, 3, 6), Decimal("1234.50")),
    ]
    # A formula is what was stored with it, and here nothing was.
    assert [bad.position.line for bad in found.bad_entries] == [5, 6, 7, 8]


def test_number_beyond_what_floating_point_holds_is_no_amount():
    content = workbook(["Date", "Amount", "Text"], [date(2026, 3, 4), 12345, "x"])
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        changed = archive.read(sheet).replace(b"<v>12345</v>", b"<v>1E400</v>")
    [bad] = read_one(_with_member(content, sheet, changed), PLAIN).bad_entries
    assert "“Infinity” is not an amount" in bad.reason


def test_archive_of_an_unknown_version_is_no_workbook():
    content = bytearray(workbook(["Date", "Amount", "Text"]))
    # "Version needed to extract" of an entry of the central directory.
    content[content.index(b"PK\x01\x02") + 6] = 109
    assert not spreadsheet.is_xlsx(bytes(content))


def test_zeros_in_two_columns_have_the_decimals_of_the_currency():
    profile = Profile(booking_date="Date", debit="Out", credit="In")
    [line] = read_one(b"Date;Out;In\n2026-03-04;0;\n", profile).booked
    assert str(line.amount) == "0.00"


def test_sheet_by_name():
    content = workbook(["Date", "Amount", "Text"], more=["Other"])
    profile = Profile(booking_date="Date", amount="Amount", sheet="Missing")
    with pytest.raises(StatementFormatError) as refused:
        read_one(content, profile)
    assert "Other" in refused.value.reason


@pytest.mark.parametrize(
    ("module", "limit", "content"),
    [
        (spreadsheet, "MAX_ROWS", workbook(["Date", "Text"], ["x", "y"], ["z", "z"])),
        (spreadsheet, "MAX_COLUMNS", workbook(["Date", "Amount", "Text"])),
        (separated_values, "MAX_ROWS", b"Date;Amount;Text\n2026-03-04;1;\n2026-03-04;2;\n"),
    ],
    ids=["rows of a workbook", "columns", "rows"],
)
def test_table_that_is_too_large_is_refused(module, limit, content, monkeypatch):
    monkeypatch.setattr(module, limit, 2)
    with pytest.raises(StatementFormatError) as refused:
        read_one(content, PLAIN)
    assert "more than" in refused.value.message


def _with_member(content, name, data):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for item in old.namelist():
            if item != name:
                new.writestr(item, old.read(item))
        new.writestr(name, data)
    return buffer.getvalue()


def test_hostile_workbooks_are_refused():
    content = workbook(["Date", "Amount", "Text"], [date(2026, 3, 4), 1, "x"])
    sheet = "xl/worksheets/sheet1.xml"
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><worksheet>&a;</worksheet>'
    for hostile in (
        bomb.decode().encode("utf-16"),
        bomb.decode().encode("utf-16-be"),
        bomb.replace(b'[<!ENTITY a "ha">]', b'SYSTEM "x.dtd"'),
        bomb.replace(b"<!DOCTYPE", b"<!doctype"),
    ):
        with pytest.raises(StatementFormatError) as refused:
            read_one(_with_member(content, sheet, hostile), PLAIN)
        assert refused.value.reason == "DOCTYPE"
    for hostile in (
        _with_member(content, "xl/media/zeros.bin", b"\0" * 150_000_000),
        _with_member(content, sheet, b"<worksheet>"),
        content[: len(content) // 2] + content[len(content) // 2 + 40 :],
    ):
        with pytest.raises(StatementFormatError):
            read_one(hostile, PLAIN)


def test_entities_are_refused_in_parts_of_any_name():
    content = workbook(["Date", "Amount", "Text"], [date(2026, 3, 4), 1, "x"])
    sheet, other = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.dat"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        changed = archive.read(sheet).replace(b">x<", b">&a;<")
        assert changed != archive.read(sheet)
        for name in ("xl/_rels/workbook.xml.rels", "[Content_Types].xml"):
            renamed = archive.read(name).replace(b"sheet1.xml", b"sheet1.dat")
            content = _with_member(content, name, renamed)
    content = _with_member(content, other, b'<!DOCTYPE x [<!ENTITY a "ha">]>' + changed)
    with pytest.raises(StatementFormatError) as refused:
        read_one(content, PLAIN)
    assert refused.value.reason == "DOCTYPE"


# === PROPERTIES === #

rows = st.lists(
    st.tuples(
        st.dates(date(2000, 1, 1), date(2060, 12, 31)),
        st.integers(-(10**11), 10**11).map(lambda cents: Decimal(cents) / 100),
        st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=40),
    ),
    min_size=1,
    max_size=8,
)


@given(rows, st.sampled_from([";", ",", "\t", "|"]), st.sampled_from(["dmy", "mdy", "ymd"]))
def test_what_is_written_is_read(written, delimiter, order):
    shape = {"dmy": "%d.%m.%Y", "mdy": "%m/%d/%Y", "ymd": "%Y-%m-%d"}[order]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["Date", "Amount", "Text"])
    for day, amount, text in written:
        writer.writerow([day.strftime(shape), f"{amount:,.2f}", text])
    profile = Profile(
        booking_date="Date", amount="Amount", text=("Text",), dates=order, decimals=".", delimiter=delimiter
    )  # fmt: skip
    found = read_one(buffer.getvalue().encode(), profile)
    assert [(line.booking_date, line.amount) for line in found.booked] == [
        (day, amount) for day, amount, _text in written
    ]
    assert [line.remittance_text for line in found.booked] == [
        " ".join(text.split()) for _day, _amount, text in written
    ]


@settings(max_examples=examples(200))
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content):
    for work in (
        lambda: columns.read(content, profile=PLAIN, currency="EUR"),
        lambda: column_suggestion.suggest(content),
    ):
        with contextlib.suppress(StatementFormatError):
            work()


@settings(max_examples=examples(300))
@given(st.data())
def test_flipped_byte_of_rows_with_balances_makes_no_other_money_unseen(data):
    profile = Profile(
        booking_date="Date", amount="Amount", balance="Text", dates="dmy", decimals=","
    )
    rows = ("04.03.2026;5,00;105,00", "05.03.2026;-1,00;104,00", "06.03.2026;2,00;106,00")
    content = bytearray(table(*rows))
    # The first row has no balance before it: nothing proves its amount but the rows after it.
    begin = content.index(b"04.03")
    position = data.draw(st.integers(begin, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = read_one(bytes(content), profile)
    except StatementFormatError:
        return
    money = [line.amount for line in found.transactions]
    first_row = position < content.index(b"05.03") if b"05.03" in content else True
    assert (
        money == [Decimal("5.00"), Decimal("-1.00"), Decimal("2.00")]
        or found.findings
        or found.bad_entries
        or first_row
    )
