"""One movement of CODA: records 2 and 3 with the details behind them.

After Febelfin, "Coded statement of account (CODA)", version 2.6, enclosures I to III. A detail number
of 0000 is the booking; what follows with the same sequence number are its details. A total that the
customer's or the bank's batch makes (types 1 and 2) may be split into them; the parts of a simple
amount (type 3), such as its charges, never make lines of their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal

from . import accounts, flat, transaction_kinds
from .checks import details_differ
from .documents import (
    BOOKED,
    SPLIT,
    BadEntry,
    BankTransactionCode,
    Batch,
    Charge,
    Detail,
    Finding,
    ForeignAmount,
    Party,
    Position,
    StructuredReference,
    Transaction,
)
from .flat import BadRecordError

_DECIMALS = 3
_RATE_DECIMALS = 8
_BATCH_TYPES = ("1", "2")
# Details of a total of type 1, 2 and 3; 8 is a subtotal that 9 are the details of.
_SUBTOTAL_DETAIL = "9"
_CANCELLED = ("49", "99")
# Categories of a detail that are costs of the payment (enclosure II).
_CHARGE_CATEGORIES = (
    "003 004 006 008 011 012 013 014 015 016 017 019 020 021 022 025 026 027 029 031 032 033 035 "
    "036 037 039 041 042 043 045 047 049 053 055 057 059 063 064 065 067 068 069"
)
_CHARGES = frozenset(_CHARGE_CATEGORIES.split())
_BELGIAN = re.compile(r"(\d{12})(?: [A-Z]{3}.*)?", re.ASCII)
_RETURN_NAMES = {"1": "reject", "2": "return", "3": "refund", "4": "reversal", "5": "cancellation"}


@dataclass(slots=True)
class Movement:
    """The records of one movement or detail: 2.1, then 2.2, 2.3 and the information records 3.x."""

    line: int
    main: str
    second: str = ""
    third: str = ""
    information: list[tuple[bool, str]] = field(default_factory=list)

    @property
    def sequence(self) -> str:
        return self.main[2:6]

    @property
    def is_booking(self) -> bool:
        return self.main[6:10] == "0000"

    @property
    def type(self) -> str:
        return self.main[53]

    @property
    def communication(self) -> str:
        return self.main[62:115] + self.second[10:63] + self.third[82:125]

    def amount(self, currency: str) -> Decimal:
        unsigned = flat.minor_amount(self.main[32:47], currency, _DECIMALS)
        return flat.signed(is_credit(self.main[31]), unsigned)


@dataclass(slots=True)
class Entry:
    """A booking and its details."""

    booking: Movement
    details: list[Movement] = field(default_factory=list)


def is_credit(sign: str) -> bool:
    if sign not in ("0", "1"):
        raise BadRecordError("sign", f"“{sign}” is neither 0 (credit) nor 1 (debit).")
    return sign == "0"


def read_entry(
    entry: Entry, currency: str, position: Position, details: str, findings: list[Finding]
) -> tuple[Transaction, ...] | BadEntry:
    """Read one booking.

    :return: its lines, or the booking as bad when anything that decides money or dates is unclear.
    """
    main = entry.booking.main
    amount = None
    try:
        amount = entry.booking.amount(currency)
        shared = {
            "currency": currency,
            "status": BOOKED,
            "booking_date": flat.day(main[115:121], "DDMMYY"),
            "value_date": flat.day_or_none(main[47:53], "DDMMYY"),
            "account_servicer_ref": (main[10:31].strip(" 0") and main[10:31].strip()) or None,
        }
        return _lines(entry, amount, shared, position, details, findings)
    except BadRecordError as error:
        movement = entry.booking
        records = (movement.main, movement.second, movement.third)
        return BadEntry(
            position=position,
            code=error.code,
            reason=error.reason,
            evidence={
                f"2.{number}": text.rstrip() for number, text in enumerate(records, 1) if text
            },
            amount=amount,
            status=BOOKED,
        )


def _lines(entry, amount, shared, position, details, findings):
    currency = shared["currency"]
    booking = _read(entry.booking, amount, currency)
    parts = [item for item in entry.details if item.type != _SUBTOTAL_DETAIL] or entry.details
    amounts = _part_amounts(parts, amount, currency, position, findings)
    is_batch = entry.booking.type in _BATCH_TYPES
    if is_batch and amounts and details == SPLIT:
        return tuple(
            _transaction(
                _read(part, value, currency),
                part,
                value,
                shared,
                Position(
                    statement=position.statement,
                    entry=position.entry,
                    detail=number,
                    line=part.line,
                ),
                batch=Batch(
                    entry_amount=amount, number_of_transactions=len(parts), parts=len(parts)
                ),
                outer=booking,
            )
            for number, (part, value) in enumerate(zip(parts, amounts, strict=True), 1)
        )
    charges = () if is_batch else _charges(parts, currency)
    batch = None
    if is_batch:
        batch = Batch(entry_amount=amount, number_of_transactions=len(parts) or None)
    inner = tuple(_detail(part, currency) for part in entry.details)
    line = _transaction(booking, entry.booking, amount, shared, position, batch=batch)
    return (_with(line, charges, inner),)


def _with(line: Transaction, charges, details) -> Transaction:
    if not charges and not details:
        return line
    values = {name: getattr(line, name) for name in Transaction.__dataclass_fields__}
    return Transaction(**{**values, "charges": line.charges + charges, "details": details})


def _part_amounts(parts, amount, currency, position, findings) -> list[Decimal] | None:
    """Return the details' amounts when they prove to be the booking, else None."""
    if not parts:
        return None
    try:
        amounts = [part.amount(currency) for part in parts]
    except BadRecordError as error:
        findings.append(
            Finding(
                code="detail_amount_missing",
                message=f"A detail has no readable amount, the entry stays one line: {error.reason}",
                severity="warning",
                expected=str(amount),
                position=position,
            )
        )
        return None
    total = sum(amounts, Decimal(0))
    if total == amount:
        return amounts
    findings.append(details_differ(amount, total, currency, position))
    return None


