"""The truth of the sandbox: accounts, bookings, the clock, and who was told what.

The same seed and the same calls in the same order give the same world.
"""

import random
import threading
from bisect import insort
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sandbox.bookings import (
    CLOSING_TIME,
    Account,
    Booking,
    bank_reference,
    business_day_from,
    business_days,
    mark,
    next_business_day,
)
from sandbox.history import CUSTOMERS, bookings_announced_on
from sandbox.iban import invented_iban

ENTITIES = {
    "alpenglut": ("Alpenglut Trading AG", "CH"),
    "nordhafen": ("Nordhafen Components GmbH", "DE"),
}
BICS = {"CH": "SBNKCHZZXXX", "DE": "SBNKDEFFXXX"}
# code, entity, currency, channels, shares_reference, busy
_ACCOUNTS = (
    ("alpenglut-chf", "alpenglut", "CHF", ("api", "file"), True, True),
    ("alpenglut-eur", "alpenglut", "EUR", ("api",), True, False),
    ("alpenglut-usd", "alpenglut", "USD", ("api",), True, False),
    ("nordhafen-eur", "nordhafen", "EUR", ("api", "file"), False, True),
    ("nordhafen-usd", "nordhafen", "USD", ("file",), True, False),
    ("nordhafen-chf", "nordhafen", "CHF", ("file",), True, False),
)


DEFAULT_BASE_DATE = date(2026, 11, 20)
DEFAULT_HISTORY_DAYS = 45


def _order(booking):
    return (booking.booked_at, booking.statement_date, booking.transaction_id)


