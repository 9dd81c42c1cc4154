"""One account of a BAI2 file: records 03 and 16 with their continuations.

A record 03 states balances and totals by type code. A record 16 is a transaction: type code, amount,
funds type with its days of availability, the bank's reference, the customer's, and text that may hold
commas and slashes and go on in records 88.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from . import accounts, bai2_codes, checks, flat, transaction_kinds
from .bai2_codes import DETAIL, MESSAGE, SUMMARY
from .bai2_record import INTEGER, Account, Record, control, fields_of, trailer_numbers
from .documents import (
    BOOKED,
    INFORMATION,
    AccountRef,
    BadEntry,
    Balance,
    BankTransactionCode,
    DeclaredTotals,
    Finding,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .flat import BadRecordError

_TYPE_CODE = re.compile(r"\d{3}", re.ASCII)
_DEFAULT_CURRENCY = "USD"


class AccountReader:
    """One account of a group."""

    def __init__(self, account: Account, group_values, day: datetime.date, number: int):
        self._account = account
        self._day = day
        self._number = number
        self._findings: list[Finding] = []
        self._warnings: list[Warn] = []
        self._balances: list[Balance] = []
        self._totals: dict[str, object] = {}
        record = account.record
        fields, self._breaks = _broken_fields(record.rows)
        self._identity = fields[0]
        given = (fields[1] if len(fields) > 1 else "") or group_values[5]
        self._currency = given or _DEFAULT_CURRENCY
        if not self._identity or not flat.known_currency(self._currency):
            raise flat.refusal(
                "An account of the file has no number, or a currency that does not exist.",
                record.line,
                "03",
                f"account “{self._identity}”, currency “{self._currency}”",
            )
        if not given:
            self._warn("03", "No currency is given: it is USD by the specification.")
        self._sum = 0
        self._read_summaries(fields)

    def statement(self) -> Statement:
        transactions, bad_entries = [], []
        for number, record in enumerate(self._account.details, 1):
            position = Position(statement=self._number, entry=number, line=record.line)
            found = self._transaction(record, position)
            (bad_entries if isinstance(found, BadEntry) else transactions).append(found)
        trailer = self._account.trailer
        total, physical = trailer_numbers(trailer, 2)
        # What a record without a readable amount adds to the total is not to be known.
        if not any(bad.amount is None for bad in bad_entries):
            rows = (("sum", total, self._sum), ("records", physical, self._account.physical))
            self._findings += control("account", trailer, rows, self._number)
        iban, other = accounts.identify(self._identity)
        return Statement(
            account=AccountRef(iban=iban, other_id=other, currency=self._currency),
            source_format="bai2",
            source_version="2",
            position=self._number,
            opening=self._balance("OPBD"),
            closing=self._balance("CLBD"),
            balances=tuple(self._balances),
            totals=DeclaredTotals(**self._totals) if self._totals else None,
            transactions=tuple(transactions),
            bad_entries=tuple(bad_entries),
            findings=tuple(self._findings),
            warnings=tuple(self._warnings),
        )

    @property
    def control_total(self) -> int:
        """What the account adds to the total of its group: once its statement was read."""
        declared = trailer_numbers(self._account.trailer, 2)[0]
        return self._sum if declared is None else declared

    def _balance(self, kind: str) -> Balance | None:
        found = [balance for balance in self._balances if balance.type == kind]
        place = Position(statement=self._number, entry=0, line=self._account.record.line)
        return checks.only_balance(found, place, self._findings) if found else None

    def _warn(self, path: str, message: str):
        self._warnings.append(
            Warn(path=f"{path} of line {self._account.record.line}", message=message)
        )

    def _unreadable(self, code: str, reason: str, shown: str):
        self._findings.append(
            Finding(
                code="balance_unreadable",
                message=f"Balance or total {code} is not readable: {reason}",
                severity="error",
                actual=shown,
                position=Position(statement=self._number, entry=0, line=self._account.record.line),
            )
        )

    # -- record 03: balances and summaries --

    def _read_summaries(self, fields: list[str]):
        at = 2
        while at < len(fields):
            code = fields[at]
            if not code:
                at = self._skip_blank(fields, at)
                continue
            if not _TYPE_CODE.fullmatch(code):
                raise flat.refusal(
                    "A balance of an account has no type code.",
                    self._account.record.line,
                    "03",
                    f"“{code}” is no type code of three digits",
                )
            amount, count, funds = [*fields[at + 1 : at + 4], "", "", ""][:3]
            try:
                at, availability = _availability(fields, at + 4, funds)
            except BadRecordError as error:
                raise flat.refusal(
                    "A balance of an account is damaged.",
                    self._account.record.line,
                    "03",
                    f"type code {code}: {error.reason}",
                ) from error
            self._summary(code, amount, count, funds, availability)

    def _skip_blank(self, fields: list[str], at: int) -> int:
        """Step over the blank group of an account without balances, or the comma too many that
        some banks write at the end of a record.
        """
        end = next((place for place in self._breaks if place > at), len(fields))
        if end - at == 1 or not any(fields[at : min(at + 4, end)]):
            return min(at + 4, end)
        raise flat.refusal(
            "A balance of an account has no type code.",
            self._account.record.line,
            "03",
            f"“{','.join(fields[at:end])}”",
        )

    def _summary(self, code: str, amount: str, count: str, funds: str, availability: list[str]):
        level = bai2_codes.level(code)
        if not amount:
            if count.strip("0"):
                self._warn(f"03/{code}", f"{count} items without an amount.")
            return
        if not INTEGER.fullmatch(amount):
            self._unreadable(code, f"“{amount}” is not a whole number.", amount)
            return
        self._sum += int(amount)
        try:
            value = _money(amount, self._currency)
        except BadRecordError as error:
            self._unreadable(code, error.reason, amount)
            return
        if level in (SUMMARY, DETAIL, MESSAGE) and value < 0:
            self._unreadable(code, "only balances have a sign.", amount)
            return
        credit = bai2_codes.is_credit(code)
        kind = bai2_codes.ISO_BALANCES.get(code, f"BAI2/{code}")
        if credit is False:
            value = 0 - value
        self._balances.append(
            Balance(type=kind, amount=value, currency=self._currency, date=self._day)
        )
        number = flat.number_or_none(count)
        side = {bai2_codes.TOTAL_CREDITS: "credit", bai2_codes.TOTAL_DEBITS: "debit"}.get(code)
        if side:
            self._totals[f"{side}_sum"] = abs(value)
            self._totals[f"{side}_entries"] = number
        elif number or funds.strip("Z"):
            words = [f"{count} items" if number else "", *_funds_words(funds, availability)]
            self._warn(f"03/{code}", ", ".join(filter(None, words)))

    # -- record 16 --

    def _transaction(self, record: Record, position: Position) -> Transaction | BadEntry:
        amount = status = None
        try:
            code, figure, funds, availability, bank_ref, customer_ref, texts = _detail(record)
            if figure and not INTEGER.fullmatch(figure):
                raise BadRecordError("amount", f"“{figure}” is not a whole number.")
            self._sum += int(figure or 0)
            level, credit = bai2_codes.level(code), bai2_codes.is_credit(code)
            if level != MESSAGE and (credit is None or level == SUMMARY):
                raise BadRecordError("type_code", f"Type code {code} is not that of a transaction.")
            if not figure and level != MESSAGE:
                raise BadRecordError("amount", "There is no amount.")
            if figure.startswith("-"):
                raise BadRecordError("sign", f"“{figure}”: its type code says which way it went.")
            status = INFORMATION if level == MESSAGE else BOOKED
            amount = flat.signed(credit is not False, _money(figure or "0", self._currency))
            self._check_availability(funds, availability, amount, position)
            bank_code = BankTransactionCode(proprietary=code, issuer=transaction_kinds.BAI2)
            extras = {"16/funds_type": funds} if funds else {}
            if availability:
                extras["16/availability"] = ",".join(availability)
            return Transaction(
                amount=amount,
                currency=self._currency,
                status=status,
                position=position,
                booking_date=self._day,
                value_date=_value_date(funds, availability),
                account_servicer_ref=bank_ref or None,
                instruction_id=customer_ref or None,
                remittance=tuple(texts),
                bank_code=bank_code,
                kind=transaction_kinds.kind_of(bank_code),
                extras=extras,
            )
        except BadRecordError as error:
            return BadEntry(
                position=position,
                code=error.code,
                reason=error.reason,
                evidence={"16": "\n".join(record.rows)},
                amount=amount,
                status=status,
            )

    def _check_availability(self, funds, availability, amount, position):
        if funds == "S":
            parts = availability
        elif funds == "D":
            parts = availability[2::2]
        else:
            return
        if any(not INTEGER.fullmatch(text or "0") for text in parts):
            raise BadRecordError("availability", f"“{','.join(availability)}” are not amounts.")
        total = sum((_money(text or "0", self._currency) for text in parts), Decimal(0))
        if total != abs(amount):
            self._findings.append(
                Finding(
                    code="availability_sum",
                    message=f"The parts of {abs(amount)} by day of availability make {total}.",
                    severity="warning",
                    expected=str(abs(amount)),
                    actual=str(total),
                    position=position,
                )
            )


def _money(text: str, currency: str) -> Decimal:
    """Return a whole number of the currency's smallest unit; the sign may be written."""
    return flat.signed(not text.startswith("-"), flat.minor_amount(text.lstrip("+-"), currency))


