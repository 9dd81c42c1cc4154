"""What a bank would refuse is named, with tag, value, rule and what to do, before anybody approves it."""

import dataclasses
from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import documents, formats, payment_schema

from tests.unit.treasury_sync.examples import PARIS, ZURICH, filed, grouped, instruction, order
from tests.unit.treasury_sync.test_pain001 import ABROAD, QR, QR_IBAN, SWISS, US_ACH, uk, us

NINE = "pain.001.001.09"


def refused(found, profile="sepa", code=NINE, **options):
    with pytest.raises(BusinessError) as caught:
        filed(found, code, profile, **options)
    error = caught.value
    assert error.code == "payment_file_invalid"
    assert error.next_step and error.evidence["count"]
    for violation in error.evidence["violations"]:
        assert violation["tag"] and violation["rule"].endswith(".") and violation["remedy"]
    return error.evidence["violations"]


def item(**changes):
    return order(instruction(7, **changes))


def party(**changes):
    return documents.Party(**{"name": "V", **changes})


def at(**changes):
    return documents.Account(agent=documents.Agent(**changes), other_id="12345678")


NO_TOWN = dataclasses.replace(PARIS, town=None)
SAID_TWICE = dataclasses.replace(PARIS, lines=("Paris",))
MANY_LINES = dataclasses.replace(PARIS, lines=("a", "b", "c"))
ONLY_LINES = documents.Address(lines=("Rue 1", "Paris"), country="FR")
VENDOR = "FR7630006000011234567890189"
SWISS_TO = {"currency": "CHF", "party": party(address=ZURICH), "remittance": None}


