"""Streaming reader of ISO 20022 cash management messages, versions .001.01 to .001.14.

camt.053 (BankToCustomerStatement) is a statement, camt.052 (BankToCustomerAccountReport) a report of
the day so far, camt.054 (BankToCustomerDebitCreditNotification) a notification with the details of
bookings. They share their entries; ``kind`` of what is read says which one it was.

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

from .camt_entry import EntryContext, read_entry
from .camt_head import GroupHeader, read_head
from .camt_node import Node
from .checks import Tally
from .documents import (
    NOTIFICATION,
    REPORT,
    SINGLE,
    SPLIT,
    STATEMENT,
    BadEntry,
    Finding,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .errors import StatementFormatError

MAX_BYTES = 4 * 1024**3

VERSIONS = tuple(f"{number:02d}" for number in range(1, 15))
_ISO_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.05[234]\.001\.\d\d")
# Where another document begins in the same file.
_NEXT = re.compile(rb"(?<=>)\s*(?=<\?xml\s)")
_MESSAGE = re.compile(r"([a-z]{4}\.\d{3})\.001\.(\d\d)")


@dataclass(frozen=True, slots=True)
class Message:
    """One of the messages: its name, its root, and the element that stands for one account."""

    name: str
    root: str
    holder: str
    kind: str

    @property
    def source_format(self) -> str:
        return self.name.replace(".", "")


MESSAGES = (
    Message("camt.053", "BkToCstmrStmt", "Stmt", STATEMENT),
    Message("camt.052", "BkToCstmrAcctRpt", "Rpt", REPORT),
    Message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", NOTIFICATION),
)
# The first version has its number in the name of the root as well.
_BY_ROOT = {root: message for message in MESSAGES for root in (message.root, f"{message.root}V01")}
_TAGS = ("GrpHdr", "Ntry", *(message.holder for message in MESSAGES), *_BY_ROOT)


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

    :param source: the file's bytes, or a binary file at its start. In bytes, documents may stand one behind another.
    :param details: ``split`` makes a line of each detail of a batch when the details prove to be the
        entry; ``single`` keeps every entry one line and its details as evidence. A notification is always
        read as ``single``, since its details belong to an entry of a statement.
    :return: its statements in the order of the file.
    :raise StatementFormatError: the file as a whole is damaged or none of these messages.
    """
    found: list[Statement] = []
    for part in _NEXT.split(source) if isinstance(source, bytes) else (source,):
        streams = parse(part, details=details, before=len(found))
        found += [stream.statement() for stream in streams]
    return found


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


def parse(
    source: bytes | BinaryIO, *, details: str = SPLIT, before: int = 0
) -> Iterator[StatementStream]:
    """Hand out statements and their transactions while the file is read.

    Parameters and errors are those of :func:`read`, but damage shows only where it is: nothing may be
    posted from a file that was not surveyed. ``before`` is the number of statements in documents before
    this one. Asking for the next statement reads on over what is
    left of the present one.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return _Reader(source, details).statements(before)


class StatementStream:
    """One statement whose transactions are read while they are iterated, once.

    :attr:`head` is the statement without its transactions; bad entries, findings and warnings in it
    are those met so far, and complete when the iteration has ended.
    """

    def __init__(self, reader: _Reader, number: int, first):
        self._reader = reader
        self._number = number
        parent = first.getparent() if local_name(first) == "Ntry" else first
        self._head = reader.head(parent, number, None)
        self._bad_entries: list[BadEntry] = []
        self._context = EntryContext(
            account=self._head.account,
            currency=self._head.account.currency,
            kind=self._head.kind,
            details=SINGLE if self._head.kind == NOTIFICATION else reader.details,
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
            element = self._reader.next_element()
            if element is None:
                raise StatementFormatError(
                    "The statement with the entries does not stand where one stands.",
                    tag=self._reader.place,
                    reason="misplaced element",
                )
            yield from self._take(element)

    def _take(self, element) -> tuple[Transaction, ...]:
        if local_name(element) != "Ntry":
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
        # The entries are gone by now, and with them the currency that they may have told.
        head = self._reader.head(element, self._number, self._head.account.currency)
        if head != self._head:
            path = f"{local_name(element)}[{self._number}]"
            self._context.warnings.append(
                Warn(path=path, message="Statement data stand after the entries.")
            )
            self._head = head


class _Reader:
    """The walk through one file, shared by its statements."""

    def __init__(self, source: bytes | BinaryIO, details: str):
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        self.details = details
        self._elements = iter_elements(stream, _TAGS, max_bytes=MAX_BYTES)
        self._group = GroupHeader()
        self._version: str | None = None
        self._message: Message | None = None
        self._root: str | None = None
        self._warnings: tuple[Warn, ...] = ()
        self._place: tuple[tuple[str, str], int] | None = None

    @property
    def place(self) -> str:
        """Where the reading stands, for people."""
        if self._place is None:
            return "the start"
        names, line = self._place
        return f"{'/'.join(names)} of line {line}"

    def statements(self, before: int) -> Iterator[StatementStream]:
        number = before
        while (element := self.next_element()) is not None:
            number += 1
            stream = StatementStream(self, number, element)
            yield stream
            for _rest in stream:
                pass
        if number == before:
            raise StatementFormatError(
                "There is no statement, report or notification of an account in the file.",
                tag=self._root,
                reason=f"no {self._message.holder if self._message else 'account'} found",
                code="statement_empty",
            )

    def head(self, element, number: int, currency: str | None) -> Statement:
        message = self._message
        head = read_head(
            element,
            self._group,
            number,
            currency=currency,
            kind=message.kind,
            source_format=message.source_format,
            source_version=self._version,
        )
        return dataclasses.replace(head, warnings=self._warnings + head.warnings)

    def next_element(self):
        """Return the next ``Ntry`` or the end of its account, or None at the end of the file."""
        while (element := self._advance()) is not None:
            if self._version is None:
                self._check_version(element)
            parent = element.getparent()
            place = (local_name(parent) if parent is not None else "", local_name(element))
            message = self._message
            if message is None:
                continue
            if place == (self._root, "GrpHdr"):
                self._group = GroupHeader.read(Node(element))
            elif place in ((self._root, message.holder), (message.holder, "Ntry")):
                self._place = (place, element.sourceline)
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
                tag=f"after {self.place}",
                reason=str(cause or error.code),
            ) from error

    def _check_version(self, element):
        found = namespace(element) or ""
        names = [local_name(element), *(local_name(parent) for parent in element.iterancestors())]
        self._root = next((name for name in names if name in _BY_ROOT), None)
        self._message = _BY_ROOT.get(self._root)
        message = _MESSAGE.search(found)
        self._version = message[2] if message else ""
        expected = self._message.name if self._message else "camt.053, camt.052 or camt.054"
        if message and message[1] not in expected:
            raise StatementFormatError(
                f"The file is a {message[1]} message, not {expected}.",
                tag=names[0],
                reason=f"namespace {found}",
                code="statement_unknown",
                next_step="Ask the bank for camt.053 files, or remove the file from this folder.",
            )
        if message and self._version not in VERSIONS:
            raise StatementFormatError(
                f"Version {message[0]} is not supported.",
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
