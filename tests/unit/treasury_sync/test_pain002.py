"""Status reports of all three levels, whatever the version."""

from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import documents, life, pain002
from odoo.addons.treasury_sync.tools.reasons import describe_reason

REPORT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>
<GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-11-27T10:00:00</CreDtTm></GrpHdr>
<OrgnlGrpInfAndSts><OrgnlMsgId>PO-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId><GrpSts>PART</GrpSts>
</OrgnlGrpInfAndSts>
<OrgnlPmtInfAndSts><OrgnlPmtInfId>PO-1-G1</OrgnlPmtInfId>
<TxInfAndSts><OrgnlInstrId>I1</OrgnlInstrId><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxSts>ACSC</TxSts>
<AcctSvcrRef>B1</AcctSvcrRef></TxInfAndSts>
<TxInfAndSts><OrgnlEndToEndId>E2</OrgnlEndToEndId><TxSts>RJCT</TxSts>
<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>closed</AddtlInf><AddtlInf>in May</AddtlInf></StsRsnInf>
<OrgnlTxRef><Amt><InstdAmt Ccy="EUR">9.50</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>
</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""


@pytest.mark.parametrize("version", [f"{number:02}" for number in range(3, 13)])
def test_every_level_is_read(version):
    found = pain002.read(REPORT.format(version=version).encode())
    assert (found.original_message_id, found.status) == ("PO-1", "PART")
    accepted, rejected = found.groups[0].transactions
    assert (accepted.end_to_end_id, accepted.status, accepted.bank_reference) == (
        "E1",
        "ACSC",
        "B1",
    )
    assert rejected.reasons[0].code == "AC04"
    assert rejected.reasons[0].texts == ("closed", "in May")
    assert (rejected.amount, rejected.currency) == (Decimal("9.50"), "EUR")
    assert found.created_at.tzinfo


@pytest.mark.parametrize(
    "content", [b"", b"no xml", b"<Document/>", REPORT.format(version="10").encode()[:300]]
)
def test_what_is_no_report_is_refused(content):
    with pytest.raises(BusinessError) as caught:
        pain002.read(content)
    assert caught.value.code == "payment_report_unreadable"


KNOWN = {"E1": ("PO-1-G1", "I1"), "E2": ("PO-1-G1", "I2"), "E3": ("PO-1-G2", "I3")}


def report(group="", parts="", version="12"):
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    return pain002.read(
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>S1</MsgId></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>PO-1</OrgnlMsgId>{status}"
        f"</OrgnlGrpInfAndSts>{parts}</CstmrPmtStsRpt></Document>".encode()
    )


def told(found):
    verdicts, strangers = life.verdicts(found, KNOWN)
    assert not strangers
    return {verdict.end_to_end_id: verdict.code for verdict in verdicts}


@pytest.mark.parametrize(
    ("code", "proven"),
    [
        ("RCVD", "acknowledged"),
        ("PDNG", "acknowledged"),
        ("ACTC", "acknowledged"),
        ("ACCP", "acknowledged"),
        ("ACWC", "acknowledged"),
        ("ACWP", "acknowledged"),
        ("ACSP", "acknowledged"),
        ("ACSC", "executed"),
        ("ACCC", "executed"),
        ("RJCT", "rejected"),
        ("CANC", "rejected"),
        ("PART", None),
    ],
)
def test_a_status_of_the_whole_message_is_that_of_every_payment(code, proven):
    assert life.proven_by(code) == proven
    found = told(report(code))
    assert found == (dict.fromkeys(KNOWN, code) if proven else {})


def test_the_most_detailed_level_counts():
    found = told(
        report(
            "PART",
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>PO-1-G1</OrgnlPmtInfId><PmtInfSts>ACSP</PmtInfSts>"
            "<TxInfAndSts><OrgnlEndToEndId>E2</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>"
            "</OrgnlPmtInfAndSts>"
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>PO-1-G2</OrgnlPmtInfId><PmtInfSts>ACWC</PmtInfSts>"
            "</OrgnlPmtInfAndSts>",
        )
    )
    assert found == {"E1": "ACSP", "E2": "RJCT", "E3": "ACWC"}


def test_silence_on_a_payment_is_no_verdict():
    found = told(
        report(
            "PART",
            "<OrgnlPmtInfAndSts><OrgnlPmtInfId>PO-1-G1</OrgnlPmtInfId><TxInfAndSts>"
            "<OrgnlInstrId>I1</OrgnlInstrId><TxSts>RJCT</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>",
        )
    )
    assert found == {"E1": "RJCT"}


def test_reasons_are_told_in_words_with_the_banks_own():
    reason = documents.StatusReason(code="AM04", texts=("try on Monday",))
    assert describe_reason(reason) == (
        "AM04: there was not enough money on the account; try on Monday"
    )
    assert describe_reason(documents.StatusReason(proprietary="X9")) == "X9"


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Document>&b;</Document>',
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><Document>&c;</Document>',
        "<Document>" + "<a>" * 10_000 + "</a>" * 10_000 + "</Document>",
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><A/></Document>',
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"/>',
    ],
)
def test_hostile_xml_and_other_messages_are_refused(hostile):
    with pytest.raises(BusinessError) as caught:
        pain002.read(hostile.encode())
    assert caught.value.code == "payment_report_unreadable"
