"""Rows in the text format of PostgreSQL's COPY, many of them alike but for some columns.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def copy_text(value) -> str:
    """Return a value as COPY reads it."""
    if value is None:
        return "\\N"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return str(value).translate(_ESCAPES)


class RowTemplate:
    """Rows that are equal in all columns but the varying ones.

    :param row: values by column, of a row that stands for all.
    :param varying: names of the columns that each row brings its own value for.
    :param fixed: names of the other columns that are written; a column of neither is left to its default.
    :ivar columns: in the order of the rendered rows.
    """

    def __init__(self, row: Mapping, varying: Iterable[str], fixed: Iterable[str]):
        self._varying = tuple(varying)
        fixed = tuple(fixed)
        self.columns = (*self._varying, *fixed)
        self._tail = "".join(f"\t{copy_text(row[name])}" for name in fixed) + "\n"

    def render(self, values: Mapping) -> str:
        """Return the line of a row.

        :param values: by column, at least the varying ones.
        """
        return "\t".join([copy_text(values[name]) for name in self._varying]) + self._tail


def filled(rows: Iterable[Mapping], without: Iterable[str]) -> list[str]:
    """Return the columns that at least one of the rows fills, but for those of ``without``."""
    own = frozenset(without)
    return sorted(
        {
            name
            for row in rows
            for name, value in row.items()
            if value is not None and name not in own
        }
    )
