"""Recalls: what the bank is asked in camt.055, read by a program nobody here wrote, and what its camt.029 means."""

import dataclasses
import importlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.serializers import XmlSerializer

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import camt029, camt055, documents, formats, recalls

from tests.unit.treasury_sync.examples import collection, instruction, order

PROFILE = formats.Profile("sepa")
#: Two payments of one group, as an answer is held against them.
RECALLED = {"E2E-1": ("PO-1-1", "I-1"), "E2E-2": ("PO-1-1", "I-2")}


def recall(found=None, *, chosen=("E2E-2",), **changes):
    values = {
        "case_id": "RC-1",
        "created_at": datetime(2026, 11, 26, 11, 0, tzinfo=UTC),
        "order": found or order(),
        "order_format": "pain.001.001.09",
        "end_to_end_ids": frozenset(chosen),
        "agent": documents.Agent(bic="COBADEFFXXX"),
        "reason": "DUPL",
        "note": "Paid twice, see the mail of today",
    }
    return recalls.Recall(**{**values, **changes})


def read(content, code):
    module = importlib.import_module(f"pyiso20022.camt.{code.replace('.', '_')}")
    return XmlParser().from_bytes(content, module.Document)


@pytest.mark.parametrize("code", camt055.VERSIONS)
@pytest.mark.parametrize("found", [order(), collection()], ids=["payments", "collections"])
def test_pyiso20022_reads_what_is_recalled_in_the_order_of_the_schema(code, found):
    content = camt055.write(recall(found), code, PROFILE)
    document = read(content, code)
    request = document.cstmr_pmt_cxl_req
    assert request.assgnmt.id == request.case.id == "RC-1"
    assert request.assgnmt.assgne.agt.fin_instn_id.bicfi == "COBADEFFXXX"
    assert (request.ctrl_data.nb_of_txs, request.ctrl_data.ctrl_sum) == ("1", Decimal("100.50"))
    [underlying] = request.undrlyg
    assert underlying.orgnl_grp_inf_and_cxl.orgnl_msg_id == "PO-1"
    [group] = underlying.orgnl_pmt_inf_and_cxl
    assert group.orgnl_pmt_inf_id == "PO-1-1"
    [payment] = group.tx_inf
    assert payment.orgnl_end_to_end_id == "E2E-2"
    assert payment.orgnl_instd_amt.value == Decimal("100.50")
    day = (
        payment.orgnl_reqd_colltn_dt
        if found.kind == documents.DIRECT_DEBIT
        else payment.orgnl_reqd_exctn_dt
    )
    assert str(getattr(day, "dt", day)) == "2026-11-27"
    # Its classes have the elements of the official schema in their order: written anew, the file is the same.
    again = XmlSerializer().render(
        document, ns_map={None: f"urn:iso:std:iso:20022:tech:xsd:{code}"}
    )
    assert flat(again.encode()) == flat(content)


def flat(content):
    """Names and texts of all elements, in their order; numbers and times as values."""
    return [
        (element.tag, plain((element.text or "").strip()))
        for element in etree.fromstring(content).iter()
    ]


def plain(text):
    return text.rstrip("0").rstrip(".") if "." in text and text.replace(".", "").isdigit() else text


def test_same_recall_is_the_same_bytes():
    assert camt055.write(recall(), "camt.055.001.08", PROFILE) == camt055.write(
        recall(), "camt.055.001.08", PROFILE
    )


def test_reason_that_the_old_version_does_not_know_travels_as_an_agreed_one():
    def reason(code):
        content = camt055.write(recall(reason="AM09"), code, PROFILE)
        return [
            (etree.QName(item).localname, item.text)
            for item in etree.fromstring(content).iterfind(".//{*}CxlRsnInf/{*}Rsn/*")
        ]

    assert reason("camt.055.001.05") == [("Prtry", "AM09")]
    assert reason("camt.055.001.08") == [("Cd", "AM09")]


def test_note_is_in_the_banks_letters_and_length():
    content = camt055.write(recall(note="Größe “x” " + "a" * 200), "camt.055.001.08", PROFILE)
    [note] = etree.fromstring(content).iterfind(".//{*}CxlRsnInf/{*}AddtlInf")
    assert len(note.text) == 105
    assert note.text.startswith("Gr")
    assert note.text.isascii()
    with pytest.raises(BusinessError) as caught:
        camt055.write(recall(note="支付两次"), "camt.055.001.08", PROFILE)
    assert caught.value.code == "payment_file_invalid"


def test_version_that_nobody_knows_is_refused():
    with pytest.raises(BusinessError) as caught:
        camt055.write(recall(), "camt.055.001.99", PROFILE)
    assert caught.value.code == "payment_format_unknown"


def test_only_groups_with_a_recalled_payment_are_named():
    found = order()
    other = dataclasses.replace(
        found.groups[0], group_id="PO-1-2", instructions=(instruction(3), instruction(4))
    )
    found = dataclasses.replace(found, groups=(*found.groups, other))
    content = camt055.write(recall(found, chosen=("E2E-3",)), "camt.055.001.08", PROFILE)
    assert b"PO-1-1<" not in content
    assert b"<OrgnlPmtInfId>PO-1-2<" in content
    assert b"E2E-4" not in content


# === THE ANSWER === #

