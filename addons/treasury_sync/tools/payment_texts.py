"""What stands in the payments of a file, as plain texts for the rules of its profile.

Payments are written alike: the same elements in the same order, other texts. So the form of one is learned by reading
it element by element, and those of the same form are read with one expression. What is read is the same either way.
"""

import re
from itertools import repeat
from typing import NamedTuple
from xml.sax.saxutils import unescape

from lxml import etree

from odoo.addons.finance_connector_base.tools.safe_xml import parse

from .payment_schema import TRANSACTIONS

# The text of an element that has no elements, or the currency of an amount.
_VALUE = re.compile(r'(?<=>)[^<>]+(?=</)|(?<= Ccy=")[^"<]+(?=")')
# What lxml writes for what XML cannot say as it is.
_ENTITIES = {"&quot;": '"', "&#9;": "\t", "&#10;": "\n", "&#13;": "\r"}
# Stands for a text in the example of a form.
_MARK = "\ue000"
# Of one file; payments of further forms are read one by one.
_FORMS = 20


class Payment(NamedTuple):
    """One ``CdtTrfTxInf`` or ``DrctDbtTxInf``; what is absent is empty, or None where that is something else.

    :ivar other: element of the other side: ``Cdtr`` or ``Dbtr``.
    :ivar address: names of the elements of the other side's address, None for no address.
    :ivar address_texts: their texts.
    :ivar reference_types: codes of its structured references, whose values are ``reference_values``.
    """

    other: str
    instruction_id: str | None
    end_to_end_id: str | None
    amount: str
    currency: str | None
    name: str
    iban: str
    number: str
    bic: str
    clearing_number: str
    clearing_system: str
    address: tuple | None
    address_texts: tuple
    mandate: str
    signed_on: str
    bearer: str
    texts: tuple
    reference_types: tuple
    reference_values: tuple

    @property
    def collected(self):
        return self.other == "Dbtr"


class Node:
    """An element and its children by local name; what is absent is empty."""

    __slots__ = ("_children", "_nodes", "element")

    def __init__(self, element):
        self.element = element
        self._nodes = {}
        self._children = children = {}
        for child in () if element is None else element:
            children.setdefault(child.tag.rpartition("}")[2], []).append(child)

    def all(self, name):
        return self._children.get(name, ())

    def child(self, *path):
        node = self
        for name in path:
            found = node._nodes.get(name)
            if found is None:
                elements = node._children.get(name)
                found = node._nodes[name] = Node(elements[0]) if elements else _ABSENT
            node = found
        return node

    def text(self, *path):
        *parents, name = path
        node = self.child(*parents) if parents else self
        found = node._children.get(name)
        return (found[0].text or "") if found else ""

    def __bool__(self):
        return self.element is not None


_ABSENT = Node(None)


def read_address(party):
    """Return names and texts of the elements of a party's address; None and no texts where it has none.

    :param Node party: ``Cdtr`` or the like.
    """
    address = party.child("PstlAdr")
    if not address:
        return None, ()
    return (
        tuple(child.tag.rpartition("}")[2] for child in address.element),
        tuple(child.text for child in address.element),
    )


def read(element):
    """Return what stands in one payment.

    :param element: ``CdtTrfTxInf`` or ``DrctDbtTxInf``.
    :rtype: Payment
    """
    transaction = Node(element)
    collected = bool(transaction.all("InstdAmt"))
    other = "Dbtr" if collected else "Cdtr"
    amount = (transaction if collected else transaction.child("Amt")).all("InstdAmt")[0]
    ids = transaction.child("PmtId")
    account = transaction.child(f"{other}Acct", "Id")
    bank = transaction.child(f"{other}Agt", "FinInstnId")
    party = transaction.child(other)
    address, address_texts = read_address(party)
    mandate = transaction.child("DrctDbtTx", "MndtRltdInf")
    remittance = transaction.child("RmtInf")
    references = [_reference(found) for found in remittance.all("Strd")]
    return Payment(
        other=other,
        instruction_id=ids.text("InstrId") if ids.all("InstrId") else None,
        end_to_end_id=ids.text("EndToEndId") if ids.all("EndToEndId") else None,
        amount=amount.text or "",
        currency=amount.get("Ccy"),
        name=party.text("Nm"),
        iban=account.text("IBAN"),
        number=account.text("Othr", "Id"),
        bic=bank.text("BICFI") or bank.text("BIC"),
        clearing_number=bank.text("ClrSysMmbId", "MmbId"),
        clearing_system=bank.text("ClrSysMmbId", "ClrSysId", "Cd"),
        address=address,
        address_texts=address_texts,
        mandate=mandate.text("MndtId"),
        signed_on=mandate.text("DtOfSgntr"),
        bearer=transaction.text("ChrgBr"),
        texts=tuple(text.text for text in remittance.all("Ustrd")),
        reference_types=tuple(kind for kind, _value in references),
        reference_values=tuple(value for _kind, value in references),
    )


