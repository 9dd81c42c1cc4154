"""Credit transfers in every version and profile, by the official schema, and the registry that offers them."""

import dataclasses
from datetime import date
from decimal import Decimal

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import documents, formats, pain001, pain008

from tests.unit.treasury_sync.examples import PARIS, ZURICH, filed, grouped, instruction, order

BERLIN = documents.Address(
    lines=("Werk 2, Tor 5", "Hinterhaus"), postcode="10115", town="Berlin", country="DE"
)
QR = documents.StructuredReference(value="210000000003139471430009017", type="QRR")
SCOR = documents.StructuredReference(value="RF18539007547034", type="SCOR")
QR_IBAN = documents.Account(iban="CH4431999123000889012")


def parsed(content):
    return etree.fromstring(content)


def texts(root, path):
    steps = "/".join(f"*[local-name()='{name}']" for name in path.split("/"))
    return [element.text for element in root.xpath(f"//{steps}")]


def uk(number=1, **changes):
    account = documents.Account(
        other_id="12345678", agent=documents.Agent(clearing_number="200000", name="Barclays")
    )
    return instruction(number, **{"currency": "GBP", "account": account, **changes})


def us(number=1, **changes):
    account = documents.Account(
        other_id="0012345", type="CACC", agent=documents.Agent(clearing_number="021000021")
    )
    return instruction(number, **{"currency": "USD", "account": account, **changes})


US_ACH = grouped(
    order(us(1), us(2)),
    local_instrument="CCD",
    account=documents.Account(
        other_id="99887766", agent=documents.Agent(clearing_number="021000021")
    ),
)
ABROAD = grouped(
    order(
        instruction(
            1,
            currency="USD",
            account=documents.Account(
                other_id="00123-9", agent=documents.Agent(bic="CHASUS33XXX", name="Chase")
            ),
        ),
        instruction(2, currency="JPY", amount=Decimal("5000"), charge_bearer="DEBT",
                    account=documents.Account(iban="FR7630006000011234567890189",
                                              agent=documents.Agent(bic="AGRIFRPP")),
                    party=documents.Party(name="Werk", address=BERLIN)),
    ),
    charge_bearer="SHAR",
    party=documents.Party(name="Alder AG", address=BERLIN),
)  # fmt: skip
SWISS = order(
    instruction(1, currency="CHF", account=QR_IBAN, references=(QR,), remittance=None,
                party=documents.Party(name="Zürcher Käse", address=ZURICH)),
    instruction(2, currency="CHF", account=documents.Account(iban="CH9300762011623852957"),
                references=(SCOR,), party=documents.Party(name="Käse", address=ZURICH)),
)  # fmt: skip
SEPA = ("pain.001.001.03", "pain.001.001.09", "pain.001.001.11")
CASES = [
    *((code, "sepa", order()) for code in SEPA),
    *((code, "sepa_instant", order()) for code in SEPA),
    *((code, "us_ach", US_ACH) for code in SEPA),
    *((code, "cross_border", ABROAD) for code in SEPA),
    *((code, "uk_domestic", order(uk(1), uk(2))) for code in SEPA),
    ("pain.001.001.09", "ch_domestic", SWISS),
    (
        "pain.001.001.09",
        "urgent",
        order(
            instruction(
                account=documents.Account(
                    iban="FR7630006000011234567890189", agent=documents.Agent(bic="AGRIFRPP")
                )
            )
        ),
    ),
]


@pytest.mark.parametrize(("code", "profile", "found"), CASES)
def test_every_profile_is_taken_in_every_version_and_is_the_same_each_time(code, profile, found):
    content = filed(found, code, profile)
    assert content == filed(found, code, profile)
    root = parsed(content)
    assert root.tag.endswith(f"{code}}}Document")
    assert texts(root, "GrpHdr/CtrlSum") == [str(found.control_sum)]
    assert texts(root, "GrpHdr/NbOfTxs") == [str(len(found.instructions))]
    assert texts(root, "EndToEndId") == [item.end_to_end_id for item in found.instructions]


