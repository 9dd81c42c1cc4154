"""Peculiarities of single banks' files that do not touch their meaning: read, and said where a person may care."""

import re
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import checks, detect
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests import flat_writer
from tests.camt_writer import Line

DAY = date(2026, 3, 4)
IBAN = "DE02120300000000202051"
LINE = Line(DAY, Decimal("5.00"), "INVOICE 2026/17", "R1", None, "CUSTOMER", None)


def read(text):
    [statement] = detect.detect(text.encode()).read(text.encode())
    return statement


def mt940(*entries, opening="C260303EUR100,00", closing="C260304EUR105,00"):
    return "\n".join(
        [
            ":20:X",
            f":25:{IBAN}",
            ":28C:1/1",
            f":60F:{opening}",
            *entries,
            f":62F:{closing}",
            "-",
            "",
        ]
    )


def test_blanks_stand_for_an_entry_date_that_is_that_of_the_value():
    [line] = read(mt940(":61:260304    CR5,00NTRFNONREF", ":86:text")).transactions
    assert (line.booking_date, line.amount) == (DAY, Decimal("5.00"))


@pytest.mark.parametrize(
    ("rest", "code", "reference"),
    [
        (" NTRFR 17//B1", "NTRF", "B1"),
        ("//B1", None, "B1"),
        ("NONREF//B1", None, "B1"),
        ("NONREF", None, None),
    ],
)
def test_type_of_a_booking_may_follow_a_blank_or_be_left_out_before_its_references(
    rest, code, reference
):
    [line] = read(mt940(f":61:2603040304C5,00{rest}", ":86:text")).transactions
    assert (line.bank_code and line.bank_code.proprietary) == code
    assert (line.amount, line.account_servicer_ref) == (Decimal("5.00"), reference)
    assert line.instruction_id == ("R 17" if code else None)


@pytest.mark.parametrize("time", [":26:37 Shop", ":20:37 Shop", ":25:37 Shop", ":13:37"])
def test_time_of_day_that_was_broken_before_its_minutes_is_no_field(time):
    entry = (":61:2603040304C5,00NTRFNONREF", ":86:Card payment 2026-03-03T16", time)
    text = mt940(*entry)
    [line] = read(text).transactions
    assert line.remittance == ("Card payment 2026-03-03T16", time)
    assert len(detect.detect(text.encode()).read((text + text).encode())) == 2


def test_message_may_be_named_by_two_digits():
    text = mt940(":61:2603040304C5,00NTRFNONREF", ":86:text").replace(":20:X", ":20:17")
    # Without the end between them, field 86 is what stands before field 20.
    text = text.replace(":62F:C260304EUR105,00\n-\n", ":62F:C260304EUR105,00\n:86:closing\n")
    found = detect.detect(text.encode()).read((text + text).encode())
    assert [statement.message_id for statement in found] == ["17", "17"]


def test_value_date_in_a_month_of_30_days_leaves_the_booking_where_it_is():
    entry = ":61:2602300304C5,00NTRFNONREF"
    found = read(mt940(entry, ":86:interest"))
    [line] = found.transactions
    assert (line.booking_date, line.value_date) == (DAY, None)
    assert line.extras["61/value_date"] == "260230"
    assert ["260230" in warning.message for warning in found.warnings] == [True]
    # No other day, and none that alone tells when it was booked.
    for wrong in (":61:2602310304C5,00NTRFNONREF", ":61:260230C5,00NTRFNONREF"):
        [bad] = read(mt940(wrong)).bad_entries
        assert (bad.code, bad.amount) == ("date", Decimal("5.00"))


def test_amounts_may_be_padded_with_any_number_of_zeros():
    zeros = "0" * 20
    entry = f":61:2603040304C{zeros}5,00NTRFNONREF"
    found = read(mt940(entry, opening=f"C260303EUR{zeros}100,00"))
    assert (found.opening.amount, found.transactions[0].amount) == (Decimal(100), Decimal(5))


def test_other_side_stands_in_the_place_of_the_reference_and_again_before_the_text():
    entry = (
        ":61:2603040304C5,00NIDBNL02ABNA0123456789",
        "j jansen",
        ":86:NL02ABNA0123456789 j jansen",
        " " * 65,
        "/TRTP/Incasso/CSID/NL99ZZZ123/MARF/M-7/REMI/Invoice 17/EREF/E-17",
        " " * 65,
    )
    [line] = read(mt940(*entry)).transactions
    assert (line.counterparty.iban, line.counterparty.name) == ("NL02ABNA0123456789", "j jansen")
    assert (line.mandate_id, line.creditor_id) == ("M-7", "NL99ZZZ123")
    assert (line.end_to_end_id, line.remittance) == ("E-17", ("Invoice 17",))
    assert line.instruction_id is None and line.additional_info == "Incasso"


