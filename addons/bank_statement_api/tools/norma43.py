"""Reader of Norma 43 (Cuaderno 43), the account statement of Spanish banks.

After AEB/CECA, "Información normalizada de cuenta corriente", Serie normas y procedimientos
bancarios 43: lines of 80 characters, 11 account and opening balance, 22 movement, 23 its concepts,
24 its original amount, 33 totals and closing balance, 88 number of records. Amounts have two
decimals; 1 is debit (debe), 2 is credit (haber). Banks cut off blanks at the end of a line.

A file is read whole or refused whole: every account needs its record 33, the file its record 88.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

from . import accounts, flat, letters, transaction_kinds
from .currency_numbers import CURRENCIES
from .documents import (
    BOOKED,
    SINGLE,
    SPLIT,
    AccountRef,
    BadEntry,
    Balance,
    BankTransactionCode,
    DeclaredTotals,
    Finding,
    ForeignAmount,
    Position,
    Statement,
    StructuredReference,
    Transaction,
    Warn,
)
from .flat import BadRecordError

_MARK = re.compile(r"11\d{18}\d{12}[12]\d{14}\d{3}", re.ASCII)
_WIDTH = 80
_CREDIT = {"1": False, "2": True}
_DECIMALS = 2
# What has to be there of each record; blanks behind it may be cut off.
_LENGTHS = {"00": 2, "11": 50, "22": 42, "23": 4, "24": 21, "33": 76, "88": 26}
_REVERSAL = "98"


@dataclass(slots=True)
class _Movement:
    line: int
    record: str
    concepts: list[str] = field(default_factory=list)
    original: str | None = None


@dataclass(slots=True)
class _Account:
    line: int
    record: str
    movements: list[_Movement] = field(default_factory=list)
    closing: str | None = None
    closing_line: int = 0


def matches(content: bytes) -> bool:
    """Whether a file begins with the record of an account."""
    lines = [line for line in flat.first_lines(content, 2) if not line.startswith("00")]
    return any(map(_MARK.match, lines[:1]))


def read(source: bytes, *, details: str = SPLIT, encoding: str | None = None) -> list[Statement]:
    """Read a file.

    :param source: the file's bytes.
    :param details: as for the other formats; Norma 43 holds no details of a movement.
    :param encoding: of its characters, where a person set one.
    :return: its statements, one for each account.
    :raise StatementFormatError: the file as a whole is damaged or no Norma 43.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return flat.with_text(source, encoding, _statements, letters.WESTERN)


def _statements(text: str) -> list[Statement]:
    found, declared, counted, line = _accounts(flat.lines_of(text, _WIDTH))
    statements = [_statement(account, number) for number, account in enumerate(found, 1)]
    if declared == counted:
        return statements
    return [
        dataclasses.replace(
            statement,
            findings=(
                *statement.findings,
                Finding(
                    code="total_count",
                    message=f"The file declares {declared} records and holds {counted}.",
                    severity="error",
                    expected=str(declared),
                    actual=str(counted),
                    position=Position(statement=statement.position, entry=0, line=line),
                ),
            ),
        )
        for statement in statements
    ]


def _accounts(lines: list[str]):
    """Return the accounts, the declared and the counted number of records and the line of the former."""
    found: list[_Account] = []
    account = movement = None
    declared = None
    records = end = last = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        last = number
        code = line[:2]
        _check_form(code, line, number)
        expected = {"22": account, "23": movement, "24": movement, "33": account}
        misplaced = code in expected and expected[code] is None
        if misplaced or (code in ("00", "11", "88") and account) or declared is not None:
            raise flat.refusal(
                "A record stands where it does not belong, or the one before it is missing.",
                number,
                code,
                f"record {code} {'inside' if account else 'outside of'} an account",
            )
        record = line.ljust(_WIDTH)
        records += 1
        if code == "11":
            account = _Account(number, record)
            found.append(account)
        elif code == "22":
            movement = _Movement(number, record)
            account.movements.append(movement)
        elif code == "23":
            movement.concepts += (record[4:42], record[42:80])
        elif code == "24":
            movement.original = record
        elif code == "33":
            account.closing, account.closing_line = record, number
            account = movement = None
        elif code == "88":
            records -= 1
            declared, end = _declared(record, number), number
    if declared is None:
        raise flat.refusal(
            "The file ends before its last record: a part of it is missing.",
            last,
            "33" if account else "88",
            "no record 88",
        )
    if not found:
        raise flat.refusal(
            "There is no account in the file.", last, "11", "no record 11", code="statement_empty"
        )
    return found, declared, records, end


def _declared(record: str, line: int) -> int:
    declared = flat.number_or_none(record[20:26])
    if declared is None:
        raise flat.refusal("The last record is damaged.", line, "88", f"“{record[20:26]}”")
    return declared


def _check_form(code: str, line: str, number: int):
    length = len(line.rstrip())
    if code not in _LENGTHS or not _LENGTHS[code] <= length <= _WIDTH:
        raise flat.refusal(
            "A record of the file is not known, or a part of it is missing.",
            number,
            code,
            f"“{line[:20]}”, {length} characters",
        )