class World:
    """Everything the bank holds. Hold :attr:`lock` while reading or changing it.

    :param seed: decides every booking.
    :param base_date: the clock starts on this day, after closing time.
    :param history_days: calendar days of history before ``base_date``.
    """

    def __init__(self, seed=7, base_date=DEFAULT_BASE_DATE, history_days=DEFAULT_HISTORY_DAYS):
        self.lock = threading.RLock()
        self.seed = seed
        self.base_date = base_date
        self.history_days = history_days
        self.first_day = base_date - timedelta(days=history_days)
        self.now = datetime.combine(base_date, time(20))
        #: Called with the codes of accounts that have news.
        self.on_news = []
        #: Called with the new time before what fell due is told.
        self.on_clock = []
        self.settings = {
            "token_lifetime": 3600,
            "page_size": 50,
            "max_frequency_per_day": 4,
            "synchronization_polls": 2,
            "plaid_readings": 1,
            "account_calls_per_day": 4,
        }
        self.accounts = {account.code: account for account in map(self._open, _ACCOUNTS)}
        self._bookings = {code: [] for code in self.accounts}
        self._reported_until = {}
        self._serials = {}
        self._generated_until = self.first_day - timedelta(days=1)
        self._generate()

    def _open(self, row):
        code, entity, currency, channels, shares_reference, busy = row
        owner, country = ENTITIES[entity]
        dice = random.Random(f"{self.seed}/open/{code}")
        return Account(
            code=code,
            entity=entity,
            owner=owner,
            country=country,
            currency=currency,
            channels=channels,
            shares_reference=shares_reference,
            busy=busy,
            iban=invented_iban(country, f"{self.seed}/{code}"),
            bic=BICS[country],
            resource_id=mark(self.seed, "resource", code, length=32),
            opening_balance=dice.randrange(20_000_000, 60_000_000),
        )

    def _generate(self):
        for day in business_days(self._generated_until + timedelta(days=1), self.now.date()):
            for account in self.accounts.values():
                for booking in bookings_announced_on(account, day, self.seed, self.first_day):
                    self.add(booking)
        self._generated_until = max(self._generated_until, self.now.date())

    def add(self, booking):
        """Put ``booking`` on its account."""
        insort(self._bookings[booking.account], booking, key=_order)

    def serial(self, purpose, length=20):
        """Return the next identification for ``purpose``: unguessable to look at, the same in every run."""
        number = self._serials[purpose] = self._serials.get(purpose, 0) + 1
        return mark(self.seed, "serial", purpose, number, length=length)

    def account(self, name):
        """Return the account with this code, resource id or IBAN, or None."""
        for account in self.accounts.values():
            if name in (account.code, account.resource_id, account.iban):
                return account
        return None

    def all_bookings(self, account):
        """Return every booking of ``account``, those of the future included."""
        return self._bookings[account.code]

    def booked(self, account):
        """Return what is booked on ``account`` now, oldest first."""
        return [item for item in self._bookings[account.code] if item.booked_at <= self.now]

    def pending(self, account):
        """Return what is announced but not yet booked, oldest first."""
        return [
            item
            for item in self._bookings[account.code]
            if item.announced_at <= self.now < item.booked_at
        ]

    def balance(self, account, until=None):
        """Return the booked balance in minor units: now, or at the close of the day ``until``."""
        return account.opening_balance + sum(
            item.amount
            for item in self.booked(account)
            if until is None or item.statement_date <= until
        )

    @staticmethod
    def closed_at(day):
        """Return the moment from which the statement of ``day`` is final."""
        return datetime.combine(day, CLOSING_TIME)

    def is_closed(self, day):
        """Tell whether the statement of ``day`` is final."""
        return self.closed_at(day) <= self.now

    def closed_days(self, first, last):
        """Yield the business days of the history from ``first`` to ``last`` that are closed."""
        for day in business_days(max(first, self.first_day), min(last, self.now.date())):
            if self.is_closed(day):
                yield day

    def move_clock(self, now):
        """Set the clock, forward or back; what falls due is booked.

        :return: codes of the accounts with news.
        """
        before, self.now = self.now, now
        self._generate()
        for listener in self.on_clock:
            listener(now)
        news = [
            code
            for code, bookings in self._bookings.items()
            if any(
                before < moment <= now
                for item in bookings
                for moment in (item.announced_at, item.booked_at)
            )
        ]
        self._tell(news)
        return news

    def _tell(self, codes):
        for listener in self.on_news:
            listener(codes)

    def report(self, account, until):
        """Remember that somebody was told of ``account`` up to the day ``until``."""
        known = self._reported_until.get(account.code, until)
        self._reported_until[account.code] = max(known, until)

    def unreported_day(self, account, wanted):
        """Return the first business day from ``wanted`` nobody has been told about."""
        day = business_day_from(max(wanted, self.first_day))
        reported = self._reported_until.get(account.code)
        return day if reported is None or day > reported else next_business_day(reported)

    def add_late_booking(self, account, booking_date, amount, text):
        """Book ``amount`` now with a date that has already been reported.

        The day's statement is final, so the entry belongs to the statement of the first open day.
        """
        identification = self.serial(f"late/{account.code}")
        customer, country = CUSTOMERS[0]
        open_day = business_day_from(self.now.date())
        if self.is_closed(open_day):
            open_day = next_business_day(open_day)
        booking = Booking(
            account=account.code,
            transaction_id=identification,
            entry_reference=bank_reference(booking_date, identification[::-1]),
            kind="late",
            amount=amount,
            text=text,
            party=customer,
            party_iban=invented_iban(country, customer),
            code="PMNT-RCDT-ESCT" if amount > 0 else "PMNT-ICDT-ESCT",
            booking_date=booking_date,
            value_date=booking_date,
            statement_date=open_day,
            announced_at=self.now,
            booked_at=self.now,
            end_to_end_id="NOTPROVIDED",
        )
        self.add(booking)
        self._tell([account.code])
        return booking

    def reissued(self, booking):
        """Return ``booking`` as the bank would show it under another identification."""
        identification = mark(self.seed, "reissued", booking.transaction_id)
        return replace(
            booking,
            transaction_id=identification,
            entry_reference=bank_reference(booking.booking_date, identification),
        )
