"""Which entry a notification is about: by a name the two share, never by an equal amount alone."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import notifications
from odoo.addons.bank_statement_api.tools.documents import (
    Batch,
    Detail,
    Party,
    Position,
    Transaction,
)

DAY = date(2026, 3, 4)


def booked(**values):
    values = {
        "amount": Decimal("30.00"),
        "currency": "EUR",
        "status": "booked",
        "booking_date": DAY,
        "position": Position(statement=1, entry=1),
        **values,
    }
    return Transaction(**values)


def entry(number, taken=False, **values):
    line = booked(**values)
    amount = line.batch.entry_amount if line.batch else line.amount
    return notifications.BookedEntry(number, amount, line.booking_date, line, taken)


def find(notice, *entries, message_id="M1"):
    found = notifications.find_entry(notice, message_id, entries)
    return found.entry.id if found.entry else found.reason


BATCH = Batch(entry_amount=Decimal("30.00"), message_id="PAIN", payment_information_id="PMT")


@pytest.mark.parametrize(
    "name",
    [
        {"account_servicer_ref": "A"},
        {"entry_ref": "7"},
        {"end_to_end_id": "E2E"},
        {"batch": BATCH},
        {"batch": replace(BATCH, message_id=None)},
    ],
    ids=lambda value: next(iter(value)),
)
def test_one_shared_name_is_enough_and_no_name_is_not(name):
    assert find(booked(**name), entry(1), entry(2, **name)) == 2
    assert find(booked(**name), entry(1)) == "none"
    assert find(booked(**name), entry(1, **name), entry(2, **name)) == "several"


def test_message_that_the_statement_refers_to():
    line = entry(1, extras={notifications.MESSAGE_INDICATOR: "M1"})
    assert find(booked(), line) == 1
    assert find(booked(), line, message_id="M2") == "none"


@pytest.mark.parametrize(
    "other",
    [
        {"amount": Decimal("30.01")},
        {"currency": "USD"},
        {"booking_date": date(2026, 3, 5)},
        {"amount": Decimal("-30.00")},
    ],
    ids=lambda value: next(iter(value)),
)
def test_amount_currency_and_day_have_to_be_equal(other):
    assert find(booked(entry_ref="7"), entry(1, entry_ref="7", **other)) == "none"


def test_other_reference_of_the_bank_contradicts_a_weaker_name():
    notice = booked(account_servicer_ref="A", entry_ref="7")
    assert find(notice, entry(1, account_servicer_ref="B", entry_ref="7")) == "none"


def test_entry_that_has_its_notification_is_not_taken_again():
    notice = booked(entry_ref="7")
    assert find(notice, entry(1, taken=True, entry_ref="7"), entry(2, entry_ref="7")) == 2
    named = booked(account_servicer_ref="A")
    assert find(named, entry(1, taken=True, account_servicer_ref="A")) == 1


def test_what_was_booked_stays_and_what_was_missing_comes():
    line = booked(
        end_to_end_id="OWN",
        remittance=("Rent",),
        counterparty=Party(name="Tenant"),
        extras={"a": "1"},
    )
    notice = booked(
        amount=Decimal("99.00"),
        booking_date=date(2026, 1, 1),
        end_to_end_id="THEIRS",
        mandate_id="M",
        remittance=("Rent", "March"),
        counterparty=Party(name="T.", bic="COBADEFFXXX"),
        extras={"a": "2", "b": "3"},
    )
    found = notifications.enrich(line, notice)
    assert (found.amount, found.booking_date) == (Decimal("30.00"), DAY)
    assert (found.end_to_end_id, found.mandate_id) == ("OWN", "M")
    assert found.remittance == ("Rent", "March")
    assert found.counterparty == Party(name="Tenant", bic="COBADEFFXXX")
    assert found.extras == {"a": "1", "b": "3"}


def test_payments_of_a_batch_do_not_become_those_of_its_entry():
    notice = booked(details=(Detail(end_to_end_id="1"), Detail(end_to_end_id="2")), purpose="SALA")
    whole = notifications.enrich(booked(), notice)
    assert [detail.end_to_end_id for detail in whole.details] == ["1", "2"]
    assert whole.purpose is None
    part = booked(position=Position(statement=1, entry=1, detail=1), batch=BATCH)
    assert notifications.enrich(part, notice).details == ()
