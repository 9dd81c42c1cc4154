"""Lines of a SWIFT file to messages: the envelope, the ends, and whether everything is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import flat

_TAG = re.compile(r":(\d\d[A-Z]?|NS):")
# A time of day that was broken before its minutes looks like a tag.
_TIME = re.compile(r":[0-5]\d:[0-5]\d(?!\d)", re.ASCII)
# What may begin a line of the envelope, and braces as the Swedish variant of ASCII prints them.
_ENVELOPE = frozenset("\x01\x03${-")
_SWEDISH = re.compile(r"-?å|ä[1-5S]:")
_BRACES = str.maketrans("äå", "{}")
_BLOCK = re.compile(r"\{(\d|S):((?:[^{}]|\{[^{}]*\})*)\}")
_MESSAGE_TYPE = re.compile(r"[IO](\d{3})")
# BNP Paribas in Poland puts its own letters behind the number.
NUMBER = re.compile(r"(\d{1,9})(?:/(\d{1,9}))?(?:/[A-Z]{1,4})?", re.ASCII)
# The type of a message, alone on a line in front of it.
NAMED_940 = "940"

# As many lines further on, the next field shows what a line is.
_NEAR = 10
_TYPES = {"940", "942", "950"}
FOLLOWING = ("86", "NS")
OPENING, CLOSING = ("60F", "60M"), ("62F", "62M")
TOTALS = ("90C", "90D")
_REPEATED = {"34F", "61", "65", *FOLLOWING}
_LONG = {"21", "25P", "61", *FOLLOWING}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message: its tag, the line it starts on, and its lines without the tag."""

    tag: str
    line: int
    lines: list[str]

    @property
    def value(self) -> str:
        return self.lines[0].strip()


@dataclass(slots=True)
class Message:
    """The fields of one message, and what stood around them."""

    line: int
    fields: list[Field] = field(default_factory=list)
    prelude: list[str] = field(default_factory=list)
    blocks: dict[str, str] = field(default_factory=dict)
    enveloped: bool = False
    closed: bool = False
    pages: int = 1

    @property
    def type(self) -> str | None:
        found = _MESSAGE_TYPE.match(self.blocks.get("2", ""))
        return found[1] if found else None

    def all(self, *tags: str) -> list[Field]:
        return [item for item in self.fields if item.tag in tags]

    def one(self, *tags: str) -> Field | None:
        found = self.all(*tags)
        return found[0] if found else None


def messages_of(lines: list[str]) -> list[Message]:
    """Return the messages of a file, the pages of a statement put together.

    :raise StatementFormatError: one of them is damaged or not complete.
    """
    messages = _Reader().read(lines)
    for number, message in enumerate(messages, 1):
        _check_complete(message, is_last=number == len(messages))
    return _joined(messages)


