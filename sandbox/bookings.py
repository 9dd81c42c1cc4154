"""What a bank holds: accounts, bookings and their details; and its calendar."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

#: From this time on a business day is closed: its statement is final.
CLOSING_TIME = time(19)


@dataclass(frozen=True)
class Account:
    """A bank account.

    :param channels: how the bank serves it: ``api``, ``file`` or both.
    :param shares_reference: whether the API gives the bank's own entry reference, the one in CAMT ``AcctSvcrRef``.
    :param busy: a main account with much traffic, or a side account.
    :param opening_balance: minor units, before the first day of the history.
    """

    code: str
    entity: str
    owner: str
    country: str
    currency: str
    channels: tuple[str, ...]
    shares_reference: bool
    busy: bool
    iban: str
    bic: str
    resource_id: str
    opening_balance: int


@dataclass(frozen=True)
class Conversion:
    """Money that was instructed in another currency than the account's.

    :param amount: minor units of ``currency``, signed like the booking.
    :param rate: units of the account's currency for one unit of ``currency``.
    """

    currency: str
    amount: int
    rate: Decimal


@dataclass(frozen=True)
class Detail:
    """One payment inside a batch booking; ``amount`` in minor units, signed."""

    amount: int
    party: str
    party_iban: str
    text: str
    end_to_end_id: str


@dataclass(frozen=True)
class Booking:
    """One entry on an account.

    :param transaction_id: the API's identification; also the identity of the entry in this sandbox.
    :param entry_reference: the bank's own reference (CAMT ``AcctSvcrRef``).
    :param kind: what it really is; told by the control interface only.
    :param amount: minor units of the account's currency, debits negative; what the balance moves by.
    :param booking_date: the date the bank states; earlier than ``statement_date`` for a late booking.
    :param statement_date: the business day whose statement and closing balance carry it.
    :param announced_at: from when it shows as pending; equal to ``booked_at`` for most.
    :param code: ISO 20022 bank transaction code ``domain-family-subfamily``.
    :param charges: minor units the bank kept, already taken off ``amount``; positive.
    :param reversal_of: transaction id of the entry this one takes back.
    :param reference: structured creditor reference (QR or ISO 11649), else empty.
    """

    account: str
    transaction_id: str
    entry_reference: str
    kind: str
    amount: int
    text: str
    party: str
    party_iban: str
    code: str
    booking_date: date
    value_date: date
    statement_date: date
    announced_at: datetime
    booked_at: datetime
    end_to_end_id: str = ""
    reference: str = ""
    conversion: Conversion | None = None
    charges: int = 0
    details: tuple[Detail, ...] = ()
    reversal_of: str = ""


def mark(*parts, length=20):
    """Return a hexadecimal identification that only depends on ``parts``."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:length]


def bank_reference(day, identification):
    """Return the bank's own reference for the entry with this transaction id."""
    return f"SB{day:%y%m%d}{identification[:10].upper()}"


def is_business_day(day):
    """Monday to Friday; this bank knows no holidays."""
    return day.weekday() < 5


def business_day_from(day):
    """Return ``day`` or the next business day."""
    while not is_business_day(day):
        day += timedelta(days=1)
    return day


def next_business_day(day):
    """Return the business day after ``day``."""
    return business_day_from(day + timedelta(days=1))


def business_days(first, last):
    """Yield the business days from ``first`` to ``last``, both included."""
    day = business_day_from(first)
    while day <= last:
        yield day
        day = next_business_day(day)


def statement_number(day):
    """Return the number of the statement of ``day``: the business days of its year so far."""
    return sum(1 for _ in business_days(date(day.year, 1, 1), day))
