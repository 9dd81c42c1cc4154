"""Streaming reader of ISO 20022 camt.053 (BankToCustomerStatement), versions .001.02 to .001.13.

A file is read whole or refused whole: :func:`read` for files that fit in memory, :func:`survey`
and then :func:`parse` for those that do not. One record that cannot be understood is a ``BadEntry``
of its statement and does not touch the others. Memory is bounded by the largest single entry.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from odoo.addons.finance_connector_base.tools.safe_xml import (
    XmlRefusedError,
    iter_elements,
    local_name,
    namespace,
)

from .camt053_entry import EntryContext, read_entry
from .camt053_head import GroupHeader, read_head
from .camt053_node import Node
from .checks import Tally
from .documents import SINGLE, SPLIT, BadEntry, Finding, Position, Statement, Transaction, Warn
from .errors import StatementFormatError

MAX_BYTES = 4 * 1024**3

VERSIONS = tuple(f"{number:02d}" for number in range(2, 14))
_ISO_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d")
_MESSAGE = re.compile(r"([a-z]{4}\.\d{3})\.001\.(\d\d)")
_ROOT = "BkToCstmrStmt"


@dataclass(frozen=True, slots=True)
class Survey:
    """What one pass over a file tells of a statement.

    :ivar statement: everything except its transactions.
    :ivar tally: counts and sums of its transactions.
    """

    statement: Statement
    tally: Tally


def read(source: bytes | BinaryIO, *, details: str = SPLIT) -> list[Statement]:
    """Read a file that fits in memory.

    :param source: the file's bytes, or a binary file at its start.
    :param details: ``split`` makes a line of each detail of a batch when the details prove to be the
        entry; ``single`` keeps every entry one line and its details as evidence.
    :return: its statements in the order of the file.
    :raise StatementFormatError: the file as a whole is damaged or not a camt.053.
    """
    return [stream.statement() for stream in parse(source, details=details)]


def survey(source: bytes | BinaryIO, *, details: str = SPLIT) -> list[Survey]:
    """Walk through the whole file in bounded memory and keep what decides whether it may be posted.

    Parameters and errors are those of :func:`read`. The first of two passes over a large file:
    damage anywhere in it shows here, before :func:`parse` hands out a line.
    """
    surveys = []
    for stream in parse(source, details=details):
        tally = Tally()
        for transaction in stream:
            tally.add(transaction)
        for bad in stream.bad_entries:
            tally.add_bad(bad)
        surveys.append(Survey(stream.head, tally))
    return surveys


def parse(source: bytes | BinaryIO, *, details: str = SPLIT) -> Iterator[StatementStream]:
    """Hand out statements and their transactions while the file is read.

    Parameters and errors are those of :func:`read`, but damage shows only where it is: nothing may be
    posted from a file that was not surveyed. Asking for the next statement reads on over what is
    left of the present one.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return _Reader(source, details).statements()


class StatementStream:
    """One statement whose transactions are read while they are iterated, once.

    :attr:`head` is the statement without its transactions; bad entries, findings and warnings in it
    are those met so far, and complete when the iteration has ended.
    """

    def __init__(self, reader: _Reader, number: int, first):
        self._reader = reader
        self._number = number
        parent = first.getparent() if local_name(first) == "Ntry" else first
        self._head = reader.head(parent, number)
        self._bad_entries: list[BadEntry] = []
        self._context = EntryContext(
            account=self._head.account,
            currency=self._head.account.currency,
            details=reader.details,
        )
        self._entries = 0
        self._ended = False
        # The reader frees an element when it moves on, so the first one is read now.
        self._transactions = self._walk(self._take(first))

    @property
    def head(self) -> Statement:
        return dataclasses.replace(
            self._head,
            bad_entries=tuple(self._bad_entries),
            findings=self._head.findings + tuple(self._context.findings),
            warnings=self._head.warnings + tuple(self._context.warnings),
        )

    @property
    def bad_entries(self) -> tuple[BadEntry, ...]:
        return tuple(self._bad_entries)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.head.findings

    @property
    def warnings(self) -> tuple[Warn, ...]:
        return self.head.warnings

    def __iter__(self) -> Iterator[Transaction]:
        return self._transactions

    def statement(self) -> Statement:
        """Read to the end and return the statement with the transactions not taken yet."""
        transactions = tuple(self)
        return dataclasses.replace(self.head, transactions=transactions)

    def _walk(self, first: tuple[Transaction, ...]) -> Iterator[Transaction]:
        yield from first
        while not self._ended:
            yield from self._take(self._reader.next_element())

    def _take(self, element) -> tuple[Transaction, ...]:
        if local_name(element) == "Stmt":
            self._end(element)
            return ()
        self._entries += 1
        position = Position(
            statement=self._number, entry=self._entries, line=element.sourceline or 0
        )
        result = read_entry(element, position, self._context)
        if isinstance(result, BadEntry):
            self._bad_entries.append(result)
            return ()
        return result

    def _end(self, element):
        self._ended = True
        head = self._reader.head(element, self._number)
        if head != self._head:
            path = f"Stmt[{self._number}]"
            self._context.warnings.append(
                Warn(path=path, message="Statement data stand after the entries.")
            )
            self._head = head


