"""Plaid ``/transactions/sync`` answers to canonical documents.

Bodies only; speaking to the service is the adapter's. Source: the OpenAPI document 2020-09-14 of Plaid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.dates import DateError, parse_datetime

from . import api_bodies, detect
from .documents import (
    BOOKED,
    PENDING,
    AccountRef,
    BadEntry,
    Balance,
    BankTransactionCode,
    Party,
    Position,
    Statement,
    Transaction,
)
from .errors import StatementFormatError
from .fetched import Notification
from .json_fields import FieldError, amount_of, array_of, date_of, object_of, scalars_of, text_of
from .nextgenpsd2 import ASK_AGAIN, ApiAccount

CODE = "plaid"
NOT_READY = "NOT_READY"
MUTATION = "TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION"
CONSENT_CODES = {
    "ITEM_LOGIN_REQUIRED": "consent_expired",
    "OAUTH_CONSENT_EXPIRED": "consent_expired",
    "PENDING_EXPIRATION": "consent_expired",
    "ACCESS_NOT_GRANTED": "consent_invalid",
    "INVALID_ACCESS_TOKEN": "consent_invalid",
    "ITEM_NOT_FOUND": "consent_invalid",
    "USER_PERMISSION_REVOKED": "consent_invalid",
    "OAUTH_ACCESS_REVOKED": "consent_invalid",
    "NO_ACCOUNTS": "consent_invalid",
}
_MAPPED = frozenset(
    {
        "account_id",
        "amount",
        "iso_currency_code",
        "date",
        "pending",
        "transaction_id",
        "name",
        "merchant_name",
        "original_description",
        "transaction_code",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the synchronisation.

    :ivar next_cursor: where the next one goes on; empty while Plaid has not read the account yet.
    :ivar changes: records added, modified and removed.
    """

    next_cursor: str
    has_more: bool
    changes: int
    status: str

    @property
    def is_ready(self) -> bool:
        """Whether the answer says anything: nothing fetched yet is not nothing there."""
        return bool(self.next_cursor) and self.status != NOT_READY

    @property
    def is_complete(self) -> bool:
        """Whether the history that was asked for has been read whole."""
        return self.status in ("HISTORICAL_UPDATE_COMPLETE", "")


def page(document: dict) -> Page:
    """Read one answer, as far as paging needs it.

    :raise StatementFormatError: it is none.
    """
    try:
        changes = sum(
            len(array_of(document, name, "$")) for name in ("added", "modified", "removed")
        )
        cursor, has_more = document.get("next_cursor"), document.get("has_more")
        if not isinstance(cursor, str) or not isinstance(has_more, bool):
            raise FieldError("$.next_cursor", "or has_more is missing")
        status = text_of(document, "transactions_update_status", "$") or ""
        return Page(cursor, has_more, changes, status)
    except FieldError as error:
        raise _refused("is not a synchronisation", error) from error


def accounts(document: dict) -> tuple[ApiAccount, ...]:
    """Return the accounts of ``/accounts/get``; Plaid masks their numbers, so the id names them.

    :raise StatementFormatError: an account has no id.
    """
    found = []
    try:
        for index, item in enumerate(array_of(document, "accounts", "$")):
            path = f"$.accounts[{index}]"
            identifier = text_of(item, "account_id", path)
            if not identifier:
                raise FieldError(f"{path}.account_id", "is missing")
            balances = object_of(item, "balances", path) or {}
            found.append(
                ApiAccount(
                    resource_id=identifier,
                    account=AccountRef(
                        other_id=text_of(item, "mask", path),
                        currency=text_of(balances, "iso_currency_code", path),
                    ),
                    name=text_of(item, "official_name", path) or text_of(item, "name", path),
                    product=text_of(item, "subtype", path),
                )
            )
    except FieldError as error:
        raise _refused("does not list its accounts", error) from error
    return tuple(found)


