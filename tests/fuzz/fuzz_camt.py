"""Fuzz target: the reader of camt.052, .053 and .054 in all their versions."""

import datetime
from decimal import Decimal

from odoo.addons.bank_statement_api.tools import camt

from tests.camt_writer import Line, daily_file
from tests.fuzz.driver import Target

_DAY = datetime.date(2026, 3, 4)
_RICH = b"""<Ntry><NtryRef>7</NtryRef><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-03-04T10:00:00+01:00</DtTm></BookgDt><ValDt><Dt>2026-03-05</Dt></ValDt>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>
<Prtry><Cd>NTRF+166</Cd><Issr>DK</Issr></Prtry></BkTxCd>
<NtryDtls><Btch><MsgId>M</MsgId><PmtInfId>P</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>E1</EndToEndId><MndtId>MN</MndtId></Refs><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<AmtDtls><InstdAmt><Amt Ccy="USD">11.00</Amt><CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>1.1</XchgRate>
</CcyXchg></InstdAmt></AmtDtls><Chrgs><Rcrd><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></Rcrd></Chrgs>
<RltdPties><Dbtr><Pty><Nm>Payer</Nm></Pty></Dbtr><DbtrAcct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></DbtrAcct>
</RltdPties><RmtInf><Ustrd>Invoice 1</Ustrd>
<Strd><CdtrRefInf><Ref>RF18539007547034</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>E2</EndToEndId></Refs><Amt Ccy="EUR">20.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></TxDtls>
</NtryDtls></Ntry>
"""


def _seeds():
    lines = [
        Line(_DAY, Decimal("12.50"), "Invoice 12", reference="R1", name="Payer"),
        Line(_DAY, Decimal("-3.00"), "Fee", end_to_end_id="E-2"),
        Line(_DAY, Decimal("9.99"), "Announced", status="pending"),
    ]
    for kind in ("statement", "report", "notification"):
        for version in ("02", "08", "13"):
            yield daily_file("DE89370400440532013000", "EUR", lines, kind=kind, version=version)
    yield daily_file("DE89370400440532013000", "EUR", lines).replace(
        b"<Ntry>", _RICH + b"<Ntry>", 1
    )


TARGET = Target(
    read=camt.read,
    seeds=tuple(_seeds()),
    words=(
        b"<Stmt>",
        b"</Stmt>",
        b"<Ntry>",
        b"</Ntry>",
        b"<TxDtls>",
        b"</TxDtls>",
        b"<NtryDtls>",
        b"<Bal>",
        b"<Cd>OPBD</Cd>",
        b"<Cd>CLBD</Cd>",
        b"<Cd>PDNG</Cd>",
        b"<CdtDbtInd>DBIT</CdtDbtInd>",
        b"<RvslInd>true</RvslInd>",
        b"<Dt>2026-02-29</Dt>",
        b"<DtTm>2026-03-04T23:59:59.999-12:00</DtTm>",
        b'<Amt Ccy="JPY">1</Amt>',
        b'<Amt Ccy="EUR">1e3</Amt>',
        b'<Amt Ccy="EUR">NaN</Amt>',
        b'<Amt Ccy="EUR">999999999999999.99</Amt>',
        b"camt.053.001.",
        b"xmlns=",
        b"<!DOCTYPE x [",
        b"<!ENTITY a 'b'>",
        b"<![CDATA[",
        b"<?xml version='1.0' encoding='UTF-16'?>",
        b"&#0;",
        b"&lt;",
        b"<!-- ",
    ),
)
