"""Feeds a reader with damaged files until the time is over.

Run by ``setup/fuzz``. A reader may refuse a file or read it, and nothing else: another exception, more
than ten seconds for one file, memory that grows, or a document that breaks its own rules ends the run
with the file that did it kept in ``.run/fuzz``.

Damage is made of bits, bytes, pieces, lines and elements of the samples, and of the format's own words. Files
that lead to an outcome not seen before are damaged further.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tests.unit.conftest  # noqa: F401 - the pure modules by their full names, without Odoo

# isort: split

from odoo.addons.bank_statement_api.tools import checks, documents
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError
from odoo.addons.finance_connector_base.tools.money import minor_unit_exponent

_ROOT = Path(__file__).resolve().parents[2]
_SAMPLES = _ROOT / "tests/unit/bank_statement_api/samples"
_KEPT = _ROOT / ".run/fuzz"
_LONGEST_SECONDS = 10
_LARGEST = 200_000
_CORPUS = 3000
_GROWTH_MB = 64
_TAG = re.compile(rb"<([\w:.-]+)[^<>]*>")


@dataclass(frozen=True)
class Target:
    """A reader under test.

    :ivar read: as of ``detect.Format``.
    :ivar seeds: good files to begin with.
    :ivar words: bytes that mean something to the format.
    """

    read: Callable[..., list]
    seeds: tuple[bytes, ...]
    words: tuple[bytes, ...]


def samples(*formats: str) -> tuple[bytes, ...]:
    """Return the golden samples of formats."""
    return tuple(
        path.read_bytes()
        for name in formats
        for path in sorted((_SAMPLES / name).iterdir())
        if path.suffix != ".json"
    )


def damage(content: bytes, corpus: list[bytes], words: tuple[bytes, ...], chance: random.Random):
    """Return the content with one to five damages."""
    data = bytearray(content)
    for _time in range(chance.choice((1, 1, 1, 2, 3, 5))):
        place = chance.randrange(len(data) + 1)
        end = min(len(data), place + chance.choice((1, 2, 4, 16, 80, 128)))
        how = chance.randrange(9)
        if b"</" in data and chance.random() < 0.5:
            # Anything else breaks the nesting, and is refused before its meaning is read.
            data = _other_element(bytes(data), chance.choice(corpus), words, chance)
        elif how == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif how == 1 and place < len(data):
            data[place] = chance.choice((chance.randrange(256), *b"0123456789,/:-\n"))
        elif how == 2:
            del data[place:end]
        elif how == 3:
            data[place:place] = data[place:end] * chance.choice((1, 2, 50))
        elif how == 4:
            data[place:place] = chance.choice(words)
        elif how == 5:
            # Of the same length: fields of fixed width stay where they are.
            word = chance.choice(words)
            data[place : place + len(word)] = word
        elif how == 6:
            other = chance.choice(corpus)
            start = chance.randrange(len(other) + 1)
            piece = other[start : start + chance.choice((8, 64, 300))]
            data[place : place + len(piece) if chance.random() < 0.5 else end] = piece
        else:
            lines = bytes(data).splitlines(keepends=True)
            if lines:
                first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
                if how == 7:
                    lines[first], lines[second] = lines[second], lines[first]
                else:
                    lines[first:first] = [lines[second]] * chance.choice((0, 1, 3))
                    del lines[second]
                data = bytearray(b"".join(lines))
    return bytes(data[:_LARGEST])


def _other_element(content: bytes, other: bytes, words: tuple[bytes, ...], chance: random.Random):
    """Return a document of XML with an element removed, repeated, filled anew or taken from another one."""
    start = content.find(b"<", chance.randrange(len(content)))
    name = _TAG.match(content, start) if start >= 0 else None
    end = content.find(b"</%s>" % name[1], start) if name else -1
    if end < 0:
        return bytearray(content)
    end += len(name[1]) + 3
    how = chance.randrange(4)
    element = content[start:end]
    if how == 0:
        element = b""
    elif how == 1:
        element *= chance.choice((2, 50))
    elif how == 2:
        text = chance.choice((b"", b"0", b"-1", b"1.005", b" x ", *words))
        element = content[start : name.end()] + text + b"</%s>" % name[1]
    else:
        found = list(_TAG.finditer(other))
        picked = chance.choice(found) if found else None
        close = other.find(b"</%s>" % picked[1], picked.start()) if picked else -1
        element = other[picked.start() : close + len(picked[1]) + 3] if close >= 0 else b""
    return bytearray(content[:start] + element + content[end:])


def outcome(target: Target, content: bytes) -> tuple:
    """Read a file and check what came of it.

    :return: what tells it from others, in short
    :raise AssertionError: the document breaks its own rules
    """
    try:
        statements = target.read(content)
    except StatementFormatError as error:
        assert error.code and error.message and error.reason, "a refusal says why"
        return ("refused", error.code, error.tag, error.message)
    seen = []
    for statement in statements:
        document = json.loads(json.dumps(documents.to_dict(statement)))
        assert documents.from_dict(document) == statement, "the document round-trips"
        for line in statement.transactions:
            places = minor_unit_exponent(line.currency)
            assert line.amount.is_finite() and -line.amount.as_tuple().exponent == places
            assert line.currency == statement.account.currency
            assert line.booking_date is not None or line.status != documents.BOOKED
        findings = checks.prove(statement)
        seen.append(
            (
                min(len(statement.transactions), 3),
                tuple(sorted({bad.code for bad in statement.bad_entries})),
                tuple(sorted({finding.code for finding in findings})),
                tuple(sorted({name for line in statement.transactions for name in line.extras}))[
                    :8
                ],
            )
        )
    return ("read", *seen[:4])


def _memory_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1024**2


def run(name: str, minutes: float, seed: int) -> int:
    target = importlib.import_module(f"tests.fuzz.fuzz_{name}").TARGET
    chance = random.Random(seed)
    corpus, good, seen = list(target.seeds), list(target.seeds), set()
    counted = {"refused": 0, "read": 0}
    slowest = settled = 0.0
    begin = time.monotonic()
    content = b""

    def too_long(_signal, _frame):
        raise TimeoutError(f"more than {_LONGEST_SECONDS} seconds for one file")

    signal.signal(signal.SIGALRM, too_long)
    try:
        while (elapsed := time.monotonic() - begin) < minutes * 60:
            if not settled and elapsed > minutes * 60 / 5:
                settled = _memory_mb()
            # Half of the time from the good ones: what is refused once is mostly refused for the same again.
            begun = chance.choice(good if chance.random() < 0.5 else corpus)
            content = damage(begun, corpus, target.words, chance)
            started = time.monotonic()
            signal.alarm(_LONGEST_SECONDS)
            found = outcome(target, content)
            signal.alarm(0)
            slowest = max(slowest, time.monotonic() - started)
            counted[found[0]] += 1
            if found not in seen and len(corpus) < _CORPUS:
                seen.add(found)
                corpus.append(content)
                if found[0] == "read":
                    good.append(content)
        growth = _memory_mb() - settled
        assert growth < _GROWTH_MB, f"memory grew by {growth:.0f} MB"
    except BaseException:
        signal.alarm(0)
        _KEPT.mkdir(parents=True, exist_ok=True)
        kept = _KEPT / f"{name}-{seed}-{sum(counted.values())}"
        kept.write_bytes(content)
        print(f"The file is kept: {kept}", file=sys.stderr)
        raise
    print(
        json.dumps(
            {
                "fuzz": name,
                "seed": seed,
                "seconds": round(time.monotonic() - begin),
                "inputs": sum(counted.values()),
                **counted,
                "outcomes": len(seen),
                "slowest_ms": round(slowest * 1000),
                "memory_growth_mb": round(growth, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sys.exit(run(options.name, options.minutes, options.seed))
