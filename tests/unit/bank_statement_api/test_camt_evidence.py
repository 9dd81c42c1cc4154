"""What stands beside the booked amount of a camt entry, such as charges and foreign amounts, and never changes it."""

import itertools
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import camt, checks

from tests.unit.bank_statement_api.test_camt import (
    balance,
    batch,
    detail,
    document,
    entry,
    read_one,
    statement,
)


def charge(amount, included="true", sign="DBIT", currency="EUR"):
    return (
        f'<Rcrd><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'
        f"<ChrgInclInd>{included}</ChrgInclInd><Tp><Cd>COMM</Cd></Tp><Br>SHAR</Br></Rcrd>"
    )


def charges(*records):
    return f"<Chrgs>{''.join(records)}</Chrgs>"


def one(details="", inner="", amount="98.00", **options):
    content = document(statement(entry(amount, inner=inner, details=details), closing=amount))
    [line] = read_one(content, **options).booked
    return line


def figures(line):
    return [(item.amount, item.included) for item in line.charges]


# === CHARGES === #


@pytest.mark.parametrize("at_entry", [True, False])
@pytest.mark.parametrize("included", ["true", "false", "1", "0"])
def test_charges_are_kept_at_either_level_and_never_touch_the_amount(at_entry, included):
    block = charges(charge("2.00", included), charge("0.50", included, "CRDT"))
    inner = block if at_entry else ""
    details = f"<NtryDtls><TxDtls>{'' if at_entry else block}</TxDtls></NtryDtls>"
    line = one(details, inner)
    said = included in ("true", "1")
    assert line.amount == Decimal("98.00")
    assert figures(line) == [(Decimal("-2.00"), said), (Decimal("0.50"), said)]
    assert {(item.type, item.bearer) for item in line.charges} == {("COMM", "SHAR")}


def test_charges_of_the_second_version_and_those_of_which_only_the_total_is_said():
    older = '<Chrgs><Amt Ccy="EUR">1.50</Amt><Tp><Prtry><Id>FEE</Id></Prtry></Tp></Chrgs>'
    assert [(item.amount, item.type) for item in one(inner=older).charges] == [
        (Decimal("-1.50"), "FEE")
    ]
    total = '<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">3.00</TtlChrgsAndTaxAmt></Chrgs>'
    assert figures(one(inner=total)) == [(Decimal("-3.00"), None)]
    both = total.replace("</Chrgs>", charge("3.00") + "</Chrgs>")
    assert figures(one(inner=both)) == [(Decimal("-3.00"), True)]


def test_charges_and_foreign_total_of_a_batch_are_not_those_of_each_payment_in_it():
    total = '<AmtDtls><InstdAmt><Amt Ccy="USD">33.00</Amt></InstdAmt></AmtDtls>'
    inner = total + charges(charge("2.00"))
    content = document(
        statement(entry("30.00", inner=inner, details=batch("10.00", "20.00")), closing="30.00")
    )
    for line in read_one(content).booked:
        assert (line.charges, line.foreign) == ((), ())
    [whole] = read_one(content, details="single").booked
    assert figures(whole) == [(Decimal("-2.00"), True)]
    assert [(item.amount, item.currency) for item in whole.foreign] == [(Decimal(33), "USD")]
    assert [(item.charges, item.foreign) for item in whole.details] == [((), ())] * 2


def test_each_payment_of_a_batch_keeps_its_own_charges():
    first = detail("10.00", "A").replace("</TxDtls>", charges(charge("1.00")) + "</TxDtls>")
    details = f"<NtryDtls>{first}{detail('20.00', 'B')}</NtryDtls>"
    content = document(statement(entry("30.00", details=details), closing="30.00"))
    assert [figures(line) for line in read_one(content).booked] == [[(Decimal("-1.00"), True)], []]


@pytest.mark.parametrize(
    ("kept", "included", "told"),
    [("2.00", "true", False), ("2.00", "false", True), ("1.99", "true", True)],
)
def test_difference_that_the_charges_explain_is_none(kept, included, told):
    details = f"<NtryDtls>{detail('100.00', 'A')}</NtryDtls>".replace(
        "</TxDtls>", charges(charge(kept, included)) + "</TxDtls>"
    )
    found = read_one(document(statement(entry("98.00", details=details), closing="98.00")))
    assert [line.amount for line in found.booked] == [Decimal("98.00")]
    assert [finding.code for finding in found.findings] == ["detail_sum"] * told


# === AMOUNTS === #


def test_all_amounts_of_an_exchange_are_evidence_and_the_booked_one_stays():
    def part(tag, amount, currency, rate=""):
        return f'<{tag}><Amt Ccy="{currency}">{amount}</Amt>{rate}</{tag}>'

    rate = "<CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy><XchgRate>0.9</XchgRate></CcyXchg>"
    amounts = (
        part("InstdAmt", "110.00", "USD")
        + part("TxAmt", "99.00", "EUR", rate)
        + part("CntrValAmt", "108.90", "CHF")
        + part("AnncdPstngAmt", "15000", "JPY")
    )
    line = one(f"<NtryDtls><TxDtls><AmtDtls>{amounts}</AmtDtls></TxDtls></NtryDtls>")
    assert line.amount == Decimal("98.00")
    assert [(item.kind, item.amount, item.currency, item.rate) for item in line.foreign] == [
        ("instructed", Decimal(110), "USD", None),
        ("transaction", Decimal(99), "EUR", Decimal("0.9")),
        ("counter_value", Decimal("108.90"), "CHF", None),
        ("announced", Decimal(15000), "JPY", None),
    ]


