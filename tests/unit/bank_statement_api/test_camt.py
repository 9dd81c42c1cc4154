"""The CAMT reader: what the bank booked, to the cent and the day, or a refusal that says where and why."""

import io
import re
from datetime import date
from decimal import Decimal

import pytest
from effort import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import camt, checks
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.camt_writer import Line, daily_file

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."
IBAN = "DE89370400440532013000"
DAY = date(2026, 3, 4)


def document(*statements, version="08"):
    body = "".join(statements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-04T20:00:00+01:00</CreDtTm></GrpHdr>{body}"
        "</BkToCstmrStmt></Document>"
    ).encode()


def balance(code, amount, currency="EUR", day="2026-03-04"):
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount.lstrip("-")}</Amt>'
        f"<CdtDbtInd>{sign}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def statement(*entries, iban=IBAN, currency="EUR", opening="0.00", closing="0.00", extra=""):
    return (
        f"<Stmt><Id>S1</Id><ElctrncSeqNb>7</ElctrncSeqNb><CreDtTm>2026-03-04T20:00:00+01:00</CreDtTm>"
        f"<Acct><Id><IBAN>{iban}</IBAN></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balance('OPBD', opening, currency)}{balance('CLBD', closing, currency)}{extra}{''.join(entries)}</Stmt>"
    )


def entry(
    amount="10.00",
    sign="CRDT",
    *,
    currency="EUR",
    status="<Cd>BOOK</Cd>",
    day="2026-03-04",
    inner="",
    details="",
):
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{inner}<Sts>{status}</Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>2026-03-05</Dt></ValDt>"
        f"<AcctSvcrRef>REF</AcctSvcrRef>{details}</Ntry>"
    )


def read_one(content, **options):
    [found] = camt.read(content, **options)
    return found


@pytest.mark.parametrize(
    "version", ["02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14"]
)
def test_every_version_is_read(version):
    status = "BOOK" if version < "04" else "<Cd>BOOK</Cd>"
    found = read_one(document(statement(entry(status=status), closing="10.00"), version=version))
    assert found.source_version.endswith(version)
    assert [line.amount for line in found.booked] == [Decimal("10.00")]


def test_unknown_version_is_refused_by_name():
    with pytest.raises(StatementFormatError) as refused:
        camt.read(document(statement(), version="99"))
    assert refused.value.code == "statement_version"
    assert "99" in str(refused.value)


def test_bookings_keep_sign_dates_and_reference():
    found = read_one(document(statement(entry("12.30"), entry("2.30", "DBIT"), closing="10.00")))
    incoming, outgoing = found.booked
    assert (incoming.amount, outgoing.amount) == (Decimal("12.30"), Decimal("-2.30"))
    assert (incoming.booking_date, incoming.value_date) == (DAY, date(2026, 3, 5))
    assert incoming.account_servicer_ref == "REF"
    assert (found.electronic_sequence, found.statement_id) == (7, "S1")
    assert checks.prove(found) == ()


def test_reversal_keeps_the_sign_the_bank_gave():
    found = read_one(
        document(statement(entry("5.00", "DBIT", inner="<RvslInd>true</RvslInd>"), closing="-5.00"))
    )
    [line] = found.booked
    assert line.reversal
    assert line.amount == Decimal("-5.00")


@pytest.mark.parametrize("status", ["PDNG", "<Cd>PDNG</Cd>"])
def test_pending_is_kept_apart(status):
    found = read_one(document(statement(entry(), entry("99.00", status=status), closing="10.00")))
    assert [line.amount for line in found.booked] == [Decimal("10.00")]
    assert [line.amount for line in found.pending] == [Decimal("99.00")]
    assert checks.prove(found) == ()


def test_what_is_announced_needs_no_booking_date():
    pending = entry(status="PDNG").replace("<BookgDt><Dt>2026-03-04</Dt></BookgDt>", "")
    [line] = read_one(document(statement(pending))).pending
    assert line.booking_date is None


