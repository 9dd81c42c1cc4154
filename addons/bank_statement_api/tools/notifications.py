"""Which booked entry a notification (camt.054) is about, and what it adds to it.

A notification repeats an entry of a statement with the details of its payments. Equal amounts are no
proof: the two have to share a name, and the amount, currency and booking date besides. Where several
entries share it, none is chosen.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from .documents import PaymentInfo, Transaction
from .references import end_to_end

MESSAGE_INDICATOR = "AddtlInfInd/MsgId"
DETAIL_REFERENCE = "NtryDtls/TxDtls/Refs/AcctSvcrRef"

# The strongest first. Entry references are running numbers at some banks, so they come last.
_KINDS = ("servicer_ref", "message", "payment_information", "end_to_end", "entry_ref")

# What may stand in both and say more together.
_TEXTS = ("remittance", "structured")


@dataclass(frozen=True, slots=True)
class BookedEntry:
    """A booked entry that a notification may be about.

    :ivar id: the caller's own; handed back.
    :ivar amount: signed booked amount of the whole entry.
    :ivar transaction: it, or its first line where it was split.
    :ivar taken: another notification belongs to it already.
    """

    id: int
    amount: Decimal
    booking_date: datetime.date
    transaction: Transaction
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """:ivar entry: the one it is about, or None; ``reason`` then says why: ``none`` or ``several``."""

    entry: BookedEntry | None
    reason: str


def find_entry(
    notice: Transaction, message_id: str | None, entries: Iterable[BookedEntry]
) -> Finding:
    """Return the entry that a notification is about.

    :param notice: one entry of the notification.
    :param message_id: of the message it came in, which statements may refer to.
    """
    amount = notice.batch.entry_amount if notice.batch else notice.amount
    names = _names(notice, message_id)
    candidates = [
        (entry, _names(entry.transaction))
        for entry in entries
        if entry.amount == amount
        and entry.transaction.currency == notice.currency
        and entry.booking_date == notice.booking_date
    ]
    for kind in _KINDS:
        shared = [
            entry
            for entry, theirs in candidates
            if names[kind] & theirs[kind]
            and (kind == "servicer_ref" or not (entry.taken or _contradicts(names, theirs)))
        ]
        if shared:
            return Finding(shared[0], kind) if len(shared) == 1 else Finding(None, "several")
    return Finding(None, "none")


def _names(transaction: Transaction, message_id: str | None = None) -> dict[str, frozenset[str]]:
    batch = transaction.batch
    is_batch = transaction.position.detail or len(transaction.details) > 1
    found = {
        "servicer_ref": (
            transaction.account_servicer_ref,
            transaction.extras.get(DETAIL_REFERENCE),
        ),
        "message": (
            message_id,
            batch and batch.message_id,
            transaction.extras.get(MESSAGE_INDICATOR),
        ),
        "payment_information": (batch and batch.payment_information_id,),
        # Of a batch, it names one payment and not the entry.
        "end_to_end": () if is_batch else (end_to_end(transaction),),
        "entry_ref": (transaction.entry_ref,),
    }
    return {kind: frozenset(filter(None, values)) for kind, values in found.items()}


def _contradicts(mine, theirs) -> bool:
    names = mine["servicer_ref"], theirs["servicer_ref"]
    return all(names) and not names[0] & names[1]


def enrich(line: Transaction, notice: Transaction) -> Transaction:
    """Return the line with what only the notification says; what the statement said stays.

    Amount, currency, status, dates and the number of lines never change: they are what was booked.
    """
    of_one_payment = not line.position.detail and len(notice.details) < 2
    changes = {}
    if of_one_payment:
        for item in fields(PaymentInfo):
            said, added = getattr(line, item.name), getattr(notice, item.name)
            if item.name == "counterparty":
                changes[item.name] = replace(
                    said,
                    **{
                        part.name: getattr(said, part.name) or getattr(added, part.name)
                        for part in fields(said)
                    },
                )
            elif item.name in _TEXTS:
                changes[item.name] = said + tuple(text for text in added if text not in said)
            else:
                changes[item.name] = said or added
    if not line.position.detail:
        changes["details"] = line.details or notice.details
    return replace(line, extras=notice.extras | line.extras, **changes)
