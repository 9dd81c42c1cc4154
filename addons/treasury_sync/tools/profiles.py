"""What a scheme, and within it a bank, wants of a payment file: data, one YAML file for each in ``profiles/``.

A payment channel names one and may change any of its choices (``Profile.options``): the profile of one bank is that of
its scheme with what this bank does otherwise.
"""

import dataclasses
import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import yaml

from odoo.addons.finance_connector_base.tools.errors import BusinessError

from .charset import CHARSETS

FOLDER = Path(__file__).resolve().parents[1] / "profiles"

#: How an account may be named, and how its bank.
ACCOUNTS = ("iban", "any")
AGENTS = ("optional", "bic", "clearing", "any")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """One profile, with the changes of a bank applied.

    :ivar code: names it on the channel, e.g. ``sepa``.
    :ivar name: for people.
    :ivar source: the document that the rules come from.
    :ivar kind: ``credit_transfer`` or ``direct_debit``.
    :ivar formats: codes of the formats that it can be written in, the one to prefer first.
    :ivar currencies: ISO 4217 codes; empty: any.
    :ivar max_amount: the highest amount of one payment.
    :ivar service_levels: ISO 20022 codes that are possible, the first one where the channel has none; empty: none is
        written.
    :ivar local_instruments: likewise; with ``""`` among them, it may be left out.
    :ivar charge_bearers: likewise; with ``""`` first, it is only written where the channel has one.
    :ivar account: ``iban``: the other side's account has one; ``any``: it may have another number.
    :ivar agent: what names the other side's bank: ``bic``, ``clearing`` number, ``any`` of the two, or ``optional``.
    :ivar clearing_system: ISO 20022 code of the numbers of banks, where the account does not say, e.g. ``USABA``.
    :ivar account_number: regular expression of an account number that is no IBAN.
    :ivar charset: one of ``tools/charset.py``.
    :ivar name_length: characters of a name; longer ones are cut.
    :ivar text_length: characters of the unstructured text; longer ones are cut.
    :ivar references: types of structured references that are carried as such; others travel as text.
    :ivar text_beside_reference: whether text may stand beside a structured reference.
    :ivar address_required: parties whose address the bank insists on: ``Dbtr``, ``Cdtr``.
    :ivar address_lines: unstructured lines that may stand beside town and country (hybrid form); 0: none.
    :ivar uetr: whether the UETR is written, in versions that have it.
    :ivar sender: who the file is for: numbers and names that flat formats carry, by name.
    """

    code: str
    name: str
    source: str
    kind: str
    formats: tuple[str, ...]
    currencies: tuple[str, ...] = ()
    max_amount: Decimal = Decimal("999999999.99")
    service_levels: tuple[str, ...] = ()
    local_instruments: tuple[str, ...] = ()
    charge_bearers: tuple[str, ...] = ()
    account: str = "iban"
    agent: str = "optional"
    clearing_system: str = ""
    account_number: str = r"[A-Za-z0-9/\-?:().,'+ ]{1,34}"
    charset: str = "latin"
    name_length: int = 70
    text_length: int = 140
    references: tuple[str, ...] = ("SCOR",)
    text_beside_reference: bool = False
    address_required: tuple[str, ...] = ()
    address_lines: int = 2
    uetr: bool = True
    sender: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        for name, allowed in (
            ("kind", ("credit_transfer", "direct_debit")),
            ("account", ACCOUNTS),
            ("agent", AGENTS),
            ("charset", CHARSETS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} is one of {', '.join(allowed)}, not {getattr(self, name)}"
                )
        try:
            re.compile(self.account_number)
        except re.error as error:
            raise ValueError(f"account_number is no regular expression: {error}") from None


_FIELDS = {field.name: field for field in dataclasses.fields(Rules)}
_FIXED = frozenset({"code", "name", "source", "kind"})


def find(code, options=None):
    """Return the rules of a profile with a bank's changes.

    :param str code: of a profile.
    :param options: values by name of :class:`Rules`; lists for its tuples, text or numbers for amounts.
    :rtype: Rules
    :raise BusinessError: ``payment_profile_invalid``: there is no such profile or choice.
    """
    if code not in _files():
        raise _invalid(
            f"There is no bank profile “{code}”.", f"Choose one of {', '.join(_files())}."
        )
    rules = _read(code)
    if not options:
        return rules
    if unknown := {*options} - _FIELDS.keys() | {*options} & _FIXED:
        raise _invalid(
            f"The profile “{code}” has no choice {', '.join(sorted(unknown))}.",
            f"Its choices are {', '.join(sorted(_FIELDS.keys() - _FIXED))}.",
        )
    try:
        return dataclasses.replace(rules, **_typed(options))
    except (ValueError, ArithmeticError, TypeError) as error:
        raise _invalid(
            f"The choices of the profile “{code}” cannot be used: {error}.",
            "Correct them on the payment channel.",
        ) from None


def choices():
    """Return code and name of every profile, by name."""
    return sorted(((code, _read(code).name) for code in _files()), key=lambda choice: choice[1])


@functools.cache
def _files():
    return {path.stem: path for path in sorted(FOLDER.glob("*.yaml"))}


@functools.cache
def _read(code):
    return Rules(**_typed({"code": code, **yaml.safe_load(_files()[code].read_text())}))


def _typed(values):
    return {name: _value(_FIELDS[name], value) for name, value in values.items()}


def _value(field, value):
    kind = field.type
    if kind == tuple[str, ...]:
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{field.name} is a list of texts")
        return tuple(value)
    if kind is Decimal:
        return Decimal(str(value))
    if kind is bool or kind is int or kind is str:
        if type(value) is not kind:
            raise ValueError(f"{field.name} is of type {kind.__name__}")
        return value
    if not isinstance(value, dict):
        raise ValueError(f"{field.name} is a mapping")
    return {str(name): str(text) for name, text in value.items()}


def _invalid(message, next_step):
    return BusinessError("payment_profile_invalid", message, next_step=next_step)