def test_account_without_an_iban_is_known_by_its_number():
    other = statement(entry()).replace(f"<IBAN>{IBAN}</IBAN>", "<Othr><Id>47-11</Id></Othr>")
    account = read_one(document(other)).account
    assert (account.iban, account.other_id) == (None, "47-11")


FOREIGN = (
    "<NtryDtls><TxDtls><AmtDtls><InstdAmt><Amt Ccy='USD'>1100.00</Amt></InstdAmt>"
    "<TxAmt><Amt Ccy='USD'>1100.00</Amt><CcyXchg><SrcCcy>USD</SrcCcy><TrgtCcy>EUR</TrgtCcy>"
    "<XchgRate>1.1</XchgRate></CcyXchg></TxAmt></AmtDtls><RmtInf><Ustrd>Invoice 7</Ustrd></RmtInf></TxDtls></NtryDtls>"
)


def test_booked_amount_is_never_replaced_by_a_foreign_one():
    found = read_one(document(statement(entry("1000.00", details=FOREIGN), closing="1000.00")))
    [line] = found.booked
    assert (line.amount, line.currency) == (Decimal("1000.00"), "EUR")
    instructed = next(item for item in line.foreign if item.kind == "instructed")
    assert (instructed.amount, instructed.currency) == (Decimal("1100.00"), "USD")


def detail(amount, text):
    return (
        f"<TxDtls><Refs><EndToEndId>{text}</EndToEndId></Refs><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
        f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls>"
    )


def batch(*amounts):
    details = "".join(detail(amount, f"PART{number}") for number, amount in enumerate(amounts))
    return f"<NtryDtls><Btch><NbOfTxs>{len(amounts)}</NbOfTxs></Btch>{details}</NtryDtls>"


def test_batch_is_split_into_its_details_when_they_add_up():
    found = read_one(
        document(statement(entry("30.00", details=batch("10.00", "20.00")), closing="30.00"))
    )
    assert [line.amount for line in found.booked] == [Decimal("10.00"), Decimal("20.00")]
    assert {line.batch.entry_amount for line in found.booked} == {Decimal("30.00")}
    single = read_one(
        document(statement(entry("30.00", details=batch("10.00", "20.00")), closing="30.00")),
        details="single",
    )
    [line] = single.booked
    assert (line.amount, len(line.details)) == (Decimal("30.00"), 2)


def test_details_that_differ_from_their_entry_leave_the_booked_amount_and_a_finding_with_both():
    found = read_one(
        document(statement(entry("1526.00", details=batch("1000.00", "500.00")), closing="1526.00"))
    )
    [line] = found.booked
    assert line.amount == Decimal("1526.00")
    [finding] = checks.prove(found)
    assert finding.code == "detail_sum"
    assert {finding.expected, finding.actual} == {"1526.00", "1500.00"}


def test_statements_of_several_accounts_and_currencies_stay_apart():
    content = document(
        statement(entry("1.00"), closing="1.00"),
        statement(entry("2.00", currency="USD"), currency="USD", closing="2.00"),
        statement(entry("3.00"), iban="DE75512108001245126199", closing="3.00"),
    )
    found = camt.read(content)
    assert [(item.account.iban, item.account.currency) for item in found] == [
        (IBAN, "EUR"),
        (IBAN, "USD"),
        ("DE75512108001245126199", "EUR"),
    ]
    assert [item.booked[0].amount for item in found] == [
        Decimal("1.00"),
        Decimal("2.00"),
        Decimal("3.00"),
    ]


