"""A table comes back as it went out, does nothing in a spreadsheet, and is refused when it is odd."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.csv_safe import (
    CsvError,
    CsvRow,
    read_csv,
    write_csv,
)

CELLS = st.text(alphabet="aé \"';,=+-@\t\r\n\uff1d0", max_size=8)
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def read(data, required=("a", "b"), optional=(), **limits):
    return [row.values for row in read_csv(data, required, optional, **limits)]


@given(st.lists(st.tuples(CELLS, CELLS), max_size=4))
def test_what_is_written_is_read_back(cells):
    rows = [{"a": first, "b": second} for first, second in cells]
    back = read(write_csv(["a", "b"], rows))
    assert [{k: v.strip(" ") for k, v in row.items()} for row in back] == [
        {k: v.strip(" ") for k, v in row.items()} for row in rows
    ]


@given(CELLS)
def test_no_text_cell_starts_a_formula(cell):
    written = write_csv(["a"], [{"a": cell}]).decode("utf-8-sig")
    (_header, *rows) = csv.reader(io.StringIO(written, newline=""))
    for row in rows:
        assert not row or not row[0].lstrip(" ").startswith(DANGEROUS)


def test_numbers_stay_numbers_and_nothing_stays_empty():
    data = write_csv(["a", "b", "c"], [{"a": Decimal("-1.50"), "b": -2}])
    assert data == b"\xef\xbb\xbfa,b,c\r\n-1.50,-2,\r\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_usual_delimiters_are_recognised(delimiter):
    data = delimiter.join(["b", " a ", "c"]) + "\n" + delimiter.join(["1", ' "x"', "3"]) + "\n\n"
    (row,) = read_csv(data.encode(), ["a"], ["b", "c", "d"])
    assert row == CsvRow(2, {"b": "1", "a": '"x"', "c": "3", "d": ""})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "lacks a, b"),
        (b"a\n1\n", "lacks b"),
        (b"a,b,z\n1,2,3\n", "unknown columns: z"),
        (b"a,b,a\n1,2,3\n", "twice"),
        (b"a,b\n1,2\n1\n", "Line 3 has 1 cells"),
        (b"a,b\n1,2,3\n", "Line 2 has 3 cells"),
        (b'a,b\n"1,2\n', "not CSV"),
        (b'a,b\n"1"x,2\n', "Line 2 is not CSV"),
        (b"a,b\n1,\xe9\n", "Line 2 is not UTF-8"),
        (b"a,b\n1,2\n3,\0\n", "Line 3 has a NUL"),
        (b"a,b\n1,2\n3,4\n5,6\n", "more than the 2 rows"),
        (b"a,b\n" + b"1" * 100, "larger than the 60 bytes"),
    ],
)
def test_an_odd_table_is_refused_with_its_line(data, message):
    with pytest.raises(CsvError, match=message):
        read(data, max_rows=2, max_bytes=60)
