"""What cannot be read without guessing: refused with line, tag and reason, or told with both figures."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from odoo.addons.bank_statement_api.tools import (
    bai2,
    camt,
    cfonb120,
    checks,
    coda,
    detect,
    documents,
    mt940,
    norma43,
)
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests import flat_writer
from tests.camt_writer import Line

SAMPLES = Path(__file__).parent / "samples"
DAY = date(2026, 3, 4)
LINES = [Line(DAY, Decimal("10.00"), "IN", "R1"), Line(DAY, Decimal("-4.00"), "OUT", "R2")]
MT940 = flat_writer.mt940("DE02120300000000202051", "EUR", LINES)
ENVELOPED = flat_writer.mt940("DE02120300000000202051", "EUR", LINES, envelope=True)
MT942 = flat_writer.mt942("DE02120300000000202051", "EUR", LINES)
BAI2 = flat_writer.bai2("0975312468", "USD", LINES)
CODA = flat_writer.coda("BE68539007547034", "EUR", LINES)
CFONB = flat_writer.cfonb120("FR1420041010050500013M02606", "EUR", LINES)
NORMA43 = flat_writer.norma43("ES9121000418450200051332", "EUR", LINES)


def read(content):
    return detect.detect(content).read(content)


def proof(statement):
    # The first of each code: a total that differs may make the total of totals differ.
    return {finding.code: finding for finding in reversed(checks.prove(statement))}


def without(content, start):
    """The file without its last line that begins so."""
    lines = content.splitlines(keepends=True)
    place = max(number for number, line in enumerate(lines) if line.startswith(start))
    return b"".join(lines[:place] + lines[place + 1 :])


@pytest.mark.parametrize(
    ("content", "line", "tag"),
    [
        (MT940[: MT940.index(b":62F:")], 8, ":86:"),
        (ENVELOPED[: ENVELOPED.index(b"-}")], 10, ":62F:"),
        (ENVELOPED.replace(b"-}{5:{CHK:123456789ABC}}", b"") + ENVELOPED, 10, ":62F:"),
        (MT940.replace(b":25:DE02120300000000202051", b":25:"), 2, ":25:"),
        (MT940.replace(b":28C:00001/001", b":28C:00001/001\r\nmore"), 3, ":28C:"),
        (MT940.replace(b"EUR", b"EUX"), 1, ":60F:"),
        (MT942.replace(b"EUR", b"EUX"), 1, ":60F:"),
        (MT940.replace(b":62F:C260304EUR6,00", b":62F:C260304USD6,00"), 1, ":60F:"),
        (MT940 + b":61:2603040304C1,00NTRF\r\n", 11, ":61:"),
        (MT940.replace(b":62F:", b":60F:C260304EUR0,00\r\n:62F:"), 9, ":60F:"),
        (ENVELOPED.replace(b"{2:O940", b"{2:O941"), 2, "{2:"),
        (ENVELOPED.replace(b"N}{4:", b"N{4:"), 1, "{2:"),
        (ENVELOPED.replace(b":62F:", b":20:NEXT\r\n:62F:"), 9, ":86:"),
        (ENVELOPED + ENVELOPED[: ENVELOPED.index(b"\r\n")], 12, "{4:"),
        (without(BAI2, b"49"), 6, "98"),
        (without(BAI2, b"99"), 7, "98"),
        (BAI2.replace(b"02,123456789,122099999,1", b"02,123456789,122099999,4"), 2, "02"),
        (BAI2.replace(b"02,123456789,122099999,1", b"02,123456789,122099999,2"), 2, "02"),
        (BAI2.replace(b"02,123456789,122099999,1", b"02,123456789,122099999,9"), 2, "02"),
        (BAI2.replace(b",80,,2/", b",80,,1/"), 1, "01"),
        (BAI2.replace(b"49,2000,4/", b"49,2000,/"), 6, "49"),
        (BAI2.replace(b"16,165", b"17,165"), 4, "17"),
        (BAI2.replace(b"98,2000,1,6/", b"98"), 7, "98"),
        (BAI2.replace(b"49,2000,4/", b"49,2000,4,7/"), 6, "49"),
        (BAI2.replace(b"260304,2400", b"2603004,2400"), 2, "02"),
        (BAI2.replace(b"260304,2400", b"260231,2400"), 2, "02"),
        (BAI2.replace(b",010,0,,", b",010,0,,D,x"), 3, "03"),
        (CODA.replace(b"EUR", b"EUX"), 2, "1"),
        (without(CODA, b"9"), 9, "8"),
        (without(CODA, b"8"), 9, "9"),
        (CODA.replace(b"2100020000", b"2100020001"), 6, "21"),
        (CODA[:-3] + b"\r\n", 10, "9"),
        (CODA.replace(b" " * 7 + b"2\r\n", b" " * 7 + b"1\r\n", 1), 1, "0"),
        (without(CFONB, b"07"), 7, "07"),
        (CFONB[:-30] + b"\r\n", 8, "07"),
        (CFONB[:122] + CFONB, 2, "01"),
        (CFONB[:122] + CFONB[244:], 2, "05"),
        (CFONB + CFONB[122:], 9, "04"),
        (
            CFONB.replace(b"0500013M026", b"0500013M027").replace(
                b"0500013M027", b"0500013M026", 1
            ),
            2,
            "04",
        ),
        (without(NORMA43, b"33"), 6, "88"),
        (without(NORMA43, b"88"), 6, "88"),
        (NORMA43.replace(b"9" * 18 + b"000006", b"9" * 18 + b"00000x"), 7, "88"),
        (NORMA43.replace(b"200000000000600978 ", b"2"), 6, "33"),
        (NORMA43.replace(b"\r\n33210004", b"\r\n33210005"), 6, "33"),
        (NORMA43.replace(b"600978 ", b"600840 "), 6, "33"),
        (CFONB.replace(b"EUR2", b"EUX2"), 1, "01"),
        (NORMA43.replace(b"9783", b"0003"), 1, "11"),
        (
            NORMA43.replace(b"\r\n3321000418020005133200001", b"\r\n332100041802000513320000x"),
            1,
            "11/33",
        ),
        (NORMA43 + NORMA43, 8, "11"),
    ],
)
def test_damaged_file_is_refused_whole_and_says_where(content, line, tag):
    with pytest.raises(StatementFormatError) as refused:
        read(content)
    assert refused.value.tag == tag
    assert refused.value.line == line
    assert refused.value.reason
    assert refused.value.next_step


@pytest.mark.parametrize(
    ("content", "code", "expected", "actual"),
    [
        (MT940.replace(b":62F:C260304EUR6,00", b":62F:C260304EUR6,01"), "balance_break", "6.00", "6.01"),
        (MT942.replace(b":90C:1EUR10,00", b":90C:1EUR11,00"), "total_sum", "11.00", "10.00"),
        (MT942.replace(b":90C:1EUR10,00", b":90C:2EUR10,00"), "total_count", "2", "1"),
        (BAI2.replace(b"49,2000,4", b"49,2001,4"), "total_sum", "2001", "2000"),
        (BAI2.replace(b"49,2000,4", b"49,2000,5"), "total_count", "5", "4"),
        (BAI2.replace(b"98,2000,1,6", b"98,2000,2,6"), "total_count", "2", "1"),
        (BAI2.replace(b"99,2000,1,8", b"99,2000,1,9"), "total_count", "9", "8"),
        (BAI2.replace(b"99,2000,1,8", b"99,2002,1,8"), "total_sum", "2002", "2000"),
        (CODA.replace(b"000000000004000000000000010000", b"000000000004001000000000010000"), "total_sum", None, "4.00"),
        (CODA.replace(b" 000008000000", b" 000009000000"), "total_count", "9", "8"),
        (CFONB.replace(b"00000000060{", b"00000000060A"), "balance_break", "6.00", "6.01"),
        (NORMA43.replace(b"0000100000000000400", b"0000100000000000500"), "total_sum", "5.00", "4.00"),
        (NORMA43.replace(b"9" * 18 + b"000006", b"9" * 18 + b"000007"), "total_count", "7", "6"),
    ],
)  # fmt: skip
def test_figure_that_does_not_agree_is_told_with_both(content, code, expected, actual):
    if code == "total_sum" and expected is None:
        # The third decimal of a euro is a damaged trailer.
        with pytest.raises(StatementFormatError) as refused:
            read(content)
        assert refused.value.tag == "9"
        return
    [statement] = read(content)
    finding = proof(statement)[code]
    assert (finding.severity, finding.expected, finding.actual) == ("error", expected, actual)
    # The finding says where it is in the file, and travels with the document.
    assert documents.from_dict(json.loads(json.dumps(documents.to_dict(statement)))) == statement


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (MT940.replace(b":61:2603040304C10", b":61:2604310304C10"), "date"),
        (MT940.replace(b":61:2603040304C10", b":61:2603041304C10"), "date"),
        (MT940.replace(b":61:2603040304C10", b":61:2503040229C10"), "date"),
        (MT940.replace(b":61:2603040304C10,00", b":61:2603040304C10,001"), "amount"),
        (MT940.replace(b":61:2603040304C10", b":61:2603040304X10"), "statement_line"),
        (MT940.replace(b"C10,00NTRF", b"C10,00,TRF"), "transaction_type"),
        (BAI2.replace(b"16,165,1000", b"16,065,1000"), "type_code"),
        (BAI2.replace(b"16,165,1000", b"16,165,1O00"), "amount"),
        (BAI2.replace(b"16,165,1000", b"16,165,"), "amount"),
        (BAI2.replace(b"16,165,1000", b"16,165,-1000"), "sign"),
        (BAI2.replace(b"16,165,1000,0", b"16,165,1000,S,1O00,0,0"), "availability"),
        (BAI2.replace(b"16,165,1000,0", b"16,165,1000,D,x"), "availability"),
        (BAI2.replace(b"16,165,1000,0", b"16,165,1000,Q"), "funds_type"),
        (CODA.replace(b"0000000000010000040326", b"0000000000010001040326", 1), "amount"),
        (CODA.replace(b"R1" + b" " * 19 + b"0", b"R1" + b" " * 19 + b"7"), "sign"),
        (CODA.replace(b"0000000000010000040326", b"0000000000010000310226", 1), "date"),
        (CODA.replace(b"0000000000010000040326", b"0000000000010000 40326", 1), "date"),
        (CFONB.replace(b"0000000000100{", b"00000000001000"), "sign"),
        (CFONB.replace(b"05040326  040326", b"05310226  040326"), "date"),
        (NORMA43.replace(b"0400720000000000100", b"0400730000000000100"), "sign"),
        (NORMA43.replace(b"22    0001260304", b"22    0001260231", 1), "date"),
    ],
)
def test_entry_that_needs_a_guess_is_left_to_a_person_and_the_others_are_not(content, code):
    [statement] = read(content)
    [bad] = statement.bad_entries
    assert bad.code == code
    assert bad.evidence
    assert bad.position.line
    assert [line.amount for line in statement.transactions] == [Decimal("-4.00")]


@pytest.mark.parametrize(
    ("content", "code", "severity"),
    [
        (MT940.replace(b":60F:C260304EUR0", b":60F:C2603040"), "balance_unreadable", "error"),
        (MT940.replace(b"\r\n-", b"\r\n:64:C260304EUX6,00\r\n-"), "balance_unreadable", "warning"),
        (BAI2.replace(b",015,600,,/", b",015,600,,,100,-1000,1,/"), "balance_unreadable", "error"),
        (BAI2.replace(b"02,123456789,122099999,1", b"02,123456789,122099999,3"), "group_correction", "warning"),
        (BAI2.replace(b"16,165,1000,0", b"16,165,1000,S,400,300,200"), "availability_sum", "warning"),
    ],
)  # fmt: skip
def test_figure_that_would_have_to_be_guessed_is_told(content, code, severity):
    [statement] = read(content)
    assert proof(statement)[code].severity == severity


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (BAI2.replace(b",USD,", b",,"), "it is USD by the specification"),
        (BAI2.replace(b",015,600,,/", b",015,600,,,100,,5,/"), "5 items without an amount"),
        (BAI2.replace(b",015,600,,/", b",015,600,3,/"), "3 items"),
        (BAI2.replace(b",015,600,,/", b",015,600,,S,600,0,0/"), "funds type S, 600,0,0"),
        (CFONB.replace(b"LCCIN".ljust(30), b"MMOUSDx00000000001000".ljust(30)), "The evidence is left out"),
        (
            NORMA43.replace(b"\r\n2301", b"\r\n2401000" + b"0" * 11 + b"100".ljust(60) + b"\r\n2301", 1)
            .replace(b"9" * 18 + b"000006", b"9" * 18 + b"000007"),
            "no number of a currency",
        ),
    ],
)  # fmt: skip
def test_what_touches_no_money_is_said_and_stops_nothing(content, word):
    [statement] = read(content)
    assert word in " ".join(warning.message for warning in statement.warnings)
    assert [line.amount for line in statement.transactions] == [Decimal("10.00"), Decimal("-4.00")]
    assert not [item for item in checks.prove(statement) if item.severity == "error"]


@pytest.mark.parametrize(
    ("module", "content", "tag"),
    [
        (mt940, b"nothing", ":20:"),
        (bai2, without(without(without(without(BAI2, b"03"), b"16"), b"16"), b"49"), "03"),
        (bai2, b"88,more/\r\n" + BAI2, "88"),
        (cfonb120, CFONB.replace(b"EUR2", b"EURx"), "01"),
        (cfonb120, b"", "07"),
        (norma43, b"88" + b"9" * 18 + b"000000", "11"),
    ],
)
def test_file_that_is_none_of_the_format_is_refused(module, content, tag):
    with pytest.raises(StatementFormatError) as refused:
        module.read(content)
    assert refused.value.tag == tag


@pytest.mark.parametrize(("status", "word"), [(b"2", "a deletion"), (b"4", "a test only")])
def test_what_the_bank_takes_back_or_tries_is_named(status, word):
    header = b"02,123456789,122099999,"
    with pytest.raises(StatementFormatError) as refused:
        read(BAI2.replace(header + b"1", header + status))
    assert word in refused.value.message


def test_statement_without_a_closing_balance_ends_where_the_next_begins():
    """Some accounts have no field 62; at the end of the file it could as well be cut off."""
    open_end = MT940[: MT940.index(b":62F:")]
    first, _second = read(open_end + MT940)
    assert (first.closing, len(first.transactions)) == (None, 2)


@pytest.mark.parametrize("module", [camt, mt940, bai2, coda, cfonb120, norma43])
def test_policy_that_does_not_exist_is_none(module):
    with pytest.raises(ValueError, match="split"):
        module.read(MT940, details="all")


def test_details_that_do_not_make_the_batch_stay_evidence():
    """The booked amount is never replaced by the details' sum."""
    content = (SAMPLES / "coda/statement.cod").read_bytes()
    whole, _other = read(content)
    assert [line.amount for line in whole.transactions if line.batch] == [
        Decimal("-120.00"),
        Decimal("-180.00"),
    ]
    wrong, _other = read(content.replace(b"000000000180000", b"000000000190000"))
    [batch] = [line for line in wrong.transactions if line.batch]
    assert batch.amount == Decimal("-300.00")
    assert [detail.amount for detail in batch.details] == [Decimal("-120.00"), Decimal("-190.00")]
    finding = proof(wrong)["detail_sum"]
    assert (finding.expected, finding.actual) == ("-300.00", "-310.00")