def test_reference_that_the_text_does_not_repeat_is_a_reference():
    entry = (":61:2603040304C5,00NTRFR17", "j jansen", ":86:R17 other")
    [line] = read(mt940(*entry)).transactions
    assert (line.instruction_id, line.remittance) == ("R17", ("R17 other",))
    assert line.additional_info == "j jansen"


def test_text_behind_the_original_amount_is_what_the_payer_wrote():
    entry = (":61:2603040304C5,00NTRFNONREF", ":86:/OCMT/USD5,50/", "Invoices 17 and 18")
    [line] = read(mt940(*entry)).transactions
    assert line.remittance == ("Invoices 17 and 18",)
    assert [(item.amount, item.currency) for item in line.foreign] == [(Decimal("5.50"), "USD")]


@pytest.mark.parametrize(
    "info",
    [
        (":86:/ORDP/300000000000123", "/CUSTOMER LTD", "/Invoice 17"),
        (":86:/TRTP/TRANSFER/BBAN/300000000000123/NAME/CUSTOMER LTD/REMI/Invoice 17",),
    ],
)
def test_national_account_number_of_the_other_side_is_not_its_name(info):
    [line] = read(mt940(":61:2603040304C5,00NMSCNONREF", *info)).transactions
    assert (line.counterparty.other_id, line.counterparty.name) == (
        "300000000000123",
        "CUSTOMER LTD",
    )
    assert line.remittance == ("Invoice 17",)


def test_creditor_identifier_ends_at_a_blank():
    info = ":86:105?20MREF+M 1?21CRED+DE98ZZZ09999999999?22Rent March"
    [line] = read(mt940(":61:2603040304D5,00NDDTNONREF", info)).transactions
    assert (line.mandate_id, line.creditor_id) == ("M 1", "DE98ZZZ09999999999")
    assert line.remittance == ("Rent March",)


def test_polish_number_of_the_other_side_proves_its_iban_and_may_be_broken():
    number = "61109010140000071219812874"
    entry = ":61:2603040304C5,00NTRFNONREF"
    for told in (number, number[:9] + "\n" + number[9:]):
        [line] = read(mt940(entry, f":86:>20RENT>31{told}>32HUTA")).transactions
        assert (line.counterparty.iban, line.counterparty.name) == (f"PL{number}", "HUTA")
    [line] = read(mt940(entry, f":86:>20RENT>31{number[:-1]}5")).transactions
    assert (line.counterparty.iban, line.counterparty.other_id) == (None, number[:-1] + "5")


def test_slashes_in_front_of_the_account_are_none_of_it():
    text = mt940().replace(f":25:{IBAN}", ":25://AT20111/00012345678/EUR")
    assert read(text).account.other_id == "AT20111/00012345678"
    assert read(mt940().replace(IBAN, f"/{IBAN}")).account.iban == IBAN


def test_tag_may_be_broken_behind_its_first_colon():
    text = mt940(":61:2603040304C5,00NTRFNONREF", ":86:020?00TRANSFER?20RENT", ":")
    assert read(text).transactions[0].remittance == ("RENT :",)
    for tag in (":86:", ":62F:", ":28C:"):
        broken = read(text.replace(f"\n{tag}", f"\n:\n{tag[1:]}"))
        assert broken.closing == read(text).closing
        assert [line.remittance for line in broken.transactions] == [("RENT :",)]


@pytest.mark.parametrize("filler", ["˙", "ÿ"])
def test_subfields_that_are_filled_say_nothing(filler):
    info = f":86:020~00152~20RENT~21{filler}~22{filler}~32J NOWAK~33{filler}~60{filler}~63{filler}"
    [line] = read(mt940(":61:2603040304C5,00N152NONREF", info)).transactions
    assert (line.remittance, line.counterparty.name) == (("RENT",), "J NOWAK")


def test_end_of_a_message_may_stand_behind_a_blank():
    text = mt940(":61:2603040304C5,00NTRFNONREF", ":86:text").replace("\n-\n", "\n -\n")
    assert len(detect.detect(text.encode()).read((text + text).encode())) == 2


def test_envelope_in_the_swedish_variant_of_ascii():
    text = mt940(":61:2603040304C5,00NTRFNONREF", ":86:SÅ HÄR äR DET").replace("\n-\n", "\n-å\n")
    found = detect.detect(text.encode()).read(("ä4:\n" + text).encode() * 2)
    assert [line.remittance for item in found for line in item.booked] == [("SÅ HÄR äR DET",)] * 2
    with pytest.raises(StatementFormatError):
        read("ä4:\n" + text.replace("-å\n", ""))


def test_currency_that_is_no_longer_in_use_is_named():
    text = mt940(opening="C260303DEM100,00", closing="C260304DEM105,00")
    with pytest.raises(StatementFormatError) as refused:
        read(text)
    assert "DEM is not an ISO 4217 currency in use" in refused.value.reason


