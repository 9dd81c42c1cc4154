"""What formats made of lines of text share: their characters, their lines, their days and amounts."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Callable
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.money import (
    MoneyError,
    minor_unit_exponent,
    parse_amount,
)

from . import letters, text_encoding
from .documents import Statement
from .errors import StatementFormatError

_HEAD = 65_536
_LINE_END = re.compile(r"\r\n|\n|\r")
_DIGITS = re.compile(r"\d+", re.ASCII)
# Two digits of a year, as SWIFT reads them: 80 to 99 are of the last century.
_CENTURY = 80


class BadRecordError(Exception):
    """A record cannot be understood; never leaves this package."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


def first_lines(content: bytes, number: int) -> list[str]:
    """Return the first lines that are not blank, of as much as it takes to know a format; never raises."""
    text = text_encoding.head(content, _HEAD).lstrip("\ufeff \t\r\n")
    return [line for line in _LINE_END.split(text) if line.strip()][:number]


def with_text(
    source: bytes,
    encoding: str | None,
    read: Callable[[str], list[Statement]],
    likely: tuple[str, ...] = letters.ENCODINGS,
) -> list[Statement]:
    """Return what a reader of text finds in a file, and on each statement how the letters were read.

    :param encoding: that a person set; Python's name.
    :param likely: as for ``text_encoding.decode``.
    """
    decoded = text_encoding.decode(source, encoding, likely)
    # That most of these formats come in Windows-1252 needs no word.
    remarks = () if decoded.reason == "assumed" else decoded.remarks
    return [
        dataclasses.replace(statement, warnings=statement.warnings + remarks)
        if remarks
        else statement
        for statement in read(decoded.text)
    ]


def lines_of(text: str, width: int | None = None) -> list[str]:
    """Return the lines; the place in the list is the number less one.

    :param width: of a record, where banks also write records without line ends.
    """
    lines = _LINE_END.split(text)
    only = lines[0]
    if width and not any(lines[1:]) and len(only) > width and len(only) % width == 0:
        return [only[start : start + width] for start in range(0, len(only), width)]
    return lines


def refusal(message: str, line: int, tag: str, reason: str, **kwargs) -> StatementFormatError:
    """Return the error of a file that is refused whole."""
    return StatementFormatError(message, line=line or None, tag=tag, reason=reason, **kwargs)


@functools.lru_cache(maxsize=4096)
def day(text: str, form: str = "YYMMDD") -> datetime.date:
    """Read a day of six digits.

    :param form: ``YYMMDD`` or ``DDMMYY``.
    :raise BadRecordError: there is no such day.
    """
    try:
        if len(text) != 6 or not _DIGITS.fullmatch(text):
            raise ValueError
        first, month, last = int(text[:2]), int(text[2:4]), int(text[4:])
        year, number = (first, last) if form == "YYMMDD" else (last, first)
        return datetime.date(year + (2000 if year < _CENTURY else 1900), month, number)
    except ValueError:
        raise BadRecordError("date", f"“{text}” is no day of the form {form}.") from None


def day_or_none(text: str, form: str = "YYMMDD") -> datetime.date | None:
    """Read a day that may be left blank or zero."""
    return day(text, form) if text.strip("0 ") else None


def decimal_amount(text: str, currency: str) -> Decimal:
    """Read an unsigned amount with a decimal comma, as SWIFT writes it: ``1234,5`` or ``1234,``.

    :raise BadRecordError: it is no such amount in that currency.
    """
    whole, _comma, decimals = text.replace(".", ",").partition(",")
    whole = whole.lstrip("0") or "0"
    return _amount(f"{whole}.{decimals}" if decimals else whole, currency, text)


def minor_amount(digits: str, currency: str, decimals: int | None = None) -> Decimal:
    """Read an unsigned amount written without its decimal point.

    :param decimals: how many of the digits are decimals; None: as many as the currency has.
    :raise BadRecordError: it is no such amount in that currency.
    """
    if not _DIGITS.fullmatch(digits):
        raise BadRecordError("amount", f"“{digits}” is not an amount of digits only.")
    try:
        places = minor_unit_exponent(currency) if decimals is None else decimals
    except MoneyError as error:
        raise BadRecordError("currency", str(error)) from error
    padded = digits.rjust(places + 1, "0")
    text = f"{padded[:-places]}.{padded[-places:]}" if places else padded
    return _amount(text, currency, digits)


def _amount(text: str, currency: str, shown: str) -> Decimal:
    try:
        return parse_amount(text, currency)
    except MoneyError as error:
        raise BadRecordError("amount", f"“{shown}”: {error}") from error


def signed(credit: bool, amount: Decimal) -> Decimal:
    # 0 - x, since -x makes a negative zero of zero.
    return amount if credit else 0 - amount


def known_currency(code: str) -> bool:
    """Whether the code is an ISO 4217 currency in use."""
    try:
        minor_unit_exponent(code)
    except MoneyError:
        return False
    return True


def number_or_none(text: str | None) -> int | None:
    """Return a whole number of at most 18 digits, or None for anything else."""
    text = (text or "").strip()
    return int(text) if _DIGITS.fullmatch(text) and len(text) <= 18 else None


def squeeze(text: str) -> str:
    """Return a text with single blanks: fields of fixed width are padded with them."""
    return " ".join(text.split())
