"""What a bank line says of open items: which of them it names, how surely, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .catalogue import HEAD, LONGEST, Catalogue
from .facts import CORE, LIKE, NUMBER, REFERENCE, Line, Span, Text
from .words import look_alike, shape, words

# The longest reference falls into this many groups: RF and 23 more characters, printed by four.
_MAX_WORDS = 7
# Lines of banks are cut at 35 or 140 characters; some lose a space at the end.
_CUT_FROM = 30
# What banks write where a payer gave no reference.
_NO_REFERENCE = frozenset({"NOTPROVIDED", "NOTAVAILABLE", "NONREF", "UNKNOWN", "NOREF"})


class Mention(NamedTuple):
    """A place in a line that names open items.

    :ivar items: all items that what stands there may mean.
    :ivar kind: ``reference``, ``number``, ``core`` (a part of the number), ``lookalike`` or ``cut``.
    """

    items: tuple[int, ...]
    strength: int
    kind: str
    field: str
    start: int
    end: int

    def span(self, item: int = 0) -> Span:
        return Span(self.field, self.start, self.end, self.kind, item)


class Evidence(NamedTuple):
    """All mentions of a line.

    :ivar closed: it names a number of the company's that no open item has.
    :ivar strengths: how surely each item is named.
    """

    mentions: tuple[Mention, ...]
    closed: tuple[Span, ...]
    strengths: dict[int, int]

    def strength(self, item: int) -> int:
        return self.strengths.get(item, 0)


def gather(line: Line, catalogue: Catalogue) -> Evidence:
    """Return what the line says, each item at its surest."""
    mentions: list[Mention] = []
    closed: list[Span] = []
    for text in line.texts:
        runs = words(text.value)
        if not runs or (len(runs) == 1 and runs[0][0] in _NO_REFERENCE):
            continue
        found = _known(text, runs, catalogue)
        if len(found) > 1:
            found = _cleared(found)
        elif not found:
            found = list(_like(text, runs, catalogue))
        mentions += found
        closed += _closed(text, runs, catalogue, found)
    if line.mandate and line.mandate in catalogue.by_mandate:
        ids = tuple(catalogue.by_mandate[line.mandate])
        mentions.append(Mention(ids, LIKE, "mandate", "mandate", 0, 0))
    strengths: dict[int, int] = {}
    for mention in mentions:
        for item in mention.items:
            strengths[item] = max(strengths.get(item, 0), mention.strength)
    return Evidence(tuple(mentions), tuple(closed), strengths)


def _known(text: Text, runs, catalogue: Catalogue) -> list[Mention]:
    """Join neighbouring words: separators get lost, and lines of 35 or 140 characters break words."""
    keys, heads = catalogue.keys, catalogue.heads
    found = []
    for place, (first, start, _end) in enumerate(runs):
        if first.startswith("RFRF"):
            first = first[2:]
        if first[:HEAD] not in heads:
            continue
        value = ""
        for word, _start, end in runs[place : place + _MAX_WORDS]:
            value = value + word if value else first
            if len(value) > LONGEST:
                break
            hits = keys.get(value)
            if hits is not None:
                found.append(_mention(hits, value, text, start, end))
    return found


def _mention(hits, value: str, text: Text, start: int, end: int) -> Mention:
    if len(hits) == 1:
        # Nearly always: no time is lost on it.
        [(best, item)] = hits
        ids = (item,)
    else:
        best = max(strength for strength, _item in hits)
        ids = tuple(item for strength, item in hits if strength == best)
    if best == NUMBER and value.isdigit() and len(value) < 7 and not text.structured:
        # A short number in free text may be anything: a customer's, a street's.
        best = CORE
    kind = {REFERENCE: "reference", NUMBER: "number"}.get(best, "core")
    return Mention(ids, best, kind, text.field, start, end)


def _cleared(found: list[Mention]) -> list[Mention]:
    """Leave out what is only a part of something longer: ``2026 00012`` inside of ``INV/2026/00012``."""
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda one: (one.start - one.end, -one.strength, one.start)):
        if not any(other.start <= mention.start and mention.end <= other.end for other in kept):
            kept.append(mention)
    return sorted(kept, key=lambda one: (one.start, one.end))


def _like(text: Text, runs, catalogue: Catalogue) -> Iterator[Mention]:
    """What only resembles a reference: a cut end, or characters taken for each other."""
    if not any(map(str.isdigit, text.value)):
        return
    for place, (_word, start, _end) in enumerate(runs):
        value = ""
        for word, _start, end in runs[place : place + _MAX_WORDS]:
            value += word
            if len(value) > LONGEST:
                break
            if len(value) >= 8 and any(map(str.isdigit, value)):
                ids = catalogue.alike.get(look_alike(value))
                if ids:
                    yield Mention(tuple(ids), LIKE, "lookalike", text.field, start, end)
    if len(text.value.rstrip()) >= _CUT_FROM:
        yield from _cut(text, runs, catalogue)


def _cut(text: Text, runs, catalogue: Catalogue) -> Iterator[Mention]:
    for place in range(max(0, len(runs) - _MAX_WORDS), len(runs)):
        value = "".join([word for word, _start, _end in runs[place:]])
        if any(map(str.isdigit, value)):
            ids = catalogue.begun(value)
            if ids:
                yield Mention(tuple(ids), LIKE, "cut", text.field, runs[place][1], runs[-1][2])
                return


def _closed(text: Text, runs, catalogue: Catalogue, found: list[Mention]) -> Iterator[Span]:
    """Numbers of the company's own form that no open item has: paid already, or mistyped."""
    if not catalogue.shapes:
        return
    shapes, heads = catalogue.shapes, catalogue.shape_heads
    shaped = [shape(word) for word, _start, _end in runs]
    covered = -1
    for place, (_word, start, _end) in enumerate(runs):
        if start < covered or shaped[place] not in heads:
            continue
        value = ""
        for number in range(place, min(place + _MAX_WORDS, len(runs))):
            value += shaped[number]
            if len(value) > LONGEST or value not in heads:
                break
            end = runs[number][2]
            if value in shapes and not any(
                mention.start < end and start < mention.end for mention in found
            ):
                yield Span(text.field, start, end, "closed")
                covered = end
                break
