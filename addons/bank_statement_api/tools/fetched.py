"""What adapters hand to a feed: the data of one fetch with its place, and what a notification is about."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fetched:
    """One complete fetch. Its data and its place are stored by one commit, or neither is.

    :ivar key: what was asked for; with the digest of the content it names the exchange.
    :ivar content: the bank's answers, packed so that ``detect`` knows them; None when the bank said that nothing
        changed since the cursor.
    :ivar covered_until: last day that the bank has reported in full; None when it does not say.
    :ivar cursor: where an interface that reports changes goes on; None for one that is asked for days.
    :ivar authorized_until: day on which the account holder will have to consent again, where the bank says so.
    """

    key: str
    content: bytes | None = field(repr=False)
    covered_until: datetime.date | None = None
    cursor: str | None = field(default=None, repr=False)
    authorized_until: datetime.date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a proven webhook says has news; it never brings bookings itself.

    :ivar accounts: the bank's own ids of accounts to fetch.
    :ivar consents: the bank's ids of consents whose accounts are all to be fetched, or which ended.
    :ivar everything: it names no account: all feeds of the connection are to be fetched.
    :ivar consent_state: what became of the consents (of the whole connection when none is named), in the words of
        ``bank.statement.consent``; None when they are as they were.
    """

    accounts: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    everything: bool = False
    consent_state: str | None = None
