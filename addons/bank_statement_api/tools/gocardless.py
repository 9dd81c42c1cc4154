"""GoCardless Bank Account Data answers to canonical documents.

Bodies only; speaking to the service is the adapter's. The fields are those of the Berlin Group, with names that mean
less: ``entryReference`` repeats at some banks, so the service's own ``internalTransactionId`` names a booking and,
where it is missing, the bank's ``transactionId`` with day and amount, or the content alone.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from dataclasses import replace

from . import api_bodies, detect, nextgenpsd2
from .documents import AccountRef, Statement, Transaction
from .errors import StatementFormatError
from .json_fields import FieldError, object_of, text_of

CODE = "gocardless"
# https://developer.gocardless.com/bank-account-data/statuses
CONSENT_STATES = {
    "CR": "received",
    "ID": "received",
    "GC": "received",
    "UA": "received",
    "SA": "received",
    "GA": "received",
    "LN": "valid",
    "RJ": "rejected",
    "ER": "rejected",
    "EX": "expired",
    "SU": "revoked",
}
_ACCOUNT_STATES = {"EXPIRED": "consent_expired", "SUSPENDED": "consent_invalid"}


def read(content: bytes, **_options) -> list[Statement]:
    """Map a packed window.

    :raise StatementFormatError: it cannot be understood as a whole.
    """
    bodies = api_bodies.unpack(content)
    pages = [
        nextgenpsd2.page(document, bodies.account) for document in bodies.documents("transactions")
    ]
    balances = [
        balance
        for document in bodies.documents("balances")
        for balance in nextgenpsd2.balances(document)
    ]
    statement = nextgenpsd2.statement(
        bodies.account,
        pages,
        date_from=bodies.day("date_from"),
        date_to=bodies.day("date_to"),
        balances=balances,
    )
    return [
        replace(
            statement,
            source_format=CODE,
            source_version="2",
            transactions=tuple(_renamed(line) for line in statement.transactions),
        )
    ]


FORMAT = detect.Format(
    code=CODE,
    name="GoCardless Bank Account Data",
    matches=lambda content: api_bodies.matches(CODE, content),
    read=read,
    content_type=api_bodies.CONTENT_TYPE,
)


def check(body: bytes, account: AccountRef) -> None:
    """Prove that a body is a list of transactions before anything is concluded from it.

    :raise StatementFormatError: it is none.
    """
    nextgenpsd2.page(nextgenpsd2.loads(body), account)


def account_refusal(document: dict) -> str | None:
    """Return the code of why an account of ``GET accounts/{id}/`` cannot be read, or None."""
    return _ACCOUNT_STATES.get(document.get("status"))


def accounts(details: Iterable[tuple[str, dict]]) -> tuple[nextgenpsd2.ApiAccount, ...]:
    """Return accounts by their ids and ``accounts/{id}/details/``.

    :raise StatementFormatError: one has no number or currency.
    """
    found = []
    for identifier, document in details:
        try:
            item = object_of(document, "account", "$") or {}
            iban = text_of(item, "iban", "$.account")
            other = text_of(item, "bban", "$.account") or text_of(item, "resourceId", "$.account")
            currency = text_of(item, "currency", "$.account")
            if not currency or not (iban or other):
                raise FieldError("$.account", "number or currency is missing")
        except FieldError as error:
            raise StatementFormatError(
                "The answer about an account is not readable.", tag=error.path, reason=error.reason
            ) from error
        found.append(
            nextgenpsd2.ApiAccount(
                resource_id=identifier,
                account=AccountRef(
                    iban=iban and "".join(iban.split()).upper(),
                    other_id=None if iban else other,
                    currency=currency,
                    owner_name=text_of(item, "ownerName", "$.account"),
                ),
                name=text_of(item, "name", "$.account"),
                product=text_of(item, "product", "$.account"),
            )
        )
    return tuple(found)


def ends_on(agreement: dict) -> datetime.date | None:
    """Return the day on which an end-user agreement ends, or None while nobody accepted it."""
    accepted, days = agreement.get("accepted"), agreement.get("access_valid_for_days")
    try:
        start = datetime.date.fromisoformat(str(accepted)[:10])
        return start + datetime.timedelta(days=int(days))
    except (TypeError, ValueError, OverflowError):
        return None


def days(institution: dict, name: str, default: int) -> int:
    """Return a number of days, which institutions state as text."""
    text = str(institution.get(name) or "")
    return int(text) if text.isdecimal() and len(text) < 6 else default


def error_text(body: bytes) -> str:
    """Return summary and detail of an error answer; empty when the body is something else."""
    try:
        document = json.loads(body)
        return f"{document.get('summary') or ''} {document.get('detail') or ''}".strip()
    except (AttributeError, ValueError):
        return ""


def _renamed(line: Transaction) -> Transaction:
    return replace(line, account_servicer_ref=None, entry_ref=line.account_servicer_ref)