def test_decimals_of_the_currency_count():
    yen = read_one(
        document(
            statement(entry("1200", currency="JPY"), currency="JPY", closing="1200", opening="0")
        )
    )
    assert yen.booked[0].amount == Decimal("1200")
    dinar = read_one(
        document(
            statement(
                entry("1.234", currency="KWD"), currency="KWD", closing="1.234", opening="0.000"
            )
        )
    )
    assert dinar.booked[0].amount == Decimal("1.234")
    [bad] = read_one(document(statement(entry("1.234")))).bad_entries
    assert bad.evidence["Amt"] == "1.234"


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (entry(day="2026-02-30"), "2026-02-30"),
        (entry(sign="PLUS"), "PLUS"),
        (entry().replace("<CdtDbtInd>CRDT</CdtDbtInd>", ""), "(none)"),
        (entry("12,50"), "12,50"),
        (entry("-5.00"), "-5.00"),
        (entry("1e3"), "1e3"),
        (entry("NaN"), "NaN"),
        (entry(status="<Cd>WHAT</Cd>"), "WHAT"),
        (entry(currency="USD"), "USD"),
        (re.sub("<(BookgDt|ValDt)>.*?</\\1>", "", entry()), "no date"),
        (entry(day="2026-02-30").replace("2026-03-05", "2026-03-06"), "2026-02-30"),
        (entry().replace('<Amt Ccy="EUR">10.00</Amt>', ""), "no amount"),
        (entry(inner="<CdtDbtInd>DBIT</CdtDbtInd>"), "CdtDbtInd is given 2 times"),
        (entry(inner="<RvslInd>perhaps</RvslInd>"), "perhaps"),
    ],
    ids=[
        *("day", "sign", "no sign", "comma", "minus", "exponent", "nan", "status"),
        *("currency", "no day", "day and value date", "no amount", "two signs", "reversal"),
    ],
)
def test_entry_that_cannot_be_understood_is_reported_and_the_others_are_read(wrong, word):
    found = read_one(document(statement(entry("1.00"), wrong, entry("2.00"))))
    assert [line.amount for line in found.booked] == [Decimal("1.00"), Decimal("2.00")]
    [bad] = found.bad_entries
    assert word in bad.reason
    assert bad.position.entry == 2


def test_entry_without_a_booking_date_is_booked_with_its_value_date_and_that_is_said():
    bare = entry("3.00").replace("<BookgDt><Dt>2026-03-04</Dt></BookgDt>", "")
    found = read_one(document(statement(entry("1.00"), bare)))
    assert not found.bad_entries
    assert [line.booking_date for line in found.booked] == [date(2026, 3, 4), date(2026, 3, 5)]
    assert found.booked[1].value_date == date(2026, 3, 5)
    [said] = [each for each in found.warnings if "booking date" in each.message]
    assert "2" in said.path


@pytest.mark.parametrize(
    ("content", "tag", "word"),
    [
        (document(), "BkToCstmrStmt", "no Stmt found"),
        (document(re.sub("<Acct>.*</Acct>", "", statement())), "Stmt[1]/Acct", "missing"),
        (document(re.sub("<IBAN>.*</IBAN>", "", statement())), "Stmt[1]/Acct/Id", "neither IBAN"),
        (document(statement(currency="EUX")), "Stmt[1]/Acct/Ccy", "EUX"),
        (
            document(statement(extra=balance("CLAV", "1.00", "USD")).replace("<Ccy>EUR</Ccy>", "")),
            "Stmt[1]/Acct/Ccy",
            "amounts in EUR, USD",
        ),
    ],
    ids=["empty", "no account", "no number", "no such currency", "two currencies"],
)
def test_statement_whose_account_is_not_to_be_known_is_refused(content, tag, word):
    with pytest.raises(StatementFormatError) as refused:
        camt.read(content)
    assert refused.value.tag == tag
    assert word in refused.value.reason


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (balance("CLBD", "1.00"), "balance_ambiguous"),
        (balance("PRCD", "1,00"), "balance_unreadable"),
        (
            "<TxsSummry><TtlNtries><NbOfNtries>1O</NbOfNtries></TtlNtries></TxsSummry>",
            "total_unreadable",
        ),
    ],
)
def test_figure_of_the_head_that_would_have_to_be_guessed_holds_the_statement(extra, code):
    findings = checks.prove(read_one(document(statement(extra=extra))))
    assert [(finding.code, finding.severity) for finding in findings] == [(code, "error")]


