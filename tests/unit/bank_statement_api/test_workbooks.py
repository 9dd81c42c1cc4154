"""Workbooks as others write them: by Excel, LibreOffice, report servers and libraries; and what only looks like one."""

import datetime
import io
import re
import zipfile
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from odoo.addons.bank_statement_api.tools import column_suggestion, columns, detect, spreadsheet
from odoo.addons.bank_statement_api.tools.columns import Profile
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

PROFILE = Profile(booking_date="Date", amount="Amount", text=("Text",))
DAY = date(2026, 3, 14)


def read_one(content, profile=PROFILE, currency="EUR"):
    [found] = columns.read(content, profile=profile, currency=currency)
    return found


def rows(found):
    return [(line.booking_date, line.amount, line.remittance_text) for line in found.booked]


def saved(book):
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def workbook(*table, change=None):
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
    if change:
        change(book)
    return saved(book)


HEAD = ["Date", "Amount", "Text"]

# A workbook by hand has what a program needs and no more: no styles, no theme, no shared texts.
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    'officeDocument" Target="{start}xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Umsätze" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships xmlns="
    '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target='
    '"{sheet}worksheets/sheet1.xml"/></Relationships>',
}


def by_hand(sheet_rows, *, start="", sheet="", **changes):
    parts = {
        name: text.replace("{start}", start).replace("{sheet}", sheet)
        for name, text in PARTS.items()
    }
    parts["xl/worksheets/sheet1.xml"] = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        f"{sheet_rows}</sheetData></worksheet>"
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(changes.get("rename", str)(name), changes.get("change", str)(text))
    return buffer.getvalue()


def text_cell(text):
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


SIMPLE = (
    f"<row>{''.join(map(text_cell, HEAD))}</row>"
    f"<row>{text_cell('14.03.2026')}<c><v>-12.5</v></c>{text_cell('Coffee')}</row>"
)
COFFEE = [(DAY, Decimal("-12.50"), "Coffee")]


@pytest.mark.parametrize("start", ["", "/"])
@pytest.mark.parametrize("sheet", ["", "/xl/"])
def test_workbook_without_styles_shared_texts_and_places_of_cells(start, sheet):
    assert rows(read_one(by_hand(SIMPLE, start=start, sheet=sheet))) == COFFEE


def test_workbook_of_the_strict_form_is_read():
    def strict(text):
        return text.replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
            "http://purl.oclc.org/ooxml/spreadsheetml/main",
        ).replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )

    assert rows(read_one(by_hand(SIMPLE, change=strict))) == COFFEE


def test_workbook_packed_with_the_separators_of_windows_is_read():
    content = by_hand(SIMPLE, rename=lambda name: name.replace("/", "\\"))
    assert detect.detect(content).code == "xlsx"
    assert rows(read_one(content)) == COFFEE


def test_elements_with_a_prefix_are_read():
    def prefixed(text):
        if "<worksheet" not in text:
            return text
        text = text.replace("<worksheet xmlns=", "<worksheet xmlns:x=")
        return re.sub(r"(</?)(\w)", r"\1x:\2", text)

    assert rows(read_one(by_hand(SIMPLE, change=prefixed))) == COFFEE


# === DAYS === #


@pytest.mark.parametrize("from_1904", [True, False])
def test_days_count_from_1900_or_1904(from_1904):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"date_1904": from_1904}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_datetime(
            1,
            0,
            datetime.datetime(2026, 3, 14, 23, 59),
            book.add_format({"num_format": "dd.mm.yyyy"}),
        )
        sheet.write_row(1, 1, [-12.5, "Coffee"])
        # The same day as a number whose cell has lost its format.
        sheet.write_row(2, 0, [44633 if from_1904 else 46095, 1, "Number"])
    found = read_one(buffer.getvalue())
    assert rows(found) == COFFEE
    [bad] = found.bad_entries
    assert bad.evidence["column"] == "Date"
    serial = Profile(booking_date="Date", amount="Amount", text=("Text",), dates="serial")
    assert rows(read_one(buffer.getvalue(), serial)) == [*COFFEE, (DAY, Decimal("1.00"), "Number")]


