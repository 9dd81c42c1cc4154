"""Berlin Group NextGenPSD2 (implementation guidelines 1.3.11) answers to canonical documents.

Only the JSON bodies; speaking to the bank is the adapter's. An answer that is not understood as a
whole is a ``StatementFormatError``; one transaction that is not becomes a ``BadEntry``.

Field names are the guidelines'. ``entryReference`` is, by their words, the identification used in
camt.05x reports as well, so it becomes ``account_servicer_ref``; ``transactionId`` and
``internalTransactionId`` are only the interface's and become ``provider_uid``.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from .documents import (
    BOOKED,
    INFORMATION,
    PENDING,
    SPLIT,
    AccountRef,
    BadEntry,
    Balance,
    Finding,
    Position,
    Statement,
    Transaction,
    Warn,
)
from .errors import StatementFormatError
from .json_fields import FieldError, array_of, date_of, money_of, object_of, text_of
from .nextgenpsd2_entry import PageReader

SOURCE_FORMAT = "nextgenpsd2"
SOURCE_VERSION = "1.3.11"

ASK_AGAIN = (
    "Nothing of the answer was used; it is asked for again. If it stays, send the bank the request "
    "id and the reason shown here."
)
_BALANCE_TYPES = {
    "closingBooked": "CLBD",
    "openingBooked": "OPBD",
    "interimBooked": "ITBD",
    "expected": "XPCD",
    "interimAvailable": "ITAV",
    "forwardAvailable": "FWAV",
    "nonInvoiced": "INFO",
    "available": "ITAV",
    "authorised": "INFO",
    "previouslyClosedBooked": "PRCD",
}
# NUL, and halves of surrogate pairs that JSON escapes can bring.
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_STATUSES = (("booked", BOOKED), ("pending", PENDING), ("information", INFORMATION))


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccount:
    """An account that a consent gives access to; ``resource_id`` addresses it in the interface."""

    resource_id: str
    account: AccountRef
    name: str | None = None
    product: str | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of transactions; ``next_href`` leads to the next one, None on the last.

    :ivar entries: records in it, readable or not.
    """

    transactions: tuple[Transaction, ...] = ()
    bad_entries: tuple[BadEntry, ...] = ()
    warnings: tuple[Warn, ...] = ()
    findings: tuple[Finding, ...] = ()
    entries: int = 0
    next_href: str | None = None
    account: AccountRef | None = None
    balances: tuple[Balance, ...] = ()


def loads(body: bytes) -> dict:
    """Return the one JSON object of a body; numbers with decimals become ``Decimal``.

    Characters that no database text can hold are shown as U+FFFD: they must not stop the bookings beside them.

    :raise StatementFormatError: damaged or cut short, another value, or a name given twice.
    """

    def unique(pairs):
        result = {name: _storable(value) for name, value in pairs}
        if len(result) != len(pairs):
            raise ValueError("a name stands twice in one object")
        return result

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    try:
        document = json.loads(
            body, parse_float=Decimal, parse_constant=refuse, object_pairs_hook=unique
        )
    except (ValueError, RecursionError) as error:
        raise _refused("is damaged or cut short", "$", str(error)) from error
    if not isinstance(document, dict):
        raise _refused("is not an object", "$", type(document).__name__)
    return document


def _storable(value):
    if isinstance(value, str):
        return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return [_storable(item) for item in value] if isinstance(value, list) else value


def accounts(document: dict) -> tuple[ApiAccount, ...]:
    """Return the accounts of ``GET /v1/accounts``.

    :raise StatementFormatError: an account has no resourceId, number or currency.
    """
    found = []
    try:
        for index, item in enumerate(array_of(document, "accounts", "$")):
            path = f"$.accounts[{index}]"
            resource_id = text_of(item, "resourceId", path)
            account = _account(item, path)
            if not resource_id or not account.identifier or not account.currency:
                raise FieldError(path, "resourceId, account number or currency is missing")
            found.append(
                ApiAccount(
                    resource_id=resource_id,
                    account=account,
                    name=text_of(item, "name", path) or text_of(item, "displayName", path),
                    product=text_of(item, "product", path),
                    status=text_of(item, "status", path),
                )
            )
    except FieldError as error:
        raise _refused("does not list its accounts", error.path, error.reason) from error
    return tuple(found)


def balances(document: dict) -> tuple[Balance, ...]:
    """Return the balances of ``GET /v1/accounts/{id}/balances``, as ISO 20022 types.

    :raise StatementFormatError: a balance has no readable amount.
    """
    try:
        return _balances(document, "$")
    except FieldError as error:
        raise _refused("has a balance that is not readable", error.path, error.reason) from error