def read(content: bytes, **_options) -> list[Statement]:
    """Map a packed synchronisation: all its pages, from the cursor before to the one after.

    :raise StatementFormatError: any page cannot be understood as a whole.
    """
    bodies = api_bodies.unpack(content)
    reader = _Reader(bodies.account, bodies.facts.get("account_id", ""))
    balances: dict[tuple, Balance] = {}
    for document in bodies.documents("pages"):
        reader.read(document)
        for balance in _balances(document, reader.account_id):
            balances[balance.type, balance.date] = balance
    days = [line.booking_date for line in reader.transactions]
    whole = bodies.facts.get("history") == "whole" and days
    return [
        Statement(
            account=bodies.account,
            source_format=CODE,
            source_version="2020-09-14",
            # Only a history read from its beginning speaks of whole days.
            period_from=min(days) if whole else None,
            period_to=max(days) if whole else None,
            balances=tuple(balances.values()),
            transactions=reader.transactions,
            bad_entries=tuple(reader.bad_entries.values()),
            withdrawn=tuple(sorted(reader.removed)),
        )
    ]


FORMAT = detect.Format(
    code=CODE,
    name="Plaid transactions",
    matches=lambda content: api_bodies.matches(CODE, content),
    read=read,
    content_type=api_bodies.CONTENT_TYPE,
)


class _Reader:
    """Plays the changes of all pages in their order: what a later page removes was never there."""

    def __init__(self, account: AccountRef, account_id: str):
        self.account = account
        self.account_id = account_id
        self.entries = 0
        self.lines: dict[str, Transaction] = {}
        self.bad_entries: dict[str, BadEntry] = {}
        self.removed: set[str] = set()

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        return tuple(self.lines.values())

    def read(self, document: dict):
        try:
            for name in ("added", "modified"):
                for index, item in enumerate(array_of(document, name, "$")):
                    self._take(item, f"$.{name}[{index}]")
            for index, item in enumerate(array_of(document, "removed", "$")):
                path = f"$.removed[{index}]"
                identifier = (
                    text_of(item, "transaction_id", path) if isinstance(item, dict) else None
                )
                if not identifier:
                    raise FieldError(path, "names no transaction")
                self.lines.pop(identifier, None)
                self.bad_entries.pop(identifier, None)
                self.removed.add(identifier)
        except FieldError as error:
            raise _refused("is not a synchronisation", error) from error

    def _take(self, item, path: str):
        self.entries += 1
        position = Position(statement=1, entry=self.entries)
        identifier = item.get("transaction_id") if isinstance(item, dict) else None
        if not isinstance(identifier, str) or not identifier:
            raise FieldError(path, "names no transaction")
        if self.account_id and item.get("account_id") != self.account_id:
            raise FieldError(f"{path}.account_id", "is another account than the one asked for")
        self.removed.discard(identifier)
        self.lines.pop(identifier, None)
        self.bad_entries.pop(identifier, None)
        status = PENDING if item.get("pending") is True else BOOKED
        amount = None
        try:
            amount = self._amount(item, path)
            self.lines[identifier] = self._line(item, amount, status, position, path)
        except FieldError as error:
            self.bad_entries[identifier] = BadEntry(
                position=position,
                code="field",
                reason=str(error),
                evidence=scalars_of(item),
                amount=amount,
                status=status,
            )

    def _amount(self, item: dict, path: str) -> Decimal:
        currency = text_of(item, "iso_currency_code", path)
        if not currency or (self.account.currency and currency != self.account.currency):
            stated = currency or item.get("unofficial_currency_code")
            raise FieldError(
                f"{path}.iso_currency_code", f"{stated} on an account in {self.account.currency}"
            )
        # Plaid counts money that leaves the account as positive.
        return 0 - amount_of(item, "amount", currency, path)

    def _line(self, item, amount, status, position, path) -> Transaction:
        if not isinstance(item.get("pending"), bool):
            raise FieldError(f"{path}.pending", "is missing")
        day = date_of(item, "date", path)
        if day is None:
            raise FieldError(f"{path}.date", "is missing")
        meta = object_of(item, "payment_meta", path) or {}
        text = text_of(item, "original_description", path) or text_of(item, "name", path)
        code = text_of(item, "transaction_code", path)
        return Transaction(
            amount=amount,
            currency=item["iso_currency_code"],
            status=status,
            position=position,
            booking_date=day,
            provider_uid=item["transaction_id"],
            entry_ref=text_of(meta, "reference_number", f"{path}.payment_meta"),
            counterparty=Party(
                name=text_of(item, "merchant_name", path)
                or text_of(meta, "payee" if amount < 0 else "payer", f"{path}.payment_meta"),
            ),
            remittance=(text,) if text else (),
            additional_info=text_of(item, "name", path),
            bank_code=BankTransactionCode(proprietary=code) if code else None,
            extras=scalars_of({name: value for name, value in item.items() if name not in _MAPPED}),
        )


