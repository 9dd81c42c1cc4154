"""Ponto Connect (Ibanity) answers to canonical documents.

JSON:API bodies only; speaking to the service is the adapter's. Source: https://documentation.ibanity.com/ponto-connect.
The ``id`` of a transaction is Ponto's own and lasts, so it becomes ``provider_uid``.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from odoo.addons.finance_connector_base.tools.dates import DateError, as_utc, parse_datetime

from . import api_bodies, detect
from .documents import (
    BOOKED,
    PENDING,
    AccountRef,
    BadEntry,
    Balance,
    Party,
    Position,
    Statement,
    StructuredReference,
    Transaction,
)
from .errors import StatementFormatError
from .fetched import Notification
from .json_fields import (
    FieldError,
    amount_of,
    array_of,
    bank_code_of,
    object_of,
    scalars_of,
    text_of,
)
from .nextgenpsd2 import ASK_AGAIN, ApiAccount

CODE = "ponto"
# Ponto states days as moments: midnight in Belgium, or midnight UTC, by bank. Both are the bank's day here.
_ZONE = ZoneInfo("Europe/Brussels")
_MAPPED = frozenset(
    {
        "amount",
        "currency",
        "valueDate",
        "executionDate",
        "counterpartName",
        "counterpartReference",
        "remittanceInformation",
        "remittanceInformationType",
        "endToEndId",
        "mandateId",
        "creditorId",
        "purposeCode",
        "bankTransactionCode",
        "proprietaryBankTransactionCode",
        "internalReference",
        "additionalInformation",
    }
)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a JSON:API list.

    :ivar items: its resources.
    :ivar next_href: of the following page, None on the last.
    """

    items: tuple[dict, ...]
    next_href: str | None


@dataclass(frozen=True, slots=True)
class AccountState:
    """What an account says of itself.

    :ivar synchronized_at: when Ponto last brought it up to date with the bank; aware, None: never.
    :ivar synchronization: id of the last synchronisation, and its status.
    :ivar authorized_until: the day on which the bank is expected to ask the holder again.
    """

    account: ApiAccount
    synchronized_at: datetime.datetime | None
    synchronization: tuple[str, str] | None
    authorized_until: datetime.date | None
    deprecated: bool

    @property
    def reached(self) -> datetime.date | None:
        """The bank's day on which the account was brought up to date: the day before it is complete."""
        return self.synchronized_at and self.synchronized_at.astimezone(_ZONE).date()


def page(document: dict) -> Page:
    """Read a list.

    :raise StatementFormatError: it is none.
    """
    try:
        items = array_of(document, "data", "$")
        if not all(isinstance(item, dict) for item in items):
            raise FieldError("$.data", "holds something that is no object")
        links = object_of(document, "links", "$") or {}
        return Page(tuple(items), text_of(links, "next", "$.links"))
    except FieldError as error:
        raise _refused("is not a list", error) from error


def is_before(items: tuple[dict, ...], day: datetime.date) -> bool:
    """Say whether every transaction of a page, of a list that begins with the newest, lies before ``day``."""
    try:
        return bool(items) and all(
            (bank_day(_attributes(item, "$.data"), "executionDate", "$.data") or day) < day
            for item in items
        )
    except FieldError:
        # A record that cannot be read is no reason to stop before the window is complete.
        return False


def accounts(document: dict) -> tuple[ApiAccount, ...]:
    """Return the accounts of a list.

    :raise StatementFormatError: an account has no id, number or currency.
    """
    return tuple(_account(item) for item in page(document).items)


def account_state(document: dict) -> AccountState:
    """Read ``GET accounts/{id}``.

    :raise StatementFormatError: it is no account.
    """
    try:
        item = object_of(document, "data", "$")
        if item is None:
            raise FieldError("$.data", "is missing")
        attributes = _attributes(item, "$.data")
        meta = object_of(item, "meta", "$.data") or {}
        latest = object_of(meta, "latestSynchronization", "$.data.meta")
        until = _moment(attributes, "authorizationExpirationExpectedAt", "$.data.attributes")
        return AccountState(
            account=_account(item),
            synchronized_at=_moment(meta, "synchronizedAt", "$.data.meta"),
            synchronization=latest and _synchronization(latest, "$.data.meta"),
            authorized_until=until and until.astimezone(_ZONE).date(),
            deprecated=attributes.get("deprecated") is True,
        )
    except FieldError as error:
        raise _refused("is not an account", error) from error


def synchronization(document: dict) -> tuple[str, str, tuple[str, ...]]:
    """Read a synchronisation.

    :return: its id, its status and the codes of what went wrong.
    :raise StatementFormatError: it is none.
    """
    try:
        item = object_of(document, "data", "$")
        if item is None:
            raise FieldError("$.data", "is missing")
        identifier, status = _synchronization(item, "$.data")
        errors = array_of(_attributes(item, "$.data"), "errors", "$.data", optional=True)
        codes = tuple(str(error.get("code")) for error in errors if isinstance(error, dict))
        return identifier, status, codes
    except FieldError as error:
        raise _refused("is not a synchronisation", error) from error