def _statement(account: _Account, number: int) -> Statement:
    head, foot = account.record, account.closing
    currency = CURRENCIES.get(head[47:50])
    iban = accounts.spanish_iban(head[2:6], head[6:10], head[10:20])
    if currency is None or iban is None:
        raise flat.refusal(
            "An account of the file has no number, or a currency that is not known.",
            account.line,
            "11",
            f"account “{head[2:20]}”, currency “{head[47:50]}”",
        )
    if foot[2:20] != head[2:20] or foot[73:76] != head[47:50]:
        raise flat.refusal(
            "The end of an account is that of another one.",
            account.closing_line,
            "33",
            f"account “{foot[2:20]}”, currency “{foot[73:76]}”",
        )
    findings: list[Finding] = []
    warnings: list[Warn] = []
    try:
        first, last = flat.day(head[20:26]), flat.day(head[26:32])
        totals = DeclaredTotals(
            debit_entries=_count(foot[20:25]),
            debit_sum=flat.minor_amount(foot[25:39], currency, _DECIMALS),
            credit_entries=_count(foot[39:44]),
            credit_sum=flat.minor_amount(foot[44:58], currency, _DECIMALS),
        )
    except BadRecordError as error:
        raise flat.refusal(
            "The days or totals of an account are damaged.", account.line, "11/33", error.reason
        ) from error
    begin, end = (
        Position(statement=number, entry=0, line=line)
        for line in (account.line, account.closing_line)
    )
    opening = _balance("OPBD", head[32:47], currency, first, begin, findings)
    closing = _balance("CLBD", foot[58:73], currency, last, end, findings)
    transactions, bad_entries = [], []
    for place, movement in enumerate(account.movements, 1):
        position = Position(statement=number, entry=place, line=movement.line)
        found = _entry(movement, currency, position, warnings)
        (bad_entries if isinstance(found, BadEntry) else transactions).append(found)
    extras = {"11/modality": head[50].strip(), "11/free": head[77:80].strip()}
    return Statement(
        account=AccountRef(
            iban=iban,
            other_id=head[2:20],
            scheme="CCC",
            currency=currency,
            owner_name=flat.squeeze(head[51:77]) or None,
        ),
        source_format="norma43",
        source_version="43",
        position=number,
        statement_id=f"{first:%Y%m%d}-{last:%Y%m%d}",
        period_from=first,
        period_to=last,
        opening=opening,
        closing=closing,
        balances=tuple(balance for balance in (opening, closing) if balance),
        totals=totals,
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        findings=tuple(findings),
        warnings=tuple(warnings),
        extras={name: text for name, text in extras.items() if text},
    )


def _balance(kind, text, currency, day, position, findings) -> Balance | None:
    """
    :param text: sign and amount
    :return: None where they cannot be read; then a finding keeps the statement for a person.
    """
    try:
        amount = flat.minor_amount(text[1:], currency, _DECIMALS)
        return Balance(
            type=kind,
            amount=flat.signed(_is_credit(text[0]), amount),
            currency=currency,
            date=day,
        )
    except BadRecordError as error:
        findings.append(
            Finding(
                code="balance_unreadable",
                message=f"The balance is not readable: {error.reason}",
                severity="error",
                actual=text,
                position=position,
            )
        )
        return None


def _is_credit(sign: str) -> bool:
    if sign not in _CREDIT:
        raise BadRecordError("sign", f"“{sign}” is neither 1 (debit) nor 2 (credit).")
    return _CREDIT[sign]


def _count(text: str) -> int:
    number = flat.number_or_none(text)
    if number is None:
        raise BadRecordError("totals", f"“{text}” is not a number of entries.")
    return number


def _entry(movement: _Movement, currency: str, position: Position, warnings: list[Warn]):
    record = movement.record
    amount = None
    try:
        unsigned = flat.minor_amount(record[28:42], currency, _DECIMALS)
        amount = flat.signed(_is_credit(record[27]), unsigned)
        common, own = record[22:24], record[24:27]
        code = BankTransactionCode(proprietary=f"{common}-{own}", issuer=transaction_kinds.NORMA43)
        references = [text.strip() for text in (record[52:64], record[64:80])]
        document = record[42:52].strip()
        extras = {"22/office": record[6:10].strip(), "22/free": record[2:6].strip()}
        return Transaction(
            amount=amount,
            currency=currency,
            status=BOOKED,
            position=position,
            booking_date=flat.day(record[10:16]),
            value_date=flat.day_or_none(record[16:22]),
            reversal=common == _REVERSAL,
            entry_ref=document if document.strip("0") else None,
            remittance=tuple(filter(None, map(flat.squeeze, movement.concepts))),
            structured=tuple(
                StructuredReference(value=text) for text in references if text.strip("0")
            ),
            foreign=_foreign(movement, position, warnings),
            bank_code=code,
            kind=transaction_kinds.kind_of(code, reversal=common == _REVERSAL),
            extras={name: text for name, text in extras.items() if text},
        )
    except BadRecordError as error:
        evidence = {"22": record.rstrip()}
        if movement.concepts:
            evidence["23"] = " ".join(filter(None, map(flat.squeeze, movement.concepts)))
        return BadEntry(
            position=position,
            code=error.code,
            reason=error.reason,
            evidence=evidence,
            amount=amount,
            status=BOOKED,
        )


def _foreign(movement: _Movement, position: Position, warnings) -> tuple[ForeignAmount, ...]:
    record = movement.original
    if record is None:
        return ()
    currency = CURRENCIES.get(record[4:7])
    try:
        if currency is None:
            raise BadRecordError("currency", f"“{record[4:7]}” is no number of a currency.")
        amount = flat.minor_amount(record[7:21], currency, _DECIMALS)
    except BadRecordError as error:
        warnings.append(
            Warn(path=f"24 of line {position.line}", message=f"{record[:21]}: {error.reason}")
        )
        return ()
    return (ForeignAmount(kind="instructed", amount=amount, currency=currency),)