def _broken_fields(rows: list[str]) -> tuple[list[str], list[int]]:
    """Return the fields of all rows and the places where a new row begins."""
    fields, breaks = [], []
    for row in rows:
        fields += fields_of(row)
        breaks.append(len(fields))
    return fields, breaks


def _availability(fields: list[str], at: int, funds: str) -> tuple[int, list[str]]:
    """Return the place behind the fields that a funds type brings, and those fields."""
    if funds == "S":
        length = 3
    elif funds == "V":
        length = 2
    elif funds == "D":
        number = flat.number_or_none(fields[at] if at < len(fields) else "")
        if number is None or number > 99:
            raise BadRecordError("availability", "Funds type D does not say its number of days.")
        length = 1 + 2 * number
    elif funds in ("", "0", "1", "2", "Z"):
        length = 0
    else:
        raise BadRecordError("funds_type", f"Funds type “{funds}” is not known.")
    if at + length > len(fields):
        raise BadRecordError("availability", f"Funds type {funds} wants {length} fields more.")
    return at + length, fields[at : at + length]


def _detail(record: Record):
    """Split a record 16: its last field is text that may hold commas, slashes and more rows."""
    fields, row_ends = [], []
    for row in record.rows:
        fields += fields_of(row)
        row_ends.append(len(fields))
    code, figure, funds = [*fields, "", "", ""][:3]
    if not _TYPE_CODE.fullmatch(code):
        raise BadRecordError("type_code", f"“{code}” is no type code of three digits.")
    at, availability = _availability(fields, 3, funds)
    references = [*fields[at : at + 2], "", ""][:2]
    texts = []
    start = 0
    for row, end in zip(record.rows, row_ends, strict=True):
        skip = max(at + 2 - start, 0)
        if end > at + 2:
            # The text itself, as it was written: a slash at its end closes the record.
            text = row.rstrip().removesuffix("/").split(",", skip)[skip:]
            texts += [part.strip() for part in text if part.strip()]
        start = end
    return code, figure, funds, availability, *references, texts


def _value_date(funds: str, availability: list[str]) -> datetime.date | None:
    return flat.day_or_none(availability[0]) if funds == "V" and availability[0] else None


def _funds_words(funds: str, availability: list[str]) -> list[str]:
    return [f"funds type {funds}" if funds else "", ",".join(availability)]
