"""Status reports of all three levels, whatever the version."""

from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import pain002

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


@pytest.mark.parametrize("version", ["03", "10", "12"])
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
