"""Ponto's answers: ids, days and amounts as the bank means them, or an error that says what is not understood."""

import json
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import api_bodies, ponto
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError
from odoo.addons.bank_statement_api.tools.fetched import Notification

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")
DAY = date(2026, 3, 4)


def item(identifier="t1", **attributes):
    return {
        "type": "transaction",
        "id": identifier,
        "attributes": {
            "amount": -12.3,
            "currency": "EUR",
            "executionDate": "2026-03-04T00:00:00.000Z",
            "valueDate": "2026-03-04T23:00:00.000Z",
            "counterpartName": "Miller Ltd",
            "counterpartReference": "NL91 ABNA 0417 1643 00",
            "remittanceInformation": "Invoice 7",
            "remittanceInformationType": "unstructured",
            "bankTransactionCode": "PMNT-ICDT-ESCT",
            "digest": "d1",
            **attributes,
        },
    }


def listed(*items, following=None):
    return json.dumps({"data": list(items), "links": {"next": following} if following else {}})


def read(*items, updated=(), pending=(), account=None):
    parts = {
        "transactions": [listed(*items).encode()],
        "updated": [listed(*updated).encode()],
        "pending": [listed(*pending).encode()],
    }
    if account:
        parts["account"] = [json.dumps({"data": account}).encode()]
    content = api_bodies.pack(
        ponto.CODE, ACCOUNT, parts, date_from="2026-03-01", date_to="2026-03-05"
    )
    assert ponto.FORMAT.matches(content)
    [statement] = ponto.read(content)
    return statement


def test_transaction_is_mapped():
    [line] = read(item()).booked
    assert (line.amount, line.currency, line.provider_uid) == (Decimal("-12.30"), "EUR", "t1")
    assert line.counterparty.iban == "NL91ABNA0417164300"
    assert line.remittance == ("Invoice 7",)
    assert line.bank_code.text == "PMNT-ICDT-ESCT"
    assert line.extras["digest"] == "d1"
    assert line.account_servicer_ref is None, "another name would be trusted before the id"


def test_midnight_in_belgium_and_midnight_utc_are_the_same_day():
    days = {
        "2026-03-04T00:00:00.000Z": DAY,
        "2026-03-03T23:00:00.000Z": DAY,
        "2026-07-03T22:00:00.000Z": date(2026, 7, 4),
    }
    for text, day in days.items():
        [line] = read(item(executionDate=text)).booked
        assert line.booking_date == day


@pytest.mark.parametrize("amount", [12.3, "12.3", 12, "-0.10"])
def test_amount_is_exact_as_number_and_as_text(amount):
    [line] = read(item(amount=amount)).booked
    assert line.amount == Decimal(str(amount))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"amount": 1.005},
        {"amount": True},
        {"amount": "1e2"},
        {"currency": "USD"},
        {"executionDate": None},
        {"executionDate": "yesterday"},
    ],
)
def test_one_bad_record_stands_alone(changes):
    statement = read(item("bad", **changes), item("good"))
    assert [line.provider_uid for line in statement.booked] == ["good"]
    [bad] = statement.bad_entries
    assert bad.evidence["id"] == "bad"


@pytest.mark.parametrize("nameless", [item(None), item(""), {"id": "bad", "attributes": None}])
def test_record_without_an_id_or_content_stands_alone(nameless):
    statement = read(nameless, item("good"))
    assert [line.provider_uid for line in statement.booked] == ["good"]
    assert len(statement.bad_entries) == 1


def test_structured_reference_is_told_from_text():
    [line] = read(
        item(remittanceInformation="+++090/9337/55493+++", remittanceInformationType="structured")
    ).booked
    assert line.structured[0].value == "+++090/9337/55493+++"
    assert line.remittance == ()


def test_what_the_synchronisation_changed_counts_whatever_its_day():
    old = "2026-01-05T00:00:00.000Z"
    statement = read(
        item("a"),
        item("old", executionDate=old),
        updated=[item("a"), item("late", executionDate=old)],
    )
    assert [line.provider_uid for line in statement.booked] == ["a", "late"]


