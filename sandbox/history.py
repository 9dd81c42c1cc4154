"""The everyday traffic of an account: a pure function of seed, account and day.

All names are invented.
"""

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache

from sandbox import money
from sandbox.bookings import (
    Booking,
    Conversion,
    Detail,
    bank_reference,
    is_business_day,
    mark,
    next_business_day,
)
from sandbox.iban import invented_iban

CUSTOMERS = (
    ("Bergkristall Optik GmbH", "DE"),
    ("Lindwurm Maschinen AG", "CH"),
    ("Atelier Deux Lacs SARL", "FR"),
    ("Harrowfield Instruments Ltd", "GB"),
    ("Molkerei Sonnhalde", "CH"),
    ("Tiefsee Pumpen KG", "DE"),
    ("Käserei Brüggli & Söhne", "CH"),
    ("Nordlicht Möbelwerk GmbH", "DE"),
)
SUPPLIERS = (
    ("Granit Logistik AG", "CH"),
    ("Papierwerk Auental GmbH", "DE"),
    ("Fonderie du Vallon SA", "FR"),
    ("Elektro Tannegg", "CH"),
    ("Quayside Freight Ltd", "GB"),
    ("Stahlbau Ohnesorg KG", "DE"),
)
STAFF = ("A. Amrein", "B. Baumann", "C. Çelik", "D. Dvořák", "E. Egli", "F. Favre")
ACQUIRER = "Kartenwerk Acquiring"
LANDLORD = "Immobilien Seefeld"

#: Units of the second currency for one unit of the first.
_RATES = {
    ("EUR", "CHF"): Decimal("0.9345"),
    ("USD", "CHF"): Decimal("0.8020"),
    ("USD", "EUR"): Decimal("0.8582"),
}
CURRENCIES = ("CHF", "EUR", "USD")
_STEP = Decimal("0.0001")


@cache
def exchange_rate(source, target, day):
    """Return units of ``target`` for one unit of ``source`` on ``day``, four decimals."""
    if source == target:
        return Decimal(1)
    if (source, target) not in _RATES:
        return (1 / exchange_rate(target, source, day)).quantize(_STEP)
    drift = Decimal(random.Random(f"rate/{source}/{target}/{day}").randrange(-40, 41)) * _STEP
    return _RATES[source, target] + drift


@cache
def bookings_announced_on(account, day, seed, first_day):
    """Return the bookings that first show on ``day``; some are only booked on the next business day.

    :param first_day: first day of the history: nothing before it is taken back.
    """
    if not is_business_day(day):
        return ()
    traffic = _Traffic(account, day, seed)
    traffic.customers()
    traffic.suppliers()
    if account.busy:
        traffic.everyday()
        if day.weekday() == 2:
            traffic.coffees()
        if day.weekday() == 3:
            traffic.collection()
        if day.weekday() == 4 and day - timedelta(days=2) >= first_day:
            traffic.returned_payment()
        if day == _business_day_until(date(day.year, day.month, 25)):
            traffic.salaries()
        if next_business_day(day).month != day.month:
            traffic.month_end()
    elif day.weekday() in (0, 3):
        traffic.wire()
    if day.weekday() == 1:
        traffic.conversion()
    return tuple(traffic.bookings)


def _business_day_until(day):
    while not is_business_day(day):
        day -= timedelta(days=1)
    return day


