"""What the bank's answers in ISO 20022 have in common: opened safely, read by local names, in every version."""

import re
from datetime import UTC, datetime

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.safe_xml import XmlRefusedError, parse

from .documents import StatusReason

# A bank repeats each of ten thousand payments with all that it was told of them.
_LARGEST = 64 * 1024 * 1024
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:((\w+\.\d{3})\.\d{3}\.\d{2})")


def open_report(content, message):
    """Open an answer of the bank.

    :param bytes content: the XML.
    :param str message: what it has to be, e.g. ``pain.002``.
    :return: its version, and the element below ``Document``
    :rtype: tuple[str, Node]
    :raise BusinessError: ``payment_report_unreadable``, it is no such message
    """
    try:
        root = parse(content, max_bytes=_LARGEST)
    except XmlRefusedError as error:
        raise _unreadable(str(error)) from error
    found = _NAMESPACE.fullmatch(root.tag.partition("}")[0].strip("{"))
    if not found or found[2] != message or not len(root):
        raise _unreadable(f"It is no {message}.")
    return found[1], Node(root[0])


class Node:
    """An element by its local names; what is absent is empty, not an error."""

    def __init__(self, element):
        self._element = element

    def children(self, name):
        if self._element is None:
            return []
        return [
            Node(item)
            for item in self._element
            if isinstance(item.tag, str) and item.tag.rpartition("}")[2] == name
        ]

    def child(self, *path):
        node = self
        for name in path:
            node = next(iter(node.children(name)), Node(None))
        return node

    def text(self, *path):
        return self.child(*path).value

    @property
    def value(self):
        text = None if self._element is None else self._element.text
        return (text or "").strip() or None

    def attribute(self, name):
        return None if self._element is None else self._element.get(name)


def reasons(node, name):
    """:return: why, as the elements ``name`` of ``node`` say
    :rtype: tuple[StatusReason, ...]
    """
    return tuple(
        StatusReason(
            code=item.text("Rsn", "Cd"),
            proprietary=item.text("Rsn", "Prtry"),
            texts=tuple(filter(None, (each.value for each in item.children("AddtlInf")))),
        )
        for item in node.children(name)
    )


def moment(text):
    """:return: a date and time, in UTC where it names no zone; None where it is none"""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def _unreadable(message):
    return BusinessError(
        "payment_report_unreadable",
        f"The bank's answer cannot be read: {message}",
        next_step="Ask the bank for it again; what was known of the payments stays.",
    )
