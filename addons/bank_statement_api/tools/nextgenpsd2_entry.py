"""One NextGenPSD2 transaction to canonical transactions."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from .checks import details_differ
from .documents import (
    BOOKED,
    SINGLE,
    AccountRef,
    BadEntry,
    Batch,
    Detail,
    Finding,
    ForeignAmount,
    Party,
    Position,
    StructuredReference,
    Transaction,
    Warn,
)
from .json_fields import (
    FieldError,
    array_of,
    bank_code_of,
    date_of,
    money_of,
    object_of,
    scalars_of,
    text_of,
)

_RATE = re.compile(r"\d{1,18}(\.\d{1,18})?", re.ASCII)
_MAPPED = frozenset(
    {
        "transactionId",
        "internalTransactionId",
        "entryReference",
        "endToEndId",
        "mandateId",
        "creditorId",
        "bookingDate",
        "valueDate",
        "transactionAmount",
        "currencyExchange",
        "creditorName",
        "creditorAccount",
        "creditorAgent",
        "ultimateCreditor",
        "debtorName",
        "debtorAccount",
        "debtorAgent",
        "ultimateDebtor",
        "remittanceInformationUnstructured",
        "remittanceInformationUnstructuredArray",
        "remittanceInformationStructured",
        "remittanceInformationStructuredArray",
        "additionalInformation",
        "purposeCode",
        "bankTransactionCode",
        "proprietaryBankTransactionCode",
        "batchIndicator",
        "batchNumberOfTransactions",
        "entryDetails",
    }
)


class PageReader:
    """Collects what the records of one page become."""

    def __init__(self, account: AccountRef, details: str):
        self.account = account
        self.details = details
        self.entries = 0
        self.transactions: list[Transaction] = []
        self.bad_entries: list[BadEntry] = []
        self.findings: list[Finding] = []
        self.warnings: list[Warn] = []

    def read(self, item, status: str, position: Position, path: str):
        self.entries += 1
        amount = None
        try:
            if not isinstance(item, dict):
                raise FieldError(path, "is not an object")
            amount = self._booked_amount(item, path)
            self.transactions += self._lines(item, status, amount, position, path)
        except FieldError as error:
            self.bad_entries.append(
                BadEntry(
                    position=position,
                    code="field",
                    reason=str(error),
                    evidence=scalars_of(item) if isinstance(item, dict) else {path: str(item)},
                    amount=amount,
                    status=status,
                )
            )

    def _booked_amount(self, item: dict, path: str) -> Decimal:
        amount, currency = money_of(item, "transactionAmount", path)
        if self.account.currency and currency != self.account.currency:
            raise FieldError(
                f"{path}.transactionAmount.currency",
                f"{currency} on an account in {self.account.currency}",
            )
        return amount

    def _lines(self, item, status, amount, position, path) -> list[Transaction]:
        booking_date = date_of(item, "bookingDate", path)
        if status == BOOKED and booking_date is None:
            raise FieldError(f"{path}.bookingDate", "is missing in a booked transaction")
        shared = {
            "currency": item["transactionAmount"]["currency"],
            "status": status,
            "booking_date": booking_date,
            "value_date": date_of(item, "valueDate", path),
            "account_servicer_ref": text_of(item, "entryReference", path),
            "provider_uid": text_of(item, "internalTransactionId", path)
            or text_of(item, "transactionId", path),
        }
        extras = scalars_of({key: value for key, value in item.items() if key not in _MAPPED})
        info = self._payment_info(item, amount, path)
        parts = [
            (part, f"{path}.entryDetails[{index}]")
            for index, part in enumerate(array_of(item, "entryDetails", path, optional=True))
        ]
        amounts = self._detail_amounts(parts, amount, shared["currency"], position)
        count = item.get("batchNumberOfTransactions")
        batch = None
        if parts or item.get("batchIndicator") or count is not None:
            batch = Batch(
                entry_amount=amount,
                number_of_transactions=count if isinstance(count, int) else len(parts) or None,
            )
        infos = [
            self._payment_info(part, amount, part_path)
            for part, part_path in parts
            if isinstance(part, dict)
        ]
        if amounts is None or self.details == SINGLE or len(parts) < 2:
            kept = ()
            if parts:
                known = amounts or [None] * len(infos)
                kept = tuple(
                    Detail(amount=value, currency=shared["currency"] if value else None, **found)
                    for value, found in zip(known, infos, strict=True)
                )
            return [
                Transaction(
                    amount=amount,
                    position=position,
                    batch=batch,
                    details=kept,
                    extras=extras,
                    **shared,
                    **info,
                )
            ]
        return [
            Transaction(
                amount=value,
                position=replace(position, detail=number),
                batch=replace(batch, parts=len(parts)),
                extras=extras,
                **shared,
                **found,
            )
            for number, (value, found) in enumerate(zip(amounts, infos, strict=True), 1)
        ]

    def _detail_amounts(self, parts, entry_amount, currency, position) -> list[Decimal] | None:
        """Return the details' amounts when they prove to be the entry, else None."""
        if not parts:
            return None
        try:
            given = [money_of(part, "transactionAmount", path) for part, path in parts]
        except FieldError as error:
            self.warnings.append(Warn(path=error.path, message=error.reason))
            return None
        total = sum(amount for amount, _currency in given)
        if total == entry_amount and all(found == currency for _amount, found in given):
            return [amount for amount, _currency in given]
        self.findings.append(details_differ(entry_amount, total, currency, position))
        return None

    def _payment_info(self, item: dict, amount: Decimal, path: str) -> dict:
        debtor, creditor = _party(item, "debtor", path), _party(item, "creditor", path)
        expected, other = (debtor, creditor) if amount > 0 else (creditor, debtor)
        own = self.account.iban
        if expected == Party() or (own and expected.iban == own):
            expected, other = other, expected
            if own and expected.iban == own:
                expected, other = other, expected
        ultimate = "ultimateDebtor" if expected is debtor else "ultimateCreditor"
        return {
            "end_to_end_id": text_of(item, "endToEndId", path),
            "mandate_id": text_of(item, "mandateId", path),
            "creditor_id": text_of(item, "creditorId", path),
            "counterparty": expected,
            "ultimate_party": text_of(item, ultimate, path),
            "remittance": _remittance(item, path),
            "structured": _structured(item, path),
            "additional_info": text_of(item, "additionalInformation", path),
            "purpose": text_of(item, "purposeCode", path),
            "foreign": self._foreign(item, path),
            "bank_code": bank_code_of(item, path),
        }

    def _foreign(self, item: dict, path: str) -> tuple[ForeignAmount, ...]:
        given = item.get("currencyExchange")
        found = []
        for index, exchange in enumerate(given if isinstance(given, list) else [given]):
            if not isinstance(exchange, dict):
                continue
            place = f"{path}.currencyExchange[{index}]"
            amount = currency = None
            if "instructedAmount" in exchange:
                amount, currency = money_of(exchange, "instructedAmount", place)
            found.append(
                ForeignAmount(
                    kind="instructed",
                    amount=amount if amount is None else abs(amount),
                    currency=currency,
                    rate=self._rate(exchange, place),
                    source_currency=text_of(exchange, "sourceCurrency", place),
                    target_currency=text_of(exchange, "targetCurrency", place),
                )
            )
        return tuple(found)

    def _rate(self, exchange: dict, path: str) -> Decimal | None:
        text = text_of(exchange, "exchangeRate", path)
        if text is None or _RATE.fullmatch(text):
            return text if text is None else Decimal(text)
        self.warnings.append(
            Warn(path=f"{path}.exchangeRate", message=f"{text} is not a number; it is left out.")
        )
        return None


