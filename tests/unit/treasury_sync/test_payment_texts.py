"""Payments that are written alike are read at once; what is read is what each says by itself."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.addons.finance_connector_base.tools.safe_xml import parse
from odoo.addons.treasury_sync.tools import documents, formats, pain001, pain008, payment_texts

from tests.unit.treasury_sync.examples import PARIS, ZURICH, collection, debit, instruction, order

CODES = {
    documents.CREDIT_TRANSFER: next(code for code in pain001.FORMATS if code.endswith(".09")),
    documents.DIRECT_DEBIT: next(code for code in pain008.FORMATS if code.endswith(".08")),
}
# What of XML is written otherwise than it is, and what might be taken for a part of it.
TEXTS = st.sampled_from(
    [
        "Vendor",
        "A & B",
        "a <b>",
        'say "x"',
        "it's",
        "&amp;",
        "x]]>",
        "?x?",
        "!-- y",
        "xmlns",
        "\ue0001",
        "Größe",
    ]
)
REFERENCE = documents.StructuredReference(value="RF18539007547034", type="SCOR")
AGENT = documents.Agent(bic="AGRIFRPP")


@st.composite
def written(draw):
    """A file of payments of several forms, with the characters of XML that a bank could take."""
    kind = draw(st.sampled_from(sorted(CODES)))
    make, around = (
        (instruction, order) if kind == documents.CREDIT_TRANSFER else (debit, collection)
    )
    made = [
        make(
            number,
            amount=Decimal(number) / 100,
            uetr=draw(st.sampled_from([None, "7c7e9f2c-1111-4111-8111-000000000001"])),
            party=documents.Party(
                name=draw(TEXTS), address=draw(st.sampled_from([None, PARIS, ZURICH]))
            ),
            account=documents.Account(
                iban="FR7630006000011234567890189",
                agent=draw(st.sampled_from([AGENT, documents.Agent()])),
            ),
            remittance=draw(st.none() | TEXTS),
            references=draw(st.sampled_from([(), (REFERENCE,)])),
        )
        for number in range(1, draw(st.integers(2, 12)))
    ]
    profile = formats.Profile(
        "sepa" if make is instruction else "sepa_dd_core", {"charset": "unicode"}
    )
    return formats.find(CODES[kind]).write(around(*made), profile)


def one_by_one(group):
    return [
        payment_texts.read(element)
        for name in payment_texts.TRANSACTIONS
        for element in group.findall(f"{{*}}{name}")
    ]


def all_at_once(group):
    columns = payment_texts.read_all(group)
    return list(map(payment_texts.Payment._make, zip(*columns, strict=True)))


def spread(content):
    return etree.tostring(etree.fromstring(content), pretty_print=True)


def prefixed(content):
    content = (
        content.replace(b'xmlns="', b'xmlns:p="').replace(b"</", b"</p:").replace(b"<", b"<p:")
    )
    return content.replace(b"<p:/p:", b"</p:").replace(b"<p:?", b"<?")


def commented(content):
    return content.replace(b"<Cdtr>", b"<!-- <CdtTrfTxInf> --><Cdtr>")


def unparsed(content):
    return content.replace(b"<Nm>Vendor", b"<Nm><![CDATA[<CdtTrfTxInf>]]>")


@pytest.mark.parametrize("change", [bytes, spread, prefixed, commented, unparsed])
@settings(deadline=None)
@given(content=written())
def test_payments_of_a_file_are_what_each_says(change, content):
    root = parse(change(content), max_bytes=10**7)
    group = root[0][-1]
    assert all_at_once(group) == one_by_one(group)


def test_files_of_many_forms_are_read_to_the_end():
    items = [
        instruction(
            number,
            party=documents.Party(
                name="Vendor",
                address=documents.Address(town="Paris", country="FR", lines=("Line",) * number),
            ),
        )
        for number in range(1, 40)
    ]
    content = formats.find(CODES[documents.CREDIT_TRANSFER]).write(
        order(*items), formats.Profile("sepa")
    )
    group = parse(content, max_bytes=10**7)[0][-1]
    found = all_at_once(group)
    assert found == one_by_one(group)
    assert [payment.end_to_end_id for payment in found] == [item.end_to_end_id for item in items]


def test_what_looks_like_a_payment_elsewhere_is_none():
    code = CODES[documents.CREDIT_TRANSFER]
    content = formats.find(code).write(order(instruction(1)), formats.Profile("sepa")).decode()
    namespace = f'xmlns:p="urn:iso:std:iso:20022:tech:xsd:{code}"'
    real = content[content.index("<CdtTrfTxInf>") : content.index("</PmtInf>")]
    other = real.replace("E2E-1", "E2E-2")
    hidden = real.replace("<CdtTrfTxInf>", f"<p:CdtTrfTxInf {namespace}>").replace(
        "</CdtTrfTxInf>",
        f'<SplmtryData><Envlp xmlns="">{other}</Envlp></SplmtryData></p:CdtTrfTxInf>',
    )
    group = parse(content.replace(real, hidden).encode(), max_bytes=10**6)[0][-1]
    assert payment_texts.read_all(group).end_to_end_id == ["E2E-1"]


def test_payments_of_one_file_are_read_in_few_steps():
    """Read one by one, they take three times as long as their whole validation."""
    content = formats.find(CODES[documents.CREDIT_TRANSFER]).write(
        order(*map(instruction, range(1, 500))), formats.Profile("sepa")
    )
    group = parse(content, max_bytes=10**7)[0][-1]
    with pytest.MonkeyPatch.context() as patch:
        read, calls = payment_texts.read, []
        patch.setattr(payment_texts, "read", lambda element: calls.append(element) or read(element))
        assert len(payment_texts.read_all(group).amount) == 499
    assert len(calls) < 5
