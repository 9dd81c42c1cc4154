"""Canonical settlement, version 1: what a gateway says of payments, refunds, disputes and payouts.

A message is an :class:`Observation` of one object. Gateways repeat messages, send them late and in any
order, so the state of an object is :func:`fold` of everything that was observed of it, which is the same for
every order and number of arrivals. ``schemas/settlement.v1.json`` describes :func:`message_to_dict`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.canonical import from_plain, to_plain

SCHEMA_VERSION = 1

PAYMENT = "payment"
REFUND = "refund"
DISPUTE = "dispute"
PAYOUT = "payout"

#: What each kind may be, in the order in which it becomes so: what stands later is the later truth. A payment that
#: failed may still succeed, a refund or payout that was paid may still come back.
LIVES = {
    PAYMENT: ("pending", "failed", "cancelled", "succeeded"),
    REFUND: ("pending", "succeeded", "cancelled", "failed"),
    DISPUTE: ("open", "withdrawn", "lost", "reinstated"),
    PAYOUT: ("pending", "in_transit", "paid", "cancelled", "failed"),
}


class SettlementFormatError(ValueError):
    """A message of a gateway that cannot be read without guessing; names the place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What one message says of one object.

    :ivar kind: ``payment``, ``refund``, ``dispute`` or ``payout``.
    :ivar external_id: the gateway's id of the object.
    :ivar status: one of :data:`LIVES` of its kind.
    :ivar amount: positive, in ``currency``.
    :ivar as_of: moment of the message, UTC; the later of two that say the same status counts.
    :ivar source: id of the message; decides between two of one moment.
    :ivar occurred_on: day on which it happened, as the gateway dates it.
    :ivar parent: id of the payment that a refund or dispute is about.
    :ivar references: texts that may name an invoice, the strongest first.
    :ivar provider_reference: further id that a payment is known by, e.g. of the intent.
    :ivar customer: the gateway's id of the customer.
    :ivar arrival_on: day on which the bank is to book a payout.
    :ivar bank_reference: what stands on the bank statement.
    :ivar itemised: whether the rows of a payout can be asked for.
    :ivar reason: of a failure or dispute, in the gateway's words.
    """

    kind: str
    external_id: str
    status: str
    amount: Decimal
    currency: str
    as_of: datetime.datetime
    source: str
    occurred_on: datetime.date
    parent: str | None = None
    references: tuple[str, ...] = ()
    provider_reference: str | None = None
    customer: str | None = None
    customer_name: str | None = None
    arrival_on: datetime.date | None = None
    bank_reference: str | None = None
    itemised: bool = True
    reason: str | None = None

    def __post_init__(self):
        if self.kind not in LIVES:
            raise SettlementFormatError(f"“{self.kind}” is no kind of settlement.")
        if self.status not in LIVES[self.kind]:
            raise SettlementFormatError(f"A {self.kind} is never “{self.status}”.")
        if not self.external_id or not self.source:
            raise SettlementFormatError(f"A {self.kind} without an id cannot be recognised.")
        if not self.amount.is_finite() or self.amount < 0:
            raise SettlementFormatError(f"{self.external_id}: {self.amount} is not an amount.")

    @property
    def weight(self):
        """Which of two observations of one object says the last word."""
        return LIVES[self.kind].index(self.status), self.as_of, self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a payout: what it moved on the gateway's balance.

    :ivar kind: ``payment``, ``refund``, ``refund_failure``, ``dispute``, ``dispute_reversal``, ``payout_failure``,
        ``fee`` or ``other``.
    :ivar gross, fee, net: signed, in the payout's currency; ``net`` is ``gross - fee``.
    :ivar subject: id of the object it is about.
    """

    external_id: str
    kind: str
    gross: Decimal
    fee: Decimal
    net: Decimal
    currency: str
    occurred_on: datetime.date
    subject: str | None = None
    text: str = ""

    def __post_init__(self):
        if self.gross - self.fee != self.net:
            raise SettlementFormatError(
                f"{self.external_id}: {self.gross} less a fee of {self.fee} is not {self.net}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one document of a gateway holds.

    :ivar payout: id of the payout whose complete list ``rows`` is; None where the document is no such list.
    """

    observations: tuple[Observation, ...] = ()
    payout: str | None = None
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one object.

    :ivar last: the observation that says the last word.
    :ivar passed: every status that was observed.
    :ivar parent, references, provider_reference, customer, customer_name, arrival_on, bank_reference, reason: the last
        word, else the strongest observation that says anything.
    """

    last: Observation
    passed: frozenset[str]
    parent: str | None
    references: tuple[str, ...]
    provider_reference: str | None
    customer: str | None
    customer_name: str | None
    arrival_on: datetime.date | None
    bank_reference: str | None
    reason: str | None

    @property
    def status(self):
        return self.last.status


_TOLD = (
    "parent",
    "references",
    "provider_reference",
    "customer",
    "customer_name",
    "arrival_on",
    "bank_reference",
    "reason",
)


def fold(observations: Iterable[Observation]) -> Life:
    """Make one life of everything observed of one object; order and repetition do not matter.

    :raise ValueError: none, or of several objects.
    """
    ordered = sorted(set(observations), key=lambda item: item.weight, reverse=True)
    if len({(item.kind, item.external_id) for item in ordered}) != 1:
        raise ValueError("A life is of one object.")
    told = {
        name: next((value for item in ordered if (value := getattr(item, name))), None)
        for name in _TOLD
    }
    told["references"] = told["references"] or ()
    return Life(last=ordered[0], passed=frozenset(item.status for item in ordered), **told)


def observation_to_dict(observation: Observation) -> dict:
    """Return the JSON form of an observation."""
    return to_plain(observation)


def observation_from_dict(plain: dict) -> Observation:
    """Return what :func:`observation_to_dict` was given."""
    return from_plain(Observation, plain)


def message_to_dict(message: Message) -> dict:
    """Return the JSON form of a message, which ``schemas/settlement.v1.json`` describes."""
    return {"schema_version": SCHEMA_VERSION, **to_plain(message)}


def message_from_dict(plain: dict) -> Message:
    """Return what :func:`message_to_dict` was given.

    :raise SettlementFormatError: another version, or fields that are not its own.
    """
    told = dict(plain)
    if told.pop("schema_version", None) != SCHEMA_VERSION:
        raise SettlementFormatError(f"The document is no settlement of version {SCHEMA_VERSION}.")
    try:
        return from_plain(Message, told)
    except (ArithmeticError, TypeError, AttributeError) as error:
        raise SettlementFormatError(f"The document is no settlement: {error}") from error
