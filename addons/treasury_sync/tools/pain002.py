"""The bank's answer to a payment file: ISO 20022 pain.002, versions from .03 on, of all three levels."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.safe_xml import XmlRefusedError, parse

from .documents import GroupStatus, PaymentStatus, StatusReason, TransactionStatus

# A bank repeats each of ten thousand payments with all that it was told of them.
_LARGEST = 64 * 1024 * 1024
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(pain\.002\.001\.(\d{2}))")


def read(content):
    """Read a status report.

    :param bytes content: the XML.
    :rtype: PaymentStatus
    :raise BusinessError: ``payment_report_unreadable``, it is no such report
    """
    try:
        root = parse(content, max_bytes=_LARGEST)
    except XmlRefusedError as error:
        raise _unreadable(str(error)) from error
    found = _NAMESPACE.fullmatch(root.tag.partition("}")[0].strip("{"))
    report = root[0] if len(root) else None
    if not found or report is None:
        raise _unreadable("It is no pain.002.")
    node = _Node(report)
    header, original = node.child("GrpHdr"), node.child("OrgnlGrpInfAndSts")
    return PaymentStatus(
        source_format="pain.002",
        source_version=found[1],
        message_id=header.text("MsgId"),
        created_at=_moment(header.text("CreDtTm")),
        original_message_id=original.text("OrgnlMsgId"),
        original_name=original.text("OrgnlMsgNmId"),
        status=original.text("GrpSts"),
        reasons=_reasons(original),
        groups=tuple(_group(item) for item in node.children("OrgnlPmtInfAndSts")),
    )


def _group(node):
    return GroupStatus(
        group_id=node.text("OrgnlPmtInfId"),
        status=node.text("PmtInfSts"),
        reasons=_reasons(node),
        transactions=tuple(_transaction(item) for item in node.children("TxInfAndSts")),
    )


def _transaction(node):
    amount = node.child("OrgnlTxRef", "Amt", "InstdAmt")
    return TransactionStatus(
        status=node.text("TxSts"),
        end_to_end_id=node.text("OrgnlEndToEndId"),
        instruction_id=node.text("OrgnlInstrId"),
        uetr=node.text("OrgnlUETR"),
        reasons=_reasons(node),
        amount=_decimal(amount.value),
        currency=amount.attribute("Ccy"),
        accepted_at=_moment(node.text("AccptncDtTm")),
        bank_reference=node.text("AcctSvcrRef"),
    )


def _reasons(node):
    return tuple(
        StatusReason(
            code=item.text("Rsn", "Cd"),
            proprietary=item.text("Rsn", "Prtry"),
            texts=tuple(filter(None, (each.value for each in item.children("AddtlInf")))),
        )
        for item in node.children("StsRsnInf")
    )


class _Node:
    """An element by its local names; what is absent is empty, not an error."""

    def __init__(self, element):
        self._element = element

    def children(self, name):
        if self._element is None:
            return []
        return [
            _Node(item)
            for item in self._element
            if isinstance(item.tag, str) and item.tag.rpartition("}")[2] == name
        ]

    def child(self, *path):
        node = self
        for name in path:
            node = next(iter(node.children(name)), _Node(None))
        return node

    def text(self, *path):
        return self.child(*path).value

    @property
    def value(self):
        text = None if self._element is None else self._element.text
        return (text or "").strip() or None

    def attribute(self, name):
        return None if self._element is None else self._element.get(name)


def _moment(text):
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _decimal(text):
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _unreadable(message):
    return BusinessError(
        "payment_report_unreadable",
        f"The bank's status report cannot be read: {message}",
        next_step="Ask the bank for the report again; what was known of the payments stays.",
    )