def _unbroken(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Number the lines; a tag that was broken behind its first colon stands on the second of its lines."""
    for number, text in enumerate(lines, 1):
        if number > 1 and lines[number - 2] == ":" and _TAG.match(f":{text}"):
            yield number, f":{text}"
        elif text != ":" or number == len(lines) or not _TAG.match(f":{lines[number]}"):
            yield number, text


class _Reader:
    """The walk through the lines of a file."""

    def __init__(self):
        self._done: list[Message] = []
        self._message: Message | None = None
        # What stands in front of the next message.
        self._around = Message(0)
        self._lines: list[str] = []

    def read(self, lines: list[str]) -> list[Message]:
        self._lines = lines
        for number, text in _unbroken(lines):
            line: str | None = text
            if _SWEDISH.match(text):
                text = text.translate(_BRACES)
            if text.lstrip()[:1] in _ENVELOPE or "{4:" in text:
                line = self._envelope(text, number)
            if line is not None:
                self._line(line, number)
        if self._message is not None:
            self._done.append(self._message)
        elif self._around.enveloped:
            raise flat.refusal(
                "The file ends inside a message.", len(lines), "{4:", "no field behind block 4"
            )
        return self._done

    def _line(self, line: str, number: int):
        tag = _TAG.match(line)
        if tag is None or self._is_time(line, tag[1], number):
            if self._message is not None:
                self._message.fields[-1].lines.append(line)
            elif line.strip():
                self._around.prelude.append(line.strip())
        elif tag[1] == "20":
            self._begin(Field("20", number, [line[tag.end() :]]))
        elif self._message is None and tag[1] == "25" and NAMED_940 in self._around.prelude:
            # ABN AMRO's daily statements have no reference of their own.
            self._begin(Field("20", number, [""]))
            self._line(line, number)
        elif self._message is not None:
            self._message.fields.append(Field(tag[1], number, [line[tag.end() :]]))
        elif tag[1].startswith("9") and not line[tag.end() :].strip():
            # Rabobank names the type of the message in front of it, as a field without a value.
            self._around.prelude.append(line)
        else:
            raise flat.refusal(
                "A field stands before or behind the statement it should be in.",
                number,
                f":{tag[1]}:",
                "field outside of a message that begins with :20:",
            )

    def _is_dash(self, number: int) -> bool:
        """Whether a dash alone on a line ends no message but belongs to field 86: the message goes on."""
        if self._message is None or self._message.fields[-1].tag != "86":
            return False
        following = next(
            (text for text in self._lines[number : number + _NEAR] if text.strip()), ""
        )
        tag = _TAG.match(following)
        return tag is not None and tag[1] in ("61", "62F", "62M", "64", "65", *FOLLOWING)

    def _is_time(self, line: str, tag: str, number: int) -> bool:
        """Whether what looks like a tag goes on with a time of day in the text of field 86."""
        if self._message is None or self._message.fields[-1].tag != "86" or not _TIME.match(line):
            return False
        near = self._lines[number : number + _NEAR]
        following = next(filter(None, map(_TAG.match, near)), None)
        # A message that begins goes on with its account.
        return tag != "20" or following is None or following[1] not in ("21", "25", "25P")

    def _begin(self, field_20: Field):
        if self._message is not None:
            if self._message.enveloped:
                raise _truncated(self._message)
            self._done.append(self._message)
        self._message, self._around = self._around, Message(0)
        self._message.line = field_20.line
        self._message.fields.append(field_20)

    def _envelope(self, line: str, number: int) -> str | None:
        """Read the blocks of SWIFT's envelope and the ends of messages.

        :return: the rest of the line, to be read as a field; None for none.
        """
        text = line.strip("\x01\x03$ \t")
        if text == "-" and self._is_dash(number):
            return line
        if self._message is not None and (text in ("-", "-XXX") or text.startswith("-}")):
            self._message.closed = True
            self._done.append(self._message)
            self._message = None
            text = text.removeprefix("-XXX").removeprefix("-").removeprefix("}")
        elif not text.startswith("{"):
            # In front of a message there may be anything; inside one it is a line of its text.
            return line if text else None
        while (block := _BLOCK.match(text)) is not None:
            self._around.blocks.setdefault(block[1], block[2])
            text = text[block.end() :].lstrip("\x01\x03$ ")
        if text.startswith("{4:"):
            if self._message is not None:
                raise _truncated(self._message)
            self._around.enveloped = True
            text = text[3:]
        elif text.startswith("{"):
            raise flat.refusal(
                "The envelope of a message is damaged.",
                number,
                text[:3],
                f"“{text[:40]}” is no block",
            )
        return text if text.strip() else None


def _truncated(message: Message):
    last = message.fields[-1]
    return flat.refusal(
        "The file ends inside a statement, or a part of it is missing.",
        last.line,
        f":{last.tag}:",
        "the message has no end",
    )


def _check_complete(message: Message, *, is_last: bool):
    if message.type and message.type not in _TYPES:
        raise flat.refusal(
            f"The file is an MT{message.type} message, not a statement (MT940) or report (MT942).",
            message.line,
            "{2:",
            f"message type {message.type}",
            code="statement_unknown",
            next_step="Ask the bank for MT940 or MT942 files, or remove the file from this folder.",
        )
    if message.enveloped and not message.closed:
        raise _truncated(message)
    seen = set()
    for item in message.fields:
        if item.tag in seen and item.tag not in _REPEATED:
            raise flat.refusal(
                "A field stands twice in one statement.",
                item.line,
                f":{item.tag}:",
                "repeated field; the statement that should begin before it has no :20:",
            )
        seen.add(item.tag)
        more = [text.strip() for text in item.lines[1:] if text.strip()]
        if more and item.tag not in _LONG:
            raise flat.refusal(
                "A field has a line that does not belong to it.",
                item.line,
                f":{item.tag}:",
                f"“{more[0][:40]}”",
            )
    closing = message.one(*CLOSING, *TOTALS)
    if is_last and not message.closed and closing is None:
        raise _truncated(message)


def _joined(messages: list[Message]) -> list[Message]:
    """Put the pages of a statement together where one continues the balance of the one before."""
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if before is not None and _continues(before, message):
            repeated = {"20", "21", "25", "25P", "28", "28C"}
            before.fields += [item for item in message.fields if item.tag not in repeated]
            before.pages += 1
        else:
            joined.append(message)
    return joined


def _continues(before: Message, message: Message) -> bool:
    closing, opening = before.all(*CLOSING), message.one("60M")
    if not closing or closing[-1].tag != "62M" or opening is None:
        return False
    numbers = []
    for page in (before, message):
        number = page.one("28C", "28")
        found = number and NUMBER.fullmatch(number.value)
        if not found or not found[2]:
            return False
        numbers.append((int(found[1]), int(found[2])))
    (first, page), (second, following) = numbers
    left, right = closing[-1].value, opening.value
    return (
        (second, following) == (first, page + before.pages)
        and (left[:1], left[7:]) == (right[:1], right[7:])
        and [item.value for item in before.all("25", "25P")]
        == [item.value for item in message.all("25", "25P")]
    )
