"""Reader of CODA, the coded statement of account of Belgian banks.

After Febelfin, "Coded statement of account (CODA)", version 2.6: lines of 128 characters, 0 header, 1
old balance, 2 movements, 3 information, 8 new balance, 4 free communication, 9 trailer. Amounts have
three decimals; 0 is credit, 1 is debit. A file may hold several accounts, each from 0 to 9.

A file is read whole or refused whole: every header needs its balances and its trailer. A sum or a
number of records that differs from the trailer's is a finding with both figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from . import accounts, flat, letters
from .coda_entry import Entry, Movement, is_credit, read_entry
from .documents import (
    SINGLE,
    SPLIT,
    AccountRef,
    BadEntry,
    Balance,
    Finding,
    Position,
    Statement,
    Warn,
)
from .flat import BadRecordError

_MARK = re.compile(r"0\d{10}.{3}05[D ].{110}[12]", re.ASCII)
_WIDTH = 128
_DECIMALS = 3
# What may follow a record of each kind.
_NEXT = {
    "": "0",
    "0": "1",
    "1": "248",
    "21": "22 23 21 31 4 8",
    "22": "23 21 31 4 8",
    "23": "21 31 4 8",
    "31": "32 33 21 31 4 8",
    "32": "33 21 31 4 8",
    "33": "21 31 4 8",
    "4": "2 4 8",
    "8": "4 9",
    # Free communications behind the new balance.
    "84": "4 9",
    "9": "0",
}


@dataclass(slots=True)
class _Part:
    """One account: from its header to its trailer."""

    line: int
    header: str
    old: str = ""
    new: str = ""
    trailer: str = ""
    trailer_line: int = 0
    records: int = 0
    entries: list[Entry] = field(default_factory=list)
    free: list[str] = field(default_factory=list)


def matches(content: bytes) -> bool:
    """Whether a file begins with a header and an old balance."""
    first, *more = flat.first_lines(content, 2) or [""]
    following = first[_WIDTH:] or "".join(more)
    return bool(_MARK.match(first)) and following[:1] == "1" and following[1:2] in set("0123")


def read(source: bytes, *, details: str = SPLIT, encoding: str | None = None) -> list[Statement]:
    """Read a file.

    :param source: the file's bytes.
    :param details: ``split`` makes a line of each detail of a batch when the details prove to be the
        entry; ``single`` keeps every entry one line and its details as evidence.
    :param encoding: of its characters, where a person set one.
    :return: its statements in the order of the file.
    :raise StatementFormatError: the file as a whole is damaged or no CODA of version 2.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")

    def statements(text):
        parts = _parts(flat.lines_of(text, _WIDTH))
        return [_statement(part, number, details) for number, part in enumerate(parts, 1)]

    return flat.with_text(source, encoding, statements, letters.WESTERN)


# -- lines to accounts -------------------------------------------------------------------------


def _parts(lines: list[str]) -> list[_Part]:
    parts: list[_Part] = []
    before, last = "", 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        last, code = number, line[:1]
        if code in "23":
            code = line[:2]
        if len(line) != _WIDTH:
            raise flat.refusal(
                "A record of the file is too short or too long: a part of it is missing.",
                number,
                code,
                f"{len(line)} characters, not {_WIDTH}",
            )
        if not any(code.startswith(item) for item in _allowed(before)):
            raise flat.refusal(
                "A record stands where it does not belong, or the one before it is missing.",
                number,
                code,
                f"record {code} after {before or 'nothing'}",
            )
        if code == "0":
            if line[127] != "2":
                raise flat.refusal(
                    "The file is not of version 2 of CODA.",
                    number,
                    "0",
                    f"version “{line[127]}”",
                    code="statement_version",
                    next_step="Ask the bank for CODA files of version 2.",
                )
            parts.append(_Part(number, line))
        _add(parts[-1], code, line, number)
        before = "84" if code == "4" and parts[-1].new else code
    if before != "9":
        raise flat.refusal(
            "The file ends before its trailer: a part of it is missing.",
            last,
            before or "0",
            "no record 9",
        )
    return parts


def _allowed(before: str) -> list[str]:
    allowed = _NEXT[before]
    return allowed.split() if " " in allowed else list(allowed)


def _add(part: _Part, code: str, line: str, number: int):
    if code in ("1", "21", "22", "23", "31", "32", "33", "8"):
        part.records += 1
    if code == "1":
        part.old = line
    elif code == "8":
        part.new = line
    elif code == "9":
        part.trailer, part.trailer_line = line, number
    elif code == "4":
        part.free.append(flat.squeeze(line[32:112]))
    elif code == "21":
        _add_movement(part, Movement(number, line), number)
    elif code != "0":
        _add_more(part, code, line, number)


def _add_movement(part: _Part, movement: Movement, number: int):
    if movement.is_booking:
        part.entries.append(Entry(movement))
    elif part.entries and part.entries[-1].booking.sequence == movement.sequence:
        part.entries[-1].details.append(movement)
    else:
        raise flat.refusal(
            "A detail of a movement stands without it.",
            number,
            "21",
            f"sequence {movement.sequence}, detail {movement.main[6:10]}",
        )


def _add_more(part: _Part, code: str, line: str, number: int):
    entry = part.entries[-1] if part.entries else None
    movement = entry and (entry.details[-1] if entry.details else entry.booking)
    if movement is None or movement.sequence != line[2:6]:
        raise flat.refusal(
            "A record belongs to another movement than the one before it.",
            number,
            code,
            f"sequence “{line[2:6]}”",
        )
    if code == "22":
        movement.second = line
    elif code == "23":
        movement.third = line
    elif code == "31":
        movement.information.append((line[39] == "1", line[40:113]))
    else:
        is_structured, text = movement.information[-1]
        more = line[10:115] if code == "32" else line[10:100]
        movement.information[-1] = (is_structured, text + more)


