"""The element tree of an OFX file: 1.x, where elements have no closing tag, and 2.x alike.

Source: OFX 2.2, chapters 2 and 3, and OFX 1.6, section 2.3. Nothing is expanded but the characters
that the specification escapes, so no entity can do harm; aggregates have to close, so a file that is cut
is seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .errors import StatementFormatError

# A comment has no dashes in it (XML 1.0, 2.5): one whose end is damaged would swallow what follows.
_COMMENT = r"<!--(?:(?!--).)*-->"
_TOKEN = re.compile(
    rf"<!\[CDATA\[(?P<cdata>.*?)\]\]>|{_COMMENT}|<\?.*?\?>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w.:-]*)\s*(?P<empty>/?)>|(?P<wrong><)|(?P<text>[^<]+)",
    re.DOTALL | re.ASCII,
)
_BETWEEN = re.compile(rf"(?:\s|{_COMMENT})*", re.DOTALL)
_ENTITY = re.compile(r"&(#\d{1,7}|#x[0-9A-Fa-f]{1,6}|lt|gt|amp|quot|apos|nbsp);")
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'", "nbsp": " "}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_MAX_DEPTH = 50


@dataclass(slots=True)
class Aggregate:
    """An element that holds others.

    :ivar values: texts of its elements by name, in the order of the file.
    """

    name: str
    line: int
    values: dict[str, list[str]] = field(default_factory=dict)
    children: list[Aggregate] = field(default_factory=list)

    def all(self, name: str) -> list[Aggregate]:
        return [child for child in self.children if child.name == name]

    def one(self, *path: str) -> Aggregate | None:
        node = self
        for name in path:
            found = node.all(name)
            if not found:
                return None
            node = found[0]
        return node

    def find(self, names: tuple[str, ...]) -> list[Aggregate]:
        """Return the aggregates of these names, at any depth, in the order of the file."""
        found = []
        for child in self.children:
            found += [child] if child.name in names else child.find(names)
        return found

    def text(self, name: str) -> str | None:
        return next(iter(self.values.get(name, ())), None)


def parse(text: str) -> Aggregate:
    """Return the ``OFX`` aggregate.

    :param text: the file from its first ``<`` on, or from before.
    :raise StatementFormatError: it is damaged or cut.
    """
    return _Parser(text).run()


class _Parser:
    def __init__(self, text: str):
        self._text = text
        self._line = 1
        self._counted = 0
        self._stack: list[Aggregate] = []
        self._root: Aggregate | None = None
        # The element whose value is being read: it has a closing tag in 2.x, and may have one in 1.x.
        self._element: str | None = None
        self._value: list[str] = []
        self._closed = {name.upper() for name in re.findall(r"</([\w.:-]+)", text)}

    def run(self) -> Aggregate:
        start = self._text.find("<")
        if start < 0:
            raise self._refuse(0, "no element in it")
        for token in _TOKEN.finditer(self._text, start):
            self._take(token)
        self._end_element()
        if self._root is None or self._stack:
            inner = self._stack[-1].name if self._stack else "OFX"
            raise self._refuse(len(self._text), f"{inner} is not closed: the file is cut short")
        return self._root

    def _take(self, token):
        name = (token["name"] or "").upper()
        if token["wrong"]:
            raise self._refuse(token.start(), "a “<” that begins no element")
        if token["text"] is not None or token["cdata"] is not None:
            text = token["cdata"] if token["cdata"] is not None else _unescape(token["text"])
            if text.strip() and self._element is None and self._stack:
                # Text behind a closed element belongs to nothing: a tag was lost.
                shown = text.strip()[:40]
                raise self._refuse(token.start(), f"text outside of an element: {shown}")
            if text.strip() and not self._stack and self._root is not None:
                raise self._refuse(token.start(), "text after the end")
            self._value.append(text)
        elif token["close"]:
            self._close(name, token.start())
        elif name:
            self._end_element()
            self._open(name, token)

    def _open(self, name, token):
        if self._root is not None and not self._stack:
            raise self._refuse(token.start(), f"{name} after the end")
        if not self._stack and name != "OFX":
            raise self._refuse(token.start(), f"{name} outside of OFX")
        if token["empty"]:
            return
        self._element, self._value = name, []
        place = _BETWEEN.match(self._text, token.end()).end()
        following = self._text[place : place + len(name) + 2]
        # An aggregate begins with an element; one without a value closes at once, or never.
        is_aggregate = following.startswith("<") and not following.upper().startswith(f"</{name}")
        if is_aggregate and name in self._closed and not following.startswith("<!"):
            self._element = None
            if len(self._stack) >= _MAX_DEPTH:
                raise self._refuse(token.start(), f"more than {_MAX_DEPTH} levels")
            node = Aggregate(name, self._line_of(token.start()))
            (self._stack[-1].children if self._stack else []).append(node)
            self._stack.append(node)

    def _close(self, name, place):
        if self._element == name:
            self._end_element()
            return
        self._end_element()
        if not self._stack or self._stack[-1].name != name:
            inner = self._stack[-1].name if self._stack else "nothing"
            raise self._refuse(place, f"</{name}> where {inner} is open")
        node = self._stack.pop()
        if not self._stack:
            self._root = node

    def _end_element(self):
        if self._element is not None and self._stack:
            value = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", "".join(self._value)).strip()
            if value:
                self._stack[-1].values.setdefault(self._element, []).append(value)
        self._element, self._value = None, []

    def _line_of(self, place: int) -> int:
        self._line += self._text.count("\n", self._counted, place)
        self._counted = max(self._counted, place)
        return self._line

    def _refuse(self, place: int, reason: str) -> StatementFormatError:
        return StatementFormatError(
            "The OFX file is damaged or cut short.",
            line=self._text.count("\n", 0, place) + 1,
            tag=self._stack[-1].name if self._stack else "OFX",
            reason=reason,
        )


def _unescape(text: str) -> str:
    """Return the characters that OFX escapes; an ampersand that is none stays, as banks write it."""

    def character(match):
        name = match[1]
        if not name.startswith("#"):
            return _ENTITIES[name]
        number = int(name[2:], 16) if name[1] in "xX" else int(name[1:])
        allowed = number in (9, 10, 13) or 32 <= number < 0xD800 or 0xE000 <= number < 0x110000
        return chr(number) if allowed else "\N{REPLACEMENT CHARACTER}"

    return _ENTITY.sub(character, text) if "&" in text else text
