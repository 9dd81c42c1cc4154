"""Programs that nobody here wrote read what the writers write: the schema of sepaxml, the classes of pyiso20022."""

import datetime
import functools
import importlib
from decimal import Decimal

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from sepaxml import SepaDD, SepaTransfer
from sepaxml.validation import ValidationError, try_valid_xml
from xsdata.formats.dataclass.parsers import XmlParser

from odoo.addons.treasury_sync.tools import documents

from tests.unit.treasury_sync.examples import collection, debit, filed, grouped, instruction, order
from tests.unit.treasury_sync.test_pain001 import CASES


@pytest.fixture(scope="module", autouse=True)
def schemas_compiled_once():
    """sepaxml compiles its schema for every file that it looks at, which takes longer than all else here."""
    import xmlschema

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xmlschema, "XMLSchema", functools.cache(xmlschema.XMLSchema))
        yield


VENDOR = "FR7630006000011234567890189"


def read(content, code):
    """The file as objects of pyiso20022, None for a version that it does not have."""
    name = code.replace(".", "_")
    module = importlib.import_module(f"pyiso20022.pain.{name}")
    return XmlParser().from_bytes(content, module.Document)


def plain(value):
    """The value of an enumeration, or of a type with one."""
    return getattr(value, "value", value)


@pytest.mark.parametrize(("code", "profile", "found"), CASES)
def test_pyiso20022_reads_the_payments_that_were_ordered(code, profile, found):
    document = read(filed(found, code, profile), code).cstmr_cdt_trf_initn
    header = document.grp_hdr
    assert (header.msg_id, header.ctrl_sum) == (found.message_id, found.control_sum)
    assert header.nb_of_txs == str(len(found.instructions))
    [group] = document.pmt_inf
    [wanted] = found.groups
    assert group.dbtr.nm == wanted.party.name
    assert group.dbtr_acct.id.iban == wanted.account.iban
    day = group.reqd_exctn_dt
    assert str(getattr(day, "dt", day)) == wanted.requested_date.isoformat()
    assert len(group.cdt_trf_tx_inf) == len(wanted.instructions)
    for read_one, item in zip(group.cdt_trf_tx_inf, wanted.instructions, strict=True):
        assert read_one.pmt_id.end_to_end_id == item.end_to_end_id
        assert read_one.amt.instd_amt.value == item.amount
        assert read_one.amt.instd_amt.ccy == item.currency
        account = read_one.cdtr_acct.id
        assert (account.iban or account.othr.id) == item.account.identifier


def test_pyiso20022_reads_a_direct_debit():
    found = collection()
    code = "pain.008.001.02"
    document = read(filed(found, code, "sepa_dd_core"), code).cstmr_drct_dbt_initn
    [group] = document.pmt_inf
    assert plain(group.pmt_tp_inf.seq_tp) == "RCUR"
    for read_one, item in zip(group.drct_dbt_tx_inf, found.instructions, strict=True):
        assert read_one.instd_amt.value == item.amount
        mandate = read_one.drct_dbt_tx.mndt_rltd_inf
        assert mandate.mndt_id == item.mandate.reference
        assert str(mandate.dt_of_sgntr) == item.mandate.signed_on.isoformat()


@pytest.mark.parametrize(
    ("code", "profile", "found"),
    [
        *CASES,
        *((code, "sepa_dd_b2b", collection()) for code in ("pain.008.001.02", "pain.008.001.08")),
    ],
)
def test_sepaxml_takes_what_was_written(code, profile, found):
    content = filed(found, code, profile)
    try_valid_xml(content, code)
    with pytest.raises(ValidationError):
        try_valid_xml(content.replace(b"<NbOfTxs>", b"<NbOfTxs>x", 1), code)


def facts(content):
    """What a file says, without identifications that each program makes itself."""
    root = etree.fromstring(content)

    def texts(name):
        return [element.text for element in root.iterfind(f".//{{*}}{name}")]

    names = ("IBAN", "InstdAmt", "EndToEndId", "Ustrd", "CtrlSum", "NbOfTxs", "SeqTp", "MndtId")
    return {name: texts(name) for name in names}


@settings(max_examples=examples(20))
@given(st.lists(st.decimals("0.01", "99999", places=2), min_size=1, max_size=6))
@pytest.mark.parametrize("code", ["pain.001.001.03", "pain.001.001.09"])
def test_sepaxml_writes_the_same_payments(code, amounts):
    peer = SepaTransfer(
        {
            "name": "Alder AG",
            "IBAN": "DE89370400440532013000",
            "BIC": "COBADEFFXXX",
            "batch": True,
            "currency": "EUR",
        },
        schema=code,
        clean=True,
    )
    items = [instruction(number, amount=amount) for number, amount in enumerate(amounts, start=1)]
    for item in items:
        peer.add_payment(
            {
                "name": item.party.name,
                "IBAN": item.account.iban,
                "amount": int(item.amount * 100),
                "execution_date": datetime.date(2026, 11, 27),
                "description": item.remittance,
                "endtoend_id": item.end_to_end_id,
            }
        )
    ours = facts(filed(grouped(order(*items), batch_booking=True), code, "sepa"))
    theirs = facts(peer.export(validate=True))
    for name in ("IBAN", "EndToEndId", "Ustrd", "NbOfTxs"):
        assert ours[name] == theirs[name]
    for name in ("InstdAmt", "CtrlSum"):
        assert [*map(Decimal, ours[name])] == [*map(Decimal, theirs[name])]


@pytest.mark.parametrize("code", ["pain.008.001.02", "pain.008.001.08"])
def test_sepaxml_writes_the_same_direct_debits(code):
    peer = SepaDD(
        {
            "name": "Alder AG",
            "IBAN": "DE89370400440532013000",
            "BIC": "COBADEFFXXX",
            "batch": True,
            "creditor_id": "DE98ZZZ09999999999",
            "currency": "EUR",
            "instrument": "CORE",
        },
        schema=code,
    )
    found = collection(
        debit(1, account=documents.Account(iban=VENDOR, agent=documents.Agent(bic="AGRIFRPP"))),
        batch_booking=True,
    )
    for item in found.instructions:
        peer.add_payment(
            {
                "name": item.party.name,
                "IBAN": item.account.iban,
                "BIC": "AGRIFRPP",
                "amount": int(item.amount * 100),
                "type": "RCUR",
                "collection_date": datetime.date(2026, 11, 27),
                "mandate_id": item.mandate.reference,
                "mandate_date": item.mandate.signed_on,
                "description": item.remittance,
                "endtoend_id": item.end_to_end_id,
            }
        )
    ours = facts(filed(found, code, "sepa_dd_core"))
    assert ours == facts(peer.export(validate=True))
