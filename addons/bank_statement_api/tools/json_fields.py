"""Reading single fields of a bank interface's JSON; every error names its path."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.dates import DateError, parse_date
from odoo.addons.finance_connector_base.tools.money import MoneyError, parse_amount

from .documents import BankTransactionCode


class FieldError(Exception):
    """A field is not what the interface's specification says; never leaves this package."""

    def __init__(self, path: str, reason: str):
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def money_of(item, name: str, path: str) -> tuple[Decimal, str]:
    """Return a signed amount and its currency; a JSON number is taken as well as a text."""
    holder = object_of(item, name, path)
    place = f"{path}.{name}"
    if holder is None:
        raise FieldError(place, "is missing")
    currency = text_of(holder, "currency", place)
    value = holder.get("amount")
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not currency:
        raise FieldError(place, "amount or currency is missing")
    try:
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        return parse_amount(text, currency) + 0, currency
    except MoneyError as error:
        raise FieldError(f"{place}.amount", str(error)) from error


def amount_of(item: dict, name: str, currency: str, path: str) -> Decimal:
    """Return a signed amount that stands without its currency, as a JSON number or a text."""
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise FieldError(f"{path}.{name}", "is missing or no number")
    try:
        text = format(value, "f") if isinstance(value, Decimal) else str(value)
        return parse_amount(text, currency) + 0
    except MoneyError as error:
        raise FieldError(f"{path}.{name}", str(error)) from error


def date_of(item: dict, name: str, path: str) -> datetime.date | None:
    text = text_of(item, name, path)
    if text is None:
        return None
    try:
        return parse_date(text)
    except DateError as error:
        raise FieldError(f"{path}.{name}", str(error)) from error


def text_of(item: dict, name: str, path: str) -> str | None:
    value = item.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise FieldError(f"{path}.{name}", "is not a text")


def bank_code_of(item: dict, path: str) -> BankTransactionCode | None:
    """Return the transaction code as NextGenPSD2 and Ponto name it, ``PMNT-RCDT-ESCT``, and the bank's own."""
    code = text_of(item, "bankTransactionCode", path)
    proprietary = text_of(item, "proprietaryBankTransactionCode", path)
    if not code and not proprietary:
        return None
    domain, family, subfamily, *_rest = [*(code or "").split("-"), "", ""]
    return BankTransactionCode(
        domain=domain or None,
        family=family or None,
        subfamily=subfamily or None,
        proprietary=proprietary,
    )


def object_of(item, name: str, path: str) -> dict | None:
    value = item.get(name) if isinstance(item, dict) else None
    if value is not None and not isinstance(value, dict):
        raise FieldError(f"{path}.{name}", "is not an object")
    return value


def array_of(item: dict, name: str, path: str, *, optional: bool = False) -> list:
    value = item.get(name)
    if value is None and optional:
        return []
    if not isinstance(value, list):
        raise FieldError(f"{path}.{name}", "is not an array")
    return value


def scalars_of(item: dict) -> dict[str, str]:
    """Return the fields as texts, nested ones as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)
        for key, value in item.items()
        if value is not None
    }
