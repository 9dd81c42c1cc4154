"""ACH and Bacs files: every column where the rules put it, controls that add up, read back by other readers."""

import dataclasses
from decimal import Decimal

import achkit
import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import bacs18, documents, formats, nacha

from tests.unit.treasury_sync.examples import filed, grouped, instruction, order
from tests.unit.treasury_sync.test_pain001 import uk, us

US_SENDER = {"company_id": "1234567890", "destination_name": "First Bank"}
UK_SENDER = {"service_user_number": "654321"}
OUR_US = documents.Account(other_id="99887766", agent=documents.Agent(clearing_number="021000021"))
OUR_UK = documents.Account(other_id="87654321", agent=documents.Agent(clearing_number="400000"))
MANDATE = documents.Mandate(
    reference="MANDATE-7", signed_on=documents.datetime.date(2026, 1, 2), sequence="FRST"
)


def ach(*items, kind="credit", sender=None, **changes):
    found = grouped(order(*items), account=OUR_US, **changes)
    if kind == "debit":
        found = dataclasses.replace(found, kind=documents.DIRECT_DEBIT)
    return filed(found, "nacha", f"nacha_{kind}", sender=sender or US_SENDER)


def bacs(*items, kind="credit", sender=None, **changes):
    found = grouped(order(*items), account=OUR_UK, **changes)
    if kind == "debit":
        found = dataclasses.replace(found, kind=documents.DIRECT_DEBIT)
    return filed(found, "bacs18", f"bacs_{kind}", sender=sender or UK_SENDER)


SAVINGS = dataclasses.replace(us().account, type="SVGS")


def test_ach_file_is_this_to_the_column():
    items = (us(1), us(2, account=SAVINGS, remittance=None, amount=Decimal("0.01")))
    content = ach(*items).decode()
    nines = "9" * 94
    assert content.splitlines() == [
        "101 02100002112345678902611261000A094101FIRST BANK             ALDER AG               " + " " * 8,
        "5220ALDER AG                            1234567890CCDPAYMENT         261127   1021000020000001",
        "6220210000210012345          0000010050E2E-1          VENDOR SARL             1021000020000001",
        "705INVOICE V1" + " " * 70 + "00010000001",
        "6320210000210012345          0000000001E2E-2          VENDOR SARL             0021000020000002",
        "82200000030004200004000000000000000000010051" + "1234567890" + " " * 25 + "021000020000001",
        "9000001000001000000030004200004000000000000000000010051" + " " * 39,
        nines,
        nines,
        nines,
    ]  # fmt: skip


@settings(max_examples=examples(40))
@given(
    st.lists(st.decimals("0.01", "99999999.99", places=2), min_size=1, max_size=25),
    st.sampled_from(["credit", "debit"]),
    st.sampled_from(["CCD", "PPD"]),
)
def test_another_reader_finds_the_payments_in_an_ach_file(amounts, kind, entry_class):
    items = [us(number, amount=amount) for number, amount in enumerate(amounts, start=1)]
    text = ach(*items, kind=kind, local_instrument=entry_class).decode()
    lines = text.splitlines()
    assert len(lines) % 10 == 0 and {len(line) for line in lines} == {94}
    assert achkit.validate(text) == {"ok": True, "errors": []}
    found = achkit.parse(text)
    [batch] = found["batches"]
    assert batch["sec"] == entry_class
    assert [(entry["amount_cents"], entry["id_number"]) for entry in batch["entries"]] == [
        (int(item.amount * 100), item.end_to_end_id) for item in items
    ]
    assert found["control"][f"total_{kind}"] == int(sum(amounts) * 100)


def test_uk_file_is_this_to_the_column():
    content = bacs(uk(1), uk(2, amount=Decimal("0.01"))).decode()
    identification = "1A654321S  1654321000PO100010001"
    assert content.split("\r\n") == [
        "VOL1000PO1" + " " * 31 + "654321" + " " * 32 + "1",
        "HDR" + identification + " " * 6 + " 26330 26332 000000" + " " * 20,
        "HDR2F0200000100" + " " * 35 + "00" + " " * 28,
        "UHL1 26331999999    000000001 DAILY  001" + " " * 40,
        "2000001234567809940000087654321    00000010050ALDER AG          INVOICE V1        VENDOR SARL       ",
        "2000001234567809940000087654321    00000000001ALDER AG          INVOICE V1        VENDOR SARL       ",
        "4000008765432101740000087654321    00000010051ALDER AG          CONTRA            ALDER AG          ",
        "EOF" + identification + " " * 6 + " 26330 26332" + " " * 27,
        "EOF2F0200000100" + " " * 35 + "00" + " " * 28,
        "UTL1" + "0000000010051" * 2 + "0000001" + "0000002" + " " * 36,
        "",
    ]  # fmt: skip


def read_bacs(content):
    """Payments of a Bacs file, by the columns of the standard: kind, account, amount, reference."""
    return [
        (line[15:17], line[0:14], int(line[35:46]), line[64:82].strip())
        for line in content.decode("ascii").split("\r\n")
        if len(line) == 100
    ]


@settings(max_examples=examples(40))
@given(
    st.lists(st.decimals("0.01", "20000000", places=2), min_size=1, max_size=12),
    st.sampled_from(["credit", "debit"]),
)
def test_payments_of_a_uk_file_balance_with_its_contra(amounts, kind):
    items = [
        uk(number, amount=amount, mandate=MANDATE if kind == "debit" else None)
        for number, amount in enumerate(amounts, start=1)
    ]
    *payments, contra = read_bacs(bacs(*items, kind=kind))
    code, back = ("99", "17") if kind == "credit" else ("01", "99")
    assert {payment[0] for payment in payments} == {code}
    assert [payment[2] for payment in payments] == [int(amount * 100) for amount in amounts]
    assert contra[0::2] == (back, int(sum(amounts) * 100))
    if kind == "debit":
        assert {payment[3] for payment in payments} == {"MANDATE-7"}


