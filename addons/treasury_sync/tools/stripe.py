"""Stripe's objects and signatures, read strictly.

Conventions: https://docs.stripe.com/webhooks/signature, https://docs.stripe.com/currencies and the reference of the
API. Amounts are integers of the smallest unit; unknown types of events are nobody's fault and say nothing.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from odoo.addons.finance_connector_base.tools.dates import as_utc
from odoo.addons.finance_connector_base.tools.signatures import SignatureError

from .settlements import (
    DISPUTE,
    PAYMENT,
    PAYOUT,
    REFUND,
    Message,
    Observation,
    Row,
    SettlementFormatError,
)

REPORT = "payout_report"
TOLERANCE_SECONDS = 300

# https://docs.stripe.com/currencies. ISO 4217's own decimals differ: MGA has none here; ISK and UGX, which have none,
# are stated with two.
_ZERO_DECIMAL = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)  # fmt: skip
_THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_CURRENCY = re.compile(r"[a-z]{3}", re.ASCII)

_CHARGE = {"pending": "pending", "failed": "failed", "succeeded": "succeeded"}
_INTENT = {"succeeded": "succeeded"}
_REFUND = {
    "pending": "pending",
    "requires_action": "pending",
    "succeeded": "succeeded",
    "failed": "failed",
    "canceled": "cancelled",
}
_PAYOUT = {
    "pending": "pending",
    "in_transit": "in_transit",
    "paid": "paid",
    "canceled": "cancelled",
    "failed": "failed",
}
# Types of balance transactions -> kinds of rows; https://docs.stripe.com/reports/balance-transaction-types
_ROWS = {
    "charge": "payment",
    "payment": "payment",
    "refund": "refund",
    "payment_refund": "refund",
    "refund_failure": "refund_failure",
    "payment_failure_refund": "refund_failure",
    "payout_failure": "payout_failure",
    "payout_cancel": "payout_failure",
    "stripe_fee": "fee",
    "stripe_fx_fee": "fee",
    "tax_fee": "fee",
    "application_fee": "fee",
    "network_cost": "fee",
}


# === SIGNATURE === #


def sign(secrets: Sequence[str], body: bytes, now: datetime) -> str:
    """Return the value of the header ``Stripe-Signature``.

    :param secrets: those in use; each signs.
    """
    stated = int(as_utc(now).timestamp())
    return ",".join([f"t={stated}", *(f"v1={_mac(secret, stated, body)}" for secret in secrets)])


def verify(secrets: Sequence[str], header: str, body: bytes, now: datetime) -> datetime:
    """Check a webhook: signed by one of the secrets, and neither old nor from the future.

    :param secrets: those in use; none: nothing can be trusted.
    :param header: value of ``Stripe-Signature``.
    :param body: the raw bytes.
    :return: when it was sent.
    :raise SignatureError: it is not proven.
    """
    if not any(secrets):
        raise SignatureError(
            "The connection has no signing secret, so nothing it receives can be trusted.",
            "Enter the endpoint's secret of Stripe (whsec_...); Stripe will deliver again.",
        )
    parts = [part.partition("=") for part in header.split(",")]
    stated = [value for name, _mark, value in parts if name.strip() == "t"]
    presented = [value.strip() for name, _mark, value in parts if name.strip() == "v1"]
    if len(stated) != 1 or not re.fullmatch(r"\d{1,12}", stated[0], re.ASCII) or not presented:
        raise SignatureError("The webhook is not signed in Stripe's form.")
    moment = int(stated[0])
    fits = False
    for secret in filter(None, secrets):
        expected = _mac(secret, moment, body)
        for value in presented:
            # No early way out: the time taken must not tell which secret or how much of it fits.
            fits |= hmac.compare_digest(expected.encode(), value.encode())
    if not fits:
        raise SignatureError(
            "The signature does not fit the message.",
            "Check that the endpoint's secret in Stripe is the one of this connection.",
        )
    if abs(as_utc(now).timestamp() - moment) > TOLERANCE_SECONDS:
        raise SignatureError(
            "The webhook is too old or from the future.",
            "Check the clock of this server; a recorded message can't be played again.",
        )
    return datetime.fromtimestamp(moment, UTC)


def _mac(secret, stated, body):
    return hmac.new(secret.encode(), f"{stated}.".encode() + body, sha256).hexdigest()


# === AMOUNTS === #


def amount(units, currency) -> Decimal:
    """Return Stripe's integer as an amount.

    :raise SettlementFormatError: it is no integer, or the currency no code.
    """
    if not isinstance(units, int) or isinstance(units, bool):
        raise SettlementFormatError(f"{units!r} is no amount: Stripe states whole minor units.")
    return Decimal(units).scaleb(-_exponent(currency))


def _exponent(currency):
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise SettlementFormatError(f"{currency!r} is no currency of Stripe's.")
    code = currency.upper()
    return 0 if code in _ZERO_DECIMAL else 3 if code in _THREE_DECIMAL else 2


# === EVENTS === #


def event_identity(body: bytes) -> bytes:
    """The part of an event that every delivery of it repeats; the rest tells of the delivery itself."""
    event = _loads(body)
    same = {name: event.get(name) for name in ("id", "type", "created", "data")}
    return json.dumps(same, sort_keys=True, separators=(",", ":")).encode()


def read(body: bytes, references: Sequence[str]) -> Message:
    """Read an event, or the report of a payout's rows.

    :param references: names of metadata that may name an invoice, the strongest first.
    :raise SettlementFormatError: it is neither, or says what cannot be read without guessing.
    """
    document = _loads(body)
    if document.get("object") == REPORT:
        return _read_report(document, references)
    if document.get("object") != "event":
        raise SettlementFormatError("The document is no event of Stripe's.")
    subject = _mapping(_mapping(document, "data"), "object")
    observation = _observe(
        subject,
        _text(document, "id"),
        _moment(document, "created"),
        document.get("type"),
        references,
    )
    return Message(observations=(observation,) if observation else ())


def pack_report(payout: dict, pages: Sequence[bytes]) -> bytes:
    """Return one document of a payout and all pages of its balance transactions."""
    return json.dumps(
        {"object": REPORT, "payout": payout, "pages": [json.loads(page) for page in pages]},
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def _observe(subject, source, as_of, event_type, references):
    reader = _READERS.get(subject.get("object"))
    return reader and reader(subject, source, as_of, event_type, references)


def _payment(subject, source, as_of, _event_type, references):
    if subject.get("status") not in _CHARGE:
        raise SettlementFormatError(f"A charge is never “{subject.get('status')}”.")
    if subject.get("captured") is False:
        # Money that is only reserved is not there.
        return None
    return Observation(
        kind=PAYMENT,
        status=_CHARGE[subject["status"]],
        references=_references(subject, references),
        provider_reference=_id(subject.get("payment_intent")),
        customer=_id(subject.get("customer")),
        customer_name=(subject.get("billing_details") or {}).get("name"),
        reason=subject.get("failure_message"),
        **_common(subject, "amount_captured", source, as_of),
    )


def _intent(subject, source, as_of, _event_type, references):
    charge = _id(subject.get("latest_charge"))
    if not charge or subject.get("status") not in _INTENT:
        # What an attempt that failed was, its charge says.
        return None
    return Observation(
        kind=PAYMENT,
        status=_INTENT[subject["status"]],
        references=_references(subject, references),
        provider_reference=_text(subject, "id"),
        customer=_id(subject.get("customer")),
        **(_common(subject, "amount_received", source, as_of) | {"external_id": charge}),
    )


def _refund(subject, source, as_of, _event_type, _references):
    if subject.get("status") not in _REFUND:
        raise SettlementFormatError(f"A refund is never “{subject.get('status')}”.")
    return Observation(
        kind=REFUND,
        status=_REFUND[subject["status"]],
        parent=_id(subject.get("charge")),
        reason=subject.get("failure_reason") or subject.get("reason"),
        **_common(subject, "amount", source, as_of),
    )


def _dispute(subject, source, as_of, event_type, _references):
    moved = [row.get("net", 0) for row in subject.get("balance_transactions") or ()]
    if event_type == "charge.dispute.funds_reinstated" or any(net > 0 for net in moved):
        status = "reinstated"
    elif subject.get("status") == "lost":
        status = "lost"
    elif event_type == "charge.dispute.funds_withdrawn" or any(net < 0 for net in moved):
        status = "withdrawn"
    else:
        status = "open"
    return Observation(
        kind=DISPUTE,
        status=status,
        parent=_id(subject.get("charge")),
        reason=subject.get("reason"),
        **_common(subject, "amount", source, as_of),
    )


def _payout(subject, source, as_of, _event_type, _references):
    if subject.get("status") not in _PAYOUT:
        raise SettlementFormatError(f"A payout is never “{subject.get('status')}”.")
    trace = subject.get("trace_id") or {}
    return Observation(
        kind=PAYOUT,
        status=_PAYOUT[subject["status"]],
        arrival_on=_day(subject, "arrival_date"),
        bank_reference=trace.get("value") or subject.get("statement_descriptor"),
        itemised=subject.get("automatic") is not False,
        reason=subject.get("failure_message"),
        **_common(subject, "amount", source, as_of),
    )


_READERS = {
    "charge": _payment,
    "payment_intent": _intent,
    "refund": _refund,
    "dispute": _dispute,
    "payout": _payout,
}


def _common(subject, amount_field, source, as_of):
    units = subject.get(amount_field)
    if units is None:
        units = subject.get("amount")
    return {
        "external_id": _text(subject, "id"),
        "amount": amount(units, subject.get("currency")),
        "currency": subject["currency"].upper(),
        "occurred_on": _day(subject, "created"),
        "as_of": as_of,
        "source": source,
    }


def _references(subject, names):
    metadata = subject.get("metadata") or {}
    found = [metadata.get(name) for name in names] + [subject.get("description")]
    return tuple(text.strip() for text in found if isinstance(text, str) and text.strip())


# === ROWS OF A PAYOUT === #


def _read_report(document, references):
    payout = _mapping(document, "payout")
    rows, observations = [], []
    source = f"report:{_text(payout, 'id')}"
    told = _observe(payout, source, _moment(payout, "created"), None, ())
    for page in document["pages"]:
        for entry in page["data"]:
            if entry.get("type") == "payout" and _id(entry.get("source")) == payout["id"]:
                continue
            rows.append(_row(entry))
            subject = entry.get("source")
            if isinstance(subject, dict):
                # The payout itself stands for what it paid: the object was so by then.
                observation = _observe(subject, source, _moment(entry, "created"), None, references)
                observations += [observation] if observation else []
    return Message(observations=(told, *observations), payout=payout["id"], rows=tuple(rows))


def _row(entry):
    currency = entry.get("currency")
    gross = amount(entry.get("amount"), currency)
    kind = _ROWS.get(entry.get("type"), "other")
    subject = _id(entry.get("source"))
    if kind == "other" and entry.get("type") == "adjustment" and (subject or "").startswith("dp_"):
        kind = "dispute" if gross < 0 else "dispute_reversal"
    return Row(
        external_id=_text(entry, "id"),
        kind=kind,
        gross=gross,
        fee=amount(entry.get("fee"), currency),
        net=amount(entry.get("net"), currency),
        currency=currency.upper(),
        occurred_on=_day(entry, "created"),
        subject=subject,
        text=entry.get("description") or entry.get("type") or "",
    )


# === FIELDS === #


def _loads(body):
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SettlementFormatError(f"The document is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettlementFormatError("The document is no JSON object.")
    return document


def _id(value):
    """An object, or the id that stands for it."""
    return value.get("id") if isinstance(value, dict) else value


def _text(mapping, name):
    value = mapping.get(name)
    if not isinstance(value, str) or not value:
        raise SettlementFormatError(f"{name} is missing.")
    return value


def _mapping(mapping, name):
    value = mapping.get(name)
    if not isinstance(value, dict):
        raise SettlementFormatError(f"{name} is missing.")
    return value


def _moment(mapping, name):
    value = mapping.get(name)
    if not isinstance(value, int):
        raise SettlementFormatError(f"{name} is no moment.")
    return datetime.fromtimestamp(value, UTC)


def _day(mapping, name) -> date:
    return _moment(mapping, name).date()