def test_dash_alone_on_a_line_of_text_ends_no_message():
    entry = (":61:2603040304C5,00NTRFNONREF", ":86:/REMI/Period 01-01-2026 -", "-")
    text = mt940(*entry)
    [line] = read(text).transactions
    assert line.remittance == ("Period 01-01-2026 - -",)
    # Before another message it is the end, and before nothing as well.
    interim = text.replace(":62F:", ":62M:").replace("-\n:62M", ":62M")
    assert len(detect.detect(text.encode()).read((interim + text).encode())) == 2


def test_two_characters_may_stand_for_a_line_end():
    text = mt940(":61:2603040304C5,00NTRFNONREF", ":86:text")
    assert read("@@" + text.replace("\n", "@@")) == read("\n" + text)
    # Elsewhere they are text.
    [line] = read(text.replace(":86:text", ":86:mail to a@@b")).transactions
    assert line.remittance == ("mail to a@@b",)


def test_totals_may_leave_out_their_number_and_a_zero_before_the_comma():
    text = mt940(":61:2603040304C0,05NTRFNONREF", ":90D:EUR,00", ":90C:1EUR,05")
    totals = read(text).totals
    assert (totals.debit_entries, totals.debit_sum) == (None, Decimal(0))
    assert (totals.credit_entries, totals.credit_sum) == (1, Decimal("0.05"))


def test_account_of_the_other_side_stands_in_the_further_details():
    entry = (
        ":61:2603040304C5,00N541EREF",
        "NL02ABNA0123456789",
        ":86:/EREF/E1/ORDP//NAME/J JANSEN",
    )
    [line] = read(mt940(*entry)).transactions
    assert (line.counterparty.iban, line.counterparty.name) == ("NL02ABNA0123456789", "J JANSEN")
    assert line.additional_info is None


def test_own_account_is_not_that_of_the_other_side():
    info = f":86:000>20STTRDEFFXXX>21NL02ABNA0123456789>22RENT MARCH>31{IBAN}"
    [line] = read(mt940(":61:2603040304C5,00NET NONREF", info)).transactions
    assert (line.counterparty.bic, line.counterparty.iban) == ("STTRDEFFXXX", "NL02ABNA0123456789")
    assert line.remittance == ("RENT MARCH",)
    [line] = read(mt940(":61:2603040304C5,00NET NONREF", f":86:000>20RENT>31{IBAN}")).transactions
    assert line.counterparty.iban is None and line.extras["86/own_account"] == IBAN
    info = f":86:020?20RENT?3112345678?38{IBAN}"
    [line] = read(mt940(":61:2603040304C5,00NTRFNONREF", info)).transactions
    assert line.counterparty.other_id == "12345678"


def test_banks_message_ends_the_payers_reference():
    info = ":86:159?00RETURN?20EREF+E2E 0005?21MTLG:reason not given?22, rejected"
    [line] = read(mt940(":61:2603040304CR5,00NTRFNONREF", info)).transactions
    assert line.end_to_end_id == "E2E 0005"
    assert line.remittance_text == "reason not given , rejected"


def test_closing_balance_without_currency_has_that_of_the_opening():
    found = read(mt940(":61:2603040304CR5,00NTRFNONREF", closing="C260304105,00"))
    assert (found.closing.amount, found.closing.currency) == (Decimal("105.00"), "EUR")
    assert [warning.path for warning in found.warnings] == [":62F:"]
    assert not [finding for finding in checks.prove(found) if finding.severity == "error"]


def test_coda_writes_zeros_where_the_customer_gave_no_reference():
    text = flat_writer.coda("BE68539007547034", "EUR", [LINE]).decode()
    lines = text.splitlines(keepends=True)
    [number] = [n for n, line in enumerate(lines) if line.startswith("22")] or [None]
    lines[number] = lines[number][:63] + "0000000".ljust(35) + lines[number][98:]
    [line] = read("".join(lines)).transactions
    assert line.end_to_end_id is None


def test_cfonb_movement_under_the_code_of_the_collecting_bank_belongs_to_the_account():
    text = flat_writer.cfonb120("FR1420041010050500013M02606", "EUR", [LINE]).decode()
    found = read(re.sub(r"(?m)^(04|05)20041", r"\g<1>10556", text))
    assert [line.amount for line in found.transactions] == [Decimal("5.00")]
    assert ["10556" in warning.message for warning in found.warnings] == [True]


def test_norma43_balance_of_an_unknown_sign_is_left_to_a_person_and_the_lines_are_read():
    text = flat_writer.norma43("ES9121000418450200051332", "EUR", [LINE]).decode()
    found = read(re.sub(r"(?m)^(33.{56}).", r"\g<1>0", text))
    assert found.closing is None
    assert [line.amount for line in found.transactions] == [Decimal("5.00")]
    [finding] = [one for one in checks.prove(found) if one.severity == "error"]
    assert finding.code == "balance_unreadable" and "“0”" in finding.message


