"""Canonical payment order and payment status, version 1: what handlers produce, writers turn into
files, and readers of the bank's answers bring back.

Amounts are positive ``Decimal`` in the stated currency; ``PaymentOrder.kind`` says which way they
go. Names follow ISO 20022 (pain.001, pain.008, pain.002) where it has a name. ``schemas/`` holds
the JSON Schemas of the forms made by :func:`order_to_dict` and :func:`status_to_dict`.
"""

from __future__ import annotations

import datetime
import typing
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.bank_statement_api.tools.documents import StructuredReference
from odoo.addons.finance_connector_base.tools.canonical import from_plain, to_plain

SCHEMA_VERSION = 1

CREDIT_TRANSFER = "credit_transfer"
DIRECT_DEBIT = "direct_debit"

# Who pays the charges (ISO 20022 ChargeBearerType1Code).
CHARGE_BEARERS = ("SLEV", "SHAR", "DEBT", "CRED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A structured postal address; ``lines`` only where a party has no other form.

    :ivar country: ISO 3166 alpha-2.
    :ivar subdivision: state or province.
    """

    street: str | None = None
    building_number: str | None = None
    postcode: str | None = None
    town: str | None = None
    subdivision: str | None = None
    country: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """A number that a party is known by, with the scheme that issued it.

    :ivar scheme: ISO 20022 code or the agreed proprietary one, e.g. ``CUST``, ``SEPA``, ``LEI``.
    """

    value: str
    scheme: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who pays or is paid."""

    name: str
    address: Address | None = None
    identifications: tuple[Identification, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A bank: by BIC, or by its number in a national clearing system.

    :ivar clearing_system: ISO 20022 code, e.g. ``GBDSC`` (sort code), ``USABA``, ``CHBCC``.
    """

    bic: str | None = None
    clearing_system: str | None = None
    clearing_number: str | None = None
    name: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at a bank.

    :ivar type: ISO 20022 cash account type, e.g. ``CACC`` (current) or ``SVGS`` (savings).
    """

    iban: str | None = None
    other_id: str | None = None
    currency: str | None = None
    type: str | None = None
    agent: Agent = Agent()

    @property
    def identifier(self) -> str:
        return self.iban or self.other_id or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """What allows a direct debit.

    :ivar sequence: ``FRST``, ``RCUR``, ``OOFF`` or ``FNAL``.
    """

    reference: str
    signed_on: datetime.date
    sequence: str = "RCUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentInstruction:
    """One payment to, or collection from, one counterparty.

    :ivar instruction_id: between us and the bank, unique for ever.
    :ivar end_to_end_id: travels to the other side and back in statements, unique for ever.
    :ivar ultimate_party: on whose behalf the counterparty is paid, or debited.
    :ivar remittance: unstructured text; may stand beside ``references``.
    """

    instruction_id: str
    end_to_end_id: str
    amount: Decimal
    currency: str
    party: Party
    account: Account
    uetr: str | None = None
    ultimate_party: Party | None = None
    charge_bearer: str | None = None
    purpose: str | None = None
    remittance: str | None = None
    references: tuple[StructuredReference, ...] = ()
    mandate: Mandate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentGroup:
    """Instructions of one own account, one day and one type of payment (``PmtInf``).

    :ivar requested_date: execution date, or collection date of direct debits.
    :ivar service_level: ISO 20022 code: ``SEPA``, ``URGP``, ``NURG``, ``SDVA``...
    :ivar local_instrument: ``INST``, ``CORE``, ``B2B``, ``PPD``, ``CCD``...
    :ivar creditor_scheme_id: identifier of the creditor, of direct debits.
    """

    group_id: str
    requested_date: datetime.date
    party: Party
    account: Account
    instructions: tuple[PaymentInstruction, ...]
    service_level: str | None = None
    local_instrument: str | None = None
    category_purpose: str | None = None
    charge_bearer: str | None = None
    batch_booking: bool | None = None
    creditor_scheme_id: str | None = None

    @property
    def control_sum(self) -> Decimal:
        """Sum of the amounts, whatever their currencies: what ``CtrlSum`` asks for."""
        return sum((item.amount for item in self.instructions), Decimal())


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """What is approved and sent as one.

    :ivar message_id: unique for ever; a regenerated order has another.
    :ivar created_at: with time zone; a part of the file, so it is fixed once.
    """

    kind: str
    message_id: str
    created_at: datetime.datetime
    initiator: Party
    groups: tuple[PaymentGroup, ...]

    @property
    def instructions(self) -> tuple[PaymentInstruction, ...]:
        return tuple(item for group in self.groups for item in group.instructions)

    @property
    def control_sum(self) -> Decimal:
        return sum((group.control_sum for group in self.groups), Decimal())

    @property
    def totals(self) -> dict[str, Decimal]:
        """Sum of the amounts of each currency."""
        totals: Counter = Counter()
        for item in self.instructions:
            totals[item.currency] += item.amount
        return dict(totals)


# === THE BANK'S ANSWER === #


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReason:
    """Why: an ISO 20022 external code (``AC04``, ``AM04``...) or the bank's own, and its words."""

    code: str | None = None
    proprietary: str | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStatus:
    """What the bank says of one instruction.

    :ivar status: ISO 20022 code: ACTC, ACCP, ACSP, ACSC, ACCC, ACWC, PDNG, RJCT...
    :ivar bank_reference: the bank's own reference of the transaction.
    """

    status: str | None
    end_to_end_id: str | None = None
    instruction_id: str | None = None
    uetr: str | None = None
    reasons: tuple[StatusReason, ...] = ()
    amount: Decimal | None = None
    currency: str | None = None
    accepted_at: datetime.datetime | None = None
    bank_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatus:
    """What the bank says of one payment group; its transactions may say otherwise."""

    group_id: str | None
    status: str | None = None
    reasons: tuple[StatusReason, ...] = ()
    transactions: tuple[TransactionStatus, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentStatus:
    """One status report, whatever way it came: pain.002, an interface's answer, a webhook.

    :ivar source_format: e.g. ``pain.002``, ``nextgenpsd2``.
    :ivar original_message_id: the order it is about.
    :ivar status: of the order as a whole; None where only parts have one.
    """

    source_format: str
    source_version: str
    original_message_id: str | None
    message_id: str | None = None
    created_at: datetime.datetime | None = None
    original_name: str | None = None
    status: str | None = None
    reasons: tuple[StatusReason, ...] = ()
    groups: tuple[GroupStatus, ...] = ()


def order_to_dict(order: PaymentOrder) -> dict[str, typing.Any]:
    """Return the JSON form: amounts, dates and times as strings, absent values as null."""
    return {"schema_version": SCHEMA_VERSION, **to_plain(order)}


def order_from_dict(document: dict[str, typing.Any]) -> PaymentOrder:
    """Return the order that :func:`order_to_dict` was given; the round trip is exact.

    :raise ValueError: the document has another schema version, or an unknown or missing field.
    """
    return from_plain(PaymentOrder, _without_version(document))


def status_to_dict(status: PaymentStatus) -> dict[str, typing.Any]:
    """Return the JSON form of a status report."""
    return {"schema_version": SCHEMA_VERSION, **to_plain(status)}


def status_from_dict(document: dict[str, typing.Any]) -> PaymentStatus:
    """Return the status report that :func:`status_to_dict` was given.

    :raise ValueError: the document has another schema version, or an unknown or missing field.
    """
    return from_plain(PaymentStatus, _without_version(document))


def _without_version(document):
    document = dict(document)
    version = document.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise ValueError(
            f"Payment document of schema version {version!r}: this release reads version "
            f"{SCHEMA_VERSION}."
        )
    return document