@pytest.mark.parametrize(
    ("found", "profile", "tag", "value"),
    [
        (item(currency="CHF"), "sepa", "InstdAmt/@Ccy", "CHF"),
        (item(currency="XXX"), "cross_border", "InstdAmt/@Ccy", "XXX"),
        (item(amount=Decimal("1.005")), "sepa", "InstdAmt", "1.005"),
        (item(amount=Decimal("0")), "sepa", "InstdAmt", "0"),
        (item(amount=Decimal("-5")), "sepa", "InstdAmt", "-5"),
        (item(amount=Decimal("NaN")), "sepa", "CtrlSum", "NaN"),
        (item(amount=Decimal("1000000000.00")), "sepa", "InstdAmt", "1000000000.00"),
        (item(account=documents.Account(other_id="123")), "sepa", "CdtrAcct/Id/IBAN", "123"),
        (item(account=documents.Account()), "sepa", "CdtrAcct/Id/Othr/Id", ""),
        (
            item(account=documents.Account(iban="FR7630006000011234567890188")),
            "sepa",
            "CdtrAcct/Id/IBAN",
            "FR7630006000011234567890188",
        ),
        (item(end_to_end_id="x" * 36), "sepa", "PmtId/EndToEndId", "x" * 36),
        (item(end_to_end_id="/x"), "sepa", "EndToEndId", "/x"),
        (item(end_to_end_id="x//y"), "sepa", "EndToEndId", "x//y"),
        (item(end_to_end_id="é"), "sepa", "EndToEndId", "é"),
        (item(end_to_end_id="a\x00b"), "sepa", "EndToEndId", "a\x00b"),
        (item(uetr="no uuid"), "sepa", "PmtId/UETR", "no uuid"),
        (item(charge_bearer="DEBT"), "sepa", "ChrgBr", "DEBT"),
        (item(charge_bearer="ALL"), "sepa", "ChrgBr", "ALL"),
        (item(purpose="LONGER"), "sepa", "Purp/Cd", "LONGER"),
        (item(party=party(name="")), "sepa", "Cdtr/Nm", ""),
        (item(party=party(name="北京")), "sepa", "Cdtr/Nm", "北京"),
        (item(remittance="発票 1"), "sepa", "RmtInf/Ustrd", "発票 1"),
        (item(party=party(address=SAID_TWICE)), "sepa", "Cdtr/PstlAdr/AdrLine", "Paris"),
        (item(party=party(address=MANY_LINES)), "sepa", "Cdtr/PstlAdr/AdrLine", "a / b / c"),
        (item(), "urgent", "CdtrAgt/BIC", ""),
        (item(), "cross_border", "CdtrAgt", ""),
        (item(), "cross_border", "Dbtr/PstlAdr", ""),
        (item(party=party(address=NO_TOWN)), "cross_border", "Cdtr/PstlAdr/TwnNm", ""),
        (item(party=party(address=ONLY_LINES)), "cross_border", "Cdtr/PstlAdr/TwnNm", ""),
        (item(party=party()), "ch_domestic", "Cdtr/PstlAdr", ""),
        (
            item(account=QR_IBAN, **SWISS_TO),
            "ch_domestic",
            "RmtInf/Strd/CdtrRefInf/Ref",
            "",
        ),
        (item(references=(QR,), **SWISS_TO), "ch_domestic", "CdtrAcct/Id/IBAN", VENDOR),
        (
            item(
                account=QR_IBAN,
                references=(dataclasses.replace(QR, value=QR.value[:-1] + "8"),),
                **SWISS_TO,
            ),
            "ch_domestic",
            "RmtInf/Strd/CdtrRefInf/Ref",
            QR.value[:-1] + "8",
        ),
        (
            item(references=(documents.StructuredReference(value="RF19539", type="SCOR"),)),
            "sepa",
            "RmtInf/Strd/CdtrRefInf/Ref",
            "RF19539",
        ),
        (grouped(order(), service_level="URGP"), "sepa", "PmtTpInf/SvcLvl", "URGP"),
        (grouped(order(), local_instrument="INST"), "sepa", "PmtTpInf/LclInstrm", "INST"),
        (grouped(order(), group_id="ä"), "sepa", "PmtInfId", "ä"),
        (
            grouped(order(), account=documents.Account(iban="DE89370400440532013001")),
            "sepa",
            "DbtrAcct/Id/IBAN",
            "DE89370400440532013001",
        ),
        (order(message_id="PO//1"), "sepa", "GrpHdr/MsgId", "PO//1"),
        (order(instruction(1), instruction(1)), "sepa", "EndToEndId", "E2E-1"),
        (
            dataclasses.replace(
                order(),
                groups=(
                    *order().groups,
                    *grouped(order(instruction(8)), group_id="PO-1-2").groups,
                ),
            ),
            "sepa",
            "PmtInf",
            "1",
        ),
        (order(uk(account=at(clearing_number="20000"))), "uk_domestic", "MmbId", "20000"),
        (order(uk(account=at())), "uk_domestic", "CdtrAgt/ClrSysMmbId", ""),
        (
            order(uk(account=documents.Account(other_id="1", agent=documents.Agent(clearing_number="200000")))),
            "uk_domestic",
            "CdtrAcct/Id/Othr/Id",
            "1",
        ),
        (order(us(account=at(clearing_number="021000022"))), "us_ach", "MmbId", "021000022"),
    ],
)  # fmt: skip
def test_what_the_bank_would_refuse_is_named(found, profile, tag, value):
    violations = refused(found, profile)
    assert (tag, value) in {(entry["tag"][-len(tag) :], entry["value"]) for entry in violations}


def test_a_violation_names_the_payment():
    [violation] = refused(order(instruction(1), instruction(2, currency="CHF")))
    assert violation["subject"] == "Payment E2E-2 (Vendor SARL)"


def test_every_violation_is_told_not_only_the_first():
    found = order(*(instruction(number, currency="CHF") for number in range(1, 9)))
    with pytest.raises(BusinessError, match="and 3 more") as caught:
        filed(found, NINE, "sepa")
    assert caught.value.evidence["count"] == 8


