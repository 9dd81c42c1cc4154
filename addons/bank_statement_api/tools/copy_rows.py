"""Rows in the text format of PostgreSQL's COPY, many of them alike but for some columns.

Format: https://www.postgresql.org/docs/current/sql-copy.html, "Text Format".
"""

from __future__ import annotations

import datetime
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
# What is written in digits needs no escape.
_PLAIN = frozenset({int, float, datetime.date, datetime.datetime})
_LINES_AT_ONCE = 200
_to_json = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def copy_text(value) -> str:
    """Return a value as COPY reads it."""
    if type(value) is str:
        # Most texts are plain, and to see that is much quicker than to translate them.
        plain = value.isprintable() and "\\" not in value
        return value if plain else value.translate(_ESCAPES)
    if value is None:
        return "\\N"
    if type(value) in _PLAIN:
        return str(value)
    if value is True:
        return "t"
    if value is False:
        return "f"
    if isinstance(value, (dict, list)):
        # All that COPY would mistake, JSON has escaped by a backslash.
        return _to_json(value).replace("\\", "\\\\")
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


@dataclass
class Stage:
    """Rows of several tables brought by one row each: what tables share travels once, what all rows share not at all.

    :ivar rows: of the stage.
    :ivar constants: for each part of a group, the values by column that are the same in all rows.
    :ivar columns: for each part, the stage's column by the table's.
    """

    rows: CopyRows = field(default_factory=CopyRows)
    constants: dict[str, dict] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)


def stage(groups: Sequence[Mapping[str, tuple[Mapping, Mapping[str, Sequence]]]]) -> Stage:
    """Return the rows of all groups as one stage.

    :param groups: each of the same parts, a part being the rows of a table as :meth:`CopyRows.add` takes them, as many
        in all parts of a group.
    """
    made = Stage()
    lists: list[list[Sequence]] = [[] for _group in groups]
    places: dict[tuple, str] = {}
    staged: list[tuple[dict, dict]] = [({}, {}) for _group in groups]
    for part in groups[0]:
        constants = made.constants[part] = {}
        columns = made.columns[part] = {}
        names = {name for group in groups for name in group[part][1]}
        names |= {
            name for group in groups for name, value in group[part][0].items() if value is not None
        }
        for name in sorted(names):
            cells = [_cell(*group[part], name) for group in groups]
            texts = {copy_text(value) for values, value in cells if values is None}
            if len(texts) == 1 and all(values is None for values, _value in cells):
                constants[name] = cells[0][1]
                continue
            key = tuple(
                ("constant", copy_text(value))
                if values is None
                else ("list", _known(known, values))
                for known, (values, value) in zip(lists, cells, strict=True)
            )
            place = columns[name] = places.setdefault(key, f"c{len(places)}")
            for (fixed, varying), (values, value) in zip(staged, cells, strict=True):
                if values is None:
                    fixed[place] = value
                else:
                    varying[place] = values
    for fixed, varying in staged:
        made.rows.add(fixed, varying)
    return made


def _cell(fixed: Mapping, varying: Mapping[str, Sequence], name: str) -> tuple:
    """Return the values of a column, or ``None`` and the one that all rows have."""
    values = varying.get(name)
    if values is None:
        return None, fixed.get(name)
    return (None, values[0]) if _is_constant(values) else (values, None)


def _known(known: list[Sequence], values: Sequence) -> int:
    """Return the place of equal values among those that were seen before, where they now are."""
    for place, others in enumerate(known):
        # By type as well: 1, 1.0 and true are equal in Python.
        if values is others or (
            values == others and list(map(type, values)) == list(map(type, others))
        ):
            return place
    known.append(values)
    return len(known) - 1


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