def test_free_communication_stands_before_or_behind_the_new_balance_but_replaces_none():
    free = b"4 00010000" + b" " * 22 + b"HELLO".ljust(80) + b" " * 15 + b"0\r\n"
    rows = CODA.splitlines(keepends=True)
    assert read(b"".join([*rows[:-1], free, rows[-1]]))[0].extras["4"] == "HELLO"
    assert read(b"".join([*rows[:-2], free, *rows[-2:]]))[0].extras["4"] == "HELLO"
    with pytest.raises(StatementFormatError) as refused:
        read(b"".join([*rows[:-2], free, rows[-1]]))
    assert (refused.value.tag, refused.value.line) == ("9", 10)


def test_pages_of_one_statement_are_one_and_a_page_alone_says_so():
    content = (SAMPLES / "mt940/swiss.sta").read_bytes()
    [statement] = read(content)
    assert (statement.opening.amount, statement.closing.amount) == (Decimal(1000), Decimal(2000))
    assert [line.position.entry for line in statement.transactions] == [1, 2, 3, 4]
    second = content[content.index(b":20:2026030408285928") :]
    [page] = read(second)
    assert (page.page_number, page.opening.type, page.last_page) == (2, "ITBD", True)
    # A page between them is missing: nothing is put together over the gap.
    assert len(read(content.replace(b":28C:64/2", b":28C:64/3"))) == 2


