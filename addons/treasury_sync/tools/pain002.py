"""The bank's answer to a payment file: ISO 20022 pain.002, versions from .03 on, of all three levels."""

from decimal import Decimal, InvalidOperation

from .documents import GroupStatus, PaymentStatus, TransactionStatus
from .report_xml import moment, open_report, reasons

_REASONS = "StsRsnInf"


def read(content):
    """Read a status report.

    :param bytes content: the XML.
    :rtype: PaymentStatus
    :raise BusinessError: ``payment_report_unreadable``, it is no such report
    """
    version, node = open_report(content, "pain.002")
    header, original = node.child("GrpHdr"), node.child("OrgnlGrpInfAndSts")
    return PaymentStatus(
        source_format="pain.002",
        source_version=version,
        message_id=header.text("MsgId"),
        created_at=moment(header.text("CreDtTm")),
        original_message_id=original.text("OrgnlMsgId"),
        original_name=original.text("OrgnlMsgNmId"),
        status=original.text("GrpSts"),
        reasons=reasons(original, _REASONS),
        groups=tuple(_group(item) for item in node.children("OrgnlPmtInfAndSts")),
    )


def _group(node):
    return GroupStatus(
        group_id=node.text("OrgnlPmtInfId"),
        status=node.text("PmtInfSts"),
        reasons=reasons(node, _REASONS),
        transactions=tuple(_transaction(item) for item in node.children("TxInfAndSts")),
    )


def _transaction(node):
    amount = node.child("OrgnlTxRef", "Amt", "InstdAmt")
    return TransactionStatus(
        status=node.text("TxSts"),
        end_to_end_id=node.text("OrgnlEndToEndId"),
        instruction_id=node.text("OrgnlInstrId"),
        uetr=node.text("OrgnlUETR"),
        reasons=reasons(node, _REASONS),
        amount=_decimal(amount.value),
        currency=amount.attribute("Ccy"),
        accepted_at=moment(node.text("AccptncDtTm")),
        bank_reference=node.text("AcctSvcrRef"),
    )


def _decimal(text):
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None
