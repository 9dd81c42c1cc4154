"""Reader of CFONB 120, the account statement of French banks.

After CFONB, "Relevé de compte sur support informatique" (July 2004) and its supplement for credit
transfers (August 2007): records of 120 characters, 01 old balance, 04 movement, 05 more about it, 07
new balance. The last digit of an amount carries its sign: ``{`` and A to I are credit, ``}`` and J to
R debit; where a bank sends the French national character set, ``é`` and ``è`` stand for the braces.

A file is read whole or refused whole: every old balance needs its new balance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from . import accounts, flat, letters, transaction_kinds
from .documents import (
    BOOKED,
    SINGLE,
    SPLIT,
    AccountRef,
    BadEntry,
    Balance,
    BankTransactionCode,
    Charge,
    ForeignAmount,
    Party,
    Position,
    Statement,
    StructuredReference,
    Transaction,
    Warn,
)
from .flat import BadRecordError

_MARK = re.compile(
    r"01\d{5}.{4}\d{5}[A-Z]{3}\d.[A-Z0-9]{11}.{2}\d{6}.{50}\d{13}[A-R{}\xe9\xe8\xc3]", re.ASCII
)
_WIDTH = 120
# Banks cut off blanks at the end of a line; this much of each record has to be there.
_LENGTHS = {"01": 104, "04": 104, "05": 48, "07": 104}
_PUNCHED = {sign: (True, str(digit)) for digit, sign in enumerate("{ABCDEFGHI")}
_PUNCHED |= {sign: (False, str(digit)) for digit, sign in enumerate("}JKLMNOPQR")}
_PUNCHED |= {"é": _PUNCHED["{"], "è": _PUNCHED["}"]}


@dataclass(slots=True)
class _Movement:
    line: int
    record: str
    more: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Account:
    line: int
    opening: str
    movements: list[_Movement] = field(default_factory=list)
    closing: str | None = None


def matches(content: bytes) -> bool:
    """Whether a file begins with the record of an old balance."""
    return any(map(_MARK.match, flat.first_lines(content, 1)))


def read(source: bytes, *, details: str = SPLIT, encoding: str | None = None) -> list[Statement]:
    """Read a file.

    :param source: the file's bytes.
    :param details: as for the other formats; CFONB 120 holds no amounts of details.
    :param encoding: of its characters, where a person set one.
    :return: its statements in the order of the file.
    :raise StatementFormatError: the file as a whole is damaged or no CFONB 120.
    """
    if details not in (SPLIT, SINGLE):
        raise ValueError(f"details must be {SPLIT!r} or {SINGLE!r}, not {details!r}")
    return flat.with_text(source, encoding, _statements, letters.WESTERN)


def _statements(text: str) -> list[Statement]:
    found = _accounts(flat.lines_of(text, _WIDTH))
    return [_statement(account, number) for number, account in enumerate(found, 1)]


def _identity(record: str) -> str:
    """Return what every record of an account repeats: bank, branch, currency, decimals, number."""
    return record[2:7] + record[11:20] + record[21:32]


def _is_of(record: str, code: str, account: _Account) -> bool:
    mine, its = _identity(record), _identity(account.opening)
    # Banks of a group book direct debits under the code of the bank that collects them; the account says whose it is.
    return mine[5:] == its[5:] if code in ("04", "05") else mine == its


def _accounts(lines: list[str]) -> list[_Account]:
    found: list[_Account] = []
    account = movement = None
    last = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        last, code = number, line[:2]
        if code not in _LENGTHS or not _LENGTHS[code] <= len(line.rstrip()) <= _WIDTH:
            raise flat.refusal(
                "A record of the file is not known, or a part of it is missing.",
                number,
                code,
                f"“{line[:20]}”, {len(line)} characters",
            )
        if (code == "01") != (account is None) or (code == "05" and movement is None):
            raise flat.refusal(
                "A record stands where it does not belong, or the one before it is missing.",
                number,
                code,
                f"record {code} {'inside' if account else 'outside of'} an account",
            )
        record = line.ljust(_WIDTH)
        if account is not None and not _is_of(record, code, account):
            raise flat.refusal(
                "A record belongs to another account than the one before it.",
                number,
                code,
                f"“{_identity(record)}” inside “{_identity(account.opening)}”",
            )
        if code == "01":
            account = _Account(number, record)
            found.append(account)
        elif code == "04":
            movement = _Movement(number, record)
            account.movements.append(movement)
        elif code == "05":
            movement.more.append(record)
        else:
            account.closing = record
            account = movement = None
    if account is not None or not found:
        raise flat.refusal(
            "The file ends before the new balance: a part of it is missing.",
            last,
            "07",
            "no record 07",
        )
    return found


def _punched(text: str, currency: str, decimals: int) -> Decimal:
    """Return a signed amount whose last character is both a digit and the sign."""
    if text[-1:] not in _PUNCHED:
        raise BadRecordError("sign", f"“{text}” does not end with a digit that carries a sign.")
    credit, digit = _PUNCHED[text[-1]]
    return flat.signed(credit, flat.minor_amount(text[:-1] + digit, currency, decimals))


def _statement(account: _Account, number: int) -> Statement:
    head = account.opening
    currency, decimals = head[16:19], flat.number_or_none(head[19])
    if not flat.known_currency(currency) or decimals is None:
        raise flat.refusal(
            "An account of the file has no currency, or one that does not exist.",
            account.line,
            "01",
            f"currency “{currency}”, decimals “{head[19]}”",
        )
    try:
        opening, closing = (
            Balance(
                type=kind,
                amount=_punched(record[90:104], currency, decimals),
                currency=currency,
                date=flat.day(record[34:40], "DDMMYY"),
            )
            for kind, record in (("OPBD", head), ("CLBD", account.closing))
        )
    except BadRecordError as error:
        raise flat.refusal(
            "The balances of an account are damaged.", account.line, "01/07", error.reason
        ) from error
    warnings: list[Warn] = []
    transactions, bad_entries = [], []
    for place, movement in enumerate(account.movements, 1):
        position = Position(statement=number, entry=place, line=movement.line)
        if movement.record[2:7] != account.opening[2:7]:
            warnings.append(
                Warn(
                    path=str(position),
                    message=f"The movement is told by bank {movement.record[2:7]}.",
                )
            )
        found = _entry(movement, currency, decimals, position, warnings)
        (bad_entries if isinstance(found, BadEntry) else transactions).append(found)
    return Statement(
        account=AccountRef(
            iban=accounts.french_iban(head[2:7], head[11:16], head[21:32]),
            other_id=f"{head[2:7]} {head[11:16]} {head[21:32]}",
            scheme="RIB",
            currency=currency,
        ),
        source_format="cfonb120",
        source_version="120",
        position=number,
        statement_id=f"{opening.date:%Y%m%d}-{closing.date:%Y%m%d}",
        period_from=opening.date,
        period_to=closing.date,
        opening=opening,
        closing=closing,
        balances=(opening, closing),
        transactions=tuple(transactions),
        bad_entries=tuple(bad_entries),
        warnings=tuple(warnings),
    )


def _entry(movement: _Movement, currency, decimals, position, warnings) -> Transaction | BadEntry:
    record = movement.record
    amount = None
    try:
        amount = _punched(record[90:104], currency, decimals)
        rejected = bool(record[40:42].strip(" 0"))
        code = BankTransactionCode(
            proprietary="-".join(filter(None, (record[32:34].strip(), record[7:11].strip()))),
            issuer=transaction_kinds.CFONB,
        )
        more = _More(movement, position, warnings)
        credit = (amount > 0) != rejected
        iban, other = accounts.identify(more.one_of("CPY", "CBE", credit))
        extras = {
            "04/reject_reason": record[40:42].strip(" 0"),
            "04/entry_number": record[81:88].strip(" 0"),
            "04/commission_exemption": record[88].strip(" 0"),
            "04/unavailability": record[89].strip(" 0"),
        }
        label = flat.squeeze(record[48:79])
        return Transaction(
            amount=amount,
            currency=currency,
            status=BOOKED,
            position=position,
            booking_date=flat.day(record[34:40], "DDMMYY"),
            value_date=flat.day_or_none(record[42:48], "DDMMYY"),
            reversal=rejected,
            entry_ref=record[104:120].strip() or None,
            account_servicer_ref=more.take("REF", 0, 70),
            end_to_end_id=more.take("RCN", 0, 35),
            purpose=more.take("RCN", 35, 70),
            mandate_id=more.take("RUM", 0, 35),
            creditor_id=more.take("IBE", 0, 35) if not credit else None,
            counterparty=Party(
                name=more.one_of("NPY", "NBE", credit),
                iban=iban,
                other_id=other,
                bic=more.one_of("BPY", "BDB", credit),
            ),
            ultimate_party=more.one_of("NPO", "NBU", credit),
            remittance=tuple(filter(None, more.texts())),
            additional_info=label or None,
            structured=tuple(StructuredReference(value=text) for text in more.every("LCS") if text),
            foreign=more.foreign(),
            charges=more.charges(),
            bank_code=code,
            kind=transaction_kinds.kind_of(code, reversal=rejected),
            extras={name: text for name, text in extras.items() if text} | more.rest(),
        )
    except BadRecordError as error:
        evidence = {"04": record.rstrip()}
        if movement.more:
            evidence["05"] = "\n".join(text[45:].rstrip() for text in movement.more)
        return BadEntry(
            position=position,
            code=error.code,
            reason=error.reason,
            evidence=evidence,
            amount=amount,
            status=BOOKED,
        )


class _More:
    """The records 05 of a movement by their qualifier; what nobody took stays as extras."""

    def __init__(self, movement: _Movement, position: Position, warnings: list[Warn]):
        self._values: dict[str, list[str]] = {}
        self._taken: set[tuple[str, int]] = set()
        self._position = position
        self._warnings = warnings
        for record in movement.more:
            self._values.setdefault(record[45:48], []).append(record[48:118])

    def take(self, qualifier: str, start: int, end: int) -> str | None:
        """Return the part of the first record of a qualifier."""
        found = self._values.get(qualifier)
        self._taken.add((qualifier, start))
        if end == 70:
            self._taken.add((qualifier, 35))
        return (flat.squeeze(found[0][start:end]) or None) if found else None

    def every(self, qualifier: str) -> list[str]:
        self._taken |= {(qualifier, 0), (qualifier, 35), (qualifier, -1)}
        return [flat.squeeze(text) for text in self._values.get(qualifier, ())]

    def texts(self) -> list[str]:
        """Return the unstructured remittance in the order it was sent."""
        return [text for name in ("LCC", "LC2", "LIB") for text in self.every(name)]

    def one_of(self, payer: str, beneficiary: str, credit: bool) -> str | None:
        """Return what is said of the other side: the payer of a credit, else the beneficiary.

        Where the bank names only one side, that one is the other.
        """
        first, second = (payer, beneficiary) if credit else (beneficiary, payer)
        return self.take(first if first in self._values else second, 0, 70)

    def foreign(self) -> tuple[ForeignAmount, ...]:
        """MMO: currency, its decimals, amount, decimals of the rate, rate."""
        found = []
        for text in self._values.get("MMO", ()):
            amount = self._amount("MMO", text)
            if amount is None:
                continue
            places, digits = flat.number_or_none(text[18]), flat.number_or_none(text[19:30])
            rate = None
            if places is not None and digits:
                rate = Decimal(digits).scaleb(-places)
            found.append(
                ForeignAmount(kind="instructed", amount=amount, currency=text[:3], rate=rate)
            )
        self.every("MMO")
        return tuple(found)

    def charges(self) -> tuple[Charge, ...]:
        """FEE: currency, its decimals, amount."""
        found = []
        for text in self._values.get("FEE", ()):
            amount = self._amount("FEE", text)
            if amount is not None:
                found.append(Charge(amount=0 - amount, currency=text[:3]))
        self.every("FEE")
        return tuple(found)

    def _amount(self, qualifier: str, text: str) -> Decimal | None:
        places, digits = flat.number_or_none(text[3]), text[4:18]
        # Some banks punch a sign into it as well.
        if digits[-1:] in _PUNCHED:
            digits = digits[:-1] + _PUNCHED[digits[-1]][1]
        try:
            if places is None:
                raise BadRecordError("decimals", f"“{text[3]}” is no number of decimals.")
            return flat.minor_amount(digits.strip(), text[:3], places)
        except BadRecordError as error:
            self._warnings.append(
                Warn(
                    path=f"05/{qualifier} of line {self._position.line}",
                    message=f"{text.strip()}: {error.reason} The evidence is left out.",
                )
            )
            return None

    def rest(self) -> dict[str, str]:
        """Return what has no place of its own, and what came more often than its place holds."""
        found = {}
        for qualifier, texts in self._values.items():
            taken = [start for start in (0, 35) if (qualifier, start) in self._taken]
            if (qualifier, -1) in self._taken:
                continue
            first = "".join(
                texts[0][start : start + 35] for start in (0, 35) if start not in taken
            ).strip()
            values = [first, *texts[1:]]
            text = " ".join(filter(None, map(flat.squeeze, values)))
            if text:
                found[f"05/{qualifier}"] = text
        return found