class _Traffic:
    """Collects the bookings of one account and day."""

    def __init__(self, account, day, seed):
        self.account, self.day, self.seed = account, day, seed
        self.bookings = []

    def _dice(self, kind):
        return random.Random(f"{self.seed}/{self.account.code}/{self.day}/{kind}")

    def _identification(self, kind, number, day=None):
        return mark(self.seed, self.account.code, day or self.day, kind, number)

    def _book(
        self,
        kind,
        amount,
        text,
        party,
        code,
        *,
        number=0,
        at=None,
        overnight=False,
        value_days=0,
        **more,
    ):
        name, country = party
        at = datetime.combine(self.day, at or time(9, self._dice(f"{kind}{number}").randrange(60)))
        booking_date, booked_at = self.day, at
        if overnight:
            booking_date = next_business_day(self.day)
            booked_at = datetime.combine(booking_date, time(7, 15))
        value_date = booking_date
        for _ in range(value_days):
            value_date = next_business_day(value_date)
        identification = self._identification(kind, number)
        self.bookings.append(
            Booking(
                account=self.account.code,
                transaction_id=identification,
                entry_reference=bank_reference(booking_date, identification[::-1]),
                kind=kind,
                amount=amount,
                text=text,
                party=name,
                party_iban=invented_iban(country, name) if country else "",
                code=code,
                booking_date=booking_date,
                value_date=value_date,
                statement_date=booking_date,
                announced_at=at,
                booked_at=booked_at,
                **more,
            )
        )

    def customers(self):
        """Payments that quote the customer's own order, not a reference of ours."""
        dice = self._dice("customers")
        for number in range(dice.randrange(2, 5) if self.account.busy else dice.randrange(1, 3)):
            order = dice.randrange(40000, 70000)
            self._book(
                "customer",
                dice.randrange(8_000, 900_000),
                f"Bestellung {order} Teillieferung {dice.randrange(1, 4)}",
                dice.choice(CUSTOMERS),
                "PMNT-RCDT-ESCT",
                number=number,
                end_to_end_id=f"E2E-{order}",
            )

    def _supplier_payments(self, day):
        dice = random.Random(f"{self.seed}/{self.account.code}/{day}/suppliers")
        for number in range(dice.randrange(1, 4) if self.account.busy else dice.randrange(0, 2)):
            amount, party = -dice.randrange(5_000, 600_000), dice.choice(SUPPLIERS)
            yield (
                number,
                amount,
                party,
                f"Re. {dice.randrange(2_000_000, 3_000_000)}",
                f"P{day:%Y%m%d}-{number}",
            )

    def suppliers(self):
        """Outgoing payments: pending in the evening, booked the next morning."""
        for number, amount, party, text, end_to_end_id in self._supplier_payments(self.day):
            self._book(
                "supplier",
                amount,
                text,
                party,
                "PMNT-ICDT-ESCT",
                number=number,
                at=time(17, number),
                overnight=True,
                end_to_end_id=end_to_end_id,
            )

    def returned_payment(self):
        """The first supplier payment ordered two days ago comes back, now and then."""
        ordered = self.day - timedelta(days=2)
        number, amount, party, text, end_to_end_id = next(self._supplier_payments(ordered))
        if self._dice("returned").randrange(2):
            self._book(
                "reversal",
                -amount,
                f"Rückgabe AC04 {text}",
                party,
                "PMNT-ICDT-RRTN",
                at=time(11, 5),
                end_to_end_id=end_to_end_id,
                reversal_of=self._identification("supplier", number, ordered),
            )

    def everyday(self):
        """What the card terminals took, and a fuel purchase now and then."""
        dice = self._dice("everyday")
        sales = dice.randrange(3, 30)
        self._book(
            "card_settlement",
            dice.randrange(20_000, 250_000),
            f"Abrechnung Terminal 0471 {sales} Verkäufe",
            (ACQUIRER, "CH"),
            "PMNT-MCRD-POSP",
            value_days=1,
        )
        if dice.randrange(2):
            self._book(
                "card_purchase",
                -dice.randrange(4_000, 12_000),
                "Kartenzahlung Tankstelle Rosental",
                ("Tankstelle Rosental", ""),
                "PMNT-CCRD-POSD",
                at=time(12, 30),
                overnight=True,
            )

    def coffees(self):
        """Two real purchases that differ in nothing but the bank's identification."""
        for number in range(2):
            self._book(
                "coffee",
                -480,
                "Kartenzahlung Kaffeebar Lindenhof",
                ("Kaffeebar Lindenhof", ""),
                "PMNT-CCRD-POSD",
                number=number,
                at=time(10, 15),
            )

    def _batch(self, kind, details, text, party, code, **more):
        self._book(
            kind,
            sum(detail.amount for detail in details),
            text,
            party,
            code,
            details=tuple(details),
            **more,
        )

    def collection(self):
        """One booking for the direct debits we collected this week."""
        dice = self._dice("collection")
        details = [
            Detail(
                dice.randrange(5_000, 40_000),
                name,
                invented_iban(country, name),
                f"Servicevertrag {self.day:%m/%Y}",
                f"DD{self.day:%Y%m%d}-{position}",
            )
            for position, (name, country) in enumerate(dice.sample(CUSTOMERS, 4))
        ]
        self._batch(
            "collection",
            details,
            f"Sammelgutschrift {len(details)} Lastschriften",
            ("", ""),
            "PMNT-IDDT-ESDD",
        )

    def salaries(self):
        """One booking for everybody's pay."""
        dice = self._dice("salaries")
        details = [
            Detail(
                -dice.randrange(420_000, 880_000),
                name,
                invented_iban(self.account.country, name),
                f"Lohn {self.day:%m/%Y}",
                f"SAL{self.day:%Y%m}-{position}",
            )
            for position, name in enumerate(STAFF)
        ]
        self._batch(
            "salaries",
            details,
            f"Sammelauftrag Lohn {self.day:%m/%Y}",
            ("", ""),
            "PMNT-ICDT-SALA",
            at=time(6, 30),
        )

    def month_end(self):
        """Rent by direct debit, the bank's fee, and its interest."""
        self._book(
            "rent",
            -650_000,
            f"Miete {self.day:%m/%Y} Lagerhalle",
            (LANDLORD, self.account.country),
            "PMNT-RDDT-ESDD",
            end_to_end_id=f"MIETE{self.day:%Y%m}",
        )
        self._book(
            "fee", -2_450, f"Kontoführung {self.day:%m/%Y}", ("", ""), "ACMT-MDOP-CHRG", at=time(18)
        )
        self._book(
            "interest",
            self._dice("interest").randrange(120, 990),
            "Habenzins",
            ("", ""),
            "ACMT-MCOP-INTR",
            at=time(18),
        )

    def wire(self):
        """A foreign payment of which the bank keeps a charge."""
        dice = self._dice("wire")
        gross, charge = dice.randrange(100_000, 700_000), 1_500
        self._book(
            "wire",
            gross - charge,
            f"Order {dice.randrange(1000, 9999)} less charges",
            dice.choice(CUSTOMERS),
            "PMNT-RCDT-XBCT",
            charges=charge,
            end_to_end_id="NOTPROVIDED",
            value_days=1,
        )

    def conversion(self):
        """A purchase in another currency: the booked amount is ours, the instructed one is theirs."""
        dice = self._dice("conversion")
        currency = {"CHF": "EUR", "EUR": "USD", "USD": "EUR"}[self.account.currency]
        rate = exchange_rate(currency, self.account.currency, self.day)
        instructed = -dice.randrange(50_000, 400_000)
        self._book(
            "foreign_currency",
            money.convert(instructed, rate),
            f"{currency} {money.to_text(-instructed)} Kurs {rate} Werkzeug {dice.randrange(100, 999)}",
            dice.choice(SUPPLIERS),
            "PMNT-ICDT-XBCT",
            conversion=Conversion(currency, instructed, rate),
            end_to_end_id=f"FX{self.day:%Y%m%d}",
        )