def _charges(parts, currency) -> tuple[Charge, ...]:
    found = []
    for part in parts:
        category = part.main[58:61]
        if category in _CHARGES:
            try:
                amount = part.amount(currency)
            except BadRecordError:
                # It is a finding already that the parts of this booking are not readable.
                continue
            found.append(Charge(amount=amount, currency=currency, included=True, type=category))
    return tuple(found)


def _detail(part: Movement, currency: str) -> Detail:
    try:
        amount = part.amount(currency)
    except BadRecordError:
        amount = None
    info, _extras, _reversal = _read(part, amount or Decimal(0), currency)
    return Detail(amount=amount, currency=currency, **info)


def _transaction(read, movement, amount, shared, position, *, batch, outer=None) -> Transaction:
    info, extras, reversal = read
    if outer is not None:
        extras = {f"batch/{name}": text for name, text in outer[1].items()} | extras
        text = " ".join(outer[0]["remittance"])
        if text:
            extras["batch/communication"] = text
    code = info["bank_code"]
    return Transaction(
        amount=amount,
        position=position,
        reversal=reversal,
        kind=transaction_kinds.kind_of(code, reversal=reversal),
        batch=batch,
        extras=extras,
        **shared,
        **info,
    )


# -- evidence: read leniently ------------------------------------------------------------------


