"""The QIF reader: what the format does not say is shown by the file, set by a person, or refused."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.bank_statement_api.tools import checks, detect, qif, written_values
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

SAMPLES = Path(__file__).parent / "samples" / "qif"


def test_several_accounts_with_splits_and_an_opening_balance():
    content = (SAMPLES / "two_accounts.qif").read_bytes()
    assert detect.detect(content).code == "qif"
    checking, card = qif.read(content, currency="USD")
    assert (checking.account.other_id, card.account.other_id) == ("Checking", "Card")
    rent, store = checking.booked
    assert (rent.booking_date, rent.amount) == (date(2026, 3, 25), Decimal("-1234.50"))
    assert (rent.counterparty.name, rent.remittance) == ("Landlord", ("Rent March",))
    assert rent.extras == {"N": "1042", "L": "Housing", "A": "Some Street 1\nSome City"}
    assert (store.amount, [part.amount for part in store.details]) == (
        Decimal("-30.00"),
        [Decimal("-10.00"), Decimal("-20.00")],
    )
    assert not checking.findings, "it was split into what it is"
    [opening] = checking.balances
    assert (opening.type, opening.amount) == ("OPBD", Decimal("100.00"))
    assert card.booked[0].counterparty.name == "Café"


def test_account_that_a_person_named_counts_for_a_file_of_one():
    content = (SAMPLES / "bank.qif").read_bytes()
    account = AccountRef(other_id="4711", currency="EUR")
    [found] = qif.read(content, currency="EUR", account=account, dates="dmy")
    assert found.account.other_id == "4711"
    assert [(line.booking_date, line.amount) for line in found.booked] == [
        (date(2026, 4, 3), Decimal("1234.50")),
        (date(2026, 4, 4), Decimal("-7.00")),
    ]
    [other, _second] = qif.read(content, currency="EUR", dates="mdy")[0].booked
    assert other.booking_date == date(2026, 3, 4)


def test_ambiguous_dates_are_refused_with_both_readings():
    with pytest.raises(StatementFormatError) as refused:
        qif.read((SAMPLES / "bank.qif").read_bytes(), currency="EUR")
    assert refused.value.code == "statement_ambiguous"
    assert "2026-04-03" in str(refused.value)
    assert "2026-03-04" in str(refused.value)


def test_currency_is_never_assumed():
    with pytest.raises(StatementFormatError) as refused:
        qif.read((SAMPLES / "bank.qif").read_bytes(), dates="dmy")
    assert refused.value.code == "statement_currency"


def record(*lines):
    return ("!Type:Bank\n" + "\n".join(lines) + "\n^\n").encode()


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (("D25/03/2026", "T1O.00"), "1O.00"),
        (("D25/03/2026",), "(empty)"),
        (("T10.00",), "(empty)"),
        (("D31/02/2026", "T10.00"), "31/02/2026"),
        (("D25/03/2026", "T10.00", "T20.00"), "twice"),
        (("D25/03/2026", "T10.00", "U20.00"), "20.00"),
    ],
)
def test_record_that_cannot_be_understood_is_asked_about(lines, word):
    content = record(*lines) + b"D26/03/2026\nT7.00\n^\n"
    [found] = qif.read(content, currency="EUR")
    assert [line.amount for line in found.booked] == [Decimal("7.00")]
    [bad] = found.bad_entries
    assert word in bad.reason


def test_splits_that_differ_from_their_record_are_a_finding():
    [found] = qif.read(
        record("D25/03/2026", "T-30.00", "SFood", "$-10.00", "SOther", "$-5.00"), currency="EUR"
    )
    assert found.booked[0].amount == Decimal("-30.00")
    [finding] = [item for item in checks.prove(found) if item.code == "detail_sum"]
    assert (finding.expected, finding.actual) == ("-30.00", "-15.00")


def test_file_cut_inside_a_record_is_refused():
    content = record("D25/03/2026", "T10.00")
    with pytest.raises(StatementFormatError):
        qif.read(content.rstrip(b"^\n"), currency="EUR")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"!Type:Cat\nNFood\n^\n", "no !Type:Bank"),
        (record("D25/03/2026", "T10.00").replace(b"^", b"!Type:Bank"), "without its end"),
        (record("D25/03/2026", "T10.00", "$5.00", "SFood"), "before its category"),
        (record("D25/03/2026", "T10.00", "M" + "x" * 10_000), "a line without an end"),
    ],
)
def test_structure_that_is_not_to_be_trusted_is_refused(content, word):
    with pytest.raises(StatementFormatError) as refused:
        qif.read(content, currency="EUR")
    assert word in refused.value.reason


@pytest.mark.parametrize(
    "front",
    [
        b"\n\r\n  \n",
        b"# exported by a program\n; on a day\n// for somebody\n\n",
        b"!Option:MDY\n!Option:AutoSwitch\n!Clear:AutoSwitch\n",
        b"#" + b"x" * 2000 + b"\n",
        b"\xef\xbb\xbf\n# note\n",
    ],
)
def test_what_stands_in_front_of_the_first_register_says_nothing(front):
    content = front + record("D25/03/2026", "T10.00")
    assert detect.detect(content).code == "qif"
    [found] = detect.detect(content).read(content, currency="EUR")
    assert [line.amount for line in found.booked] == [Decimal("10.00")]


def test_text_with_a_header_of_the_format_somewhere_is_not_the_format():
    with pytest.raises(StatementFormatError):
        detect.detect(b"note\n!Type:Bank\n")


def test_list_of_accounts_in_front_names_no_register():
    accounts = (
        b"!Option:AutoSwitch\n!Account\nNFirst\nTBank\n^\nNSecond\nTBank\n^\n!Clear:AutoSwitch\n"
    )
    content = accounts + record("D25/03/2026", "T10.00")
    [found] = qif.read(content, currency="EUR")
    assert found.account.other_id is None
    [named] = qif.read(content, currency="EUR", account=AccountRef(other_id="4711"))
    assert named.account.other_id == "4711"
    one = b"!Account\nNOnly\nDMy account\nTBank\n$100.00\n^\n" + record("D25/03/2026", "T10.00")
    assert qif.read(one, currency="EUR")[0].account.other_id == "Only"


def test_transactions_without_the_type_of_their_register_are_not_lost_in_silence():
    content = b"!Account\nNOnly\nTBank\n^\nD25/03/2026\nT10.00\nPSomebody\n^\n"
    with pytest.raises(StatementFormatError) as refused:
        qif.read(content + record("D25/03/2026", "T10.00"), currency="EUR")
    assert "before the type" in refused.value.reason


INVESTMENTS = (
    b"!Account\nNDepot\nTInvst\n^\n!Type:Invst\nD25/03/2026\nNBuy\nYShare\nI10\nQ5\nT50.00\n^\n"
)


def test_investments_are_refused_by_name_and_never_taken_for_money():
    with pytest.raises(StatementFormatError, match="investments") as refused:
        qif.read(INVESTMENTS, currency="EUR")
    assert refused.value.code == "statement_unknown"
    both = INVESTMENTS + b"!Account\nNMain\nTBank\n^\n" + record("D25/03/2026", "T10.00")
    [found] = qif.read(both, currency="EUR")
    assert (found.account.other_id, [line.amount for line in found.booked]) == (
        "Main",
        [Decimal("10.00")],
    )
    assert ["Depot" in warning.message for warning in found.warnings] == [True]


def test_lists_that_are_no_account_are_passed_over_and_said():
    content = record("D25/03/2026", "T10.00") + b"!Type:Cat\nNFood\nE\n^\n"
    [found] = qif.read(content, currency="EUR")
    assert len(found.booked) == 1
    assert "Cat" in found.warnings[0].message


def test_switch_inside_a_register_ends_it_not():
    content = record("D25/03/2026", "T10.00") + record("D26/03/2026", "T5.00").replace(
        b"!Type:Bank\n", b"!Type:Bank\n!Option:AllXfr\n"
    )
    first, second = qif.read(content, currency="EUR")
    assert [line.amount for line in (*first.booked, *second.booked)] == [
        Decimal("10.00"),
        Decimal("5.00"),
    ]


@pytest.mark.parametrize(
    ("header", "word"), [(b"!Tyqe:Bank", "does not have"), (b"!Type:Bbnk", "neither an account")]
)
def test_second_register_with_a_damaged_header_is_not_lost(header, word):
    content = record("D25/03/2026", "T10.00") + record("D26/03/2026", "T5.00").replace(
        b"!Type:Bank", header
    )
    with pytest.raises(StatementFormatError) as refused:
        qif.read(content, currency="EUR")
    assert word in refused.value.reason


# === HOW VALUES ARE WRITTEN === #


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("3/ 4'26", "mdy", date(2026, 3, 4)),
        ("3/4/26", "dmy", date(2026, 4, 3)),
        ("3/4'6", "mdy", date(2006, 3, 4)),
        ("04.03.1999", "dmy", date(1999, 3, 4)),
        ("04.03.99", "dmy", date(1999, 3, 4)),
        ("2026-03-04", "ymd", date(2026, 3, 4)),
        ("20260304", "ymd", date(2026, 3, 4)),
        ("04032026", "dmy", date(2026, 3, 4)),
        ("31/02/2026", "dmy", None),
        ("2026-03-04", "dmy", None),
        ("today", "ymd", None),
    ],
)
def test_dates(text, order, day):
    assert written_values.read_date(text, order) == day


def test_one_date_settles_all():
    assert written_values.date_order(["03/04/2026", "25/04/2026"]) == "dmy"
    assert written_values.date_order(["03/04/2026", "04/25/2026"]) == "mdy"
    assert written_values.date_order(["2026-03-04"]) == "ymd"
    assert written_values.date_order(["03/03/2026"]) in ("dmy", "mdy")


@pytest.mark.parametrize(
    ("text", "mark", "amount"),
    [
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1 234,5", ",", "1234.50"),
        ("(12.00)", ".", "-12.00"),
        ("12.00-", ".", "-12.00"),
        ("+7", ".", "7.00"),
        ("1'234.00", ".", "1234.00"),
        ("12,34.00", ".", None),
        ("1,234", ",", None),
        ("1.2.3", ".", None),
        ("", ".", None),
        ("1e3", ".", None),
    ],
)
def test_amounts(text, mark, amount):
    found = written_values.read_amount(text, mark, "EUR")
    assert found == (None if amount is None else Decimal(amount))


def test_amounts_that_can_be_read_in_two_ways_are_refused():
    # Three decimals exist in dinars only.
    assert written_values.decimal_mark(["1,234"], "EUR") == "."
    with pytest.raises(StatementFormatError) as refused:
        written_values.decimal_mark(["1,234"], "KWD")
    assert refused.value.code == "statement_ambiguous"
    assert written_values.decimal_mark(["1,234", "1,234.500"], "KWD") == "."
