"""Fuzz target: workbooks, both the archive and, since a flipped bit in one seldom gets that far, the sheet in it."""

import datetime
import io
import zipfile

import openpyxl

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from tests.fuzz.driver import Target

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")
SHEET = "xl/worksheets/sheet1.xml"


def _workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Kontoauszug", None, "EUR"])
    sheet.append(["Buchungstag", "Wertstellung", "Verwendungszweck", "Betrag", "Saldo"])
    for number in range(1, 5):
        day = datetime.date(2026, 3, number)
        sheet.append(
            [day, f"0{number}.03.2026", f"Rechnung {number}", -1.5 * number, f"{100 - number},00"]
        )
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


WORKBOOK = _workbook()


def _with_sheet(content):
    """:return: the workbook with another sheet in it"""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as source, zipfile.ZipFile(stream, "w") as made:
        for name in source.namelist():
            made.writestr(name, content if name == SHEET else source.read(name))
    return stream.getvalue()


def _sheet():
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as source:
        return source.read(SHEET)


def read(content):
    workbook = content if content.startswith(b"PK") else _with_sheet(content)
    profile = column_suggestion.suggest(workbook)
    return columns.read(workbook, profile=profile, currency="EUR", account=ACCOUNT)


TARGET = Target(
    read=read,
    seeds=(_sheet(), WORKBOOK),
    words=(
        b"<row>",
        b"</row>",
        b'<c r="A1" t="s"><v>0</v></c>',
        b'<c r="XFD1048576" t="n"><v>1e308</v></c>',
        b'<c r="B3" t="d"><v>2026-02-29</v></c>',
        b'<c r="D3" t="n"><v>NaN</v></c>',
        b'<c r="D3" t="b"><v>1</v></c>',
        b'<c r="D3" t="e"><v>#REF!</v></c>',
        b'<c r="D3"><f>1+1</f></c>',
        b'<c r="D3" t="str"><f>1+1</f><v></v></c>',
        b'<c r="AAAA9"><f/></c>',
        b'<row hidden="1">',
        b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"<v>99999999999999999</v>",
        b"<v>-1</v>",
        b"<v>1E400</v>",
        b"<v>1E200</v>",
        b't="inlineStr"',
        b"<is><t>EUR</t></is>",
        b'<dimension ref="A1:XFD1048576"/>',
        b"<!DOCTYPE x>",
        b"&amp;",
        b"PK\x03\x04",
        b"PK\x01\x02",
        b"PK\x05\x06",
    ),
)