def test_a_version_has_its_own_names():
    old, new = (parsed(filed(order(), code, "sepa")) for code in SEPA[:2])
    assert (texts(old, "BIC"), texts(old, "BICFI"), texts(old, "UETR")) == (["COBADEFFXXX"], [], [])
    assert texts(new, "BICFI") == ["COBADEFFXXX"]
    assert len(texts(new, "UETR")) == 2
    assert texts(old, "PmtInf/ReqdExctnDt") == ["2026-11-27"]
    assert texts(new, "ReqdExctnDt/Dt") == ["2026-11-27"]


def test_instant_and_urgent_and_ach_say_what_they_are():
    root = parsed(filed(order(), "pain.001.001.09", "sepa_instant"))
    assert texts(root, "LclInstrm/Cd") == ["INST"]
    root = parsed(filed(US_ACH, "pain.001.001.03", "us_ach"))
    assert texts(root, "LclInstrm/Cd") == ["CCD"]
    assert texts(root, "ClrSysId/Cd") == ["USABA"] * 3
    assert texts(root, "ClrSysMmbId/MmbId") == ["021000021"] * 3


@pytest.mark.parametrize(("chosen", "written"), [(True, ["true"]), (False, ["false"]), (None, [])])
def test_batch_booking_is_as_chosen(chosen, written):
    root = parsed(filed(grouped(order(), batch_booking=chosen), "pain.001.001.09", "sepa"))
    assert texts(root, "BtchBookg") == written


def test_charges_stand_at_the_group_or_at_each_payment_never_at_both():
    alike = parsed(filed(order(), "pain.001.001.09", "sepa"))
    assert texts(alike, "ChrgBr") == texts(alike, "PmtInf/ChrgBr") == ["SLEV"]
    unlike = parsed(filed(ABROAD, "pain.001.001.09", "cross_border"))
    assert texts(unlike, "ChrgBr") == texts(unlike, "CdtTrfTxInf/ChrgBr") == ["SHAR", "DEBT"]


def test_swiss_references_go_structured_and_letters_stay():
    root = parsed(filed(SWISS, "pain.001.001.09", "ch_domestic"))
    assert texts(root, "CdOrPrtry/Prtry") == ["QRR"]
    assert texts(root, "CdOrPrtry/Cd") == ["SCOR"]
    assert texts(root, "CdtrRefInf/Ref") == [QR.value, SCOR.value]
    assert "Zürcher Käse" in texts(root, "Cdtr/Nm")


def test_a_reference_that_the_scheme_does_not_carry_travels_as_text():
    item = instruction(references=(documents.StructuredReference(value="0815", type="INVR"),))
    root = parsed(filed(order(item), "pain.001.001.09", "sepa"))
    assert texts(root, "RmtInf/Ustrd") == ["0815 Invoice V1"]
    assert texts(root, "RmtInf/Strd") == []


def test_hybrid_address_has_town_and_country_and_its_lines():
    root = parsed(filed(ABROAD, "pain.001.001.09", "cross_border"))
    assert texts(root, "Dbtr/PstlAdr/AdrLine") == list(BERLIN.lines)
    assert texts(root, "Dbtr/PstlAdr/TwnNm") == ["Berlin"]


def test_half_an_address_is_left_out_where_none_is_needed():
    party = documents.Party(name="X", address=dataclasses.replace(PARIS, town=None))
    root = parsed(filed(order(instruction(party=party)), "pain.001.001.09", "sepa"))
    assert texts(root, "Cdtr/Nm") == ["X"]
    assert not root.xpath("//*[local-name()='PstlAdr']")


def test_long_name_and_text_are_cut_and_letters_transliterated():
    item = instruction(party=documents.Party(name="Größe " * 20), remittance="ä" * 300)
    root = parsed(filed(order(item), "pain.001.001.09", "sepa"))
    assert texts(root, "Cdtr/Nm")[0].startswith("Grosse Grosse")
    assert len(texts(root, "Cdtr/Nm")[0]) <= 70
    assert texts(root, "RmtInf/Ustrd") == ["a" * 140]


