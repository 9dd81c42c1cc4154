"""Batches, renamed references and pages delivered twice: an entry is one, however it is told."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import identity, nextgenpsd2
from odoo.addons.bank_statement_api.tools.documents import AccountRef, Batch, Position, Transaction

ACCOUNT = "DE89370400440532013000|EUR"
DAY = date(2026, 3, 4)


def booked(amount="-4.50", *, entry=1, detail=0, text="Coffee", **values):
    return Transaction(
        amount=Decimal(amount),
        currency="EUR",
        status="booked",
        booking_date=DAY,
        remittance=(text,),
        position=Position(statement=1, entry=entry, detail=detail),
        **values,
    )


def whole():
    return booked("-30.00", text="Salaries")


def split():
    batch = Batch(entry_amount=Decimal("-30.00"), parts=2)
    return [
        booked("-10.00", detail=1, text="Ann", batch=batch),
        booked("-20.00", detail=2, text="Bob", batch=batch),
    ]


def store(recognitions, channel="camt053"):
    return [
        identity.KnownLine(
            id=number,
            key=item.key,
            channel=channel,
            booking_date=DAY,
            amount=item.transaction.batch.entry_amount
            if item.transaction.batch
            else item.transaction.amount,
            currency="EUR",
            remittance=item.transaction.remittance_text,
            parts=item.transaction.batch.parts if item.transaction.batch else 1,
        )
        for number, item in enumerate(recognitions, 1)
        if item.known is None
    ]


def recognise(lines, known=(), channel="camt053"):
    return identity.recognise(ACCOUNT, lines, known, channel=channel)


def test_lines_of_a_split_entry_share_its_fingerprint_and_differ_by_part():
    first, second = recognise(split())
    assert first.key.fingerprint == second.key.fingerprint
    assert (first.key.part, second.key.part) == (0, 1)
    assert first.key.occurrence == second.key.occurrence == 1


@pytest.mark.parametrize(
    ("before", "after"),
    [(split(), [whole()]), ([whole()], split()), (split(), split())],
    ids=["split, then whole", "whole, then split", "split twice"],
)
def test_entry_is_known_however_it_was_split(before, after):
    known = store(recognise(before, channel="camt053"))
    assert all(item.known for item in recognise(after, known, channel="nextgenpsd2"))


def test_part_that_was_not_booked_with_its_entry_is_still_new():
    kept = store(recognise(split()))[:1]
    first, second = recognise(split(), kept)
    assert first.known is kept[0]
    assert second.known is None
    assert second.key.occurrence == first.key.occurrence
    assert second.key.part == 1


def test_a_file_that_names_two_equal_bookings_differently_tells_two():
    known = store(recognise([booked(account_servicer_ref="A")]))
    [other] = recognise([booked(account_servicer_ref="B")], known)
    assert other.known is None
    assert other.key.occurrence == 2


def test_an_interface_that_renames_a_booking_tells_the_same_one():
    known = store(recognise([booked(provider_uid="A")], channel="nextgenpsd2"), "nextgenpsd2")
    [same] = recognise([booked(provider_uid="B")], known, channel="nextgenpsd2")
    assert same.known is known[0]


def test_another_channel_that_contradicts_tells_another_booking():
    [line] = store(recognise([booked(text="Rent")]))
    known = [replace(line, end_to_end_id="ORDER-1")]
    [other] = recognise([booked(text="Lease", end_to_end_id="ORDER-2")], known, "nextgenpsd2")
    assert other.known is None


def window(*pages):
    account = AccountRef(iban="DE89370400440532013000", currency="EUR")
    read = [
        nextgenpsd2.page({"transactions": {"booked": list(items)}}, account, first_entry=100 * n)
        for n, items in enumerate(pages, 1)
    ]
    return nextgenpsd2.statement(account, read, date_from=DAY, date_to=DAY)


def record(**values):
    amount = {"currency": "EUR", "amount": "-4.50"}
    return {"bookingDate": DAY.isoformat(), "transactionAmount": amount, **values}


def test_transaction_on_two_pages_is_taken_once_and_said():
    found = window([record(transactionId="T1")], [record(transactionId="T1")])
    assert len(found.transactions) == 1
    assert [finding.code for finding in found.findings] == ["repeated_delivery"]


@pytest.mark.parametrize("names", [({}, {}), ({"transactionId": "T1"}, {"transactionId": "T2"})])
def test_equal_bookings_without_a_common_id_are_all_taken(names):
    found = window(*([record(**name)] for name in names))
    assert len(found.transactions) == 2


def test_entries_that_share_the_bank_s_reference_are_as_many_lines_as_the_bank_booked():
    lines = [
        booked("-4.50", entry=1, account_servicer_ref="R1"),
        booked("-4.50", entry=2, account_servicer_ref="R1"),
        booked("-7.00", entry=3, text="Tea", account_servicer_ref="R1"),
    ]
    found = recognise(lines)
    assert [item.known for item in found] == [None] * 3
    assert len({item.key for item in found}) == 3
    # And the same file again is none.
    assert all(item.known for item in recognise(lines, store(found)))
