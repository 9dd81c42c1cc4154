"""The characters of a text format: the one place that decides how bytes are read, and says why.

In this order: a byte order mark; UTF-16 without one, which its zero bytes show; UTF-8 where it fits, since
hardly any other text happens to; what the file itself declares; Windows-1252, which banks mean by Latin-1.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from .errors import StatementFormatError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 4096
_END_OF_DOS_FILE = "\x1a"


@dataclass(frozen=True, slots=True)
class Text:
    """:ivar encoding: Python's name of it.
    :ivar reason: ``mark``, ``zeros``, ``content``, ``declared``, ``ascii`` or ``assumed``.
    """

    text: str
    encoding: str
    reason: str


def decode(content: bytes, declared: str | None = None) -> Text:
    """Return the characters of a file.

    :param declared: the encoding that the file names, or a person set for it; Python's name.
    :raise StatementFormatError: the bytes are no text in the encoding that they are marked with, or
        hold zero characters.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content[len(mark) :], encoding, "mark")
    zeros = _zeros(content[:_HEAD])
    if zeros:
        return _text(content, zeros, "zeros")
    found = _try(content, "utf-8", "ascii" if content.isascii() else "content")
    if found is None and declared:
        found = _try(content, declared, "declared")
    found = found or _try(content, "cp1252", "assumed") or _try(content, "latin-1", "assumed")
    return _checked(found)


def _try(content: bytes, encoding: str, reason: str) -> Text | None:
    try:
        return Text(content.decode(encoding), encoding, reason)
    except (LookupError, UnicodeError):
        return None


def head(content: bytes, size: int = _HEAD) -> str:
    """Return the first characters for a look at what a file is; never raises."""
    start = content[:size]
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return start[len(mark) :].decode(encoding, errors="replace")
    return start.decode(_zeros(start) or "latin-1", errors="replace")


def _zeros(start: bytes) -> str | None:
    """Tell UTF-16 of mostly Latin text by where its zero bytes stand."""
    if len(start) < 4 or b"\0" not in start:
        return None
    even, odd = start[::2].count(0), start[1::2].count(0)
    half = len(start) // 4
    if odd > half and not even:
        return "utf-16-le"
    return "utf-16-be" if even > half and not odd else None


def _text(content: bytes, encoding: str, reason: str) -> Text:
    try:
        return _checked(Text(content.decode(encoding), encoding, reason))
    except UnicodeDecodeError as error:
        raise StatementFormatError(
            "The file's characters are damaged.",
            tag="characters",
            reason=f"byte {error.start}: no {encoding}",
        ) from error


def _checked(found: Text) -> Text:
    if "\0" in found.text:
        raise StatementFormatError(
            "The file holds binary data and is no text.",
            line=found.text.count("\n", 0, found.text.index("\0")) + 1,
            tag="characters",
            reason="a zero character",
        )
    return Text(found.text.rstrip(_END_OF_DOS_FILE), found.encoding, found.reason)
