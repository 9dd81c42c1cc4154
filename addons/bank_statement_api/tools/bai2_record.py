"""Lines of a BAI2 file to records, and records to files, groups and accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import flat
from .documents import Finding, Position

_CODES = {"01", "02", "03", "16", "49", "88", "98", "99"}
_PARENTS = {"02": "01", "03": "02", "16": "03", "49": "03", "98": "02", "99": "01"}
INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


@dataclass(slots=True)
class Record:
    """One record with its continuations: fields until its text begins, and the rows they stand in.

    :ivar rows: the text of each physical record behind its code.
    """

    code: str
    line: int
    rows: list[str]

    def fields(self) -> list[str]:
        return [text for row in self.rows for text in fields_of(row)]


@dataclass(slots=True)
class Account:
    record: Record
    details: list[Record] = field(default_factory=list)
    trailer: Record | None = None

    @property
    def physical(self) -> int:
        records = (self.record, *self.details, self.trailer)
        return sum(len(record.rows) for record in records)


@dataclass(slots=True)
class Group:
    record: Record
    accounts: list[Account] = field(default_factory=list)
    trailer: Record | None = None

    @property
    def physical(self) -> int:
        own = len(self.record.rows) + len(self.trailer.rows)
        return own + sum(account.physical for account in self.accounts)


def fields_of(row: str) -> list[str]:
    return [text.strip() for text in row.rstrip().removesuffix("/").split(",")]


def records_of(lines: list[str]) -> Iterator[Record]:
    current = None
    for number, line in enumerate(lines, 1):
        text = line.strip("\x03 \t")
        if not text:
            continue
        code, comma, row = text.partition(",")
        code = code.strip()
        if code not in _CODES or not comma:
            raise flat.refusal(
                "A record of the file is not known.",
                number,
                text[:2],
                f"“{text[:20]}” does not begin with a record code and a comma",
            )
        if code == "88":
            if current is None:
                raise flat.refusal(
                    "A continuation continues nothing.", number, "88", "first record of the file"
                )
            current.rows.append(row)
            continue
        if current is not None:
            yield current
        current = Record(code, number, [row])
    if current is not None:
        yield current


def files_of(records: Iterator[Record]):
    header = group = account = None
    groups: list[Group] = []
    record = None
    for record in records:
        open_code = "03" if account else "02" if group else "01" if header else None
        if _PARENTS.get(record.code) != open_code:
            raise flat.refusal(
                "A record stands where it does not belong, or the one before it is missing.",
                record.line,
                record.code,
                f"record {record.code} inside {open_code or 'nothing'}",
            )
        if record.code == "01":
            header, groups = record, []
        elif record.code == "02":
            group = Group(record)
            groups.append(group)
        elif record.code == "03":
            account = Account(record)
            group.accounts.append(account)
        elif record.code == "16":
            account.details.append(record)
        elif record.code == "49":
            account.trailer, account = record, None
        elif record.code == "98":
            group.trailer, group = record, None
        else:
            yield header, groups, record
            header = None
    if header is not None:
        raise flat.refusal(
            "The file ends before its trailer: a part of it is missing.",
            record.line,
            record.code,
            f"no record {'49' if account else '98' if group else '99'}",
        )


def padded(record: Record, length: int) -> list[str]:
    values = record.fields()
    return values + [""] * (length - len(values))


def trailer_numbers(record: Record, length: int) -> list[int | None]:
    """Return the whole numbers of a trailer: without them nothing is proven.

    Some banks leave the first, the control total, blank: it is None.
    """
    values = padded(record, length)
    left_out = 0 if values[0] else 1
    if any(not INTEGER.fullmatch(text) for text in values[left_out:length]) or any(values[length:]):
        raise flat.refusal(
            "A trailer of the file is damaged.",
            record.line,
            record.code,
            f"“{','.join(values)}” are not its {length} numbers",
        )
    return [int(text) if text else None for text in values[:length]]


def control(name: str, record: Record, rows, statement: int = 1) -> tuple[Finding, ...]:
    findings = ()
    for what, declared, counted in rows:
        if declared not in (None, counted):
            findings += (
                Finding(
                    code="total_sum" if what == "sum" else "total_count",
                    message=(
                        f"The trailer of the {name} declares a control total of {declared}, its "
                        f"amounts make {counted}."
                        if what == "sum"
                        else f"The trailer of the {name} declares {declared} {what}, there are {counted}."
                    ),
                    severity="error",
                    expected=str(declared),
                    actual=str(counted),
                    position=Position(statement=statement, entry=0, line=record.line),
                ),
            )
    return findings