def test_amount_without_a_comma_counts_only_where_balances_prove_it():
    content = MT940.replace(b"C10,00NTRF", b"C10NTRF")
    [statement] = read(content)
    assert not statement.bad_entries
    unproven = content.replace(b":62F:C260304EUR6,00\r\n", b"")
    [statement] = read(unproven)
    assert [bad.code for bad in statement.bad_entries] == ["amount"]


@pytest.mark.parametrize("content", [MT940, BAI2, CODA, CFONB, NORMA43])
def test_zero_bytes_are_no_text(content):
    with pytest.raises(StatementFormatError) as refused:
        read(content[:-30] + b"\0" + content[-30:])
    assert refused.value.tag == "characters"


@pytest.mark.parametrize(
    ("content", "width"), [(CODA, 128), (CFONB, 120), (NORMA43, 80)], ids=["coda", "cfonb", "n43"]
)
def test_records_without_line_ends_are_cut_by_their_width(content, width):
    joined = b"".join(line.ljust(width) for line in content.splitlines())
    for end in (b"", b"\n", b"\r\n\n"):
        assert [line.amount for line in read(joined + end)[0].transactions] == [
            Decimal("10.00"),
            Decimal("-4.00"),
        ]


@pytest.mark.parametrize(
    "content",
    [
        b"Date;Amount;Text\n2026-03-04;10,00;:20:25\n",
        b"!Type:Bank\nD03/04/2026\nT10.00\n^\n",
        b"OFXHEADER:100\nDATA:OFXSGML\n",
        b"<?xml version='1.0'?><a>:20:x\n:25:y</a>",
        b"01,2,3\n02,3\n",
        b"0" * 128,
        b"11" + b"0" * 78,
    ],
)
def test_no_format_claims_what_is_none_of_it(content):
    claims = {item.code for item in detect.formats() if item.matches(content)}
    assert not claims & {"mt940", "bai2", "coda", "cfonb120", "norma43"}