# -- account to statement ----------------------------------------------------------------------


def _statement(part: _Part, number: int, details: str) -> Statement:
    account, currency = _account(part)
    findings: list[Finding] = []
    warnings: list[Warn] = []
    try:
        opening = _balance("OPBD", part.old[42], part.old[43:58], part.old[58:64], currency)
        closing = _balance("CLBD", part.new[41], part.new[42:57], part.new[57:63], currency)
    except BadRecordError as error:
        raise flat.refusal(
            "The balances of an account are damaged.", part.line + 1, "1/8", error.reason
        ) from error
    place = Position(statement=number, entry=0, line=part.trailer_line)
    ends = part.old[5:42].split() == part.new[4:41].split()
    if not ends:
        findings.append(
            Finding(
                code="balance_unreadable",
                message="The new balance is that of another account.",
                severity="error",
                expected=flat.squeeze(part.old[5:42]),
                actual=flat.squeeze(part.new[4:41]),
                position=place,
            )
        )
    transactions, bad_entries = [], []
    for count, entry in enumerate(part.entries, 1):
        position = Position(statement=number, entry=count, line=entry.booking.line)
        found = read_entry(entry, currency, position, details, findings)
        if isinstance(found, BadEntry):
            bad_entries.append(found)
        else:
            transactions += found
    findings += _check_trailer(part, currency, transactions, bad_entries, place)
    if part.header[16] == "D":
        warnings.append(Warn(path="0", message="The bank marks the file as a duplicate."))
    header = part.header
    extras = {
        "0/creation_date": header[5:11],
        "0/bank": header[11:14],
        "0/addressee": flat.squeeze(header[34:60]),
        "0/company": header[71:82].strip(" 0"),
        "0/separate_application": header[83:88].strip(" 0"),
        "0/transaction_reference": header[88:104].strip(),
        "0/related_reference": header[104:120].strip(),
        "1/description": flat.squeeze(part.old[90:125]),
        "4": " ".join(filter(None, part.free)),
    }
    sequence = flat.number_or_none(part.old[125:128])
    return Statement(
        account=account,
        source_format="coda",
        source_version="2",
        position=number,
        message_id=header[24:34].strip() or None,
        statement_id=f"{closing.date.year}-{part.old[125:128]}",
        electronic_sequence=sequence or None,
        legal_sequence=flat.number_or_none(part.old[2:5]) or None,
        period_from=opening.date,
        period_to=closing.date,
        opening=opening,
        closing=closing if ends else None,
        balances=(opening, closing) if ends else (opening,),
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        findings=tuple(findings),
        warnings=tuple(warnings),
        extras={name: text for name, text in extras.items() if text},
    )


def _account(part: _Part) -> tuple[AccountRef, str]:
    zone, structure = part.old[5:42], part.old[1]
    if structure == "0":
        number, currency = zone[:12], zone[13:16]
    else:
        number, currency = zone[:34] if structure != "2" else zone[:31], zone[34:37]
    if not number.strip() or not flat.known_currency(currency):
        raise flat.refusal(
            "An account of the file has no number, or a currency that does not exist.",
            part.line + 1,
            "1",
            f"account “{flat.squeeze(zone)}”",
        )
    iban, other = accounts.identify(number)
    return (
        AccountRef(
            iban=iban,
            other_id=other,
            currency=currency,
            bic=part.header[60:71].strip() or None,
            owner_name=flat.squeeze(part.old[64:90]) or None,
        ),
        currency,
    )


def _balance(kind: str, sign: str, digits: str, day: str, currency: str) -> Balance:
    amount = flat.signed(is_credit(sign), flat.minor_amount(digits, currency, _DECIMALS))
    return Balance(type=kind, amount=amount, currency=currency, date=flat.day(day, "DDMMYY"))


def _check_trailer(part: _Part, currency, transactions, bad_entries, place) -> list[Finding]:
    """Compare the number of records and the sums of bookings with those of the trailer.

    The sums are of bookings: the lines of a split batch may have other signs than the batch.
    """
    trailer = part.trailer
    try:
        declared = (
            flat.number_or_none(trailer[16:22]),
            flat.minor_amount(trailer[22:37], currency, _DECIMALS),
            flat.minor_amount(trailer[37:52], currency, _DECIMALS),
        )
        if declared[0] is None:
            raise BadRecordError("totals", f"“{trailer[16:22]}” is not a number of records.")
    except BadRecordError as error:
        raise flat.refusal(
            "The trailer of the file is damaged.", part.trailer_line, "9", error.reason
        ) from error
    booked = [
        line.batch.entry_amount if line.batch else line.amount
        for line in transactions
        if line.position.detail <= 1
    ]
    unreadable = any(bad.amount is None for bad in bad_entries)
    booked += [bad.amount for bad in bad_entries if bad.amount is not None]
    debit = 0 - sum((amount for amount in booked if amount < 0), Decimal(0))
    credit = sum((amount for amount in booked if amount > 0), Decimal(0))
    rows = [("total_count", "records", declared[0], part.records)]
    if not unreadable:
        rows += [
            ("total_sum", "debit", declared[1], debit),
            ("total_sum", "credit", declared[2], credit),
        ]
    return [
        Finding(
            code=code,
            message=f"The trailer declares {figure} for {name}, the file holds {counted}.",
            severity="error",
            expected=str(figure),
            actual=str(counted),
            position=place,
        )
        for code, name, figure, counted in rows
        if figure != counted
    ]
