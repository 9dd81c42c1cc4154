"""Amounts of money: Decimal, with exactly the decimals of the currency."""

import functools
import re
from decimal import Decimal

# ISO 4217 list one (currencies and funds in use), of its maintenance agency
# (https://www.six-group.com/en/products-services/financial-information/data-standards.html):
# decimals of the minor unit -> codes. Codes without a minor unit (gold, test codes) are left out; ANG
# and BGN, withdrawn in 2025 and 2026, still stand in the statements of their last years.
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN "
        "BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB "
        "EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS "
        "KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
        "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD "
        "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS "
        "UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}  # fmt: skip
_EXPONENTS = {code: exponent for exponent, codes in _CODES.items() for code in codes.split()}

# ISO 20022 amounts have at most 18 digits, 5 of them decimals.
_AMOUNT = re.compile(r"-?\d{1,18}(?:\.\d{1,5})?", re.ASCII)


class MoneyError(ValueError):
    """An amount or currency that can't be taken as it is."""


def minor_unit_exponent(currency):
    """Return the decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD.

    :param str currency: ISO 4217 code in capitals.
    :raise MoneyError: the code is not in use.
    """
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise MoneyError(f"“{currency}” is not an ISO 4217 currency in use.") from None


def parse_amount(text, currency):
    """Read an amount strictly: a decimal point, no group marks, no sign but a minus, no exponent.

    :param str text: e.g. ``-1234.5``.
    :param str currency: ISO 4217 code; more decimals than it has are refused unless they are zeros.
    :return: the amount with exactly the decimals of the currency.
    :rtype: decimal.Decimal
    :raise MoneyError: the text is no such amount.
    """
    text = (text or "").strip()
    if not _AMOUNT.fullmatch(text):
        raise MoneyError(f"“{text}” is not an amount such as 1234.56.")
    return _quantize(Decimal(text), currency)


def to_minor_units(amount, currency):
    """Return an amount as a whole number of its smallest unit, e.g. cents.

    :param decimal.Decimal amount: finite, without more decimals than the currency has.
    :rtype: int
    :raise MoneyError: it has more decimals, or is no Decimal.
    """
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise MoneyError("Money is a finite Decimal.")
    return int(_quantize(amount, currency).scaleb(minor_unit_exponent(currency)))


def from_minor_units(units, currency):
    """Return a whole number of the smallest unit as an amount.

    :param int units: e.g. cents.
    :rtype: decimal.Decimal
    """
    return Decimal(units).scaleb(-minor_unit_exponent(currency))


@functools.cache
def _smallest_unit(currency):
    return Decimal(1).scaleb(-minor_unit_exponent(currency))


def _quantize(amount, currency):
    exact = amount.quantize(_smallest_unit(currency))
    if exact != amount:
        raise MoneyError(f"{amount} has more decimals than {currency} allows.")
    return exact
