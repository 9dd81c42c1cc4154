"""One booking of MT940 and MT942: field 61 with the field 86 that follows it.

Form of field 61, after SWIFT's User Handbook, category 9::

    6!n[4!n]2a[1!a]15d1!a3!c16x[//16x][34x]

value date, entry date, mark (C, D, RC, RD; EC and ED for expected ones in MT942), third letter of
the currency, amount, type, reference for the account owner, the bank's reference, and further
details on a line of their own. Banks leave out the reference or make it longer.
"""

from __future__ import annotations

import datetime
import functools
import re
from dataclasses import dataclass
from decimal import Decimal

from . import accounts, flat, transaction_kinds
from .documents import (
    BOOKED,
    PENDING,
    BadEntry,
    BankTransactionCode,
    Batch,
    Charge,
    ForeignAmount,
    Party,
    Position,
    StructuredReference,
    Transaction,
    Warn,
)
from .flat import BadRecordError
from .mt940_info import NOT_GIVEN, Info, read_info, read_numbered
from .mt940_message import Field

_START = re.compile(
    r"(\d{6})(?:(\d{4})| {4})?(R[CD]|E[CD]|[CD])([A-Z])?(0*\d{1,15}(?:[,.]\d{0,5})?)", re.ASCII
)
# S for SWIFT, N for others, F for first advices; some banks have letters of their own, a blank before it, or
# leave it out: then it is a reference that shows that the amount ended.
_TYPE = re.compile(r" ?(?:(?!NONREF\b)([A-Z][A-Z0-9 ]{3})|(?=//|NONREF\b))", re.ASCII)
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_INTEREST_DAY = re.compile(r"\d\d02(?:29|30)", re.ASCII)
_MONEY_WORD = re.compile(r"/(OCMT|CHGS)/([A-Z]{3})(\d{1,15}(?:[,.]\d{0,5})?)", re.ASCII)
_RATE_WORD = re.compile(r"/EXCH/(\d{1,12}(?:[,.]\d{1,12})?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Period:
    """Days that the bank's own balances bound; None where it gave none."""

    first: datetime.date | None = None
    last: datetime.date | None = None

    def __contains__(self, day: datetime.date) -> bool:
        return bool(self.first and self.last) and self.first <= day <= self.last


def read_entry(
    line: Field,
    infos: list[Field],
    *,
    currency: str,
    own: tuple[str, ...],
    period: Period,
    proven: bool,
    position: Position,
    warnings: list[Warn],
) -> Transaction | BadEntry:
    """Read one booking.

    :param line: field 61.
    :param infos: the fields 86 and NS that belong to it.
    :param currency: of the account.
    :param own: the account's numbers.
    :param period: tells the year of an entry date where the value date is far from it.
    :param proven: whether balances or totals prove the amounts: only then one without the decimal comma counts.
    """
    amount = status = None
    try:
        text = line.lines[0].rstrip()
        start = _START.match(text)
        if not start:
            raise BadRecordError(
                "statement_line",
                "It does not begin with a date, a debit/credit mark and an amount.",
            )
        value_day, entry_day, mark, funds, figure = start.groups()
        if not proven and figure.isdecimal():
            raise BadRecordError("amount", f"“{figure}” has no decimal comma.")
        # A reversed credit takes money out, a reversed debit brings it back.
        credit = mark in ("C", "EC", "RD")
        value = flat.signed(credit, flat.decimal_amount(figure, currency))
        kind = _TYPE.match(text, start.end())
        if not kind:
            raise BadRecordError(
                "transaction_type",
                f"“{text[start.end() : start.end() + 4]}” is no type such as NTRF.",
            )
        amount, status = value, PENDING if mark.startswith("E") else BOOKED
        extras = _mark_extras(funds, currency, position, warnings)
        value_date, near = _value_date(value_day, entry_day, extras, position, warnings)
        booking_date = _entry_date(entry_day, near, period) if entry_day else near
        return _transaction(
            line,
            infos,
            text[kind.end() :],
            kind[1] or "",
            own=own,
            amount=value,
            currency=currency,
            status=status,
            position=position,
            booking_date=booking_date,
            value_date=value_date,
            reversal=mark in ("RC", "RD"),
            extras=extras,
        )
    except BadRecordError as error:
        evidence = {":61:": "\n".join(line.lines)}
        for info in infos:
            evidence[f":{info.tag}:"] = "\n".join(info.lines)
        return BadEntry(
            position=position,
            code=error.code,
            reason=error.reason,
            evidence=evidence,
            amount=amount,
            status=status,
        )


def _mark_extras(funds, currency, position, warnings) -> dict[str, str]:
    if funds is None:
        return {}
    # Some banks mean “credit” by CR and “debit” by DR; R is the third letter of EUR as well.
    if funds not in (currency[2], "R"):
        warnings.append(
            Warn(
                path=f":61: of line {position.line}",
                message=f"Funds code {funds} is not the third letter of {currency}.",
            )
        )
    return {"61/funds_code": funds}


def _value_date(value_day, entry_day, extras, position, warnings):
    """Return the value date, and the day that tells the year of the entry date.

    Where a bank reckons interest by months of 30 days, a value date may be a 29 or 30 February that does
    not exist: it is kept as it stands, and the entry has none.
    """
    try:
        day = flat.day(value_day)
        return day, day
    except BadRecordError as error:
        if not (entry_day and _INTEREST_DAY.fullmatch(value_day)):
            raise
        extras["61/value_date"] = value_day
        warnings.append(Warn(path=f":61: of line {position.line}", message=error.reason))
        return None, flat.day(f"{value_day[:4]}28")


@functools.lru_cache(maxsize=4096)
def _entry_date(text: str, value_date: datetime.date, period: Period) -> datetime.date:
    """Return the day in the year that brings it nearest to the value date, unless the statement's
    own days say that it is another year.
    """
    candidates = []
    for year in (value_date.year, value_date.year - 1, value_date.year + 1):
        try:
            candidates.append(datetime.date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    if not candidates:
        raise BadRecordError("date", f"Entry date “{text}” is no day of the form MMDD.")
    nearest = min(candidates, key=lambda day: abs(day - value_date))
    # 29 February exists in one year of four: the nearest may be far away, and so wrong.
    if abs(nearest - value_date).days > 183:
        raise BadRecordError("date", f"Entry date “{text}” is no day near value date {value_date}.")
    within = [day for day in candidates if day in period]
    if nearest not in period and len(within) == 1:
        return within[0]
    return nearest


def _transaction(line, infos, rest, kind, *, own, extras, **values) -> Transaction:
    # A reversal keeps the roles of the payment it takes back.
    credit = (values["amount"] > 0) != values["reversal"]
    customer_ref, slashes, bank_ref = rest.partition("//")
    customer_ref, bank_ref = customer_ref.strip(), bank_ref.strip()
    supplement = " ".join(text.strip() for text in line.lines[1:] if text.strip())
    texts = [text for item in infos if item.tag == "86" for text in item.lines]
    account, name = _party_of_61(customer_ref, supplement, texts)
    info = read_info(texts[1:] if name else texts, credit)
    for item in infos:
        if item.tag == "NS":
            read_numbered(item.lines, info)
    if account and info.account in (None, account):
        info.account, supplement = account, ""
    info.name = info.name or name
    if info.account in own:
        # Triodos tells the holder's own account with each booking.
        info.keep("86/own_account", info.account)
        info.account = info.extras.pop("86/?31", None)
    if name:
        customer_ref = ""
    if customer_ref not in NOT_GIVEN:
        info.fill("instruction_id", "61/reference", customer_ref)
    elif customer_ref:
        extras["61/reference"] = customer_ref
    if slashes and bank_ref in NOT_GIVEN:
        extras["61/bank_reference"] = bank_ref
    if info.primanota:
        extras["86/primanota"] = info.primanota
    is_german = info.code is not None and info.separator == "?"
    code = _code(kind, info.code or info.extras.get("86/TRCD"), is_german)
    iban, other = accounts.identify(accounts.polish_iban(info.account) or info.account)
    foreign, charges = _money_words(supplement, info, values["currency"])
    amount = values["amount"]
    return Transaction(
        end_to_end_id=info.end_to_end_id,
        instruction_id=info.instruction_id,
        transaction_id=info.transaction_id,
        mandate_id=info.mandate_id,
        creditor_id=info.creditor_id,
        counterparty=Party(name=info.name, iban=iban, bic=info.bic, other_id=other),
        ultimate_party=info.ultimate_party,
        remittance=info.remittance,
        structured=tuple(
            StructuredReference(value=value, type=kind) for value, kind in info.structured
        ),
        additional_info=" ".join(filter(None, (info.additional_info, supplement))) or None,
        purpose=info.purpose,
        foreign=foreign,
        charges=charges,
        bank_code=code,
        kind=transaction_kinds.kind_of(code, reversal=values["reversal"]),
        account_servicer_ref=bank_ref if bank_ref not in NOT_GIVEN else None,
        batch=Batch(entry_amount=amount, payment_information_id=info.payment_information_id)
        if info.payment_information_id
        else None,
        extras=extras | info.extras,
        **values,
    )


def _party_of_61(reference: str, supplement: str, texts: list[str]):
    """Return the account and the name of the other side where field 61 tells them.

    ASN, RegioBank and SNS put them where others put a reference and further details, and once more in
    front of field 86. Rabobank puts the account into the further details.
    """
    if supplement and texts and texts[0].strip() == f"{reference} {supplement}":
        return reference, supplement
    return (supplement, None) if _IBAN.fullmatch(supplement) else (None, None)


@functools.lru_cache(maxsize=4096)
def _code(kind: str, code: str | None, is_german: bool) -> BankTransactionCode | None:
    codes = "+".join(filter(None, (kind.strip(), code)))
    if not codes:
        return None
    return BankTransactionCode(
        proprietary=codes,
        issuer=transaction_kinds.DK if is_german else transaction_kinds.SWIFT,
    )


def _money_words(supplement: str, info: Info, currency: str):
    """Return the original amount with its rate, and the charges: evidence beside the booked amount.

    They stand in the further details of field 61, or as code words in field 86.
    """
    text = supplement
    for word in ("OCMT", "CHGS", "EXCH"):
        value = info.extras.get(f"86/{word}")
        if value:
            text += f"/{word}/{value}"
    if "/" not in text:
        return (), ()
    found = _RATE_WORD.search(text)
    rate = Decimal(found[1].replace(",", ".")) if found else None
    foreign, charges = (), ()
    for word, code, figure in _MONEY_WORD.findall(text):
        number = Decimal(figure.replace(",", ".").rstrip("."))
        if word == "CHGS":
            charges += (Charge(amount=0 - number, currency=code),)
        elif code != currency or rate is not None:
            foreign += (ForeignAmount(kind="instructed", amount=number, currency=code, rate=rate),)
    if rate is not None and not foreign:
        foreign = (ForeignAmount(kind="transaction", rate=rate),)
    return foreign, charges
