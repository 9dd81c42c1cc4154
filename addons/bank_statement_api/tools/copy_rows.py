"""Rows in the text format of PostgreSQL's COPY, many of them alike but for some columns.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_LINES_AT_ONCE = 200


def copy_text(value) -> str:
    """Return a value as COPY reads it."""
    if type(value) is str:
        # Most texts are plain, and to see that is much quicker than to translate them.
        plain = value.isprintable() and "\\" not in value
        return value if plain else value.translate(_ESCAPES)
    if value is None:
        return "\\N"
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    return str(value).translate(_ESCAPES)


class CopyRows:
    """The rows of a table, as a file that COPY reads while they are rendered.

    :ivar count: of the rows.
    """

    def __init__(self):
        self._groups: list[tuple[Mapping, Mapping[str, Sequence]]] = []
        self._lines: Iterator[str] | None = None
        self.count = 0

    def add(self, fixed: Mapping, varying: Mapping[str, Sequence]):
        """Add rows that are equal in all columns but the varying ones.

        :param fixed: values by column; those of varying columns do not count.
        :param varying: for each column its values, one for each row.
        """
        self._groups.append((fixed, varying))
        self.count += len(next(iter(varying.values())))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that vary in a group or that one fills; the others are left to their default."""
        names = {name for _fixed, varying in self._groups for name in varying}
        for fixed, _varying in self._groups:
            names.update(name for name, value in fixed.items() if value is not None)
        return tuple(sorted(names))

    def read(self, _size: int) -> str:
        """Return the next rows, nothing after the last: what COPY takes for the end of the file."""
        if self._lines is None:
            columns = self.columns
            self._lines = itertools.chain.from_iterable(
                _lines(columns, fixed, varying) for fixed, varying in self._groups
            )
        return "".join(itertools.islice(self._lines, _LINES_AT_ONCE))


def _lines(columns, fixed, varying) -> Iterator[str]:
    parts, texts = [], []
    for name in columns:
        values = varying.get(name)
        if values is not None and not _is_constant(values):
            parts.append("%s")
            texts.append(map(copy_text, values))
        else:
            value = fixed.get(name) if values is None else values[0]
            parts.append(copy_text(value).replace("%", "%%"))
    pattern = "\t".join(parts) + "\n"
    return (pattern % row for row in zip(*texts, strict=True))


def _is_constant(values: Sequence) -> bool:
    # Documents are compared by their texts: 1, 1.0 and true are equal in Python.
    first = values[0]
    return len(values) > 1 and not isinstance(first, dict) and values.count(first) == len(values)