def _reference(structured):
    kind = structured.findtext(".//{*}CdOrPrtry/{*}Cd") or structured.findtext(
        ".//{*}CdOrPrtry/{*}Prtry", ""
    )
    return kind, structured.findtext(".//{*}Ref", "")


def read_all(group):
    """Return what stands in the payments of a group, side by side: in each field, those of all payments in their order.

    :param group: ``PmtInf``.
    :rtype: Payment[list]
    """
    columns = Payment._make([] for _field in Payment._fields)
    text = etree.tostring(group, encoding="unicode", with_tail=False)
    for name in TRANSACTIONS:
        elements = group.findall(f"{{*}}{name}")
        # With a namespace of its own a name need not be what it looks like.
        alike = text.count("xmlns") == 1 and text.count(f"<{name}>") == len(elements)
        runs = _runs(name, text, elements) if alike else [(None, elements)]
        for form, run in runs if elements else ():
            found = form.payments(run) if form else zip(*map(read, run), strict=True)
            for column, values in zip(columns, found, strict=True):
                column += values
    return columns


def _runs(name, text, elements):
    """Tell payments by their forms.

    :param str text: of the group.
    :param elements: the payments in it.
    :return: payments of one form that follow each other, with that form: by their texts, all of them in one list; by
        their elements where they have none
    """
    forms, row, position = [], 0, text.find(f"<{name}>")
    while row < len(elements):
        # The form that was met last comes first.
        for form in forms:
            run, position = form.run(text, position)
            if run:
                forms.remove(form)
                forms.insert(0, form)
                yield form, run
                row += len(run) // form.width
                break
        else:
            piece = text[position : text.index(f"</{name}>", position)]
            form = Form(name, piece) if len(forms) < _FORMS else None
            if form and form.begins(text, position):
                forms.insert(0, form)
            else:
                yield None, [elements[row]]
                row += 1
                position = text.find(f"<{name}>", position + 1)


class Form:
    """How payments are written that differ in their texts only, learned from one of them.

    :ivar width: how many texts each has.
    """

    def __init__(self, name, piece):
        pattern, marked, end = [], [], 0
        for number, value in enumerate(_VALUE.finditer(piece)):
            between = piece[end : value.start()]
            end = value.end()
            pattern += [re.escape(between), '([^"<>]+)' if piece[end] == '"' else "([^<>]+)"]
            marked += [between, f"{_MARK}{number}"]
        pattern.append(re.escape(f"{piece[end:]}</{name}>"))
        marked += [piece[end:], f"</{name}>"]
        # What a person put between two payments: blanks and lines.
        expression = re.compile(f"{''.join(pattern)}[^<]*")
        self.width = expression.groups
        self._match = expression.match
        example = "".join(marked)
        self._example = read(parse(example.encode(), max_bytes=len(example) * 4))

    def begins(self, text, position):
        """Return whether a payment of this form stands at ``position``."""
        return bool(self.width and self._match(text, position))

    def run(self, text, position):
        """Read the payments of this form that follow each other.

        :param str text: of a group.
        :param int position: where the first one begins in it.
        :return: their texts, as they are written, one after the other, and where the next payment begins
        """
        found = []
        while self.width and (matched := self._match(text, position)):
            found += matched.groups()
            position = matched.end()
        return found, position

    def payments(self, texts):
        """:return: the values of each field, of the payments that have these texts one after the other"""
        columns = [texts[number :: self.width] for number in range(self.width)]
        columns = [
            [unescape(text, _ENTITIES) for text in column] if "&" in "".join(column) else column
            for column in columns
        ]

        def filled(value):
            if isinstance(value, tuple) and any(map(is_marked, value)):
                return zip(*map(filled, value), strict=True)
            if is_marked(value):
                return columns[int(value.removeprefix(_MARK))]
            return repeat(value, len(texts) // self.width)

        def is_marked(value):
            return isinstance(value, str) and value.startswith(_MARK)

        return map(filled, self._example)
