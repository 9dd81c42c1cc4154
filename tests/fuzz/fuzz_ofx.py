"""Fuzz target: the reader of OFX, both generations."""

from odoo.addons.bank_statement_api.tools import ofx

from tests.fuzz.driver import Target, samples

TARGET = Target(
    read=ofx.read,
    seeds=samples("ofx"),
    words=(
        b"OFXHEADER:100",
        b"ENCODING:USASCII",
        b"CHARSET:1252",
        b"<OFX>",
        b"</OFX>",
        b"<STMTTRN>",
        b"</STMTTRN>",
        b"<STMTRS>",
        b"<CCSTMTRS>",
        b"<BANKTRANLIST>",
        b"<CURDEF>JPY",
        b"<CURRENCY><CURRATE>0.9<CURSYM>USD</CURRENCY>",
        b"<ORIGCURRENCY>",
        b"<DTPOSTED>20260229",
        b"<DTPOSTED>20260304000000[-5:EST]",
        b"<TRNAMT>-999999999999999.99",
        b"<TRNAMT>1,234.5",
        b"<FITID>DUP",
        b"<CORRECTFITID>",
        b"<LEDGERBAL>",
        b"<BALAMT>",
        b"<CODE>2000",
        b"&amp;",
        b"&#0;",
        b"<![CDATA[",
        b"<!DOCTYPE x [",
    ),
)
