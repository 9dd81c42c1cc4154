"""Formats are known by content; an upload is taken whole or not at all."""

import gzip
import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import detect
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.camt_writer import Line, daily_file

CAMT = daily_file("DE89370400440532013000", "EUR", [Line(date(2026, 3, 4), Decimal("1.00"), "x")])


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [CAMT, CAMT.decode().replace("UTF-8", "UTF-16").encode("utf-16"), b"\xef\xbb\xbf" + CAMT],
    ids=["utf-8", "utf-16", "bom"],
)
def test_camt_is_known_whatever_its_name(content):
    [member] = detect.unpack("holiday.jpg", content)
    assert member.format.code == "camt053"
    assert len(member.format.read(member.content)) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "statement_empty"),
        (b"  \n", "statement_empty"),
        (b"hello", "statement_unknown"),
        (b"\x00" * 99, "statement_unknown"),
    ],
)
def test_what_is_no_statement_is_refused_by_code(content, code):
    with pytest.raises(StatementFormatError) as refused:
        detect.unpack("x", content)
    assert refused.value.code == code


def test_archives_are_opened_and_refused_whole_when_one_member_is_no_statement():
    assert len(detect.unpack("a.zip", zipped(one=CAMT, two=CAMT))) == 2
    assert len(detect.unpack("a.gz", gzip.compress(CAMT))) == 1
    with pytest.raises(StatementFormatError):
        detect.unpack("a.zip", zipped(one=CAMT, two=b"hello"))
    for nested in (zipped(one=CAMT), gzip.compress(CAMT)):
        with pytest.raises(StatementFormatError) as refused:
            detect.unpack("a.zip", zipped(one=CAMT, two=nested))
        assert refused.value.evidence["file"] == "two"
        assert "Unpack it" in refused.value.next_step
    workbook = zipped(**{"xl/workbook.xml": b"<workbook/>"})
    [member] = detect.unpack("a.zip", zipped(one=workbook))
    assert member.format.code == "xlsx"
    with pytest.raises(StatementFormatError) as refused:
        detect.unpack("a.zip", zipped())
    assert refused.value.code == "statement_empty"


def test_archive_bomb_is_refused():
    with pytest.raises(StatementFormatError):
        detect.unpack("a.zip", zipped(bomb=b"0" * 50_000_000))