def test_details_without_amounts_make_no_lines():
    details = "".join(
        f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs></TxDtls>" for name in "AB"
    )
    found = read_one(document(statement(entry(details=f"<NtryDtls>{details}</NtryDtls>"))))
    [line] = found.booked
    assert line.amount == Decimal("10.00")
    assert [detail.end_to_end_id for detail in line.details] == ["A", "B"]
    assert [finding.code for finding in found.findings] == ["detail_amount_missing"]


def test_damaged_namespace_with_a_brace_is_refused():
    content = document(statement(entry(), closing="10.00")).replace(b"camt.053", b"ca}t.053")
    with pytest.raises(StatementFormatError):
        camt.read(content)


def test_file_cut_anywhere_is_refused_whole():
    content = daily_file(
        IBAN, "EUR", [Line(DAY, Decimal(number), f"Text {number}") for number in range(1, 6)]
    )
    for cut in range(1, len(content) - len(b"</Document>"), 97):
        with pytest.raises(StatementFormatError):
            camt.read(content[:cut])


def test_statement_in_the_wrong_place_is_refused():
    content = document(statement(entry("1.00", "CRDT")))
    moved = content.replace(b"<Stmt>", b"<GrpHdr><Stmt>").replace(b"</Stmt>", b"</Stmt></GrpHdr>")
    with pytest.raises(StatementFormatError) as refused:
        camt.read(moved)
    assert refused.value.tag == "Stmt/Ntry of line 2"


def test_refusal_says_line_and_reason():
    content = document(statement(entry())).replace(b"</Ntry>", b"</Ntri>")
    with pytest.raises(StatementFormatError) as refused:
        camt.read(content)
    assert refused.value.code == "statement_format"
    assert refused.value.evidence


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE Document [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x "&b;&b;">]>',
        b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:1/x.dtd">',
    ],
    ids=["file", "bomb", "network"],
)
def test_entities_are_refused(declaration):
    content = (
        document(statement(entry())).replace(b"?>\n", b"?>" + declaration).replace(b"REF", b"&x;")
    )
    with pytest.raises(StatementFormatError):
        camt.read(content)


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "windows-1252", "UTF-16"])
def test_encodings_are_read_as_declared(encoding):
    details = (
        "<NtryDtls><TxDtls><RmtInf><Ustrd>Müller Überweisung</Ustrd></RmtInf></TxDtls></NtryDtls>"
    )
    text = (
        document(statement(entry(details=details), closing="10.00"))
        .decode()
        .replace("UTF-8", encoding)
    )
    assert read_one(text.encode(encoding)).booked[0].remittance == ("Müller Überweisung",)


def test_byte_order_mark_is_no_obstacle():
    assert read_one(b"\xef\xbb\xbf" + document(statement(entry(), closing="10.00"))).booked


def test_stream_reads_in_one_pass_what_read_reads_at_once():
    content = document(
        statement(entry("1.00"), closing="1.00"), statement(entry("2.00"), closing="2.00")
    )
    streamed = [stream.statement() for stream in camt.parse(io.BytesIO(content))]
    assert streamed == camt.read(content)
    surveys = camt.survey(io.BytesIO(content))
    assert [survey.tally.booked_sum for survey in surveys] == [Decimal("1.00"), Decimal("2.00")]


# === REPORTS AND NOTIFICATIONS === #

MESSAGES = (("052", "BkToCstmrAcctRpt", "Rpt"), ("054", "BkToCstmrDbtCdtNtfctn", "Ntfctn"))


def as_message(content, number, root, holder):
    """The same content as another message: they differ in these names only."""
    return (
        content.replace(b"camt.053", f"camt.{number}".encode())
        .replace(b"BkToCstmrStmt", root.encode())
        .replace(b"<Stmt>", f"<{holder}>".encode())
        .replace(b"</Stmt>", f"</{holder}>".encode())
    )


