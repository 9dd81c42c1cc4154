"""QIF: bank and credit card registers, as some banks still offer them for download.

Source: Quicken Interchange Format, "QIF file format reference" (Intuit). The format names no currency and
no account number, and writes dates and amounts as the country does: what the file itself does not show
has to be set by a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from . import text_encoding
from .checks import details_differ
from .documents import (
    BOOKED,
    AccountRef,
    BadEntry,
    Balance,
    Detail,
    Finding,
    Party,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .errors import StatementFormatError
from .written_values import date_order, decimal_mark, read_amount, read_date

_TYPE = re.compile(r"!type:\s*(.+?)\s*", re.IGNORECASE)
_ACCOUNT_TYPES = ("bank", "ccard", "cash", "oth a", "oth l")
_INVESTMENTS = "Investments"
# Switches of an import, which stand in front of an account and of a register, and in it.
_SWITCH = re.compile(r"!(?:option|clear)\b", re.IGNORECASE)
# What else a program exports with its accounts. Another type is a register whose header is damaged.
_LISTS = {
    *("cat", "class", "tag", "memorized", "budget", "payee", "template", "tax"),
    *("security", "prices", "invst", "port", "oth s", "invoice", "invitem", "bill"),
}
# Some programs put comments in front, which the format does not know.
_HEAD = re.compile(
    r"(?:\s*(?:[#;][^\r\n]*|//[^\r\n]*)[\r\n])*\s*!(?:type:|account\b|option:|clear:)",
    re.IGNORECASE,
)
_LINE_END = re.compile(r"\r\n|\n|\r")
_SPLIT_FIELDS = "SE$%"
# Payee, memo, second amount: a transaction has them, and what is said of an account has not.
_NEVER_OF_AN_ACCOUNT = "PMU"
_OPENING = "opening balance"
_MAX_LINE = 10_000


@dataclass(slots=True)
class _Record:
    line: int
    fields: dict[str, str] = field(default_factory=dict)
    address: list[str] = field(default_factory=list)
    splits: list[dict[str, str]] = field(default_factory=list)
    doubled: str = ""


@dataclass(slots=True)
class _Register:
    """The records of one account."""

    name: str | None
    type: str
    line: int
    records: list[_Record] = field(default_factory=list)


def matches(content: bytes) -> bool:
    """Say whether a file is QIF: its first line that is none of a comment is one of the format's headers."""
    return bool(_HEAD.match(text_encoding.head(content).lstrip("\ufeff")))


def read(
    content: bytes,
    *,
    currency: str | None = None,
    account: AccountRef | None = None,
    dates: str | None = None,
    decimals: str | None = None,
    encoding: str | None = None,
) -> list[Statement]:
    """Return a statement for each account in the file.

    :param currency: of the amounts, which the format does not name.
    :param account: which account it is, for a file of one; a file of several names them itself.
    :param dates: order of day, month and year, one of ``written_values.DATE_ORDERS``.
    :param decimals: decimal mark of the amounts.
    :param encoding: of its characters, where a person set one.
    :raise StatementFormatError: it is damaged, holds no such account, or can be read in several ways.
    """
    decoded = text_encoding.decode(content, encoding)
    registers, notes = _registers(decoded.text)
    if not registers and any(note.message.startswith(_INVESTMENTS) for note in notes):
        raise StatementFormatError(
            "The QIF file is of an account of investments, which is no bank statement.",
            tag="!Type:Invst",
            reason="no !Type:Bank, CCard or Cash",
            code="statement_unknown",
            next_step="Export the bank account or the card instead.",
        )
    if not registers:
        raise StatementFormatError(
            "There is no bank or card account in the QIF file.",
            tag="!Type",
            reason="no !Type:Bank, CCard or Cash",
            code="statement_empty",
        )
    if not currency:
        raise StatementFormatError(
            "The QIF file does not say in which currency its amounts are.",
            tag="!Type",
            reason="the format has no field for it",
            code="statement_currency",
            next_step="Choose the bank account at the upload or on the bank feed: its currency counts.",
        )
    records = [record for register in registers for record in register.records]
    order = date_order((record.fields.get("D", "") for record in records), dates)
    mark = decimal_mark((record.fields.get("T", "") for record in records), currency, decimals)
    notes += decoded.remarks
    return [
        _statement(
            register,
            number,
            AccountRef(iban=account.iban, other_id=account.other_id, currency=currency)
            if account and len(registers) == 1
            else AccountRef(other_id=register.name, currency=currency),
            order,
            mark,
            tuple(notes),
        )
        for number, register in enumerate(registers, 1)
    ]


def _registers(text: str) -> tuple[list[_Register], list[Warn]]:
    registers, notes = [], []
    name = record = None
    names: list[str] = []
    section = ""
    for number, raw in enumerate(_LINE_END.split(text), 1):
        line = raw.rstrip()
        if not line.strip():
            continue
        if len(line) > _MAX_LINE:
            raise _damaged(number, line, "a line without an end")
        if line.lstrip().startswith("!"):
            if record:
                raise _damaged(record.line, "record", "a record without its end (^)")
            if not _SWITCH.match(line.strip()):
                section, name = _section(line.strip(), number, name, registers, notes)
                names = []
            continue
        if section == "account":
            name = _named(line, number, names)
            continue
        if section != "register":
            continue
        if line.strip() == "^":
            if record:
                registers[-1].records.append(record)
            record = None
            continue
        record = record or _Record(number)
        _take(record, line, number)
    if record:
        raise _damaged(
            record.line, "record", "the last record has no end (^): the file is cut short"
        )
    return registers, notes