def test_pending_is_apart_and_balances_keep_their_day():
    statement = read(
        item("a"),
        pending=[item("p"), item("soon", executionDate=None)],
        account={
            "id": "acc",
            "attributes": {
                "currency": "EUR",
                "currentBalance": 10.5,
                "currentBalanceReferenceDate": "2026-03-04T00:00:00.000Z",
            },
        },
    )
    assert [line.provider_uid for line in statement.pending] == ["p", "soon"]
    [balance] = statement.balances
    assert (balance.type, balance.amount, balance.date) == ("ITBD", Decimal("10.50"), DAY)


def test_walk_ends_behind_the_window_only():
    assert ponto.is_before((item(executionDate="2026-02-28T00:00:00.000Z"),), DAY)
    assert not ponto.is_before((item(executionDate="2026-02-28T00:00:00.000Z"), item()), DAY)
    assert not ponto.is_before((item(executionDate="?"),), DAY)
    assert not ponto.is_before((), DAY)


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": ["x"]}])
def test_answer_that_is_no_list_is_refused_whole(body):
    with pytest.raises(StatementFormatError):
        ponto.page(body)


SYNCHRONIZATION = {"id": "s1", "attributes": {"status": "success", "errors": [{"code": "c"}]}}
LISTED = {"id": "acc", "attributes": {"reference": ACCOUNT.iban, "currency": "EUR"}}


def test_account_and_its_synchronisation_are_read():
    meta = {"latestSynchronization": SYNCHRONIZATION, "synchronizedAt": "2026-03-04T09:00:00.000Z"}
    state = ponto.account_state({"data": {**LISTED, "meta": meta}})
    assert (state.account.resource_id, state.synchronization) == ("acc", ("s1", "success"))
    assert state.reached == DAY
    assert ponto.synchronization({"data": SYNCHRONIZATION}) == ("s1", "success", ("c",))
    page = {"data": {"links": {"redirect": "https://bank.example/"}}}
    assert ponto.redirect(page) == "https://bank.example/"


@pytest.mark.parametrize(
    ("reader", "body"),
    [
        (ponto.account_state, {}),
        (ponto.account_state, {"data": {**LISTED, "id": None}}),
        *(
            (ponto.account_state, {"data": {**LISTED, "attributes": values}})
            for values in ({"reference": ACCOUNT.iban}, {"currency": "EUR"}, None)
        ),
        (
            ponto.account_state,
            {"data": {**LISTED, "meta": {"latestSynchronization": {"id": "s1", "attributes": {}}}}},
        ),
        (ponto.synchronization, {}),
        (ponto.synchronization, {"data": {**SYNCHRONIZATION, "id": None}}),
        (ponto.synchronization, {"data": {**SYNCHRONIZATION, "attributes": {}}}),
        (ponto.redirect, {}),
        (ponto.redirect, {"data": {"links": {"redirect": "javascript:alert(1)"}}}),
    ],
)
def test_answer_that_leaves_open_what_it_is_about_is_refused(reader, body):
    with pytest.raises(StatementFormatError):
        reader(body)


def test_notification_names_its_account_or_the_end_of_access():
    def event(kind, **more):
        return {"data": {"id": "e1", "type": kind, **more}}

    relations = {"account": {"data": {"id": "acc", "type": "account"}}}
    created = "pontoConnect.account.transactionsCreated"
    assert ponto.notification(event(created, relationships=relations)) == Notification(
        accounts=("acc",)
    )
    assert ponto.notification(event(created)).everything
    revoked = ponto.notification(event("pontoConnect.integration.revoked"))
    assert revoked.consent_state == "revoked"
    assert ponto.notification(event("pontoConnect.paymentRequest.closed")) is None
    with pytest.raises(StatementFormatError):
        ponto.notification({})
