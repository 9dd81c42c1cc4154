"""Rows of a text whose cells are separated by a character."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from .errors import StatementFormatError

DELIMITERS = (";", ",", "\t", "|")
_NAMED = re.compile(r"sep=([;,\t|])\s*$", re.IGNORECASE | re.MULTILINE)
MAX_ROWS = 500_000
MAX_CELL = 20_000


def find_delimiter(text: str) -> str:
    """Return the delimiter that the first line names for Excel (``sep=;``), or else the one that splits the most of
    the first lines into equally many cells."""
    if named := _NAMED.match(text):
        return named[1]
    # What stands between quotes splits nothing.
    head = re.sub(r'"[^"\n]*"', '""', text[:20_000])
    lines = [line for line in head.splitlines() if line.strip()][:30]

    def score(delimiter):
        counts = [line.count(delimiter) for line in lines]
        common = max(counts, key=counts.count, default=0)
        return (counts.count(common) if common else 0, common)

    return max(DELIMITERS, key=score)


def csv_rows(text: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before = csv.field_size_limit(MAX_CELL)
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise StatementFormatError(
                    f"The table has more than {MAX_ROWS} rows.", reason="too many rows"
                )
            yield reader.line_num, tuple(cell.strip() for cell in cells)
    except csv.Error as error:
        raise StatementFormatError(
            "The table is damaged or cut short.", line=reader.line_num, tag="row", reason=str(error)
        ) from error
    finally:
        csv.field_size_limit(before)
