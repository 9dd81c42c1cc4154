"""Conversion with a rate that is shown beside each figure; what has no rate is not converted, and says so."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

#: Digits of a published rate. Figures are converted with what is published, so that a reader gets the same ones.
_DIGITS = 12
_CONTEXT = Context(prec=_DIGITS, rounding=ROUND_HALF_UP)
SAME_CURRENCY = "same currency"


class MissingRateError(LookupError):
    """No rate is known for a currency on a day.

    :param str currency: ISO 4217 code.
    """

    def __init__(self, currency: str, day: datetime.date):
        super().__init__(f"There is no rate of {currency} for {day:%Y-%m-%d} or before.")
        self.currency = currency
        self.day = day


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much of a currency one unit of the base currency was worth.

    :ivar day: from which it is valid.
    :ivar source: who says so.
    """

    currency: str
    per_base: Decimal
    day: datetime.date
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One currency in another.

    :ivar rate: units of ``target`` for one unit of ``currency``.
    :ivar day: of the older of the rates that it was made of.
    """

    currency: str
    target: str
    rate: Decimal
    day: datetime.date
    source: str
    age: int = 0

    def convert(self, amount: Decimal, decimals: int) -> Decimal:
        """Return ``amount`` in the target currency, rounded half up to its decimals."""
        return (amount * self.rate).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """The rates in force on a day.

    :ivar base: the currency that they are quoted against, which is 1 by definition; no other one is.
    """

    base: str
    day: datetime.date
    rates: Mapping[str, Rate]

    def conversion(self, currency: str, target: str) -> Conversion:
        """Return how to make ``target`` of ``currency``.

        :raise MissingRateError: one of the two has no rate.
        """
        if currency == target:
            return Conversion(
                currency=currency,
                target=target,
                rate=Decimal(1),
                day=self.day,
                source=SAME_CURRENCY,
            )
        legs = [self._leg(code) for code in (currency, target) if code != self.base]
        worth = {leg.currency: leg.per_base for leg in legs}
        worth[self.base] = Decimal(1)
        oldest = min(leg.day for leg in legs)
        return Conversion(
            currency=currency,
            target=target,
            rate=_CONTEXT.divide(worth[target], worth[currency]),
            day=oldest,
            source=", ".join(dict.fromkeys(leg.source for leg in legs)),
            age=(self.day - oldest).days,
        )

    def _leg(self, code):
        rate = self.rates.get(code)
        if rate is None or rate.per_base <= 0 or rate.day > self.day:
            raise MissingRateError(code, self.day)
        return rate
