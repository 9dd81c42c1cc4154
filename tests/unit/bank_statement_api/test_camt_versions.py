"""The first version of the messages, whose elements have other places and names than all later ones."""

from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import camt, checks, detect

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt."
FIRST = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.01"><BkToCstmrStmtV01>
<GrpHdr><MsgId>M1</MsgId><CreDtTm>2009-03-04T20:00:00</CreDtTm>
<MsgPgntn><PgNb>1</PgNb><LastPgInd>true</LastPgInd></MsgPgntn></GrpHdr>
<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2009-03-04T20:00:00</CreDtTm>
<Acct><Id><PrtryAcct><Id>0012345678</Id></PrtryAcct></Id><Ccy>EUR</Ccy><Nm>Current</Nm>
<Ownr><Nm>Example SA</Nm></Ownr><Svcr><FinInstnId><CmbndId><BIC>COBADEFFXXX</BIC></CmbndId></FinInstnId></Svcr></Acct>
<Bal><Tp><Cd>OPBD</Cd></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2009-03-04</Dt></Dt></Bal>
<Bal><Tp><Cd>CLBD</Cd></Tp><Amt Ccy="EUR">145.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2009-03-04</Dt></Dt></Bal>
<Bal><Tp><Prtry>OWN</Prtry></Tp><Amt Ccy="EUR">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2009-03-04</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2009-03-04</Dt></BookgDt>
<ValDt><Dt>2009-03-05</Dt></ValDt><AcctSvcrRef>R1</AcctSvcrRef>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
<Btch><PmtInfId>P1</PmtInfId><NbOfTxs>2</NbOfTxs></Btch>
<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">20.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Payer One</Nm></Dbtr><DbtrAcct><Id><BBAN>999888</BBAN></Id></DbtrAcct></RltdPties>
<RltdAgts><DbtrAgt><FinInstnId><BIC>DEUTDEFFXXX</BIC></FinInstnId></DbtrAgt></RltdAgts>
<RmtInf><Ustrd>Invoice 1</Ustrd><Strd><CdtrRefInf><CdtrRefTp><Cd>SCOR</Cd></CdtrRefTp>
<CdtrRef>RF18539007547034</CdtrRef></CdtrRefInf>
<RfrdDocInf><RfrdDocTp><Cd>CINV</Cd></RfrdDocTp><RfrdDocNb>2009-17</RfrdDocNb></RfrdDocInf></Strd></RmtInf></TxDtls>
<TxDtls><Refs><EndToEndId>E2</EndToEndId></Refs><AmtDtls><TxAmt><Amt Ccy="EUR">30.00</Amt></TxAmt></AmtDtls>
<RltdPties><Dbtr><Nm>Payer Two</Nm></Dbtr></RltdPties></TxDtls></Ntry>
<Ntry><Amt Ccy="EUR">5.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts>
<BookgDt><DtTm>2009-03-04T23:30:00-02:00</DtTm></BookgDt><BkTxCd><Prtry><Cd>RTN</Cd></Prtry></BkTxCd>
<TxDtls><RtrInf><RtrRsn><Cd>AC04</Cd></RtrRsn><AddtlRtrRsnInf>account</AddtlRtrRsnInf>
<AddtlRtrRsnInf>closed</AddtlRtrRsnInf></RtrInf></TxDtls></Ntry>
</Stmt></BkToCstmrStmtV01></Document>"""
MESSAGES = (
    ("053", "BkToCstmrStmt", "Stmt"),
    ("052", "BkToCstmrAcctRpt", "Rpt"),
    ("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
)


def first(number="053", root="BkToCstmrStmt", holder="Stmt"):
    return (
        FIRST.replace("camt.053", f"camt.{number}")
        .replace("BkToCstmrStmt", root)
        .replace("<Stmt>", f"<{holder}>")
        .replace("</Stmt>", f"</{holder}>")
    ).encode()


def test_all_of_the_first_version_is_read():
    [found] = camt.read(first())
    assert (found.source_format, found.source_version) == ("camt053", "01")
    account = found.account
    assert (account.other_id, account.bic, account.owner_name) == (
        "0012345678",
        "COBADEFFXXX",
        "Example SA",
    )
    assert (found.opening.amount, found.closing.amount) == (Decimal(100), Decimal(145))
    assert [balance.type for balance in found.balances] == ["OPBD", "CLBD", "OWN"]
    assert (found.message_id, found.page_number, found.last_page) == ("M1", 1, True)
    one, two, back = found.booked
    assert [line.amount for line in found.booked] == [Decimal(20), Decimal(30), Decimal(-5)]
    assert (one.batch.payment_information_id, one.batch.entry_amount) == ("P1", Decimal(50))
    assert (one.counterparty.name, one.counterparty.other_id, one.counterparty.bic) == (
        "Payer One",
        "999888",
        "DEUTDEFFXXX",
    )
    assert (one.end_to_end_id, two.end_to_end_id) == ("E1", "E2")
    assert [(ref.value, ref.type) for ref in one.structured] == [
        ("RF18539007547034", "SCOR"),
        ("2009-17", "CINV"),
    ]
    # The day as the bank printed it, whatever the zone.
    assert (back.reversal, back.booking_date) == (True, date(2009, 3, 4))
    assert back.extras["NtryDtls/TxDtls/RtrInf/Rsn"] == "AC04"
    assert back.extras["NtryDtls/TxDtls/RtrInf/AddtlInf"] == "account closed"
    assert checks.prove(found) == ()
    assert found.warnings == ()


@pytest.mark.parametrize(("number", "root", "holder"), MESSAGES)
@pytest.mark.parametrize("namespace", [True, False])
def test_every_message_of_the_first_version_is_known_and_read(number, root, holder, namespace):
    content = first(number, root, holder)
    if not namespace:
        content = content.replace(f' xmlns="{NAMESPACE}{number}.001.01"'.encode(), b"")
    assert detect.detect(content).code == f"camt{number}"
    [found] = camt.read(content)
    assert sum(line.amount for line in found.booked) == Decimal(45)
    # Without a namespace the element names say what it is, and a person is told.
    assert bool(found.warnings) != namespace


def test_first_version_with_the_root_of_the_later_ones_is_read():
    content = first().replace(b"BkToCstmrStmtV01", b"BkToCstmrStmt")
    assert camt.read(content) == camt.read(first())


@pytest.mark.parametrize("namespace", ["urn:example:bank:camt.053.001.08", "urn:example:statement"])
def test_namespace_of_a_bank_s_own_is_read_by_its_element_names(namespace):
    content = first().replace(f"{NAMESPACE}053.001.01".encode(), namespace.encode())
    [found] = camt.read(content)
    assert sum(line.amount for line in found.booked) == Decimal(45)
    [warning] = found.warnings
    assert namespace in warning.message