class _Reader:
    """The walk through one file, shared by its statements."""

    def __init__(self, source: bytes | BinaryIO, details: str):
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        self.details = details
        self._elements = iter_elements(
            stream, ("GrpHdr", "Ntry", "Stmt", _ROOT), max_bytes=MAX_BYTES
        )
        self._group = GroupHeader()
        self._version: str | None = None
        self._warnings: tuple[Warn, ...] = ()
        self._place = "the start"

    def statements(self) -> Iterator[StatementStream]:
        number = 0
        while (element := self.next_element()) is not None:
            number += 1
            stream = StatementStream(self, number, element)
            yield stream
            for _rest in stream:
                pass
        if not number:
            raise StatementFormatError(
                "There is no bank statement (camt.053) in the file.",
                tag=_ROOT,
                reason="no Stmt found",
                code="statement_empty",
            )

    def head(self, element, number: int) -> Statement:
        head = read_head(element, self._group, self._version, number)
        return dataclasses.replace(head, warnings=self._warnings + head.warnings)

    def next_element(self):
        """Return the next ``Ntry`` or ``Stmt``, or None at the end of the file."""
        while (element := self._advance()) is not None:
            if self._version is None:
                self._check_version(element)
            parent = element.getparent()
            place = (local_name(parent) if parent is not None else "", local_name(element))
            if place == (_ROOT, "GrpHdr"):
                self._group = GroupHeader.read(Node(element))
            elif place in ((_ROOT, "Stmt"), ("Stmt", "Ntry")):
                self._place = f"{'/'.join(place)} of line {element.sourceline}"
                return element
        return None

    def _advance(self):
        try:
            return next(self._elements, None)
        except XmlRefusedError as error:
            cause = error.__cause__
            raise StatementFormatError(
                f"The statement file is refused: {error.message}",
                line=getattr(cause, "lineno", None),
                tag=f"after {self._place}",
                reason=str(cause or error.code),
            ) from error

    def _check_version(self, element):
        found = namespace(element) or ""
        message = _MESSAGE.search(found)
        self._version = message[2] if message else ""
        if message and message[1] != "camt.053":
            raise StatementFormatError(
                f"The file is a {message[1]} message, not a bank statement (camt.053).",
                tag=local_name(element),
                reason=f"namespace {found}",
                code="statement_unknown",
                next_step="Ask the bank for camt.053 files, or remove the file from this folder.",
            )
        if message and self._version not in VERSIONS:
            raise StatementFormatError(
                f"Version {message[0]} of the bank statement is not supported.",
                tag=local_name(element),
                reason=f"namespace {found}; supported: .001.{VERSIONS[0]} to .001.{VERSIONS[-1]}",
                code="statement_version",
                next_step="Ask the bank to send one of the supported versions.",
            )
        if not _ISO_NAMESPACE.fullmatch(found):
            self._warnings = (
                Warn(
                    path="Document",
                    message=f"Namespace {found or '(none)'} is not the ISO 20022 one; "
                    "the file is read by its element names.",
                ),
            )
