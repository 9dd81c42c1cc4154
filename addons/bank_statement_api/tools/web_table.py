"""Tables that banks call “.xls” and that are a web page, or XML as Excel wrote it in 2003."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from odoo.addons.finance_connector_base.tools import safe_xml
from odoo.addons.finance_connector_base.tools.safe_xml import XmlRefusedError, local_name

from . import text_encoding
from .column_profile import Cell, Table
from .errors import StatementFormatError

_MEBIBYTE = 1024 * 1024
MAX_BYTES = 64 * _MEBIBYTE
MAX_ROWS = 200_000
MAX_COLUMNS = 200
_PAGE = re.compile(
    r"\s*<(?:!doctype\s+html|html|head|meta|title|style|body|center|div|table)\b", re.IGNORECASE
)
_XML = re.compile(r"\s*<\?xml\b|\s*<(?:\w+:)?Workbook\b")
_EXCEL = "urn:schemas-microsoft-com:office:spreadsheet"
_CHARSET = re.compile(
    r"<(?:meta|\?xml)\b[^>]*(?:charset|encoding)\s*=\s*[\"']?([\w-]+)", re.IGNORECASE
)
_TABLE = re.compile(r"<(/?)table\b", re.IGNORECASE)
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?(?:E[+-]?\d{1,3})?", re.ASCII)


def matches(text: str) -> bool:
    """Say whether a text is a page with a table, or a workbook of 2003."""
    head = text[:4096]
    if _PAGE.match(head):
        return bool(_TABLE.search(text))
    return bool(_XML.match(head)) and _EXCEL in head


def declared_encoding(content: bytes) -> str | None:
    """Return the encoding that a page or a document of XML names; None for any other file."""
    head = text_encoding.head(content)
    found = _CHARSET.search(head) if _PAGE.match(head) or _XML.match(head) else None
    return text_encoding.python_name(found[1]) if found else None


def read(text: str, sheet: str | None) -> Table:
    """Return all rows of the longest table of a page, or of one sheet.

    :param sheet: its name; the first one where it is left out.
    :raise StatementFormatError: it is damaged, cut short or too large.
    """
    if len(text) > MAX_BYTES:
        raise _too_large()
    if _PAGE.match(text):
        return Table((), tuple(_page_rows(text)), "html")
    return Table((), tuple(_sheet_rows(text, sheet)), "excel2003")


# -- a web page -------------------------------------------------------------------------------------


def _page_rows(text: str):
    opened = [mark[1] for mark in _TABLE.finditer(text)]
    # What else is left open in a page means nothing; a table without its end was cut short.
    if opened.count("/") * 2 != len(opened):
        raise StatementFormatError(
            "The page is damaged or cut short.", tag="table", reason="a table has no end"
        )
    # Loaded here: no other format needs it.
    from lxml import etree, html

    try:
        page = html.fromstring(text, parser=html.HTMLParser(huge_tree=False, no_network=True))
    except (etree.ParserError, ValueError) as error:
        raise StatementFormatError(
            "The page is damaged.", tag="table", reason=str(error)[:200]
        ) from error
    tables = [page, *page.iter("table")]
    table = max(tables, key=lambda item: len(_own(item, "tr")))
    if any(cell.getparent().tag != "tr" for cell in _own(table, "td", "th")):
        raise StatementFormatError(
            "The page is damaged or cut short.", tag="table", reason="a cell outside of a row"
        )
    filled: dict[tuple[int, int], str] = {}
    for number, row in enumerate(_own(table, "tr"), 1):
        if number > MAX_ROWS:
            raise _too_large()
        yield number, _grid(number, row, filled)


def _own(table, *names: str) -> list:
    """Return the elements of a table, without those of tables inside it."""
    if table.tag != "table":
        return []
    return [item for item in table.iter(*names) if next(item.iterancestors("table")) is table]


def _grid(number: int, row, covered: dict[tuple[int, int], str]) -> tuple[str, ...]:
    """Return a row's cells, each in its column: a cell may take several rows and columns."""
    cells: list[str] = []
    for cell in row.iterchildren("td", "th"):
        while covered.pop((number, len(cells)), None) is not None:
            cells.append("")
        place = len(cells)
        wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
        cells += [" ".join(cell.text_content().split()), *[""] * (wide - 1)]
        if len(cells) > MAX_COLUMNS:
            raise _too_large()
        for below in range(1, min(high, 50)):
            covered |= {(number + below, place + beside): "" for beside in range(wide)}
    while covered.pop((number, len(cells)), None) is not None:
        cells.append("")
    return tuple(cells)


def _span(cell, name: str) -> int:
    text = (cell.get(name) or "").strip()
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 4 else 1


# -- a workbook of 2003 -----------------------------------------------------------------------------


def _sheet_rows(text: str, name: str | None):
    # The declaration names the encoding of the bytes, which are characters by now.
    body = re.sub(r"\A\s*<\?xml[^>]*\?>", "", text)
    try:
        root = safe_xml.parse(body.encode(), max_bytes=4 * MAX_BYTES)
    except XmlRefusedError as error:
        raise StatementFormatError(
            f"The workbook is refused: {error.message}", tag="Workbook", reason=error.code
        ) from error
    sheets = {
        _attribute(item, "Name") or "": item for item in root if local_name(item) == "Worksheet"
    }
    if (name and name not in sheets) or not sheets:
        raise StatementFormatError(
            f"The workbook has no sheet “{name or ''}”.",
            tag="sheet",
            reason=f"its sheets: {', '.join(sheets)}"[:300],
            code="statement_profile",
            next_step="Correct the sheet in the column profile.",
        )
    sheet = sheets[name] if name else next(iter(sheets.values()))
    number = 0
    for row in (row for table in sheet if local_name(table) == "Table" for row in table):
        if local_name(row) != "Row":
            continue
        number = _index(row, number + 1, MAX_ROWS)
        yield number, tuple(_sheet_cells(row))


def _sheet_cells(row):
    cells: list[Cell] = []
    for cell in row:
        if local_name(cell) != "Cell":
            continue
        cells += [None] * (_index(cell, len(cells) + 1, MAX_COLUMNS) - 1 - len(cells))
        data = next((item for item in cell if local_name(item) == "Data"), None)
        cells.append(None if data is None else _sheet_value(data))
        across = _attribute(cell, "MergeAcross") or "0"
        cells += [None] * (int(across) if across.isdecimal() and len(across) < 4 else 0)
    return cells


def _sheet_value(data) -> Cell:
    text = "".join(data.itertext()).strip()
    kind = _attribute(data, "Type")
    day = _DAY.fullmatch(text) if kind == "DateTime" else None
    if day:
        try:
            return datetime.date.fromisoformat(day[1])
        except ValueError:
            return text
    return Decimal(text) if kind == "Number" and _NUMBER.fullmatch(text) else text


def _index(element, following: int, largest: int) -> int:
    """Return the place of a row or cell, which may leave some out before it."""
    text = _attribute(element, "Index")
    place = (
        int(text) if text and text.isascii() and text.isdecimal() and len(text) < 8 else following
    )
    if place > largest:
        raise _too_large()
    if place < following:
        raise StatementFormatError(
            "The workbook is damaged.", tag=local_name(element), reason=f"Index {text} stands back"
        )
    return place


def _attribute(element, name: str) -> str | None:
    return element.get(f"{{{_EXCEL}}}{name}")


def _too_large() -> StatementFormatError:
    return StatementFormatError(
        f"The table has more than {MAX_ROWS} rows, {MAX_COLUMNS} columns or {MAX_BYTES} characters.",
        reason="too large",
    )