@pytest.mark.parametrize("number", ["46095", "46095.99999", "46095.0"])
def test_day_numbers_are_read_where_the_profile_says_so(number):
    content = f"Date;Amount;Text\n{number};-12.50;Coffee\n".encode()
    profile = Profile(
        booking_date="Date", amount="Amount", text=("Text",), dates="serial", decimals="."
    )
    assert rows(read_one(content, profile)) == COFFEE
    for wrong in (b"14.03.2026", b"-1", b"99999999", b"nan", b"", b"4609x"):
        [bad] = read_one(content.replace(number.encode(), wrong), profile).bad_entries
        assert bad.evidence["column"] == "Date"


@pytest.mark.parametrize(
    "text", ["14.03.2026 ", "2026-03-14T10:00:00", "14.03.2026 08:15", "20260314"]
)
def test_days_as_text_and_with_a_time(text):
    assert rows(read_one(workbook(HEAD, [text, -12.5, "Coffee"]))) == COFFEE


# === AMOUNTS === #


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1\N{NO-BREAK SPACE}234,50", "EUR", "1234.50"),
        ("-1\N{NARROW NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}€", "EUR", "-1234.50"),
        ("1\N{THIN SPACE}234,50", "EUR", "1234.50"),
        ("\N{MINUS SIGN}12,50", "EUR", "-12.50"),
        ("12,50-", "EUR", "-12.50"),
        ("(12,50)", "EUR", "-12.50"),
        ("'12,50", "EUR", None),
        ("12,50 Kč", "CZK", "12.50"),
        ("12,50 zł", "PLN", "12.50"),
        ("1 200 Ft", "HUF", "1200.00"),
        ("12,50 kr.", "DKK", "12.50"),
        ("12,50 kr", "SEK", "12.50"),
        ("12,50 TL", "TRY", "12.50"),
        ("₹ 1,234.50", "INR", "1234.50"),
        # Of another currency than the account's: never taken for it.
        ("12,50 zł", "EUR", None),
        ("12,50 USD", "EUR", None),
    ],
)
def test_amount_as_text(text, currency, amount):
    found = read_one(workbook(HEAD, ["14.03.2026", text, "x"]), currency=currency)
    assert [line.amount for line in found.booked] == ([Decimal(amount)] if amount else [])
    assert len(found.bad_entries) == (0 if amount else 1)


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#VALUE!", "#DIV/0!"])
def test_error_in_a_cell_is_no_amount_and_no_day(error):
    found = read_one(workbook(HEAD, [DAY, error, "a"], [error, 1, "b"], [DAY, -12.5, "Coffee"]))
    assert rows(found) == COFFEE
    assert [bad.evidence["column"] for bad in found.bad_entries] == ["Amount", "Date"]


def test_formula_has_the_value_that_was_stored_with_it():
    row = (
        '<row r="2"><c r="A2" t="str"><f>B9</f><v>14.03.2026</v></c><c r="B2"><f>-12-0.5</f><v>-12.5</v></c>'
        '<c r="C2" t="str"><f>"Cof"&amp;"fee"</f><v>Coffee</v></c></row>'
    )
    head = "".join(map(text_cell, HEAD))
    assert rows(read_one(by_hand(f"<row r='1'>{head}</row>{row}"))) == COFFEE


@pytest.mark.parametrize("value", ["", "<v/>", "<v></v>"])
def test_row_of_formulas_without_values_is_told_and_not_lost(value):
    formulas = "".join(f'<c r="{name}2"><f>Other!{name}9</f>{value}</c>' for name in "ABC")
    head = "".join(map(text_cell, HEAD))
    found = read_one(by_hand(f'<row r="1">{head}</row><row r="2">{formulas}</row>'))
    [bad] = found.bad_entries
    assert spreadsheet.FORMULA in bad.reason


def test_formula_whose_value_is_an_empty_text_is_empty():
    cells = '<c r="A2" t="str"><f>X9</f><v></v></c><c r="B2" t="str"><f>X8</f><v/></c>'
    head = "".join(map(text_cell, HEAD))
    simple = SIMPLE.split("</row>")[1]
    found = read_one(by_hand(f'<row r="1">{head}</row><row r="2">{cells}</row>{simple}</row>'))
    assert (rows(found), found.bad_entries) == (COFFEE, ())


# === TEXTS === #


def test_shared_texts_with_formats_inside_and_preserved_blanks():
    rich = CellRichText("Cof", TextBlock(InlineFont(b=True), "fee"))
    assert rows(read_one(workbook(HEAD, [DAY, -12.5, rich]))) == COFFEE
    runs = "<is><r><t>Cof</t></r><r><rPr><b/></rPr><t>fee</t></r></is>"
    sheet = SIMPLE.replace(text_cell("Coffee"), f'<c t="inlineStr">{runs}</c>')
    assert rows(read_one(by_hand(sheet))) == COFFEE


