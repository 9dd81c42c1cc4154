"""One place decides how the bytes of a text are read, and says why."""

import pytest

from odoo.addons.bank_statement_api.tools import text_encoding
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

TEXT = "Überweisung für Müller, 12,50 €\r\n" * 3


@pytest.mark.parametrize(
    ("encoding", "expected", "reason"),
    [
        ("utf-8", "utf-8", "content"),
        ("utf-8-sig", "utf-8", "mark"),
        ("utf-16", "utf-16-le", "mark"),
        ("utf-16-le", "utf-16-le", "zeros"),
        ("utf-16-be", "utf-16-be", "zeros"),
        ("cp1252", "cp1252", "assumed"),
    ],
)
def test_text_is_read_as_it_was_written(encoding, expected, reason):
    found = text_encoding.decode(TEXT.encode(encoding))
    assert (found.text, found.encoding, found.reason) == (TEXT, expected, reason)
    assert text_encoding.head(TEXT.encode(encoding)).startswith(
        TEXT[:1] if encoding not in ("utf-8", "cp1252") else ("Ã", "Ü")
    )


def test_what_a_file_declares_counts_where_the_content_does_not_decide():
    assert text_encoding.decode("Łódź".encode("cp1250"), "cp1250").text == "Łódź"
    # Nobody writes UTF-8 by accident.
    found = text_encoding.decode("Müller".encode(), "cp1252")
    assert (found.text, found.reason) == ("Müller", "content")
    assert text_encoding.decode(b"M\xfcller", "no-such-thing").text == "Müller"


def test_bytes_that_windows_1252_does_not_have():
    assert text_encoding.decode(b"a\x81\x90").encoding == "latin-1"


@pytest.mark.parametrize("content", [b"a\0\0\0b\xff\xfe", b"\xff\xfea", b"\xef\xbb\xbf\xff"])
def test_binary_is_no_text(content):
    with pytest.raises(StatementFormatError):
        text_encoding.decode(content)
