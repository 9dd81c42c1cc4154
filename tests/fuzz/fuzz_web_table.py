"""Fuzz target: pages and XML of Excel 2003 that banks call workbooks, read by the profile suggested for them."""

from odoo.addons.bank_statement_api.tools import column_suggestion, columns
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from tests.fuzz.driver import Target

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")
PAGE = """<html><head><meta charset="windows-1250"></head><body><table><tr><td>Bank</td></tr></table>
<table><tr><th colspan="4">Wyciąg</th></tr>
<tr><th>Date<th>Text<th>Amount<th>Balance</tr>
<tr><td>14.03.2026</td><td>Łódź <b>x</b></td><td>-12,50&nbsp;</td><td>87,50</td></tr>
<tr><td rowspan="2">15.03.2026</td><td>a</td><td>1,00</td><td>88,50</td></tr><tr><td>b</td><td>2,00</td></tr>
</table></body></html>"""
WORKBOOK = b"""<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="A"><Table>
<Row><Cell ss:MergeAcross="2"><Data ss:Type="String">Account</Data></Cell></Row>
<Row ss:Index="4"><Cell ss:Index="2"><Data ss:Type="String">Date</Data></Cell>
<Cell><Data ss:Type="String">Amount</Data></Cell><Cell><Data ss:Type="String">Balance</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="DateTime">2026-03-14T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Number">-12.5</Data></Cell><Cell><Data ss:Type="Number">87.5</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="String">15.03.2026</Data></Cell>
<Cell><Data ss:Type="String">1,00</Data></Cell><Cell><Data ss:Type="Number">88.5</Data></Cell></Row>
</Table></Worksheet></Workbook>"""


def read(content):
    profile = column_suggestion.suggest(content)
    return columns.read(content, profile=profile, currency="EUR", account=ACCOUNT)


TARGET = Target(
    read=read,
    seeds=(PAGE.encode("cp1250"), PAGE.encode(), WORKBOOK),
    words=(
        b"<table>",
        b"</table>",
        b"<tr>",
        b"</tr>",
        b"<td>",
        b'<td colspan="999">',
        b'<td rowspan="49" colspan="100">',
        b"<th>",
        b"</html>",
        b"<!-- ",
        b"<![CDATA[",
        b"<script>",
        b"&nbsp;",
        b"&#0;",
        b"&#1234567;",
        b"<!DOCTYPE html>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>',
        b'charset="utf-16"',
        b'<meta charset="cp037">',
        b'ss:Index="200000"',
        b'ss:Index="-1"',
        b'ss:MergeAcross="199"',
        b'ss:Type="Number">1E400<',
        b'ss:Type="Number">NaN<',
        b'ss:Type="DateTime">2026-02-29T00:00:00<',
        b"Fee",
        b"Saldo",
        b"-1.234,56",
        b"03/04/26",
        b"\xff\xfe",
        b"\0",
    ),
)
