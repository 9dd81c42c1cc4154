"""The characters of a text format: the one place that decides how bytes are read, and says why.

In this order: a byte order mark; UTF-16 without one, which its zero bytes show; UTF-8 where it fits, since
hardly any other text happens to; what a person set or the file itself declares; Windows-1252, which banks
mean by Latin-1, unless it makes no words of the letters and one other encoding does (``letters.py``).
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from . import letters
from .documents import Warn
from .errors import StatementFormatError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_TWO_BYTES = ("utf-16-le", "utf-16-be")
_OF_BANKS = re.compile(r"cp\d+|iso8859-\d+|utf-8|koi8-r|mac-roman")
_HEAD = 4096
_END_OF_DOS_FILE = "\x1a"


@dataclass(frozen=True, slots=True)
class Text:
    """:ivar encoding: Python's name of it.
    :ivar reason: ``mark``, ``zeros``, ``content``, ``declared``, ``ascii``, ``words`` (only this encoding makes
        words of its letters), ``assumed``, or ``doubted``: assumed although it makes none.
    """

    text: str
    encoding: str
    reason: str

    @property
    def remarks(self) -> tuple[Warn, ...]:
        """What a person is told of it, where nothing in the file says its encoding."""
        told = {
            "words": f"The file was read as {self.encoding}, as its words show.",
            "assumed": f"The file was read as {self.encoding}.",
            "doubted": f"The file was read as {self.encoding}, in which some of its letters make no words: "
            "set its characters on the bank feed, at the upload or in the column profile.",
        }.get(self.reason)
        return (Warn(path="characters", message=told),) if told else ()


def decode(
    content: bytes, declared: str | None = None, likely: tuple[str, ...] = letters.ENCODINGS
) -> Text:
    """Return the characters of a file.

    :param declared: the encoding that the file names, or a person set for it; Python's name.
    :param likely: encodings that its letters may show.
    :raise StatementFormatError: the bytes are no text in the encoding that they are marked with, or
        hold zero characters.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _text(content[len(mark) :], encoding, "mark")
    zeros = _zeros(content[:_HEAD])
    if zeros:
        return _text(content, zeros, "zeros")
    if declared in _TWO_BYTES and b"\0" in content:
        return _text(content, declared, "declared")
    found = _try(content, "utf-8", "ascii" if content.isascii() else "content")
    if found is None and declared:
        found = _try(content, declared, "declared")
    return _checked(found or _by_words(content, likely))


def _by_words(content: bytes, likely: tuple[str, ...]) -> Text:
    encoding, sure = letters.find_encoding(content, "cp1252", likely)
    reason = "doubted"
    if sure:
        reason = "assumed" if encoding == "cp1252" else "words"
    # Latin-1 has all bytes, and some of them for nothing.
    return _try(content, encoding, reason) or _try(content, "latin-1", "doubted")


def _try(content: bytes, encoding: str, reason: str) -> Text | None:
    try:
        return Text(content.decode(encoding), encoding, reason)
    except (LookupError, UnicodeError):
        return None


def python_name(declared: str) -> str | None:
    """Return Python's name of an encoding that a file names in any of their ways; None for none of banks' texts."""
    name = declared.strip().lower().removeprefix("windows-").removeprefix("iso-")
    if name in ("8859-1", "latin1"):
        # Who says so means what Windows makes of it.
        return "cp1252"
    if name.isdecimal():
        name = f"cp{name}"
    try:
        found = codecs.lookup(f"iso{name}" if name.startswith("8859-") else name).name
    except LookupError:
        return None
    # Python knows others, such as of escapes.
    return found if _OF_BANKS.fullmatch(found) else None


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
    # A letter such as Ā has a zero byte of its own.
    if odd > half and even * 16 < odd:
        return "utf-16-le"
    return "utf-16-be" if even > half and odd * 16 < even else None


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