def test_a_british_iban_gives_sort_code_and_account():
    item = uk(1, account=documents.Account(iban="GB29NWBK60161331926819"))
    assert read_bacs(bacs(item))[0][1] == "60161331926819"


@pytest.mark.parametrize(
    ("make", "tag"),
    [
        (lambda: ach(us(1), sender={"company_id": "1"}), "sender/company_id"),
        (lambda: ach(us(1, currency="EUR")), "currency"),
        (lambda: ach(us(1, amount=Decimal("1.005"))), "amount"),
        (lambda: ach(us(1, amount=Decimal("0"))), "amount"),
        (lambda: ach(us(1, amount=Decimal("NaN"))), "amount"),
        (lambda: ach(us(1, amount=Decimal("100000000"))), "amount"),
        (lambda: ach(us(1, party=documents.Party(name="北京"))), "name"),
        (lambda: ach(us(1, party=documents.Party(name=" "))), "name"),
        (lambda: ach(us(1, account=documents.Account(other_id="1"))), "routing"),
        (
            lambda: ach(us(1, account=dataclasses.replace(SAVINGS, other_id="1" * 18))),
            "account",
        ),
        (lambda: ach(us(1), local_instrument="CTX"), "local_instrument"),
        (lambda: ach(us(1, end_to_end_id="A" * 20), us(2, end_to_end_id="A" * 21)), "end_to_end"),
        (lambda: ach(instruction(1)), "routing"),
        (lambda: bacs(uk(1), sender={"service_user_number": "x"}), "sender/service_user_number"),
        (lambda: bacs(uk(1, currency="EUR")), "currency"),
        (lambda: bacs(uk(1, party=documents.Party(name="社"))), "name"),
        (
            lambda: bacs(uk(1, account=dataclasses.replace(OUR_UK, other_id="1"))),
            "account",
        ),
        (lambda: bacs(instruction(1)), "sort code"),
    ],
)
def test_what_a_flat_file_cannot_carry_is_named(make, tag):
    with pytest.raises(BusinessError) as caught:
        make()
    assert caught.value.code == "payment_file_invalid"
    assert any(tag in found["tag"] for found in caught.value.evidence["violations"])


def test_a_file_goes_the_way_that_its_profile_says():
    found = dataclasses.replace(grouped(order(us(1)), account=OUR_US), kind=documents.DIRECT_DEBIT)
    with pytest.raises(BusinessError, match="does not carry"):
        filed(found, "nacha", "nacha_credit", sender=US_SENDER)


def test_one_uk_file_is_of_one_day():
    one = grouped(order(uk(1)), account=OUR_UK)
    two = grouped(order(uk(2)), account=OUR_UK, requested_date=documents.datetime.date(2026, 12, 1))
    with pytest.raises(BusinessError, match="one processing day"):
        filed(
            dataclasses.replace(one, groups=(*one.groups, *two.groups)),
            "bacs18",
            "bacs_credit",
            sender=UK_SENDER,
        )


ACH, BACS = ach(us(1), us(2)), bacs(uk(1), uk(2))


@pytest.mark.parametrize(
    ("code", "profile", "broken"),
    [
        ("nacha", "nacha_credit", ACH.replace(b"0000010050E2E-1", b"0000010051E2E-1")),
        ("nacha", "nacha_credit", ACH.replace(b"6220210000210012345", b"6220210000220012345", 1)),
        ("nacha", "nacha_credit", ACH.replace(b"E2E-2 ", b"E2E-2")),
        ("nacha", "nacha_credit", ACH.replace(b"9" * 94 + b"\n", b"", 1)),
        ("nacha", "nacha_credit", ACH.replace(b"VENDOR", "VENDÖ".encode("latin-1") + b"R", 1)),
        ("nacha", "nacha_credit", ACH[:500]),
        ("nacha", "nacha_credit", b""),
        ("nacha", "nacha_credit", b"\n"),
        ("bacs18", "bacs_credit", BACS.replace(b"00000010050", b"00000010051", 1)),
        ("bacs18", "bacs_credit", BACS.replace(b"CONTRA", b"CONTRO", 1)),
        ("bacs18", "bacs_credit", BACS.replace(b"00000020100ALDER", b"00000020101ALDER", 1)),
        ("bacs18", "bacs_credit", BACS.replace(b"UTL10", b"UTL11", 1)),
        ("bacs18", "bacs_credit", BACS.replace(b"EOF1A", b"EOF1B", 1)),
        ("bacs18", "bacs_credit", BACS.replace(b"\r\n", b"\n")),
        ("bacs18", "bacs_credit", b""),
    ],
)
def test_a_flat_file_that_was_changed_is_seen(code, profile, broken):
    assert broken not in (ACH, BACS)
    with pytest.raises(BusinessError) as caught:
        formats.find(code).validate(broken, formats.Profile(profile))
    assert caught.value.code == "payment_file_invalid"


def test_flat_files_are_offered():
    assert formats.find("nacha") is nacha.FORMAT
    assert formats.find("bacs18") is bacs18.FORMAT
    assert nacha.FORMAT.extension == "ach"
