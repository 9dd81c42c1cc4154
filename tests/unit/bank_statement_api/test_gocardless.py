"""GoCardless' answers: which name counts, and what is not understood."""

import json
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import api_bodies, gocardless
from odoo.addons.bank_statement_api.tools.documents import AccountRef
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

ACCOUNT = AccountRef(iban="DE89370400440532013000", currency="EUR")


def item(**values):
    return {
        "transactionId": "T1",
        "internalTransactionId": "int1",
        "entryReference": "DAILY",
        "bookingDate": "2026-03-04",
        "transactionAmount": {"currency": "EUR", "amount": "-12.30"},
        "remittanceInformationUnstructured": "Invoice 7",
        **values,
    }


def read(*booked, pending=()):
    document = {"transactions": {"booked": list(booked), "pending": list(pending)}}
    content = api_bodies.pack(
        gocardless.CODE,
        ACCOUNT,
        {"transactions": [json.dumps(document).encode()]},
        date_from="2026-03-01",
        date_to="2026-03-05",
    )
    assert gocardless.FORMAT.matches(content)
    [statement] = gocardless.read(content)
    return statement


def test_own_id_of_the_service_names_a_booking():
    [line] = read(item()).booked
    assert (line.provider_uid, line.account_servicer_ref, line.entry_ref) == ("int1", None, "DAILY")
    assert line.amount == Decimal("-12.30")
    [line] = read(item(internalTransactionId=None)).booked
    assert line.provider_uid == "T1"


def test_two_bookings_with_one_entry_reference_are_two():
    assert len(read(item(), item(internalTransactionId="int2")).booked) == 2
    assert len(read(item(), item()).booked) == 1, "delivered twice"


def test_pending_needs_no_id():
    bare = {"transactionAmount": {"currency": "EUR", "amount": "1.00"}}
    [line] = read(pending=[bare]).pending
    assert line.provider_uid is None


@pytest.mark.parametrize("body", [b"{}", b'{"transactions": []}', b'{"summary": "x"}', b"<html>"])
def test_answer_that_lists_nothing_is_not_empty(body):
    with pytest.raises(StatementFormatError):
        gocardless.check(body, ACCOUNT)


@pytest.mark.parametrize(
    "changes", [{"currency": None}, {"iban": None}, {"iban": None, "bban": 7}, {"currency": 7}]
)
def test_account_that_is_not_to_be_known_is_refused(changes):
    account = {"iban": ACCOUNT.iban, "currency": "EUR"}
    [listed] = gocardless.accounts([("r1", {"account": account})])
    assert (listed.resource_id, listed.account.iban) == ("r1", ACCOUNT.iban)
    with pytest.raises(StatementFormatError):
        gocardless.accounts([("r1", {"account": {**account, **changes}})])


def test_end_of_an_agreement_and_words_of_an_error():
    agreement = {"accepted": "2026-03-04T10:00:00Z", "access_valid_for_days": 90}
    assert gocardless.ends_on(agreement) == date(2026, 6, 2)
    assert gocardless.ends_on({"accepted": None}) is None
    assert gocardless.error_text(b'{"summary": "A", "detail": "B"}') == "A B"
    assert gocardless.error_text(b"<html>") == ""
    assert gocardless.days({"d": "540"}, "d", 90) == 540
    assert gocardless.days({}, "d", 90) == 90


def test_every_status_of_a_requisition_and_an_account_is_known():
    assert set(gocardless.CONSENT_STATES) >= {
        *("CR", "GC", "UA", "RJ", "SA", "GA"),
        *("LN", "EX", "SU", "ID", "ER"),
    }
    assert gocardless.account_refusal({"status": "EXPIRED"}) == "consent_expired"
    assert gocardless.account_refusal({"status": "READY"}) is None