def _party(item: dict, role: str, path: str) -> Party:
    account = object_of(item, f"{role}Account", path) or {}
    iban = text_of(account, "iban", f"{path}.{role}Account")
    agent = item.get(f"{role}Agent")
    return Party(
        name=text_of(item, f"{role}Name", path),
        iban=iban and "".join(iban.split()).upper(),
        bic=agent if isinstance(agent, str) else None,
        other_id=text_of(account, "bban", path) or text_of(account, "maskedPan", path),
    )


def _remittance(item: dict, path: str) -> tuple[str, ...]:
    """Return the texts once: banks that fill the array repeat its first element beside it."""
    texts = array_of(item, "remittanceInformationUnstructuredArray", path, optional=True)
    texts = texts or [text_of(item, "remittanceInformationUnstructured", path)]
    return tuple(text.strip() for text in texts if isinstance(text, str) and text.strip())


def _structured(item: dict, path: str) -> tuple[StructuredReference, ...]:
    """Return references, which are a text or an object, alone or in an array, by bank and version."""
    given = item.get("remittanceInformationStructuredArray") or [
        item.get("remittanceInformationStructured")
    ]
    if not isinstance(given, list):
        raise FieldError(f"{path}.remittanceInformationStructuredArray", "is not an array")
    found = []
    for reference in given:
        if isinstance(reference, str) and reference.strip():
            found.append(StructuredReference(value=reference.strip()))
        elif isinstance(reference, dict) and text_of(reference, "reference", path):
            found.append(
                StructuredReference(
                    value=text_of(reference, "reference", path),
                    type=text_of(reference, "referenceType", path) or "",
                    issuer=text_of(reference, "referenceIssuer", path),
                )
            )
    return tuple(found)
