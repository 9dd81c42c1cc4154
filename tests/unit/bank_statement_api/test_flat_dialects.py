"""Peculiarities of single banks' files that do not touch their meaning: read, and said where a person may care."""

import re
from datetime import date
from decimal import Decimal

from odoo.addons.bank_statement_api.tools import checks, detect

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
