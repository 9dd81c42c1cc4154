"""Rows of a finished run, page by page: the files in the order of their paths, each row once."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pyarrow.parquet as pq

from .contract import Contract
from .file_formats import json_rows


class CursorError(ValueError):
    """A cursor that no page gave."""


def read_page(
    contract: Contract,
    files: Sequence[tuple[str, int, str]],
    content: Callable[[str], bytes],
    cursor: str | None,
    limit: int,
) -> tuple[list[dict], str | None]:
    """Return some rows and where the next ones begin.

    :param files: path, number of rows and operation of each file of the run.
    :param content: gives the bytes of a Parquet file by its path.
    :param cursor: what the page before gave; None for the first.
    :return: rows as the contract's JSON Schema describes them, each with ``_operation``, and the next cursor; None when
        there are no more.
    :raise CursorError: the cursor is none of this run.
    """
    ordered = sorted(files)
    total = sum(rows for _path, rows, _operation in ordered)
    start = _position(cursor, total)
    found, seen = [], 0
    for path, rows, operation in ordered:
        first = max(start + len(found) - seen, 0)
        if first < rows and len(found) < limit:
            wanted = min(rows - first, limit - len(found))
            table = pq.read_table(io.BytesIO(content(path))).slice(first, wanted)
            for batch in table.combine_chunks().to_batches():
                found += [{**row, "_operation": operation} for row in json_rows(batch, contract)]
        seen += rows
    end = start + len(found)
    return found, str(end) if end < total else None


def _position(cursor, total):
    if cursor is None:
        return 0
    if not (isinstance(cursor, str) and cursor.isascii() and cursor.isdigit()):
        raise CursorError("The cursor is none that a page gave.")
    position = int(cursor)
    if position > total:
        raise CursorError("The cursor is of another run.")
    return position