def page(
    document: dict, account: AccountRef, *, first_entry: int = 1, details: str = SPLIT
) -> Page:
    """Map one page of ``GET /v1/accounts/{id}/transactions``.

    :param account: the account asked for; its currency is what a booked amount must be in.
    :param first_entry: position of the page's first record in the window.
    :param details: as in ``camt.read``, for batch bookings with ``entryDetails``.
    :raise StatementFormatError: it is no page of transactions.
    """
    try:
        holder = object_of(document, "transactions", "$")
        if holder is None:
            raise FieldError("$.transactions", "is missing")
        links = object_of(holder, "_links", "$.transactions") or {}
        following = object_of(links, "next", "$.transactions._links") or {}
        stated = object_of(document, "account", "$")
        reader = PageReader(account, details)
        for name, status in _STATUSES:
            for index, item in enumerate(array_of(holder, name, "$.transactions", optional=True)):
                position = Position(statement=1, entry=first_entry + reader.entries)
                reader.read(item, status, position, f"$.transactions.{name}[{index}]")
        return Page(
            transactions=tuple(reader.transactions),
            bad_entries=tuple(reader.bad_entries),
            findings=tuple(reader.findings),
            warnings=tuple(reader.warnings),
            entries=reader.entries,
            next_href=text_of(following, "href", "$.transactions._links.next"),
            account=_account(stated, "$.account") if stated is not None else None,
            balances=_balances(document, "$") if "balances" in document else (),
        )
    except FieldError as error:
        raise _refused("is not a page of transactions", error.path, error.reason) from error


def statement(
    account: AccountRef,
    pages: Sequence[Page],
    *,
    date_from: datetime.date,
    date_to: datetime.date,
    balances: Iterable[Balance] = (),
    statement_id: str = "",
) -> Statement:
    """Put the pages of one window together.

    A transaction that paging delivered twice, because bookings arrived between two pages, is taken
    once. Opening and closing balance are only those the bank dated to the window's edges: the
    balance proof is not made up from others.

    :param pages: all pages of the window in the bank's order.
    :raise StatementFormatError: a page is about another account.
    """
    for number, item in enumerate(pages, 1):
        if item.account is not None and not _same_account(account, item.account):
            raise _refused(
                "is about another account than the one asked for",
                f"page {number} $.account",
                f"{item.account.identifier} {item.account.currency or ''}".strip(),
            )
    transactions, repeated = _without_repetitions(pages)
    stated = tuple(
        dict.fromkeys((*balances, *(balance for item in pages for balance in item.balances)))
    )
    return Statement(
        account=account,
        source_format=SOURCE_FORMAT,
        source_version=SOURCE_VERSION,
        statement_id=statement_id or None,
        period_from=date_from,
        period_to=date_to,
        opening=_dated(stated, "OPBD", date_from)
        or _dated(stated, "CLBD", date_from - datetime.timedelta(days=1)),
        closing=_dated(stated, "CLBD", date_to),
        balances=stated,
        transactions=transactions,
        bad_entries=tuple(bad for item in pages for bad in item.bad_entries),
        findings=tuple(finding for item in pages for finding in item.findings) + repeated,
        warnings=tuple(warning for item in pages for warning in item.warnings),
    )


def _without_repetitions(pages: Sequence[Page]):
    kept: list[Transaction] = []
    findings: list[Finding] = []
    seen: dict[str, list[tuple[int, Transaction]]] = {}
    for number, item in enumerate(pages):
        for line in item.transactions:
            name = line.provider_uid or line.account_servicer_ref
            content = replace(
                line, position=Position(statement=1, entry=0, detail=line.position.detail)
            )
            earlier = seen.setdefault(name, []) if name else []
            # A transaction id names one transaction; a booking reference may name several of a page.
            if any(
                content == other and (line.provider_uid or page_number != number)
                for page_number, other in earlier
            ):
                findings.append(
                    Finding(
                        code="repeated_delivery",
                        message=f"The bank delivered transaction {name} twice; it is taken once.",
                        severity="info",
                        actual=name,
                        position=line.position,
                    )
                )
                continue
            earlier.append((number, content))
            kept.append(line)
    return tuple(kept), tuple(findings)


def _dated(stated: Iterable[Balance], kind: str, day: datetime.date) -> Balance | None:
    found = [balance for balance in stated if balance.type == kind and balance.date == day]
    return found[0] if len({balance.amount for balance in found}) == 1 else None


def _same_account(asked: AccountRef, stated: AccountRef) -> bool:
    pairs = ((asked.iban, stated.iban), (asked.currency, stated.currency))
    return all(not mine or not theirs or mine == theirs for mine, theirs in pairs)


def _refused(what: str, path: str, reason: str) -> StatementFormatError:
    return StatementFormatError(
        f"The bank's answer {what}.", tag=path, reason=reason, next_step=ASK_AGAIN
    )


def _account(item: dict, path: str) -> AccountRef:
    iban = text_of(item, "iban", path)
    other = next(
        (name for name in ("bban", "pan", "maskedPan", "msisdn", "other") if item.get(name)), None
    )
    return AccountRef(
        iban=iban and "".join(iban.split()).upper(),
        other_id=text_of(item, other, path) if other and not iban else None,
        scheme=other if not iban else None,
        currency=text_of(item, "currency", path),
        bic=text_of(item, "bic", path),
        owner_name=text_of(item, "ownerName", path),
    )


def _balances(document: dict, path: str) -> tuple[Balance, ...]:
    found = []
    for index, item in enumerate(array_of(document, "balances", path)):
        place = f"{path}.balances[{index}]"
        amount, currency = money_of(item, "balanceAmount", place)
        kind = text_of(item, "balanceType", place) or ""
        found.append(
            Balance(
                type=_BALANCE_TYPES.get(kind, kind),
                amount=amount,
                currency=currency,
                date=date_of(item, "referenceDate", place),
                credit_line_included=item.get("creditLimitIncluded") is True,
            )
        )
    return tuple(found)
