"""Plaid's changes: sign, names and what was taken back, or an error that says what is not understood."""

import json
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import api_bodies, plaid
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError
from odoo.addons.bank_statement_api.tools.fetched import Notification

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")


def item(identifier="t1", **values):
    return {
        "transaction_id": identifier,
        "account_id": "acc",
        "amount": 12.3,
        "iso_currency_code": "EUR",
        "date": "2026-03-04",
        "pending": False,
        "pending_transaction_id": None,
        "name": "MILLER LTD",
        "original_description": "Invoice 7",
        "merchant_name": "Miller",
        **values,
    }


def body(added=(), modified=(), removed=(), **values):
    return {
        "added": list(added),
        "modified": list(modified),
        "removed": [{"transaction_id": name, "account_id": "acc"} for name in removed],
        "next_cursor": "c1",
        "has_more": False,
        "transactions_update_status": "HISTORICAL_UPDATE_COMPLETE",
        **values,
    }


def read(*bodies):
    content = api_bodies.pack(
        plaid.CODE,
        ACCOUNT,
        {"pages": [json.dumps(one).encode() for one in bodies]},
        account_id="acc",
    )
    [statement] = plaid.read(content)
    return statement


def test_money_that_leaves_the_account_is_negative():
    out, into = read(body([item("a"), item("b", amount=-5)])).booked
    assert (out.amount, into.amount) == (Decimal("-12.30"), Decimal("5.00"))
    assert str(read(body([item(amount=0)])).booked[0].amount) == "0.00"


def test_transaction_is_mapped():
    [line] = read(body([item(pending_transaction_id="p1")])).booked
    assert (line.provider_uid, line.booking_date) == ("t1", date(2026, 3, 4))
    assert line.remittance == ("Invoice 7",)
    assert line.counterparty.name == "Miller"
    assert line.extras["pending_transaction_id"] == "p1"


def test_later_change_wins_and_what_is_removed_was_never_there():
    statement = read(
        body([item("a"), item("b"), item("p", pending=True)], has_more=True),
        body(modified=[item("a", amount=20)], removed=["b", "p", "old"]),
    )
    [line] = statement.transactions
    assert (line.provider_uid, line.amount) == ("a", Decimal("-20.00"))
    assert statement.withdrawn == ("b", "old", "p")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": None},
        {"amount": 0.001},
        {"iso_currency_code": None, "unofficial_currency_code": "BTC"},
        {"iso_currency_code": "USD"},
        {"date": None},
        {"date": "soon"},
        {"pending": None},
    ],
)
def test_one_bad_record_stands_alone(changes):
    statement = read(body([item("bad", **changes), item("good")]))
    assert [line.provider_uid for line in statement.transactions] == ["good"]
    assert len(statement.bad_entries) == 1


def test_record_of_another_account_is_refused_whole():
    with pytest.raises(StatementFormatError):
        read(body([item(account_id="another")]))


@pytest.mark.parametrize(
    "changes",
    [
        {"added": [item(None)]},
        {"added": [item("")]},
        {"added": [item(7)]},
        {"modified": ["t1"]},
        {"removed": [{"account_id": "acc"}]},
        {"removed": ["t1"]},
    ],
)
def test_change_that_names_nothing_is_refused_whole(changes):
    with pytest.raises(StatementFormatError) as refused:
        read(body([item()]) | changes)
    assert next(iter(changes)) in refused.value.tag


def test_account_without_an_id_is_refused():
    account = {"account_id": "acc", "mask": "1234", "balances": {"iso_currency_code": "EUR"}}
    [listed] = plaid.accounts({"accounts": [account]})
    assert (listed.resource_id, listed.account.currency) == ("acc", "EUR")
    with pytest.raises(StatementFormatError):
        plaid.accounts({"accounts": [account, {**account, "account_id": None}]})


def test_not_ready_is_not_empty():
    assert not plaid.page(body(next_cursor="")).is_ready
    assert not plaid.page(body(transactions_update_status="NOT_READY")).is_ready
    page = plaid.page(body(transactions_update_status="INITIAL_UPDATE_COMPLETE"))
    assert page.is_ready
    assert not page.is_complete


@pytest.mark.parametrize("changes", [{"next_cursor": None}, {"has_more": "no"}, {"removed": "x"}])
def test_answer_that_is_no_page_is_refused(changes):
    with pytest.raises(StatementFormatError):
        plaid.page({**body(), **changes})


def test_notification_names_its_item():
    def event(kind, code, **more):
        return plaid.notification(
            {"webhook_type": kind, "webhook_code": code, "item_id": "i", **more}
        )

    assert event("TRANSACTIONS", "SYNC_UPDATES_AVAILABLE") == Notification(consents=("i",))
    assert event("TRANSACTIONS", "DEFAULT_UPDATE") is None
    for incomplete in ({"webhook_type": "ITEM"}, {"webhook_code": "ERROR"}):
        with pytest.raises(StatementFormatError):
            plaid.notification(incomplete)
    assert event("ITEM", "USER_PERMISSION_REVOKED").consent_state == "revoked"
    login = {"error_code": "ITEM_LOGIN_REQUIRED"}
    assert event("ITEM", "ERROR", error=login).consent_state == "expired"
    assert event("ITEM", "ERROR", error={"error_code": "INSTITUTION_DOWN"}) is None
    with pytest.raises(StatementFormatError):
        plaid.notification({})
