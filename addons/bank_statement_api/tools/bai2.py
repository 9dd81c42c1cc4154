"""Reader of BAI2, the balance reporting format of North American banks.

After "Cash Management Balance Reporting Specifications Version 2" (BAI, now ASC X9). Records: 01
file, 02 group, 03 account, 16 transaction, 88 continuation, 49, 98 and 99 the trailers with the
control totals. Amounts have no decimal point: the currency says how many decimals there are.

A file is read whole or refused whole: every header needs its trailer. A control total or a number of
records that differs is a finding with both figures, on every statement that it is a total of.
"""

from __future__ import annotations

import dataclasses
import datetime
import re

from . import flat
from .bai2_account import AccountReader
from .bai2_record import Group, control, files_of, padded, records_of, trailer_numbers
from .documents import (
    REPORT,
    SINGLE,
    SPLIT,
    STATEMENT,
    Finding,
    Position,
    Statement,
)
from .flat import BadRecordError

_MARK = re.compile(r"01\s*,[^,]*,[^,]*,\d{6}\s*,", re.ASCII)
_TIME = re.compile(r"(\d\d):?(\d\d)(?::?\d\d)?", re.ASCII)
# The ANSI standard that came after version 2, X9.121 (BTRS), calls itself version 3 and keeps its records.
_VERSIONS = {"2", "3"}
# Group status: update, deletion, correction, test only.
_UPDATE, _CORRECTION = "1", "3"
_STATUS_WORDS = {"2": "a deletion of what was sent before", "4": "a test only"}
# As-of-date modifiers: interim and final of the previous day, interim and final of the same day.
_INTERIM = {"1", "3"}


def matches(content: bytes) -> bool:
    """Whether a file begins with a file header and a group header."""
    first, *more = flat.first_lines(content, 10) or [""]
    following = next((line for line in more if not line.startswith("88")), "")
    return bool(_MARK.match(first)) and following.partition(",")[0].strip() == "02"


def read(source: bytes, *, details: str = SPLIT, encoding: str | None = None) -> list[Statement]:
    """Read a file.

    :param source: the file's bytes.
    :param details: as for the other formats; BAI2 holds no details of a transaction.
    :param encoding: of its characters, where a person set one.
    :return: its statements, one for each account of each group.
    :raise StatementFormatError: the file as a whole is damaged or no BAI2 of version 2.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return flat.with_text(source, encoding, _statements)


def _statements(text: str) -> list[Statement]:
    statements = []
    for header, groups, trailer in files_of(records_of(flat.lines_of(text))):
        statements += _file_statements(header, groups, trailer, len(statements))
    if not statements:
        raise flat.refusal(
            "There is no account in the file.", 1, "03", "no record 03", code="statement_empty"
        )
    return statements


# -- statements --------------------------------------------------------------------------------


def _file_statements(header, groups, trailer, before) -> list[Statement]:
    values = padded(header, 8)
    if values[7] not in _VERSIONS:
        raise flat.refusal(
            "The file is not of version 2 of BAI.",
            header.line,
            "01",
            f"version {values[7] or '(none)'}",
            code="statement_version",
            next_step="Ask the bank for BAI2 files.",
        )
    file_total, file_groups, file_records = trailer_numbers(trailer, 3)
    statements, totals, physical = [], 0, len(header.rows) + len(trailer.rows)
    for group in groups:
        found, total = _group_statements(header, values, group, before + len(statements))
        statements += found
        totals += total
        physical += group.physical
    findings = control(
        "file",
        trailer,
        (
            ("sum", file_total, totals),
            ("groups", file_groups, len(groups)),
            ("records", file_records, physical),
        ),
    )
    return [_with_findings(statement, findings) for statement in statements]


def _group_statements(header, file_values, group: Group, before: int):
    values = padded(group.record, 7)
    status, as_of, modifier = values[2], values[3], values[6]
    if status in _STATUS_WORDS:
        raise flat.refusal(
            f"A group of the file is {_STATUS_WORDS[status]}: nothing of it may be booked.",
            group.record.line,
            "02",
            f"group status {status}",
            next_step="Ask the bank what it means; book corrections by hand.",
        )
    if status not in (_UPDATE, _CORRECTION):
        raise flat.refusal(
            "A group of the file does not say whether it is to be booked.",
            group.record.line,
            "02",
            f"group status {status or '(none)'}; 1 to 4 are known",
        )
    try:
        day = flat.day(as_of)
    except BadRecordError as error:
        raise flat.refusal(
            "A group of the file does not say its day.", group.record.line, "02", error.reason
        ) from error
    statements, totals = [], 0
    for account in group.accounts:
        reader = AccountReader(account, values, day, before + len(statements) + 1)
        statements.append(
            dataclasses.replace(
                reader.statement(),
                message_id=file_values[4] or None,
                statement_id=f"{file_values[4]} {day:%y%m%d}".strip(),
                created_at=_moment(file_values[2], file_values[3]),
                kind=REPORT if modifier in _INTERIM else STATEMENT,
                period_from=day,
                period_to=day,
                source_version=file_values[7],
                extras=_extras(file_values, values),
            )
        )
        totals += reader.control_total
    total, number, records = trailer_numbers(group.trailer, 3)
    findings = control(
        "group",
        group.trailer,
        (
            ("sum", total, totals),
            ("accounts", number, len(group.accounts)),
            ("records", records, group.physical),
        ),
    )
    if status == _CORRECTION:
        findings += (
            Finding(
                code="group_correction",
                message="The bank says that the file corrects one it sent before.",
                severity="warning",
                position=Position(statement=before + 1, entry=0, line=group.record.line),
            ),
        )
    return [_with_findings(statement, findings) for statement in statements], (
        totals if total is None else total
    )


def _extras(file_values: list[str], group_values: list[str]) -> dict[str, str]:
    named = {
        "01/sender": file_values[0],
        "01/receiver": file_values[1],
        "02/receiver": group_values[0],
        "02/originator": group_values[1],
        "02/group_status": group_values[2],
        "02/as_of_time": group_values[4],
        "02/as_of_date_modifier": group_values[6],
    }
    return {name: text for name, text in named.items() if text}


def _with_findings(statement: Statement, findings: tuple[Finding, ...]) -> Statement:
    return dataclasses.replace(statement, findings=statement.findings + findings)


def _moment(day: str, time: str) -> datetime.datetime | None:
    found = _TIME.fullmatch(time)
    try:
        # 2400 and 9999 are the end of the day.
        hour, minute = (int(found[1]), int(found[2])) if found else (0, 0)
        if hour >= 24:
            hour, minute = 23, 59
        return datetime.datetime.combine(flat.day(day), datetime.time(hour, minute))
    except (BadRecordError, ValueError):
        return None