ANSWER = """<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.029.001.{version}">
<RsltnOfInvstgtn><Assgnmt><Id>A-1</Id><Assgnr><Agt><FinInstnId><BICFI>COBADEFFXXX</BICFI></FinInstnId></Agt></Assgnr>
<Assgne><Pty><Nm>Alder AG</Nm></Pty></Assgne><CreDtTm>2026-11-26T12:00:00</CreDtTm></Assgnmt>
<RslvdCase><Id>RC-1</Id><Cretr><Pty><Nm>Alder AG</Nm></Pty></Cretr></RslvdCase>
<Sts><Conf>{confirmation}</Conf></Sts>{details}</RsltnOfInvstgtn></Document>"""
MESSAGE = "<OrgnlGrpInfAndSts><OrgnlMsgId>PO-1</OrgnlMsgId><OrgnlMsgNmId>pain.001</OrgnlMsgNmId>{}</OrgnlGrpInfAndSts>"
GROUP = "<OrgnlPmtInfAndSts><OrgnlPmtInfId>{}</OrgnlPmtInfId>{}</OrgnlPmtInfAndSts>"
PAYMENT = "<TxInfAndSts><OrgnlEndToEndId>{}</OrgnlEndToEndId>{}</TxInfAndSts>"


def answer(confirmation, *details, version="09"):
    inside = f"<CxlDtls>{''.join(details)}</CxlDtls>" if details else ""
    return camt029.read(
        ANSWER.format(confirmation=confirmation, details=inside, version=version).encode()
    )


def status(code, reason=""):
    reason = f"<CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></CxlStsRsnInf>" if reason else ""
    return f"<TxCxlSts>{code}</TxCxlSts>{reason}" if code else ""


def told(found):
    said, strangers = recalls.verdicts(found, RECALLED)
    return {key: item.status for key, item in said.items()}, strangers


@pytest.mark.parametrize("version", ["06", "09", "10"])
def test_pyiso20022_takes_the_answer_that_these_tests_use(version):
    content = ANSWER.format(
        version=version,
        confirmation="CNCL",
        details="<CxlDtls>"
        + MESSAGE.format("<GrpCxlSts>PACR</GrpCxlSts>")
        + GROUP.format("PO-1-1", PAYMENT.format("E2E-1", status("RJCR", "ARDT")))
        + "</CxlDtls>",
    )
    document = read(content.encode(), f"camt.029.001.{version}").rsltn_of_invstgtn
    assert document.rslvd_case.id == "RC-1"
    assert camt029.read(content.encode()).case_ids == {"RC-1"}
    assert camt029.read(content.encode()).original_message_ids == {"PO-1"}


def test_each_payment_has_its_own_answer():
    found = answer(
        "PECR",
        MESSAGE.format("<GrpCxlSts>PACR</GrpCxlSts>"),
        GROUP.format(
            "PO-1-1",
            PAYMENT.format("E2E-1", status("ACCR"))
            + PAYMENT.format("E2E-2", status("RJCR", "CUST")),
        ),
    )
    assert told(found) == ({"E2E-1": "ACCR", "E2E-2": "RJCR"}, [])
    said, _strangers = recalls.verdicts(found, RECALLED)
    assert said["E2E-2"].reason_text == "CUST: the recipient does not agree"


def test_instruction_identification_names_a_payment_as_well():
    found = answer(
        "CNCL",
        GROUP.format(
            "PO-1-1",
            "<TxInfAndSts><OrgnlInstrId>I-2</OrgnlInstrId><TxCxlSts>ACCR</TxCxlSts></TxInfAndSts>",
        ),
    )
    assert told(found) == ({"E2E-2": "ACCR"}, [])


@pytest.mark.parametrize(
    ("confirmation", "meant"), [("CNCL", "ACCR"), ("RJCR", "RJCR"), ("PDCR", "PDCR")]
)
def test_answer_without_details_is_about_all_that_was_recalled(confirmation, meant):
    assert told(answer(confirmation)) == ({"E2E-1": meant, "E2E-2": meant}, [])


def test_accepted_as_a_whole_it_speaks_only_of_the_payments_that_it_lists():
    found = answer("CNCL", GROUP.format("PO-1-1", PAYMENT.format("E2E-1", "")))
    assert told(found) == ({"E2E-1": "ACCR"}, [])
    other_group = answer("CNCL", GROUP.format("PO-1-9", ""))
    assert told(other_group) == ({}, ["PO-1-9"])


def test_the_most_detailed_level_counts():
    refused = GROUP.format(
        "PO-1-1", "<PmtInfCxlSts>ACCR</PmtInfCxlSts>" + PAYMENT.format("E2E-1", status("RJCR"))
    )
    assert told(answer("CNCL", refused)) == ({"E2E-1": "RJCR"}, [])
    group = GROUP.format("PO-1-1", "<PmtInfCxlSts>RJCR</PmtInfCxlSts>")
    assert told(answer("CNCL", group)) == ({"E2E-1": "RJCR", "E2E-2": "RJCR"}, [])
    message = MESSAGE.format("<GrpCxlSts>RJCR</GrpCxlSts>")
    assert told(answer("CNCL", message)) == ({"E2E-1": "RJCR", "E2E-2": "RJCR"}, [])
    in_part = GROUP.format("PO-1-1", "<PmtInfCxlSts>PACR</PmtInfCxlSts>")
    assert told(answer("CNCL", in_part)) == ({}, [])


def test_what_was_not_recalled_or_is_not_known_proves_nothing():
    found = answer(
        "CNCL",
        GROUP.format(
            "PO-1-1",
            PAYMENT.format("E2E-9", status("ACCR")) + PAYMENT.format("E2E-1", status("XXXX")),
        ),
    )
    assert told(found) == ({}, ["E2E-9", "E2E-1: XXXX"])
    assert told(answer("UWFW")) == ({}, ["E2E-1: UWFW", "E2E-2: UWFW"])


@pytest.mark.parametrize(
    "content", [b"", b"<x/>", b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"/>']
)
def test_anything_else_is_refused(content):
    with pytest.raises(BusinessError) as caught:
        camt029.read(content)
    assert caught.value.code == "payment_report_unreadable"