def read(content: bytes, **_options) -> list[Statement]:
    """Map a packed fetch: the pages of the window, and what the synchronisation changed outside of it.

    :raise StatementFormatError: any page cannot be understood as a whole.
    """
    bodies = api_bodies.unpack(content)
    date_from = bodies.day("date_from")
    reader = _Reader(bodies.account, date_from)
    for name, status in (("transactions", BOOKED), ("updated", BOOKED), ("pending", PENDING)):
        for document in bodies.documents(name):
            reader.read(page(document).items, status, name)
    balances = [
        balance for document in bodies.documents("account") for balance in _balances(document)
    ]
    return [
        Statement(
            account=bodies.account,
            source_format=CODE,
            source_version="1",
            period_from=date_from,
            period_to=bodies.day("date_to"),
            balances=tuple(balances),
            transactions=tuple(reader.transactions),
            bad_entries=tuple(reader.bad_entries),
        )
    ]


FORMAT = detect.Format(
    code=CODE,
    name="Ponto Connect",
    matches=lambda content: api_bodies.matches(CODE, content),
    read=read,
    content_type=api_bodies.CONTENT_TYPE,
)


class _Reader:
    def __init__(self, account: AccountRef, date_from: datetime.date):
        self.account = account
        self.date_from = date_from
        self.seen: set[str] = set()
        self.entries = 0
        self.transactions: list[Transaction] = []
        self.bad_entries: list[BadEntry] = []

    def read(self, items, status: str, part: str):
        for index, item in enumerate(items):
            self.entries += 1
            position = Position(statement=1, entry=self.entries)
            path = f"{part}.data[{index}]"
            attributes, amount = {}, None
            try:
                attributes = _attributes(item, path)
                amount = self._amount(attributes, path)
                line = self._line(item, attributes, amount, status, position, path)
            except FieldError as error:
                self.bad_entries.append(
                    BadEntry(
                        position=position,
                        code="field",
                        reason=str(error),
                        evidence=scalars_of({"id": item.get("id"), **attributes}),
                        amount=amount,
                        status=status,
                    )
                )
                continue
            # The window is of whole days; older ones count where the synchronisation names them.
            outside = part == "transactions" and line.booking_date < self.date_from
            if line.provider_uid not in self.seen and not outside:
                self.seen.add(line.provider_uid)
                self.transactions.append(line)

    def _amount(self, attributes: dict, path: str) -> Decimal:
        currency = text_of(attributes, "currency", path)
        if not currency or (self.account.currency and currency != self.account.currency):
            raise FieldError(
                f"{path}.currency", f"{currency} on an account in {self.account.currency}"
            )
        return amount_of(attributes, "amount", currency, path)

    def _line(self, item, attributes, amount, status, position, path) -> Transaction:
        identifier = text_of(item, "id", path)
        if not identifier:
            raise FieldError(f"{path}.id", "is missing")
        day = bank_day(attributes, "executionDate", path)
        value_day = bank_day(attributes, "valueDate", path)
        if status == BOOKED and day is None:
            raise FieldError(f"{path}.executionDate", "is missing in a booked transaction")
        text = text_of(attributes, "remittanceInformation", path)
        kind = text_of(attributes, "remittanceInformationType", path) or ""
        structured = text and kind.startswith("structured")
        extras = {name: value for name, value in attributes.items() if name not in _MAPPED}
        return Transaction(
            amount=amount,
            currency=attributes["currency"],
            status=status,
            position=position,
            booking_date=day,
            value_date=value_day,
            entry_ref=text_of(attributes, "internalReference", path),
            provider_uid=identifier,
            end_to_end_id=text_of(attributes, "endToEndId", path),
            mandate_id=text_of(attributes, "mandateId", path),
            creditor_id=text_of(attributes, "creditorId", path),
            purpose=text_of(attributes, "purposeCode", path),
            counterparty=_party(attributes, path),
            remittance=(text,) if text and not structured else (),
            structured=(StructuredReference(value=text),) if structured else (),
            additional_info=text_of(attributes, "additionalInformation", path),
            bank_code=bank_code_of(attributes, path),
            extras=scalars_of(extras),
        )


def bank_day(attributes: dict, name: str, path: str) -> datetime.date | None:
    """Return the bank's day of a moment."""
    moment = _moment(attributes, name, path)
    return moment and moment.astimezone(_ZONE).date()


def _moment(attributes: dict, name: str, path: str) -> datetime.datetime | None:
    text = text_of(attributes, name, path)
    if text is None:
        return None
    try:
        return as_utc(parse_datetime(text))
    except DateError as error:
        raise FieldError(f"{path}.{name}", str(error)) from error


def _attributes(item: dict, path: str) -> dict:
    attributes = object_of(item, "attributes", path)
    if attributes is None:
        raise FieldError(f"{path}.attributes", "is missing")
    return attributes


