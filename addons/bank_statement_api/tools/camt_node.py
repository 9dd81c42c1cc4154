"""Reading camt elements: by local name, and strictly where money and dates are decided."""

from __future__ import annotations

import datetime
from decimal import Decimal

from odoo.addons.finance_connector_base.tools.dates import DateError, parse_date
from odoo.addons.finance_connector_base.tools.money import MoneyError, parse_amount

SIGNS = {"CRDT": 1, "DBIT": -1}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class BadRecordError(Exception):
    """A record cannot be understood; never leaves this package."""

    def __init__(self, code: str, reason: str):
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Node:
    """An element with its children by local name, so that every version of the namespace fits.

    Nearly all the time of reading a file is spent here, asking for what an entry does not have.
    """

    __slots__ = ("_children", "element")

    def __init__(self, element):
        self.element = element
        self._children = None

    def _read(self) -> dict[str, list[Node]]:
        children = {}
        for child in self.element:
            tag = child.tag
            local = tag[tag.rfind("}") + 1 :]
            if local in children:
                children[local].append(Node(child))
            else:
                children[local] = [Node(child)]
        self._children = children
        return children

    def all(self, name: str) -> list[Node]:
        children = self._children
        if children is None:
            children = self._read()
        return children.get(name, [])

    def one(self, *path: str) -> Node | None:
        node = self
        for name in path:
            children = node._children
            if children is None:
                children = node._read()
            if name not in children:
                return None
            node = children[name][0]
        return node

    def only(self, name: str) -> Node | None:
        """Return the child, which may not be there twice since that would be ambiguous."""
        found = self.all(name)
        if len(found) > 1:
            raise BadRecordError("ambiguous", f"{name} is given {len(found)} times.")
        return found[0] if found else None

    @property
    def value(self) -> str | None:
        if self._children or len(self.element):
            return None
        return (self.element.text or "").strip() or None

    def text(self, *path: str) -> str | None:
        # As ``one``, written out: it is called for each thing an entry may say.
        node = self
        for name in path:
            children = node._children
            if children is None:
                children = node._read()
            if name not in children:
                return None
            node = children[name][0]
        return node.value


def sign(node: Node) -> int:
    indicator = node.only("CdtDbtInd")
    code = indicator.value if indicator else None
    if code not in SIGNS:
        raise BadRecordError(
            "sign", f"Credit/debit indicator {code or '(none)'}: neither CRDT nor DBIT."
        )
    return SIGNS[code]


def signed_amount(node: Node, currency: str) -> Decimal:
    """Return ``Amt`` with the sign of ``CdtDbtInd``, in the minor units of ``currency``.

    ``RvslInd`` does not change the sign: the indicator of a reversal already is the reverse.
    """
    return signed(sign(node), unsigned_amount(node.only("Amt"), currency))


def unsigned_amount(node: Node | None, currency: str) -> Decimal:
    if node is None:
        raise BadRecordError("amount", "There is no amount.")
    given = node.element.get("Ccy")
    if given != currency:
        raise BadRecordError(
            "currency", f"Amount in {given or '(no currency)'} on an account in {currency}."
        )
    return exact_amount(node.value, currency)


def exact_amount(text: str | None, currency: str) -> Decimal:
    """Return an unsigned amount quantized to the currency; further decimals must be zeros."""
    if not text or text.startswith("-"):
        raise BadRecordError(
            "amount", f"{text or '(empty)'}: an amount has no sign, its indicator says which way."
        )
    try:
        return parse_amount(text, currency)
    except MoneyError as error:
        raise BadRecordError("amount", str(error)) from error


def signed(factor: int, amount: Decimal) -> Decimal:
    # 0 - x, since -x makes a negative zero of zero.
    return amount if factor > 0 else 0 - amount


def date_of(node: Node, name: str) -> datetime.date | None:
    """Return ``Dt``, or the day of ``DtTm`` as printed: a time zone does not move a booking."""
    choice = node.only(name)
    if choice is None:
        return None
    text = choice.text("Dt") or (choice.text("DtTm") or "")[:10]
    try:
        return parse_date(text)
    except DateError as error:
        raise BadRecordError("date", f"{name} {text or '(empty)'} is not a date.") from error


def other_account(node: Node) -> str | None:
    """Return the number of an account (``Id``) that is no IBAN; version .01 has three elements for it."""
    return (
        node.text("Othr", "Id")
        or node.text("PrtryAcct", "Id")
        or node.text("BBAN")
        or node.text("UPIC")
    )


def bic_of(node: Node) -> str | None:
    """Return the BIC of a bank (``FinInstnId``), whose element was named anew twice."""
    return node.text("BICFI") or node.text("BIC") or node.text("CmbndId", "BIC")