def test_numbers_in_columns_of_text_keep_their_digits():
    content = workbook([*HEAD, "IBAN"], [DAY, -12.5, 123456789012345, 4711.0])
    profile = Profile(booking_date="Date", amount="Amount", text=("Text",), partner_account="IBAN")
    [line] = read_one(content, profile).booked
    assert (line.remittance, line.counterparty.other_id) == (("123456789012345",), "4711")


# === SHEETS, ROWS, COLUMNS === #


def test_first_sheet_that_is_not_hidden_is_read_and_others_are_told():
    def change(book):
        for name, state in (("Front", "hidden"), ("Deep", "veryHidden")):
            book.create_sheet(name, 0).append(["nothing"])
            book[name].sheet_state = state
        book.create_sheet("Notes").append(["nothing"])

    content = workbook(HEAD, [DAY, -12.5, "Coffee"], change=change)
    found = read_one(content)
    assert rows(found) == COFFEE
    [warning] = found.warnings
    assert "“Sheet”" in warning.message
    named = Profile(booking_date="Date", amount="Amount", text=("Text",), sheet="Sheet")
    assert read_one(content, named).warnings == ()


def test_hidden_rows_are_bookings_like_the_others_and_told():
    def change(book):
        book.active.row_dimensions[2].hidden = True

    found = read_one(workbook(HEAD, [DAY, -12.5, "Coffee"], change=change))
    assert rows(found) == COFFEE
    [warning] = found.warnings
    assert "Hidden rows" in warning.message and "1" in warning.message


def test_merged_heads_empty_columns_in_front_and_totals_at_the_end():
    def change(book):
        sheet = book.active
        sheet.merge_cells("B1:E1")
        sheet.merge_cells("D3:E3")

    content = workbook(
        [None, "Statement of account"],
        [],
        [None, "Date", "Text", "Movement", None],
        [None, None, None, "Debit", "Credit"],
        [None, DAY, "Coffee", 12.5, None],
        [None, DAY, "Sale", None, 20],
        [],
        [None, "Total", None, 12.5, 20],
        change=change,
    )
    profile = Profile(
        booking_date="2", text=("3",), debit="Debit", credit="Credit", skip=3, skip_end=2
    )
    assert rows(read_one(content, profile)) == [*COFFEE, (DAY, Decimal("20.00"), "Sale")]


def test_workbook_with_macros_is_a_workbook():
    book = openpyxl.Workbook()
    for row in (HEAD, [DAY, -12.5, "Coffee"]):
        book.active.append(row)
    content = saved(book)
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            data = old.read(name).replace(
                b"openxmlformats-officedocument.spreadsheetml.sheet.main",
                b"ms-excel.sheet.macroEnabled.main",
            )
            new.writestr(name, data)
        new.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0")
    assert detect.detect(buffer.getvalue()).code == "xlsx"
    assert rows(read_one(buffer.getvalue())) == COFFEE


# === WHAT IS NONE === #


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