@pytest.mark.parametrize("version", camt.VERSIONS)
@pytest.mark.parametrize(("number", "root", "holder"), MESSAGES)
def test_reports_and_notifications_of_every_version_are_read(number, root, holder, version):
    status = "BOOK" if version < "04" else "<Cd>BOOK</Cd>"
    pending = status.replace("BOOK", "PDNG")
    content = document(statement(entry(status=status), entry("4.00", status=pending)))
    found = read_one(
        as_message(content, number, root, holder).replace(b".001.08", f".001.{version}".encode())
    )
    assert (found.source_format, found.source_version) == (f"camt{number}", version)
    assert found.kind == {"052": "report", "054": "notification"}[number]
    assert [line.amount for line in found.booked] == [Decimal("10.00")]
    assert [line.amount for line in found.pending] == [Decimal("4.00")]
    assert [balance.type for balance in found.balances] == ["OPBD", "CLBD"]
    # Reports may hold what is new only: their balances prove nothing, in either direction.
    assert (found.opening, found.closing) == (None, None)
    assert checks.prove(found) == ()


def test_currency_of_a_notification_without_balances_is_that_of_its_entries():
    content = as_message(document(statement(entry("7.00"))), *MESSAGES[1])
    content = re.sub(rb"<Bal>.*</Bal>", b"", content).replace(b"<Ccy>EUR</Ccy>", b"")
    found = read_one(content)
    assert found.account.currency == "EUR"
    assert [line.amount for line in found.booked] == [Decimal("7.00")]
    [warning] = found.warnings
    assert "Ccy" in warning.path


def test_details_of_a_notification_stay_with_their_entry_whatever_the_policy():
    content = document(statement(entry("30.00", details=batch("10.00", "20.00"))))
    [line] = read_one(as_message(content, *MESSAGES[1]), details="split").booked
    assert line.amount == Decimal("30.00")
    assert [detail.end_to_end_id for detail in line.details] == ["PART0", "PART1"]
    assert [detail.amount for detail in line.details] == [Decimal("10.00"), Decimal("20.00")]


def test_message_whose_name_and_root_differ_is_refused():
    content = document(statement(entry())).replace(b"camt.053", b"camt.052")
    with pytest.raises(StatementFormatError) as refused:
        camt.read(content)
    assert refused.value.code == "statement_unknown"


# === PROPERTIES === #

texts = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=60).map(
    lambda text: " ".join(text.split())
)
lines = st.lists(
    st.builds(
        Line,
        day=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
        amount=st.integers(-(10**9), 10**9).filter(bool).map(lambda cents: Decimal(cents) / 100),
        text=texts,
    ),
    min_size=1,
    max_size=8,
)


@given(lines, st.integers(-(10**9), 10**9))
def test_what_is_written_is_read(written, opening):
    found = read_one(daily_file(IBAN, "EUR", written, opening=Decimal(opening) / 100))
    assert [(line.booking_date, line.amount) for line in found.booked] == [
        (line.day, line.amount) for line in written
    ]
    assert [line.remittance_text for line in found.booked] == [line.text for line in written]
    assert checks.prove(found) == ()


@settings(max_examples=examples(300))
@given(lines, st.data())
def test_flipped_byte_gives_a_refusal_or_the_same_money_or_a_finding(written, data):
    content = bytearray(daily_file(IBAN, "EUR", written, opening=Decimal("100.00")))
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = camt.read(bytes(content))
    except StatementFormatError:
        return
    money = [(line.amount, line.currency) for item in found for line in item.booked]
    told = [bad for item in found for bad in item.bad_entries]
    told += [
        finding for item in found for finding in checks.prove(item) if finding.severity != "info"
    ]
    same = money == [(line.amount, "EUR") for line in written]
    another_account = {(item.account.identifier, item.account.currency) for item in found} != {
        (IBAN, "EUR")
    }
    unproven = any(item.opening is None or item.closing is None for item in found)
    assert same or told or another_account or unproven
