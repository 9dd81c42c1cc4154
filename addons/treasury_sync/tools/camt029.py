"""The bank's answer to a recall: ISO 20022 camt.029 (resolution of investigation), versions from .03 on.

https://www.iso20022.org/catalogue-messages/iso-20022-messages-archive?search=camt.029; the German banks answer a
camt.055.001.05 with camt.029.001.06 (DFÜ-Abkommen, Anlage 3), CGI names .09.
"""

from .recalls import RecallAnswer, RecallStatus, confirmed
from .report_xml import open_report, reasons

MESSAGE = "camt.029"
# An XML declaration, comments and the root element.
_HEAD = 4096
_REASONS = "CxlStsRsnInf"
_CASES = (("RslvdCase", "Id"), ("OrgnlGrpCxlId",), ("OrgnlPmtInfCxlId",))


def looks_like(content):
    """Tell whether ``content`` says that it is such an answer.

    :param bytes content: as received.
    """
    return b":tech:xsd:camt.029." in content[:_HEAD]


def read(content):
    """Read the answer to a recall.

    :param bytes content: the XML.
    :rtype: RecallAnswer
    :raise BusinessError: ``payment_report_unreadable``, it is no such answer
    """
    version, node = open_report(content, MESSAGE)
    details = node.children("CxlDtls")
    messages = [item for each in details for item in each.children("OrgnlGrpInfAndSts")]
    groups = [item for each in details for item in each.children("OrgnlPmtInfAndSts")]
    loose = [item for each in details for item in each.children("TxInfAndSts")]
    payments = [*loose, *(item for each in groups for item in each.children("TxInfAndSts"))]
    originals = [item.text("OrgnlMsgId") for item in messages]
    originals += [item.text("OrgnlGrpInf", "OrgnlMsgId") for item in (*groups, *payments)]
    cases = [part.text(*path) for part in (node, *messages, *groups, *payments) for path in _CASES]
    listed = tuple(_group(group, group.children("TxInfAndSts")) for group in groups)
    return RecallAnswer(
        source_version=version,
        message_id=node.text("Assgnmt", "Id"),
        case_ids=frozenset(filter(None, cases)),
        original_message_ids=frozenset(filter(None, originals)),
        whole=_whole(node, messages),
        groups=(*listed, RecallStatus(parts=_payments(loose))) if loose else listed,
    )


def _whole(node, messages):
    """The status of the original message, where it has one, else the confirmation of the investigation."""
    found = next((item for item in messages if item.text("GrpCxlSts")), None)
    return RecallStatus(
        status=found.text("GrpCxlSts") if found else confirmed(node.text("Sts", "Conf")),
        reasons=tuple(reason for item in messages for reason in reasons(item, _REASONS)),
    )


def _group(node, payments):
    return RecallStatus(
        identification=node.text("OrgnlPmtInfId"),
        status=node.text("PmtInfCxlSts"),
        reasons=reasons(node, _REASONS),
        parts=_payments(payments),
    )


def _payments(nodes):
    return tuple(
        RecallStatus(
            identification=node.text("OrgnlEndToEndId"),
            instruction_id=node.text("OrgnlInstrId"),
            status=node.text("TxCxlSts"),
            reasons=reasons(node, _REASONS),
        )
        for node in nodes
    )