def _balances(document: dict, account_id: str) -> Iterable[Balance]:
    try:
        for index, item in enumerate(array_of(document, "accounts", "$", optional=True)):
            path = f"$.accounts[{index}].balances"
            balances = object_of(item, "balances", path) or {}
            currency = text_of(balances, "iso_currency_code", path)
            if not currency or item.get("account_id") != account_id:
                continue
            day = _day(text_of(balances, "last_updated_datetime", path))
            for name, kind in (("current", "ITBD"), ("available", "ITAV")):
                if balances.get(name) is not None:
                    yield Balance(
                        type=kind,
                        amount=amount_of(balances, name, currency, path),
                        currency=currency,
                        date=day,
                    )
    except FieldError as error:
        raise _refused("has a balance that is not readable", error) from error


def _day(text: str | None):
    try:
        return parse_datetime(text).date() if text else None
    except DateError:
        return None


def updated_until(document: dict):
    """Return the moment up to which Plaid has read the bank, of ``/item/get``; None when it does not say.

    :return: moment of the last successful update, and the one at which the consent ends.
    """
    item = document.get("item") if isinstance(document.get("item"), dict) else {}
    status = document.get("status") if isinstance(document.get("status"), dict) else {}
    transactions = (
        status.get("transactions") if isinstance(status.get("transactions"), dict) else {}
    )
    return tuple(
        _moment(value)
        for value in (
            transactions.get("last_successful_update"),
            item.get("consent_expiration_time"),
        )
    )


def _moment(text):
    try:
        return parse_datetime(text) if isinstance(text, str) else None
    except DateError:
        return None


def item_error(document: dict) -> str | None:
    """Return the error code that an item of ``/item/get`` carries, or None."""
    item = document.get("item") if isinstance(document.get("item"), dict) else {}
    error = item.get("error") if isinstance(item.get("error"), dict) else {}
    code = error.get("error_code")
    return code if isinstance(code, str) else None


def error_code(body: bytes) -> str:
    """Return Plaid's code of an error answer; empty when the body is something else."""
    try:
        code = json.loads(body).get("error_code")
    except (AttributeError, ValueError):
        return ""
    return code if isinstance(code, str) else ""


def public_token(document: dict) -> str | None:
    """Return what the account holder's session of ``/link/token/get`` brought, or None while it brought nothing."""
    for session in document.get("link_sessions") or []:
        results = session.get("results") if isinstance(session, dict) else None
        for result in (results or {}).get("item_add_results") or []:
            if isinstance(result.get("public_token"), str):
                return result["public_token"]
    return None


_ITEM_STATES = {
    "ERROR": "expired",
    "USER_PERMISSION_REVOKED": "revoked",
    "USER_ACCOUNT_REVOKED": "revoked",
}


def notification(document: dict) -> Notification | None:
    """Return what a webhook is about; None for a kind without news.

    :raise StatementFormatError: it is no webhook of Plaid.
    """
    try:
        kind, code = text_of(document, "webhook_type", "$"), text_of(document, "webhook_code", "$")
        item = text_of(document, "item_id", "$")
        if not kind or not code:
            raise FieldError("$.webhook_type", "or webhook_code is missing")
    except FieldError as error:
        raise _refused("is not a webhook", error) from error
    named = (item,) if item else ()
    if (kind, code) == ("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE") and named:
        return Notification(consents=named)
    if (kind, code) == ("ITEM", "LOGIN_REPAIRED") and named:
        return Notification(consents=named, consent_state="valid")
    state = _ITEM_STATES.get(code) if kind == "ITEM" and named else None
    if code == "ERROR":
        error = document.get("error") if isinstance(document.get("error"), dict) else {}
        state = state if error.get("error_code") in CONSENT_CODES else None
    return Notification(consents=named, consent_state=state) if state else None


def _refused(what: str, error: FieldError) -> StatementFormatError:
    return StatementFormatError(
        f"Plaid's answer {what}.", tag=error.path, reason=error.reason, next_step=ASK_AGAIN
    )
