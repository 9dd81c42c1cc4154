"""The SEPA writer, and the registry that offers it."""

from decimal import Decimal

import pytest
from lxml import etree

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import documents, formats, pain001

from tests.unit.treasury_sync.examples import instruction, order

PROFILE = formats.Profile("sepa")
NAMES = {"p": pain001.NAMESPACE}


def written(found):
    return etree.fromstring(pain001.write(found, PROFILE))


def test_file_says_what_the_order_says_and_is_the_same_each_time():
    content = pain001.write(order(), PROFILE)
    assert content == pain001.write(order(), PROFILE)
    pain001.validate(content, PROFILE)
    root = etree.fromstring(content)
    assert root.findtext(".//p:GrpHdr/p:CtrlSum", namespaces=NAMES) == "201.00"
    assert root.xpath("//p:EndToEndId/text()", namespaces=NAMES) == ["E2E-1", "E2E-2"]
    assert (
        root.xpath("//p:CdtrAcct//p:IBAN/text()", namespaces=NAMES)
        == ["FR7630006000011234567890189"] * 2
    )
    assert root.xpath("//p:CdtTrfTxInf/p:Cdtr/p:PstlAdr/p:TwnNm/text()", namespaces=NAMES)


def test_reference_goes_structured():
    reference = documents.StructuredReference(value="RF18539007547034", type="SCOR")
    root = written(order(instruction(1, references=(reference,))))
    assert root.findtext(".//p:Strd//p:Ref", namespaces=NAMES) == "RF18539007547034"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"currency": "CHF"}, "euro only"),
        ({"account": documents.Account(other_id="123")}, "IBAN"),
        ({"amount": Decimal("1.005")}, "1.005"),
        ({"amount": Decimal("0")}, "cannot|not an amount"),
        ({"end_to_end_id": "x" * 36}, "35"),
    ],
)
def test_what_sepa_cannot_carry_is_refused_by_name(change, told):
    with pytest.raises(BusinessError, match=told) as caught:
        pain001.write(order(instruction(7, **change)), PROFILE)
    assert caught.value.code == "payment_not_sepa"


@pytest.mark.parametrize("broken", [b"no xml", b"<Document/>"])
def test_file_that_is_none_is_refused(broken):
    with pytest.raises(BusinessError):
        pain001.validate(broken, PROFILE)


def test_missing_payment_is_seen():
    content = pain001.write(order(), PROFILE)
    cut = content.replace(b"<NbOfTxs>2</NbOfTxs>", b"<NbOfTxs>3</NbOfTxs>", 1)
    with pytest.raises(BusinessError, match="declares 3"):
        pain001.validate(cut, PROFILE)


def test_registry_knows_its_formats_and_names_what_it_does_not():
    assert formats.find("pain.001.001.09") is pain001.FORMAT
    assert ("pain.001.001.09", pain001.FORMAT.name) in formats.choices("credit_transfer")
    assert "pain.001.001.09" not in dict(formats.choices("direct_debit"))
    with pytest.raises(BusinessError, match="mt101"):
        formats.find("mt101")