def test_what_would_be_lost_is_told_of_each_payment_in_the_order_of_the_file():
    lost = documents.Party(name="北京")
    found = order(
        instruction(1, remittance="אב"),
        instruction(2, party=lost),
        instruction(3, party=dataclasses.replace(lost, name="Vendor"), ultimate_party=lost),
        instruction(4, instruction_id="I-\x014"),
    )
    again = dataclasses.replace(
        found.groups[0], group_id="PO-1-2", instructions=(instruction(5, party=lost),)
    )
    with pytest.raises(BusinessError) as caught:
        formats.find("pain.001.001.09").write(
            dataclasses.replace(found, groups=(*found.groups, again)), formats.Profile("sepa")
        )
    assert [(told["subject"], told["tag"]) for told in caught.value.evidence["violations"]] == [
        ("Payment E2E-1 (Vendor SARL)", "RmtInf/Ustrd"),
        ("Payment E2E-2 (北京)", "Cdtr/Nm"),
        ("Payment E2E-3 (Vendor)", "UltmtCdtr/Nm"),
        ("Payment E2E-4 (Vendor SARL)", "InstrId"),
        ("Payment E2E-5 (北京)", "Cdtr/Nm"),
    ]


def test_parties_carry_their_identifications():
    item = instruction(
        ultimate_party=documents.Party(
            name="Holding",
            identifications=(
                documents.Identification(value="529900T8BM49AURSDO55", scheme="LEI"),
                documents.Identification(value="4711", scheme="CUST", issuer="Bank"),
            ),
        )
    )
    new = parsed(filed(order(item), "pain.001.001.09", "sepa"))
    assert texts(new, "UltmtCdtr/Id/OrgId/LEI") == ["529900T8BM49AURSDO55"]
    assert texts(new, "OrgId/Othr/Id") == ["4711"]
    old = parsed(filed(order(item), "pain.001.001.03", "sepa"))
    assert texts(old, "OrgId/Othr/Id") == ["529900T8BM49AURSDO55", "4711"]


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.tuples(st.decimals("0.01", "999999999", places=2), st.text(max_size=50)),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(SEPA),
)
def test_sums_and_counts_are_those_of_the_payments_whatever_the_text(payments, code):
    items = [
        instruction(
            number, amount=amount, remittance=text or None, party=documents.Party(name=f"N {text}")
        )
        for number, (amount, text) in enumerate(payments, start=1)
    ]
    try:
        root = parsed(filed(order(*items), code, "sepa"))
    except BusinessError as error:
        assert error.code == "payment_file_invalid"
        assert all(found["rule"] and found["remedy"] for found in error.evidence["violations"])
        return
    amounts = [Decimal(text) for text in texts(root, "InstdAmt")]
    assert amounts == [amount for amount, _text in payments]
    for level in ("GrpHdr", "PmtInf"):
        assert Decimal(texts(root, f"{level}/CtrlSum")[0]) == sum(amounts)
        assert texts(root, f"{level}/NbOfTxs") == [str(len(amounts))]


def test_registry_knows_its_formats_and_names_what_it_does_not():
    assert formats.find("pain.001.001.09") is pain001.FORMATS["pain.001.001.09"]
    assert {code for code, _name in formats.choices("direct_debit")} >= {*pain008.FORMATS}
    assert "pain.001.001.09" not in dict(formats.choices("direct_debit"))
    with pytest.raises(BusinessError, match="mt101"):
        formats.find("mt101")


def test_date_is_written_as_it_is():
    found = grouped(order(), requested_date=date(2027, 2, 28))
    assert texts(parsed(filed(found, "pain.001.001.09", "sepa")), "ReqdExctnDt/Dt") == [
        "2027-02-28"
    ]