def _read(movement: Movement, amount: Decimal, currency: str):
    """Return payment info, extras and whether the movement takes back an earlier one."""
    main, second, third = movement.main, movement.second, movement.third
    extras: dict[str, str] = {}
    returned = second[112:113].strip(" 0")
    reversal = bool(returned) or main[56:58] in _CANCELLED
    # A reversal keeps the roles of the payment it takes back.
    credit = (amount > 0) != reversal
    iban, other = _account(third[10:47])
    info = {
        # Banks fill it with zeros where the customer gave none.
        "end_to_end_id": second[63:98].strip() if second[63:98].strip(" 0") else None,
        "counterparty": Party(
            name=flat.squeeze(third[47:82]) or None,
            iban=iban,
            other_id=other,
            bic=second[98:109].strip() or None,
        ),
        "purpose": second[121:125].strip() or second[117:121].strip() or None,
        "bank_code": BankTransactionCode(proprietary=main[53:61], issuer=transaction_kinds.CODA),
        "remittance": (),
    }
    named = {
        "2.2/return_type": _RETURN_NAMES.get(returned, returned),
        "2.2/return_reason": second[113:117].strip(),
        "2.2/category_purpose": second[117:121].strip() if second[121:125].strip() else "",
        "2.1/globalisation": main[124].strip(" 0"),
    }
    extras |= {name: text for name, text in named.items() if text}
    text = movement.communication
    if main[61] == "1":
        _structured(text[:3], text[3:], info, extras, currency)
    elif text.strip():
        info["remittance"] += (flat.squeeze(text),)
    for is_structured, content in movement.information:
        if is_structured:
            _information(content[:3], content[3:], credit, info, extras)
        elif content.strip():
            info["remittance"] += (flat.squeeze(content),)
    return info, extras, reversal


def _account(zone: str) -> tuple[str | None, str | None]:
    text = zone[:34].strip()
    belgian = _BELGIAN.fullmatch(text)
    return (None, belgian[1]) if belgian else accounts.identify(text)


def _structured(kind: str, text: str, info: dict, extras: dict, currency: str):
    """Read a structured communication of a movement (enclosure III)."""
    extras["communication_type"] = kind
    if kind in ("101", "102"):
        _reference(text[:12], info)
        _rest(text[12:], info)
    elif kind == "100":
        info["structured"] = (StructuredReference(value=text.strip(), type="SCOR", issuer="ISO"),)
    elif kind == "105":
        _foreign(text[15:30], text[30:42], text[42:45], currency, info)
        _reference(text[45:57], info)
        extras["105"] = flat.squeeze(text)
    elif kind == "113":
        info["remittance"] += (flat.squeeze(f"{text[:16]} {text[40:66]}"),)
        _foreign(text[66:81], text[81:93], text[93:96], currency, info)
        extras["113"] = flat.squeeze(text)
    elif kind == "127":
        info["creditor_id"] = text[9:44].strip() or None
        info["mandate_id"] = text[44:79].strip() or None
        _rest(text[79:141], info)
        for name, part in (("settlement_date", text[:6]), ("scheme", text[6:9])):
            if part.strip(" 0"):
                extras[f"127/{name}"] = part.strip()
        if text[141:146].strip(" 0"):
            extras["127/return"] = text[141:146].strip()
    else:
        _rest(text, info)


def _reference(digits: str, info: dict):
    if digits.isascii() and digits.isdigit() and digits.strip("0"):
        info["structured"] = (StructuredReference(value=digits, type="SCOR", issuer="BBA"),)
    else:
        _rest(digits, info)


def _rest(text: str, info: dict):
    if text.strip():
        info["remittance"] += (flat.squeeze(text),)


def _foreign(amount: str, rate: str, code: str, currency: str, info: dict):
    if not flat.known_currency(code) or code == currency or not amount.isdecimal():
        return
    digits = flat.number_or_none(rate)
    info["foreign"] = (
        ForeignAmount(
            kind="transaction",
            amount=Decimal(amount).scaleb(-_DECIMALS),
            currency=code,
            rate=Decimal(digits).scaleb(-_RATE_DECIMALS) if digits else None,
        ),
    )


def _information(kind: str, text: str, credit: bool, info: dict, extras: dict):
    """Read a structured information record: who stands behind the movement."""
    name = flat.squeeze(text[:70])
    if kind == "001" and name and not info["counterparty"].name:
        party = info["counterparty"]
        info["counterparty"] = Party(
            name=name, iban=party.iban, bic=party.bic, other_id=party.other_id
        )
        rest = flat.squeeze(text[70:])
    elif kind in ("008", "009") and name and (kind == "009") == credit:
        info["ultimate_party"] = name
        rest = flat.squeeze(text[70:])
    elif kind == "002":
        info["additional_info"] = flat.squeeze(text) or None
        rest = ""
    else:
        rest = flat.squeeze(text)
    if rest:
        known = extras.get(f"3/{kind}")
        extras[f"3/{kind}"] = f"{known} {rest}" if known else rest