def test_standing_order_is_a_transfer_and_no_return():
    entry = (":61:2603040304D5,00NSTONONREF", ":86:008?00DAUERAUFTRAG?20RENT")
    [line] = read(mt940(*entry)).transactions
    assert line.kind == "transfer"


def test_coda_new_balance_of_another_account_is_none_of_this_one_and_the_lines_are_read():
    text = flat_writer.coda("BE68539007547034", "EUR", [LINE]).decode()
    found = read(text.replace("\r\n8001BE68", "\r\n8001BE69"))
    assert [line.amount for line in found.transactions] == [Decimal("5.00")]
    assert found.closing is None
    assert [balance.type for balance in found.balances] == ["OPBD"]
    [finding] = [one for one in checks.prove(found) if one.severity == "error"]
    assert finding.code == "balance_unreadable" and "BE69" in finding.actual


def test_bai2_trailers_may_leave_their_control_total_out():
    text = flat_writer.bai2("0975312468", "USD", [LINE]).decode()
    assert not checks.prove(read(text))
    blank = re.sub(r"(?m)^49,\d+,", "49,,", text)
    assert not checks.prove(read(blank))
    # The totals above it are proven from the amounts themselves.
    wrong = re.sub(r"(?m)^98,\d+,", "98,501,", blank)
    assert [finding.actual for finding in checks.prove(read(wrong))] == ["1000", "501"]
    assert not checks.prove(read(re.sub(r"(?m)^(49|98|99),\d+,", r"\1,,", text)))


def test_bai2_account_with_two_closing_balances_is_asked_about():
    """A digit that was lost makes one of the opening balance as well, and the bookings still add up."""
    text = flat_writer.bai2("0975312468", "USD", [LINE]).decode()
    found = read(text.replace(",010,", ",015,"))
    assert found.opening is None and len(found.balances) == 2
    [finding] = [one for one in checks.prove(found) if one.severity == "error"]
    assert finding.code == "balance_ambiguous"
    assert finding.actual == str(read(text).closing.amount)


def test_bai2_in_the_form_of_the_standard_that_came_after_it():
    text = flat_writer.bai2("0975312468", "USD", [LINE]).decode()
    found, before = (read(re.sub(r"(?m)^(01.*,)2/", rf"\g<1>{number}/", text)) for number in "32")
    assert (found.source_version, found.transactions) == ("3", before.transactions)


def test_dutch_labels_in_two_columns_name_the_other_side():
    paid, collected = read(
        mt940(
            ":61:2603040304C6,N654NONREF",
            ":86:SEPA OVERBOEKING                 IBAN: NL91ABNA0417164300",
            "BIC: ABNANL2A                    NAAM: H DE VRIES",
            "OMSCHRIJVING: FACTUUR 2026-17 KENMERK: OP FACTUUR",
            "NAAM: X                          KENMERK: F-2026-17",
            ":61:2603040304D1,N247NONREF",
            ":86:SEPA Incasso algemeen doorlopend Incassant: NL89ZZZ011234560000",
            "Naam: WATERBEDRIJF               Machtiging: M-7",
            "Omschrijving: MAART              IBAN: NL91ABNA0417164300",
            "Kenmerk: 04-03-2026 10:13 115000",
            "0228999000",
        )
    ).booked
    assert (paid.counterparty.name, paid.counterparty.iban) == ("H DE VRIES", "NL91ABNA0417164300")
    assert paid.counterparty.bic == "ABNANL2A"
    assert paid.additional_info == "SEPA OVERBOEKING"
    assert paid.remittance == (
        "FACTUUR 2026-17",
        "KENMERK: OP FACTUUR",
        "NAAM: X",
        "KENMERK: F-2026-17",
    )
    assert (collected.counterparty.name, collected.counterparty.iban) == (
        "WATERBEDRIJF",
        "NL91ABNA0417164300",
    )
    assert (collected.mandate_id, collected.creditor_id) == (
        "M-7",
        "NL89ZZZ011234560000",
    )
    assert collected.remittance == ("MAART",)
    assert collected.end_to_end_id is None
    assert collected.extras["86/KENMERK"] == "04-03-2026 10:13 115000 0228999000"


def test_an_account_in_free_text_is_not_that_of_the_other_side():
    [line] = read(mt940(":61:2603040304C5,NTRFNONREF", ":86:NEW IBAN: NL91ABNA0417164300")).booked
    assert line.counterparty is None or line.counterparty.iban is None
    assert line.remittance == ("NEW IBAN: NL91ABNA0417164300",)
