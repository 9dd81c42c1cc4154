"""The mapping of NextGenPSD2: what the interface says, or an error that says where it cannot be understood."""

import json
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import api_window, detect, nextgenpsd2
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

ACCOUNT = AccountRef(
    iban="DE89370400440532013000",
    other_id=None,
    scheme=None,
    currency="EUR",
    bic=None,
    owner_name=None,
)
DAY = date(2026, 3, 4)


def booked(**values):
    return {
        "transactionId": "T1",
        "entryReference": "E1",
        "endToEndId": "ORDER-1",
        "bookingDate": "2026-03-04",
        "valueDate": "2026-03-05",
        "transactionAmount": {"currency": "EUR", "amount": "-12.30"},
        "creditorName": "Miller Ltd",
        "creditorAccount": {"iban": "NL91ABNA0417164300"},
        "remittanceInformationUnstructured": "Invoice 7",
        "bankTransactionCode": "PMNT-ICDT-ESCT",
        **values,
    }


def page(*transactions, pending=(), next_href=None, account=None):
    links = {"account": {"href": "/v1/accounts/1"}}
    if next_href:
        links["next"] = {"href": next_href}
    body = {
        "account": account or {"iban": ACCOUNT.iban, "currency": "EUR"},
        "transactions": {"booked": list(transactions), "pending": list(pending), "_links": links},
    }
    return json.dumps(body).encode()


def read(body):
    return nextgenpsd2.page(nextgenpsd2.loads(body), ACCOUNT)


def test_booking_is_mapped():
    [line] = read(page(booked())).transactions
    assert (line.amount, line.currency) == (Decimal("-12.30"), "EUR")
    assert (line.booking_date, line.value_date) == (DAY, date(2026, 3, 5))
    assert (line.counterparty.name, line.counterparty.iban) == ("Miller Ltd", "NL91ABNA0417164300")
    assert (line.remittance, line.end_to_end_id) == (("Invoice 7",), "ORDER-1")
    assert (line.provider_uid, line.account_servicer_ref) == ("T1", "E1")
    assert line.bank_code.text == "PMNT-ICDT-ESCT"


def test_pending_has_no_booking_date_and_stays_apart():
    waiting = booked()
    del waiting["bookingDate"], waiting["transactionId"]
    [line] = read(page(pending=[waiting])).transactions
    assert (line.status, line.booking_date) == ("pending", None)


def test_next_page_is_told():
    assert read(page(booked(), next_href="/v1/next?page=2")).next_href == "/v1/next?page=2"
    assert read(page(booked())).next_href is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"transactionAmount": {"currency": "EUR", "amount": "12,30"}},
        {"transactionAmount": {"currency": "EUR"}},
        {"transactionAmount": {"currency": "EUR", "amount": "1.234"}},
        {"transactionAmount": None},
        {"transactionAmount": {"currency": "USD", "amount": "1.00"}},
        {"bookingDate": "2026-02-30"},
        {"bookingDate": None},
        {"remittanceInformationStructuredArray": "RF18"},
    ],
    ids=["comma", "no amount", "decimals", "nothing", "currency", "day", "no day", "references"],
)
def test_record_that_cannot_be_understood_is_reported_and_the_others_are_read(wrong):
    found = read(page(booked(), booked(**wrong), booked(transactionId="T2")))
    assert [line.provider_uid for line in found.transactions] == ["T1", "T2"]
    assert len(found.bad_entries) == 1


def test_account_of_several_currencies_takes_each_record_in_its_own():
    dollars = booked(transactionAmount={"currency": "USD", "amount": "1.00"})
    account = AccountRef(iban=ACCOUNT.iban)
    found = nextgenpsd2.page(nextgenpsd2.loads(page(booked(), dollars)), account)
    assert [line.currency for line in found.transactions] == ["EUR", "USD"]


def test_answer_that_is_no_object_is_refused():
    with pytest.raises(StatementFormatError):
        nextgenpsd2.loads(b"[]")


def test_record_that_is_none_stands_alone():
    found = read(page("x", booked()))
    assert [line.provider_uid for line in found.transactions] == ["T1"]
    assert len(found.bad_entries) == 1


@pytest.mark.parametrize(
    "changes", [{"resourceId": None}, {"iban": None}, {"currency": None}, {"iban": 7}]
)
def test_list_with_an_account_that_is_not_to_be_known_is_refused(changes):
    account = {"resourceId": "r1", "iban": ACCOUNT.iban, "currency": "EUR"}
    [listed] = nextgenpsd2.accounts({"accounts": [account]})
    assert (listed.resource_id, listed.account.iban) == ("r1", ACCOUNT.iban)
    with pytest.raises(StatementFormatError):
        nextgenpsd2.accounts({"accounts": [account, {**account, **changes}]})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"transactions": {"booked": []}, "transactions": {"booked": []}}',
        b'{"transactions": {"booked": [NaN]}}',
        b"<html>Service unavailable</html>",
        b'{"transactions": {',
        b'{"a": 1}',
        b"\xff\xfe{}",
    ],
)
def test_body_that_is_no_page_is_refused(body):
    with pytest.raises(StatementFormatError):
        read(body)


def test_page_of_another_account_is_refused():
    other = page(booked(), account={"iban": "DE75512108001245126199", "currency": "EUR"})
    with pytest.raises(StatementFormatError):
        nextgenpsd2.statement(ACCOUNT, [read(other)], date_from=DAY, date_to=DAY)


# === THE WINDOW === #


def test_window_keeps_the_banks_bytes_and_reads_all_pages():
    pages = [page(booked(), next_href="/2"), page(booked(transactionId="T2"))]
    balances = json.dumps(
        {
            "account": {"iban": ACCOUNT.iban, "currency": "EUR"},
            "balances": [
                {
                    "balanceType": "closingBooked",
                    "balanceAmount": {"currency": "EUR", "amount": "5.00"},
                    "referenceDate": "2026-03-04",
                }
            ],
        }
    ).encode()
    content = api_window.pack(ACCOUNT, DAY, DAY, pages, balances)
    assert content == api_window.pack(ACCOUNT, DAY, DAY, pages, balances), (
        "the same answers are the same bytes"
    )
    [statement] = api_window.read(content)
    assert [line.provider_uid for line in statement.booked] == ["T1", "T2"]
    assert [(item.type, item.amount) for item in statement.balances] == [("CLBD", Decimal("5.00"))]
    assert (statement.period_from, statement.period_to) == (DAY, DAY)


def test_window_is_detected_by_its_content_and_damage_is_refused():
    detect.register(api_window.WINDOW)
    content = api_window.pack(ACCOUNT, DAY, DAY, [page(booked())])
    assert detect.detect(content).code == "nextgenpsd2"
    with pytest.raises(StatementFormatError):
        api_window.read(content.replace(b'"pages"', b'"sides"'))
