"""CSV in, strictly; CSV out, harmless in a spreadsheet."""

import csv
import io
from dataclasses import dataclass

_MEBIBYTE = 1024 * 1024
_DELIMITERS = ";,\t"

# What makes a spreadsheet read a cell as a formula (OWASP, CSV injection), with the full-width
# forms that some programs fold.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_GUARD = "'"


class CsvError(ValueError):
    """A table that can't be taken as it is; the message names the line."""


@dataclass(frozen=True)
class CsvRow:
    """A row of a table.

    :param int line: where it ends in the file, counted from 1.
    :param dict values: text by column.
    """

    line: int
    values: dict[str, str]


def read_csv(data, required, optional=(), *, max_bytes=10 * _MEBIBYTE, max_rows=100_000):
    """Read a table with a header, in UTF-8, separated by commas, semicolons or tabs.

    :param bytes data: the file.
    :param Collection[str] required: columns that must be there.
    :param Collection[str] optional: columns that may be there; any other is refused, for it is a
        typing mistake more often than not.
    :return: iterator of :class:`CsvRow`, each with all columns; cells lose blanks around them, and
        the guard that :func:`write_csv` puts before a formula.
    :raise CsvError: the file, its header or a row is not as it should be.
    """
    if len(data) > max_bytes:
        raise CsvError(f"The file is larger than the {max_bytes} bytes allowed.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise CsvError(f"Line {line} is not UTF-8: save the file as “CSV UTF-8”.") from exc
    if "\0" in text:
        raise CsvError(f"Line {text[: text.index(chr(0))].count(chr(10)) + 1} has a NUL character.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        columns = _check_header(next(reader, []), set(required), set(optional))
        for number, cells in enumerate(filter(None, reader), start=1):
            if number > max_rows:
                raise CsvError(f"The file has more than the {max_rows} rows allowed.")
            if len(cells) != len(columns):
                raise CsvError(
                    f"Line {reader.line_num} has {len(cells)} cells where the header has {len(columns)}."
                )
            values = dict.fromkeys(optional, "") | dict(
                zip(columns, map(_unguard, cells), strict=True)
            )
            yield CsvRow(reader.line_num, values)
    except csv.Error as exc:
        raise CsvError(f"Line {reader.line_num} is not CSV: {exc}.") from exc


def _delimiter(text):
    header = text.partition("\n")[0]
    return max(_DELIMITERS, key=header.count)


def _check_header(cells, required, optional):
    columns = [cell.strip() for cell in cells]
    if missing := sorted(required - set(columns)):
        raise CsvError(f"The header lacks {', '.join(missing)}.")
    if unknown := sorted(set(columns) - required - optional):
        raise CsvError(f"The header has unknown columns: {', '.join(unknown)}.")
    if len(columns) != len(set(columns)):
        raise CsvError("The header names a column twice.")
    return columns


def write_csv(columns, rows):
    """Write a table with a header, in UTF-8 with a byte order mark, separated by commas.

    Text that a spreadsheet would run as a formula gets an apostrophe in front, which shows it as
    text;
    :func:`read_csv` takes it off again. Numbers are written as they are.

    :param Sequence[str] columns: the header.
    :param Iterable[Mapping] rows: values by column; None becomes an empty cell.
    :rtype: bytes
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    writer.writerows([_guard(row.get(column)) for column in columns] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _guard(value):
    if not isinstance(value, str):
        return value
    return _GUARD + value if _is_risky(value) else value


def _unguard(cell):
    cell = cell.strip(" ")
    return cell.removeprefix(_GUARD) if cell.startswith(_GUARD) and _is_risky(cell) else cell


def _is_risky(value):
    """Say whether a cell starts like a formula, also behind blanks and guards."""
    return value.lstrip(_GUARD + " ").startswith(_FORMULA_STARTS)
