"""Canonical bank statement, version 1: what every format and adapter produces and handlers consume.

Money is a signed ``Decimal`` in the stated currency, positive when it comes into the account.
Dates are the bank's own and never shifted by a time zone. Field names follow ISO 20022 (camt.053)
where it has a name. ``schemas/statement.v1.json`` describes the form made by :func:`to_dict`.
"""

from __future__ import annotations

import datetime
import typing
from dataclasses import dataclass, field
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.canonical import from_plain, to_plain

SCHEMA_VERSION = 1

BOOKED = "booked"
PENDING = "pending"
INFORMATION = "information"

# What a document is: the bank's word on a finished period, on a day that goes on (camt.052,
# MT942), or on single bookings that stand in a statement as well (camt.054).
STATEMENT = "statement"
REPORT = "report"
NOTIFICATION = "notification"
KINDS = (STATEMENT, REPORT, NOTIFICATION)

# Policies for a batch booked in one amount: a line for each detail, or one line for the entry.
SPLIT = "split"
SINGLE = "single"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRef:
    """The account a statement is about, as the bank names it; ``scheme`` qualifies ``other_id``."""

    iban: str | None = None
    other_id: str | None = None
    scheme: str | None = None
    currency: str | None = None
    bic: str | None = None
    owner_name: str | None = None

    @property
    def identifier(self) -> str | None:
        return self.iban or self.other_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A balance by its ISO 20022 type code: OPBD, CLBD, ITBD, CLAV, PRCD and others."""

    type: str
    amount: Decimal
    currency: str
    date: datetime.date | None = None
    credit_line_included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransactionCode:
    """ISO 20022 bank transaction code, and the bank's proprietary one with its issuer."""

    domain: str | None = None
    family: str | None = None
    subfamily: str | None = None
    proprietary: str | None = None
    issuer: str | None = None

    @property
    def text(self) -> str:
        iso = [self.domain, self.family, self.subfamily]
        return "-".join(part for part in iso if part) or self.proprietary or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StructuredReference:
    """A creditor reference; ``type`` is SCOR (ISO 11649), QRR, another code, or empty."""

    value: str
    type: str = ""
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignAmount:
    """Evidence of a currency exchange, never the booked amount.

    :ivar kind: ``instructed``, ``transaction``, ``counter_value`` or ``announced``.
    :ivar amount: unsigned, in ``currency``; None when only the rate is known.
    :ivar rate: target currency units for one source unit, as the bank printed it.
    """

    kind: str
    amount: Decimal | None = None
    currency: str | None = None
    rate: Decimal | None = None
    source_currency: str | None = None
    target_currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """A charge reported with a transaction: negative when taken, positive when given back.

    :ivar included: whether the booked amount already has it inside; None when not said.
    """

    amount: Decimal
    currency: str
    included: bool | None = None
    bearer: str | None = None
    type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The other side of a transaction."""

    name: str | None = None
    iban: str | None = None
    bic: str | None = None
    other_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The booking that a transaction is, or is a part of.

    :ivar number_of_transactions: as declared by the bank.
    :ivar entry_amount: signed booked amount of the whole entry.
    :ivar parts: lines the entry was split into; 1 when it is kept whole.
    """

    entry_amount: Decimal
    message_id: str | None = None
    payment_information_id: str | None = None
    number_of_transactions: int | None = None
    parts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a record stands in its source, 1-based.

    ``detail`` 0 is the entry as a whole; ``line`` 0 is unknown.
    """

    statement: int
    entry: int
    detail: int = 0
    line: int = 0

    def __str__(self) -> str:
        text = f"statement {self.statement}, entry {self.entry}"
        if self.detail:
            text += f", detail {self.detail}"
        if self.line:
            text += f", line {self.line}"
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInfo:
    """What identifies a payment and its other side; the same for an entry and for a detail."""

    end_to_end_id: str | None = None
    instruction_id: str | None = None
    transaction_id: str | None = None
    mandate_id: str | None = None
    creditor_id: str | None = None
    uetr: str | None = None
    counterparty: Party = Party()
    ultimate_party: str | None = None
    remittance: tuple[str, ...] = ()
    structured: tuple[StructuredReference, ...] = ()
    additional_info: str | None = None
    purpose: str | None = None
    foreign: tuple[ForeignAmount, ...] = ()
    charges: tuple[Charge, ...] = ()
    bank_code: BankTransactionCode | None = None

    @property
    def remittance_text(self) -> str:
        """Unstructured text, then references, then the bank's own text when there is neither."""
        parts = self.remittance + tuple(reference.value for reference in self.structured)
        return " ".join(parts) or self.additional_info or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail(PaymentInfo):
    """One transaction inside an entry that is kept as a single line.

    :ivar amount: signed, in ``currency``; None when the bank gave none.
    """

    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction(PaymentInfo):
    """One line of the account: an entry, or one detail of an entry that was split.

    :ivar amount: signed, in the account's currency, as booked; never a foreign amount.
    :ivar booking_date: None only while the status is not ``booked``.
    :ivar reversal: it takes back an earlier entry; the sign of ``amount`` already says so.
    :ivar account_servicer_ref: the bank's own reference of the booking, equal in its channels.
    :ivar provider_uid: identifier a provider's interface uses for it.
    :ivar kind: what sort of booking it is, one of :data:`.transaction_kinds.KINDS`; empty when nobody asked.
    :ivar extras: fields of the source without a place here, by their name in the source.
    """

    amount: Decimal
    currency: str
    status: str
    position: Position
    booking_date: datetime.date | None = None
    value_date: datetime.date | None = None
    reversal: bool = False
    entry_ref: str | None = None
    account_servicer_ref: str | None = None
    provider_uid: str | None = None
    kind: str = ""
    batch: Batch | None = None
    details: tuple[Detail, ...] = ()
    extras: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A statement that does not add up, or a fact a person should know.

    :ivar severity: ``info``, ``warning`` or ``error``; an error means: do not post.
    """

    code: str
    message: str
    severity: str
    expected: str | None = None
    actual: str | None = None
    position: Position | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadEntry:
    """A record that cannot be understood without guessing; the others are not affected.

    :ivar amount: its signed booked amount, when that much is readable: the balance proof needs it.
    :ivar status: as in :class:`Transaction`, when readable.
    :ivar evidence: the source's own words, by element or path.
    """

    position: Position
    code: str
    reason: str
    evidence: dict[str, str] = field(default_factory=dict)
    amount: Decimal | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warn:
    """An oddity of the source that does not touch its meaning."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTotals:
    """What the bank says the entries add up to; None where it says nothing. Sums are unsigned."""

    entries: int | None = None
    entries_sum: Decimal | None = None
    net: Decimal | None = None
    credit_entries: int | None = None
    credit_sum: Decimal | None = None
    debit_entries: int | None = None
    debit_sum: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of one account, or one fetched window of an interface.

    :ivar kind: ``statement``, ``report`` (intraday: booked entries are final, a statement follows) or ``notification``
        (details of bookings that a statement brings; never bookings of its own).
    :ivar position: 1-based number in its source.
    :ivar opening: booked balance before the first transaction; None when not reported.
    :ivar closing: booked balance after the last one; None when not reported.
    :ivar withdrawn: provider uids of records that an interface reporting changes took back.
    :ivar findings: what the reader noticed; the proofs of ``checks`` are separate.
    :ivar extras: fields of the source without a place here, by their name in the source.
    """

    account: AccountRef
    source_format: str
    source_version: str
    kind: str = STATEMENT
    position: int = 1
    message_id: str | None = None
    statement_id: str | None = None
    electronic_sequence: int | None = None
    legal_sequence: int | None = None
    page_number: int | None = None
    last_page: bool | None = None
    created_at: datetime.datetime | None = None
    period_from: datetime.date | None = None
    period_to: datetime.date | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    balances: tuple[Balance, ...] = ()
    totals: DeclaredTotals | None = None
    transactions: tuple[Transaction, ...] = ()
    bad_entries: tuple[BadEntry, ...] = ()
    findings: tuple[Finding, ...] = ()
    warnings: tuple[Warn, ...] = ()
    withdrawn: tuple[str, ...] = ()
    extras: dict[str, str] = field(default_factory=dict)

    @property
    def booked(self) -> tuple[Transaction, ...]:
        return tuple(line for line in self.transactions if line.status == BOOKED)

    @property
    def pending(self) -> tuple[Transaction, ...]:
        return tuple(line for line in self.transactions if line.status == PENDING)

    @property
    def information(self) -> tuple[Transaction, ...]:
        return tuple(line for line in self.transactions if line.status == INFORMATION)


def to_dict(statement: Statement) -> dict[str, typing.Any]:
    """Return the JSON form: amounts, dates and times as strings, absent values as null."""
    return {"schema_version": SCHEMA_VERSION, **to_plain(statement)}


def from_dict(document: dict[str, typing.Any]) -> Statement:
    """Return the statement that :func:`to_dict` was given; the round trip is exact.

    :raise ValueError: the document has another schema version, or an unknown or missing field.
    """
    document = dict(document)
    version = document.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"Statement document of schema version {version!r}: this release reads version "
            f"{SCHEMA_VERSION}."
        )
    return from_plain(Statement, document)


def transaction_to_dict(transaction: Transaction) -> dict[str, typing.Any]:
    """Return the JSON form of one transaction, as inside that of its statement."""
    return to_plain(transaction)


def transaction_details(transaction: Transaction) -> dict[str, typing.Any]:
    """Return what is kept with a booked line: the JSON form without all that was not said of it."""
    return to_plain(transaction, brief=True)


def transaction_from_dict(document: dict[str, typing.Any]) -> Transaction:
    """Return the transaction that :func:`transaction_to_dict` or :func:`transaction_details` was given.

    :raise ValueError: unknown or missing field.
    """
    return from_plain(Transaction, document)
