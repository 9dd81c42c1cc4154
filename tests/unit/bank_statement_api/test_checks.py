"""Proofs on a statement: every difference is found, and none is invented."""

from datetime import date
from decimal import Decimal

from odoo.addons.bank_statement_api.tools import camt, checks
from odoo.addons.bank_statement_api.tools.documents import Balance

from tests.camt_writer import Line, daily_file

DAY = date(2026, 3, 4)


def read(opening="100.00", replace=()):
    content = daily_file(
        "DE89370400440532013000",
        "EUR",
        [Line(DAY, Decimal("50.00"), "in"), Line(DAY, Decimal("-20.00"), "out")],
        opening=Decimal(opening),
    )
    for old, new in replace:
        assert old in content
        content = content.replace(old, new)
    [found] = camt.read(content)
    return found


def closing(amount, day=DAY, currency="EUR"):
    return Balance(type="CLBD", amount=Decimal(amount), currency=currency, date=day)


def test_statement_that_adds_up_has_no_finding():
    assert checks.prove(read()) == ()


def test_balance_that_does_not_add_up_says_both_figures():
    [finding] = checks.check_balance(read(replace=[(b"130.00", b"131.00")]), checks.tally(read()))
    assert (finding.code, finding.severity) == ("balance_break", "error")
    assert (finding.expected, finding.actual) == ("130.00", "131.00")


def test_entry_that_cannot_be_booked_belongs_to_the_balance_as_far_as_it_can_be_read():
    dated_wrong = (b"<BookgDt><Dt>2026-03-04<", b"<BookgDt><Dt>2026-02-30<")
    assert read(replace=[dated_wrong]).bad_entries
    assert checks.prove(read(replace=[dated_wrong])) == (), "its amount is known"
    unreadable = (b">50.00</Amt><CdtDbtInd>", b">fifty</Amt><CdtDbtInd>")
    [finding] = checks.prove(read(replace=[unreadable]))
    assert (finding.code, finding.severity) == ("balance_unproven", "warning")


def test_declared_totals_are_compared():
    codes = {
        finding.code
        for finding in checks.prove(read(replace=[(b"<NbOfNtries>2<", b"<NbOfNtries>3<")]))
    }
    assert codes == {"total_count"}


def test_opening_that_continues_is_no_finding_and_one_that_does_not_is():
    assert checks.check_chain(closing("100.00"), read()) == ()
    [finding] = checks.check_chain(closing("99.00"), read())
    assert (finding.code, finding.severity) == ("opening_break", "error")
    [finding] = checks.check_chain(closing("100.00", currency="USD"), read())
    assert finding.code == "opening_break", "an equal figure of other money"
    assert checks.check_chain(None, read()) == ()


def test_sequence_numbers():
    assert checks.check_sequence(1, 2) == ()
    assert checks.check_sequence(None, 2) == ()
    assert [finding.code for finding in checks.check_sequence(1, 3)] == ["sequence_gap"]
    new_year = {"previous_date": date(2025, 12, 31), "current_date": date(2026, 1, 2)}
    assert checks.check_sequence(250, 1, **new_year) == ()