def test_violations_are_told_payment_by_payment():
    account = documents.Account(iban=VENDOR.replace("89", "88"))
    found = refused(
        order(
            instruction(1, account=account),
            instruction(2),
            instruction(3, currency="CHF", account=account),
        )
    )
    assert [(violation["subject"], violation["tag"]) for violation in found] == [
        ("Payment E2E-1 (Vendor SARL)", "CdtrAcct/Id/IBAN"),
        ("Payment E2E-3 (Vendor SARL)", "InstdAmt/@Ccy"),
        ("Payment E2E-3 (Vendor SARL)", "CdtrAcct/Id/IBAN"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "tag"),
    [
        (b"<NbOfTxs>2</NbOfTxs>", b"<NbOfTxs>3</NbOfTxs>", "NbOfTxs"),
        (b"<CtrlSum>201.00</CtrlSum>", b"<CtrlSum>200.00</CtrlSum>", "CtrlSum"),
        (b"<PmtMtd>TRF</PmtMtd>", b"<PmtMtd>CASH</PmtMtd>", "PmtMtd"),
        (b"<Nm>Alder AG</Nm></InitgPty>", b"<Name>Alder AG</Name></InitgPty>", "InitgPty"),
        (b"<Nm>Vendor SARL</Nm>", "<Nm>Vendor 社</Nm>".encode(), "Cdtr/Nm"),
        (b"<Nm>Vendor SARL</Nm>", b"<Nm>" + b"x" * 71 + b"</Nm>", "Cdtr/Nm"),
        (b"<Ustrd>Invoice V1</Ustrd>", b"<Ustrd>a</Ustrd><Ustrd>b</Ustrd>", "RmtInf/Ustrd"),
        (
            b"<Ustrd>Invoice V1</Ustrd>",
            (
                b"<Ustrd>a</Ustrd><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>"
                b"<Ref>RF18539007547034</Ref></CdtrRefInf></Strd>"
            ),
            "RmtInf",
        ),
        (b"<TwnNm>Paris</TwnNm>", b"", "Cdtr/PstlAdr/TwnNm"),
        (b".001.09", b".001.03", "Document"),
    ],
)
def test_a_file_that_was_changed_after_it_was_written_is_seen(old, new, tag):
    content = filed(order(), NINE, "sepa")
    assert old in content
    with pytest.raises(BusinessError) as caught:
        formats.find(NINE).validate(content.replace(old, new, 1), formats.Profile("sepa"))
    assert any(tag in found["tag"] for found in caught.value.evidence["violations"])


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"no xml",
        b"<Document/>",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><Document>&b;</Document>',
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{NINE}"/>'.encode(),
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{NINE}"><CstmrCdtTrfInitn/></Document>'.encode(),
    ],
)
def test_what_is_no_such_file_is_refused(broken):
    with pytest.raises(BusinessError) as caught:
        formats.find(NINE).validate(broken, formats.Profile("sepa"))
    assert caught.value.code == "payment_file_invalid"


def test_a_profile_is_not_sent_in_a_version_that_it_does_not_know():
    [violation] = refused(SWISS, "ch_domestic", "pain.001.001.11")
    assert violation["value"] == "pain.001.001.11"


@pytest.mark.parametrize(
    ("found", "profile", "options"),
    [
        (item(party=documents.Party(name="Größe")), "sepa", {"charset": "latin1"}),
        (item(charge_bearer="SHAR"), "sepa", {"charge_bearers": ["SLEV", "SHAR"]}),
        (ABROAD, "cross_border", {"currencies": ["USD", "JPY"]}),
        (US_ACH, "us_ach", {"local_instruments": ["CCD"]}),
    ],
)
def test_a_bank_that_takes_more_says_so_in_its_profile(found, profile, options):
    code = "pain.001.001.09"
    assert filed(found, code, profile, **options)


def test_schema_names_every_place_once_in_words():
    content = filed(order(), NINE, "sepa").replace(b"EUR", b"euro")
    root = payment_schema.etree.fromstring(content)
    found = payment_schema.violations(NINE, root)
    assert [entry.subject for entry in found] == [
        f"Payment E2E-{number} (Vendor SARL)" for number in (1, 2)
    ]
    assert all("[A-Z]" in entry.rule for entry in found)
