"""Dates and amounts in formats that do not say how they write them: shown by the whole file, or set by a person.

``03/04/2026`` and ``1,234`` can be read in two ways. All of a file are written in one way, so a
``25/04/2026`` or a ``1,234.50`` among them settles it for all. Where nothing in the file settles it and
nobody set it, the file is refused: a guess would book another day, or a thousand times the money.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import MoneyError, parse_amount

from .errors import StatementFormatError

DATE_ORDERS = ("dmy", "mdy", "ymd")
DECIMAL_MARKS = (".", ",")

# Two digits of a year: up to 69 in this century.
_PIVOT = 70
_PARTS = re.compile(
    r"\s*(\d{1,4})\s*([./\-' ])\s*(\d{1,2})\s*([./\-' ])\s*(\d{1,4})\s*\.?\s*", re.ASCII
)
_COMPACT = re.compile(r"\d{8}", re.ASCII)
_BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}\N{FIGURE SPACE}"
_GROUPS = {".": f",'\N{RIGHT SINGLE QUOTATION MARK}{_BLANKS}"}
_GROUPS[","] = _GROUPS["."].replace(",", ".")


def read_date(text: str, order: str) -> datetime.date | None:
    """Return the date, or None when the text is none in this order.

    :param order: one of :data:`DATE_ORDERS`.
    """
    if _COMPACT.fullmatch(text.strip()):
        text = text.strip()
        cut = (4, 6) if order == "ymd" else (2, 4)
        parts = (text[: cut[0]], text[cut[0] : cut[1]], text[cut[1] :])
    else:
        match = _PARTS.fullmatch(text)
        if not match:
            return None
        parts = (match[1], match[3], match[5])
    named = dict(zip(order, parts, strict=True))
    year, month, day = named["y"], named["m"], named["d"]
    if len(year) not in (2, 4) and not (len(year) == 1 and "'" in text):
        return None
    if len(month) > 2 or len(day) > 2:
        return None
    number = int(year)
    if len(year) < 3:
        number += 1900 if number >= _PIVOT and "'" not in text else 2000
    try:
        return datetime.date(number, int(month), int(day))
    except ValueError:
        return None


def day_of(text: str) -> str:
    """Return a date without the time behind it, which does not move the day."""
    if len(text) <= len("2026-03-04") or any(read_date(text, order) for order in DATE_ORDERS):
        return text
    return text.strip().split("T")[0].split(" ")[0]


def date_order(texts: Iterable[str], given: str | None = None) -> str:
    """Return the order of day, month and year in which all dates of a file are written.

    :param given: what a person set, which is not questioned.
    :raise StatementFormatError: several orders fit and give other days.
    """
    if given:
        return given
    texts = [text for text in texts if text]
    return _settle(
        texts,
        DATE_ORDERS,
        read_date,
        "The dates of the file can be read in several ways, such as {shown}.",
        "Set the order of day, month and year on the bank feed or at the upload, and try again.",
    )


def read_amount(text: str, mark: str, currency: str) -> Decimal | None:
    """Return the amount with its sign, or None when the text is none with this decimal mark.

    :param mark: one of :data:`DECIMAL_MARKS`; groups of three digits may stand before it.
    :param currency: more decimals than it has are refused.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    sign = 1
    if text.startswith("(") and text.endswith(")"):
        sign, text = -1, text[1:-1].strip()
    if text.endswith(("-", "+")):
        text = text[-1] + text[:-1]
    if text.startswith(("-", "+")):
        sign, text = (-sign if text[0] == "-" else sign), text[1:].strip()
    whole, point, decimals = text.partition(mark)
    if point and not (decimals.isascii() and decimals.isdecimal()):
        return None
    pieces = re.split(f"[{re.escape(_GROUPS[mark])}]", whole)
    if not all(piece.isascii() and piece.isdecimal() for piece in pieces):
        return None
    if len(pieces) > 1 and (len(pieces[0]) > 3 or any(len(piece) != 3 for piece in pieces[1:])):
        return None
    try:
        amount = parse_amount(f"{''.join(pieces)}.{decimals or '0'}", currency)
    except MoneyError:
        return None
    return amount if sign > 0 else 0 - amount


def decimal_mark(texts: Iterable[str], currency: str, given: str | None = None) -> str:
    """Return the decimal mark with which all amounts of a file are written.

    Parameters and errors are those of :func:`date_order`.
    """
    if given:
        return given
    return _settle(
        [text for text in texts if text],
        DECIMAL_MARKS,
        lambda text, mark: read_amount(text, mark, currency),
        "The amounts of the file can be read in several ways, such as {shown}.",
        "Set the decimal mark on the bank feed or at the upload, and try again.",
    )


def _settle(texts: list[str], ways, read: Callable, message: str, next_step: str) -> str:
    """Choose the way that fits most texts; two that fit alike have to mean the same."""
    fitting = {way: [read(text, way) for text in texts] for way in ways}
    missing = {way: values.count(None) for way, values in fitting.items()}
    best = [way for way in ways if missing[way] == min(missing.values())]
    first = fitting[best[0]]
    for way in best[1:]:
        for text, one, other in zip(texts, first, fitting[way], strict=True):
            if one != other:
                raise StatementFormatError(
                    message.format(shown=f"“{text.strip()}” as {one} or as {other}"),
                    tag=text.strip()[:40],
                    reason="nothing in the file settles it",
                    code="statement_ambiguous",
                    next_step=next_step,
                )
    return best[0]