def _named(line: str, number: int, names: list[str]) -> str | None:
    """Return the account that the next register belongs to: a list of several names none of them."""
    if line[0] in _NEVER_OF_AN_ACCOUNT:
        raise _damaged(number, line, "a transaction before the type of its register (!Type)")
    if line.startswith("N"):
        names.append(line[1:].strip())
    return names[0] or None if len(names) == 1 else None


def _section(line, number, name, registers, notes):
    """:return: what kind of records follow, and the account they belong to"""
    if line.lower().startswith("!account"):
        return "account", None
    match = _TYPE.fullmatch(line)
    if not match:
        raise _damaged(number, line, "a header that the format does not have")
    kind = match[1].lower()
    if kind in _ACCOUNT_TYPES:
        registers.append(_Register(name, match[1], number))
        return "register", name
    if kind not in _LISTS:
        raise _damaged(number, line, "neither an account nor a list that the format knows")
    told = f"The list “{match[1]}” is no account."
    if kind == "invst":
        told = f"{_INVESTMENTS} (!Type:{match[1]}) are not read{f': {name}' if name else ''}."
    notes.append(Warn(path=f"line {number}", message=told))
    return "list", name


def _take(record: _Record, line: str, number: int):
    code, value = line[0], line[1:].strip()
    if code == "A":
        record.address.append(value)
    elif code in _SPLIT_FIELDS:
        if code == "S":
            record.splits.append({})
        if not record.splits:
            raise _damaged(number, line, f"a part of a split ({code}) before its category (S)")
        record.splits[-1][code] = value
    elif code in record.fields:
        record.doubled += code
    else:
        record.fields[code] = value


def _damaged(line: int, tag: str, reason: str) -> StatementFormatError:
    return StatementFormatError(
        "The QIF file is damaged or cut short.", line=line, tag=tag[:40], reason=reason
    )


def _statement(register, number, account, order, mark, notes) -> Statement:
    transactions, bad_entries, findings, balances = [], [], [], []
    for place, record in enumerate(register.records, 1):
        position = Position(statement=number, entry=place, line=record.line)
        amount = read_amount(record.fields.get("T") or "", mark, account.currency)
        day = read_date(record.fields.get("D") or "", order)
        reason = _reason(record, amount, day)
        if reason:
            bad_entries.append(
                BadEntry(
                    position=position,
                    code="record",
                    reason=reason,
                    evidence=dict(record.fields),
                    amount=amount,
                    status=BOOKED,
                )
            )
        elif _is_opening(record, register):
            balances.append(
                Balance(type="OPBD", amount=amount, currency=account.currency, date=day)
            )
        else:
            transactions.append(
                _transaction(record, amount, day, account.currency, mark, position, findings)
            )
    return Statement(
        account=account,
        source_format="qif",
        source_version=register.type,
        position=number,
        balances=tuple(balances),
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        findings=tuple(findings),
        warnings=notes,
    )


def _reason(record, amount, day) -> str | None:
    """:return: why the record cannot be booked, or None"""
    other = record.fields.get("U")
    if "T" in record.doubled or "D" in record.doubled:
        return "Date or amount are given twice."
    if day is None:
        return f"{record.fields.get('D') or '(empty)'} is not a date."
    if amount is None:
        return f"{record.fields.get('T') or '(empty)'} is not an amount."
    if other is not None and other != record.fields.get("T"):
        return f"It has two amounts, {record.fields['T']} and {other}."
    return None


def _is_opening(record: _Record, register: _Register) -> bool:
    """Say whether it is Quicken's way to write the balance before the first transaction."""
    category = record.fields.get("L", "")
    is_own = category.startswith("[") and register.name in (None, category.strip("[]"))
    return record.fields.get("P", "").lower() == _OPENING and is_own


def _transaction(record, amount, day, currency, mark, position, findings: list[Finding]):
    values = record.fields
    memo = values.get("M")
    details = tuple(
        Detail(
            amount=read_amount(split.get("$") or "", mark, currency),
            currency=currency,
            remittance=(split["E"],) if split.get("E") else (),
            purpose=split.get("S") or None,
        )
        for split in record.splits
    )
    parts = [detail.amount for detail in details if detail.amount is not None]
    if parts and sum(parts, Decimal()) != amount:
        findings.append(details_differ(amount, sum(parts, Decimal()), currency, position))
    extras = {code: values[code] for code in "NCL" if values.get(code)}
    if record.address:
        extras["A"] = "\n".join(record.address)
    return Transaction(
        amount=amount,
        currency=currency,
        status=BOOKED,
        position=position,
        booking_date=day,
        counterparty=Party(name=values.get("P") or None),
        remittance=(memo,) if memo else (),
        details=details,
        extras=extras,
    )
