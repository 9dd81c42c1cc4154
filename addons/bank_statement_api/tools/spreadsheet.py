"""The cells of an XLSX workbook: values only, of one sheet, in bounded memory.

Nothing is evaluated: a formula gives the value that was stored with it, or nothing. An XLSX file is
an archive of XML, so both kinds of bombs are looked for before the reader sees it.
"""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.archive import (
    ArchiveLimits,
    ArchiveRefusedError,
    archive_kind,
    iter_members,
)

from .column_profile import Table
from .documents import Warn
from .errors import StatementFormatError

_MEBIBYTE = 1024 * 1024
LIMITS = ArchiveLimits(
    max_members=500,
    max_member_bytes=64 * _MEBIBYTE,
    max_total_bytes=128 * _MEBIBYTE,
    max_ratio=100,
)
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_WORKBOOK = "xl/workbook.xml"
FORMULA = "(a formula without its value)"
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b([^<>]*)>\s*<(?:\w+:)?f\b(?:[^<>]*/>|[^<>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_NAME = re.compile(rb"\br=\"([A-Z]{1,3}[1-9]\d{0,6})\"")
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^<>]*\bhidden=\"(?:1|true)\"")
_STRICT = b"http://purl.oclc.org/ooxml/"
_STRICT_NAMES = (
    (_STRICT + b"spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (
        _STRICT + b"officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
    (_STRICT + b"drawingml/main", b"http://schemas.openxmlformats.org/drawingml/2006/main"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"


def is_xlsx(content: bytes) -> bool:
    """Say whether a file is an XLSX workbook, by what is in the archive."""
    return archive_kind(content) == "zip" and _has(content, _WORKBOOK)


def _has(content: bytes, name: str) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return name in (item.replace("\\", "/") for item in archive.namelist())
    # The last is what zipfile says of a version it does not know.
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def refuse_others(content: bytes):
    """Refuse what is a table to a person and none that can be read.

    :raise StatementFormatError: it is one of them; it says which, and what to do.
    """
    name = _name_of_other(content)
    if name:
        raise StatementFormatError(
            f"The file is {name}, which cannot be read.",
            reason="known by its content",
            code="statement_unknown",
            next_step="Ask the bank for CSV or XLSX, or open the file in a spreadsheet program, save it as XLSX and"
            " upload that.",
        )


def _name_of_other(content: bytes) -> str | None:
    if content.startswith(_OLE):
        return "an old Excel workbook (.xls), or one with a password"
    if content.startswith(b"%PDF-"):
        return "a PDF"
    if archive_kind(content) != "zip":
        return None
    if _OPEN_DOCUMENT in content[:200]:
        return "an OpenDocument spreadsheet (.ods)"
    return "a binary Excel workbook (.xlsb)" if _has(content, "xl/workbook.bin") else None


def read(content: bytes, sheet: str | None) -> Table:
    """Return all rows of a sheet; their cells are text, Decimal, date or None.

    :param sheet: its name; the first visible one where it is left out.
    :raise StatementFormatError: the workbook is damaged, too large, or has no such sheet.
    """
    _check(content)
    content = _usual(content)
    # Loaded here: no other format needs it, and it takes its time.
    import openpyxl

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        found = _sheet(book, sheet)
        # What a file says of its size may be wrong, in either direction.
        found.reset_dimensions()
        source = _source(content, found)
        return Table(
            (),
            tuple(_rows(found, _uncounted(source))),
            "xlsx",
            tuple(_remarks(book, found, sheet, source)),
            book.epoch.date(),
        )
    except StatementFormatError:
        raise
    # The reader raises whatever its parts do on a damaged file: XML, ZIP, key and value errors.
    except Exception as error:
        raise StatementFormatError(
            "The workbook is damaged.", tag=_WORKBOOK, reason=f"{type(error).__name__}: {error}"
        ) from error


def _rows(sheet, uncounted: set[tuple[int, int]]):
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MAX_ROWS or len(row) > MAX_COLUMNS:
            raise StatementFormatError(
                f"The workbook has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns.",
                reason="too large",
            )
        cells = [_value(cell) for cell in row]
        for place in range(len(cells)) if uncounted else ():
            if (number, place + 1) in uncounted:
                cells[place] = FORMULA
        yield number, tuple(cells)


def _source(content: bytes, sheet) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(sheet._worksheet_path)


def _uncounted(source: bytes) -> set[tuple[int, int]]:
    """Return the places of formulas that were stored without their values."""
    from openpyxl.utils.cell import coordinate_to_tuple

    places = set()
    for cell in _FORMULA.finditer(source):
        name = _NAME.search(cell[1])
        # An empty text is the value of a formula as well.
        if name and b'"str"' not in cell[1]:
            places.add(coordinate_to_tuple(name[1].decode()))
    return places


def _remarks(book, read_sheet, named: str | None, source: bytes):
    visible = [item.title for item in book.worksheets if item.sheet_state == "visible"]
    if not named and len(visible) > 1:
        yield Warn(
            path="sheet",
            message=f"Of {len(visible)} sheets, “{read_sheet.title}” was read: name another one in the column profile.",
        )
    if hidden := len(_HIDDEN.findall(source)):
        yield Warn(path="row", message=f"Hidden rows were read like the others: {hidden}.")


def _usual(content: bytes) -> bytes:
    """Return a workbook of the strict form, or with separators of Windows in its names, as most are."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = {item.filename.replace("\\", "/"): item for item in archive.infolist()}
        is_usual = names.keys() == set(archive.namelist())
        if is_usual and _STRICT not in archive.read(names[_WORKBOOK]):
            return content
        parts = {name: archive.read(item) for name, item in names.items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as usual:
        for name, data in parts.items():
            for strict, other in _STRICT_NAMES:
                data = data.replace(strict, other)
            usual.writestr(name, data)
    return buffer.getvalue()


def _check(content: bytes):
    try:
        for member in iter_members(content, limits=LIMITS):
            start = member.data[:2]
            # Whatever its name: which parts are read is what the workbook says itself.
            if (
                start in (b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")
                or b"<!DOCTYPE" in member.data
                or b"<!ENTITY" in member.data
            ):
                raise StatementFormatError(
                    "The workbook declares entities, which no bank needs.",
                    tag=member.name,
                    reason="DOCTYPE",
                )
    except ArchiveRefusedError as error:
        raise StatementFormatError(
            f"The workbook is refused: {error.message}", reason=error.code
        ) from error


def _sheet(book, name: str | None):
    if name:
        if name not in book.sheetnames:
            raise StatementFormatError(
                f"The workbook has no sheet “{name}”.",
                tag="sheet",
                reason=f"its sheets: {', '.join(book.sheetnames)}"[:300],
                code="statement_profile",
                next_step="Correct the sheet in the column profile.",
            )
        return book[name]
    return next(
        (item for item in book.worksheets if item.sheet_state == "visible"), book.worksheets[0]
    )


def _value(cell):
    if cell is None:
        return None
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, (int, float)):
        return Decimal(repr(cell))
    return str(cell).strip()
