"""The cells of an XLSX workbook: values only, of one sheet, in bounded memory.

Nothing is evaluated: a formula gives the value that was stored with it, or nothing. An XLSX file is
an archive of XML, so both kinds of bombs are looked for before the reader sees it.
"""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.archive import (
    ArchiveLimits,
    ArchiveRefusedError,
    archive_kind,
    iter_members,
)

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


def is_xlsx(content: bytes) -> bool:
    """Say whether a file is an XLSX workbook, by what is in the archive."""
    if archive_kind(content) != "zip":
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _WORKBOOK in archive.namelist()
    # The last is what zipfile says of a version it does not know.
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


def rows(content: bytes, sheet: str | None) -> Iterator[tuple[int, tuple]]:
    """Walk through the rows of a sheet.

    :param sheet: its name; the first visible one where it is left out.
    :return: (number of the row, cells as text, Decimal, date or None).
    :raise StatementFormatError: the workbook is damaged, too large, or has no such sheet.
    """
    _check(content)
    # Loaded here: no other format needs it, and it takes its time.
    import openpyxl

    try:
        book = openpyxl.load_workbook(
            io.BytesIO(content), read_only=True, data_only=True, keep_links=False
        )
        found = _sheet(book, sheet)
        # What a file says of its size may be wrong, in either direction.
        found.reset_dimensions()
        for number, cells in enumerate(found.iter_rows(values_only=True), 1):
            if number > MAX_ROWS or len(cells) > MAX_COLUMNS:
                raise StatementFormatError(
                    f"The workbook has more than {MAX_ROWS} rows or {MAX_COLUMNS} columns.",
                    reason="too large",
                )
            yield number, tuple(_value(cell) for cell in cells)
    except StatementFormatError:
        raise
    # The reader raises whatever its parts do on a damaged file: XML, ZIP, key and value errors.
    except Exception as error:
        raise StatementFormatError(
            "The workbook is damaged.", tag=_WORKBOOK, reason=f"{type(error).__name__}: {error}"
        ) from error


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