@pytest.mark.parametrize(("sign", "name"), [("CRDT", "Payer"), ("DBIT", "Payee")])
def test_entry_of_nothing_keeps_its_direction(sign, name):
    parties = "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Payee</Nm></Cdtr></RltdPties>"
    details = f"<NtryDtls><TxDtls>{parties}</TxDtls></NtryDtls>"
    found = read_one(document(statement(entry("0.00", sign, details=details))))
    [line] = found.booked
    assert (line.amount, line.counterparty.name) == (Decimal("0.00"), name)
    assert str(line.amount) == "0.00"
    assert checks.prove(found) == ()


def test_payment_that_goes_the_other_way_within_a_batch_has_its_own_other_party():
    parties = (
        "<RltdPties><Dbtr><Nm>Payer</Nm></Dbtr><Cdtr><Nm>Payee</Nm></Cdtr></RltdPties></TxDtls>"
    )
    back = detail("5.00", "BACK").replace("CRDT", "DBIT").replace("</TxDtls>", parties)
    details = f"<NtryDtls>{detail('20.00', 'IN').replace('</TxDtls>', parties)}{back}</NtryDtls>"
    content = document(statement(entry("15.00", details=details), closing="15.00"))
    assert [(line.amount, line.counterparty.name) for line in read_one(content).booked] == [
        (Decimal("20.00"), "Payer"),
        (Decimal("-5.00"), "Payee"),
    ]


def test_number_of_payments_that_nobody_can_count_is_left_out():
    details = batch("10.00", "20.00").replace("<NbOfTxs>2<", f"<NbOfTxs>{'9' * 5000}<")
    content = document(statement(entry("30.00", details=details), closing="30.00"))
    assert {line.batch.number_of_transactions for line in read_one(content).booked} == {2}


# === STATUS, DAYS, PAGES === #


@pytest.mark.parametrize("form", ["{}", "<Cd>{}</Cd>", "<Prtry>{}</Prtry>"])
@pytest.mark.parametrize(
    ("code", "status"),
    [("BOOK", "booked"), ("PDNG", "pending"), ("FUTR", "pending"), ("INFO", "information")],
)
def test_status_is_read_as_text_and_as_a_code(form, code, status):
    found = read_one(document(statement(entry(status=form.format(code)))))
    assert [line.status for line in found.transactions] == [status]


@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-04T23:59:59.999-12:00",
        "2026-03-04T00:00:00+14:00",
        "2026-03-04T24:00:00",
        "2026-03-04T23:30:00Z",
    ],
)
def test_day_is_the_one_that_the_bank_printed(moment):
    content = document(statement(entry())).replace(
        b"<BookgDt><Dt>2026-03-04</Dt>", f"<BookgDt><DtTm>{moment}</DtTm>".encode()
    )
    [line] = read_one(content).booked
    assert line.booking_date == date(2026, 3, 4)


def test_pages_of_a_statement_open_and_close_with_what_is_carried_over():
    def page(number, last, balances, *entries):
        pages = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"
        return statement(*entries, extra=pages).replace(
            balance("OPBD", "0.00") + balance("CLBD", "0.00"), balances
        )

    found = camt.read(
        document(
            page(1, "false", balance("OPBD", "1.00") + balance("ITBD", "11.00"), entry("10.00")),
            page(2, "false", balance("ITBD", "11.00") + balance("ITBD", "31.00"), entry("20.00")),
            page(3, "true", balance("ITBD", "31.00") + balance("CLBD", "61.00"), entry("30.00")),
        )
    )
    assert [(item.opening.amount, item.closing.amount) for item in found] == [
        (Decimal(1), Decimal(11)),
        (Decimal(11), Decimal(31)),
        (Decimal(31), Decimal(61)),
    ]
    for before, after in itertools.pairwise(found):
        assert checks.check_chain(before.closing, after) == ()
    assert [checks.prove(item) for item in found] == [()] * 3


def test_pages_may_be_numbered_by_the_message():
    content = document(statement(entry("10.00"))).replace(
        b"</GrpHdr>",
        b"<MsgPgntn><PgNb>2</PgNb><LastPgInd>false</LastPgInd></MsgPgntn></GrpHdr>",
    )
    plain = (balance("OPBD", "0.00") + balance("CLBD", "0.00")).encode()
    assert plain in content
    [found] = camt.read(
        content.replace(plain, (balance("ITBD", "5.00") + balance("ITBD", "15.00")).encode())
    )
    assert (found.page_number, found.last_page) == (2, False)
    assert (found.opening.amount, found.closing.amount) == (Decimal(5), Decimal(15))