OTHERS = {
    "old Excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504,
    "OpenDocument": zipped(
        mimetype=b"application/vnd.oasis.opendocument.spreadsheet", **{"content.xml": b"<x/>"}
    ),
    "binary Excel": zipped(**{"xl__workbook.bin": b"\x83\1"}),
    "PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("table", [True, False])
def test_other_workbooks_are_refused_by_name(name, table):
    content = OTHERS[name]
    for pack in (
        lambda: detect.unpack("statement.xls", content, table=table),
        lambda: read_one(content),
    ):
        with pytest.raises(StatementFormatError, match=name) as refused:
            pack()
        assert refused.value.code == "statement_unknown"
        assert "CSV or XLSX" in refused.value.next_step


PAGE = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
<meta http-equiv="Content-Type" content="text/html; charset={charset}"></head><body>
<table><tr><td>Bank<table><tr><td>Logo</td></tr></table></td></tr></table>
<table border=1><tr><th colspan="3">Wyci&#261;g</th></tr>
<tr><th>Date<th>Amount<th>Text</tr>
<tr><td>14.03.2026</td><td x:num="-12.5">-12,50&nbsp;</td><td>Coffee <b>{word}</b></td></tr>
<tr><td rowspan="2">15.03.2026</td><td>1,00</td><td>a</td></tr><tr><td>2,00</td><td>b</td></tr>
</table></body></html>"""


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("windows-1250", "cp1250"),
        ("iso-8859-2", "iso8859-2"),
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
    ],
)
def test_page_that_is_called_a_workbook_is_read_as_the_table_it_holds(charset, encoding):
    content = PAGE.format(charset=charset, word="Łódź").encode(encoding)
    [member] = detect.unpack("statement.xls", content, table=True)
    profile = column_suggestion.suggest(content)
    assert (profile.booking_date, profile.amount, profile.text, profile.skip) == (
        "Date",
        "Amount",
        ("Text",),
        1,
    )
    [found] = member.format.read(member.content, profile=profile, currency="PLN")
    assert found.source_format == "html"
    # A cell that stands for two rows stands in the first: no day is made up for the other.
    assert rows(found) == [
        (DAY, Decimal("-12.50"), "Coffee Łódź"),
        (date(2026, 3, 15), Decimal("1.00"), "a"),
    ]
    [bad] = found.bad_entries
    assert bad.evidence["column"] == "Date"


def test_page_cut_anywhere_is_refused_or_says_the_same():
    content = PAGE.format(charset="utf-8", word="x").encode()
    profile = Profile(booking_date="Date", amount="Amount", text=("Text",), skip=1)
    whole = read_one(content, profile)
    end = content.rindex(b"</table>") + len(b"</table>")
    for cut in range(len(content)):
        try:
            found = columns.read(content[:cut], profile=profile, currency="EUR")
        except StatementFormatError:
            continue
        assert cut >= end - 1 and found == [whole]


EXCEL_2003 = """<?xml version="1.0" encoding="{charset}"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="Umsätze"><Table ss:ExpandedColumnCount="4"><Column ss:Width="80"/>
<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">Account</Data></Cell>
<Cell><Data ss:Type="String">EUR</Data></Cell></Row>
<Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="String">Date</Data></Cell>
<Cell><Data ss:Type="String">Amount</Data></Cell><Cell><Data ss:Type="String">Text</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="DateTime">2026-03-14T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Number">-12.5</Data></Cell><Cell><Data ss:Type="String">Coffee</Data></Cell></Row>
</Table></Worksheet>
<Worksheet ss:Name="Other"><Table><Row><Cell><Data ss:Type="String">nothing</Data></Cell></Row></Table></Worksheet>
</Workbook>"""


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("UTF-8", "utf-8"), ("windows-1250", "cp1250"), ("UTF-8", "utf-8-sig")],
)
def test_workbook_of_2003_in_xml_is_read(charset, encoding):
    content = EXCEL_2003.format(charset=charset).encode(encoding)
    [member] = detect.unpack("statement.xls", content, table=True)
    profile = column_suggestion.suggest(content)
    [found] = member.format.read(member.content, profile=profile, currency="EUR")
    assert (rows(found), found.source_format) == (COFFEE, "excel2003")
    assert found.booked[0].position.line == 5
    named = Profile(booking_date="Date", amount="Amount", sheet="Umsätze", skip=1)
    assert len(read_one(content, named).booked) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('ss:Index="4"', 'ss:Index="999999"'),
        ('ss:Index="4"', 'ss:Index="1"'),
        ('<Cell ss:Index="2"><Data ss:Type="S', '<Cell ss:Index="9999"><Data ss:Type="S'),
        ("<Workbook ", '<!DOCTYPE x [<!ENTITY a "b">]><Workbook '),
        ("</Worksheet>", ""),
        ('ss:Name="Umsätze"', 'ss:Name="Else"'),
    ],
)
def test_damaged_workbook_of_2003_is_refused(old, new):
    content = EXCEL_2003.format(charset="UTF-8").replace(old, new, 1).encode()
    with pytest.raises(StatementFormatError):
        read_one(content, Profile(booking_date="Date", amount="Amount", sheet="Umsätze", skip=1))


def test_text_that_names_its_delimiter_for_excel():
    content = b"sep=,\nDate,Amount,Text\n14.03.2026,-12.50,Coffee\n"
    profile = column_suggestion.suggest(content)
    assert (profile.delimiter, profile.skip) == (",", 1)
    assert rows(read_one(content, profile)) == COFFEE
    semicolons = b'sep=;\nDate;Amount;Text\n14.03.2026;-12,50;"Coffee"\n'
    assert rows(read_one(semicolons, column_suggestion.suggest(semicolons))) == COFFEE