def _account(item: dict) -> ApiAccount:
    path = "$.data"
    try:
        attributes = _attributes(item, path)
        identifier = text_of(item, "id", path)
        number = text_of(attributes, "reference", path)
        currency = text_of(attributes, "currency", path)
        if not identifier or not number or not currency:
            raise FieldError(path, "id, reference or currency is missing")
        number = "".join(number.split()).upper()
        is_iban = text_of(attributes, "referenceType", path) in (None, "IBAN")
        return ApiAccount(
            resource_id=identifier,
            account=AccountRef(
                iban=number if is_iban else None,
                other_id=None if is_iban else number,
                currency=currency,
                owner_name=text_of(attributes, "holderName", path),
            ),
            name=text_of(attributes, "description", path),
            product=text_of(attributes, "product", path),
        )
    except FieldError as error:
        raise _refused("has an account that is not readable", error) from error


def _synchronization(item: dict, path: str) -> tuple[str, str]:
    identifier = text_of(item, "id", path)
    status = text_of(_attributes(item, path), "status", path)
    if not identifier or not status:
        raise FieldError(path, "id or status of the synchronisation is missing")
    return identifier, status


def _balances(document: dict) -> list[Balance]:
    path = "account.data"
    try:
        attributes = _attributes(object_of(document, "data", "account") or {}, path)
        currency = text_of(attributes, "currency", path) or ""
        return [
            Balance(
                type=kind,
                amount=amount_of(attributes, name, currency, path),
                currency=currency,
                date=bank_day(attributes, f"{name}ReferenceDate", path),
            )
            for name, kind in (("currentBalance", "ITBD"), ("availableBalance", "ITAV"))
            if attributes.get(name) is not None
        ]
    except FieldError as error:
        raise _refused("has a balance that is not readable", error) from error


def _party(attributes: dict, path: str) -> Party:
    number = text_of(attributes, "counterpartReference", path)
    compact = "".join((number or "").split()).upper()
    is_iban = compact[:2].isalpha() and compact[2:4].isdigit() and len(compact) > 14
    return Party(
        name=text_of(attributes, "counterpartName", path),
        iban=compact if is_iban else None,
        other_id=None if is_iban else number,
    )


def redirect(document: dict) -> str:
    """Return the page that a request leads a person to.

    :raise StatementFormatError: it names none, or something that is no web page.
    """
    try:
        item = object_of(document, "data", "$") or {}
        address = text_of(object_of(item, "links", "$.data") or {}, "redirect", "$.data.links")
        if not address or not address.startswith(("https://", "http://")):
            raise FieldError("$.data.links.redirect", "is missing or no web page")
        return address
    except FieldError as error:
        raise _refused("leads nowhere", error) from error


_NEWS = frozenset(
    {
        "pontoConnect.account.detailsUpdated",
        "pontoConnect.account.transactionsCreated",
        "pontoConnect.account.transactionsUpdated",
        "pontoConnect.account.pendingTransactionsCreated",
        "pontoConnect.account.pendingTransactionsUpdated",
        "pontoConnect.account.reauthorized",
        "pontoConnect.synchronization.succeededWithoutChange",
        "pontoConnect.synchronization.failed",
    }
)
_ENDED = frozenset({"pontoConnect.integration.revoked", "pontoConnect.organization.blocked"})


def notification(document: dict) -> Notification | None:
    """Return what a webhook is about: the account of its ``account`` relationship; None for a kind without news.

    :raise StatementFormatError: it is no event.
    """
    try:
        item = object_of(document, "data", "$")
        kind = item and text_of(item, "type", "$.data")
        if not kind:
            raise FieldError("$.data.type", "is missing")
        if kind in _ENDED:
            return Notification(consent_state="revoked")
        if kind not in _NEWS:
            return None
        relations = object_of(item, "relationships", "$.data") or {}
        account = object_of(relations, "account", "$.data.relationships") or {}
        named = object_of(account, "data", "$.data.relationships.account") or {}
        attributes = object_of(item, "attributes", "$.data") or {}
        identifier = text_of(named, "id", "$.data.relationships.account.data") or text_of(
            attributes, "accountId", "$.data.attributes"
        )
        return Notification(accounts=(identifier,)) if identifier else Notification(everything=True)
    except FieldError as error:
        raise _refused("is not an event", error) from error


def error_codes(body: bytes) -> frozenset[str]:
    """Return the codes of an error answer of Ibanity; empty when the body is something else."""
    try:
        errors = json.loads(body).get("errors") or []
        return frozenset(str(error["code"]) for error in errors if error.get("code"))
    except (AttributeError, KeyError, TypeError, ValueError):
        return frozenset()


def _refused(what: str, error: FieldError) -> StatementFormatError:
    return StatementFormatError(
        f"Ponto's answer {what}.", tag=error.path, reason=error.reason, next_step=ASK_AGAIN
    )
