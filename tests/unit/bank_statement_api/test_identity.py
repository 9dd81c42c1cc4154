"""Recognition: the same booking by any way is one, and two bookings are never taken for one."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import camt, identity
from odoo.addons.bank_statement_api.tools.documents import AccountRef

from tests.camt_writer import Line, daily_file

IBAN = "DE89370400440532013000"
ACCOUNT = f"{IBAN}|EUR"
DAY = date(2026, 3, 4)


def transactions(*lines):
    [found] = camt.read(daily_file(IBAN, "EUR", list(lines)))
    return found.booked


def remember(recognitions, channel="camt053"):
    """What would be stored of recognitions that are new."""
    return [
        identity.KnownLine(
            id=number,
            key=item.key,
            channel=channel,
            booking_date=item.transaction.booking_date,
            amount=item.transaction.amount,
            currency="EUR",
            end_to_end_id=item.transaction.end_to_end_id,
            counterparty_iban=item.transaction.counterparty.iban,
            remittance=item.transaction.remittance_text,
        )
        for number, item in enumerate(recognitions, 1)
        if item.known is None
    ]


def recognise(lines, known=(), channel="camt053", **options):
    return identity.recognise(ACCOUNT, lines, known, channel=channel, **options)


def coffee(**values):
    return Line(DAY, Decimal("-3.20"), "Coffee", **values)


def test_two_equal_bookings_of_one_window_are_two():
    found = recognise(transactions(coffee(), coffee()))
    assert [item.reason for item in found] == ["new", "new"]
    assert sorted(item.key.occurrence for item in found) == [1, 2]
    assert len({(item.key.fingerprint, item.key.occurrence) for item in found}) == 2


def test_same_window_again_is_known():
    lines = transactions(coffee(), coffee(), Line(DAY, Decimal("9.00"), "Other", reference="R9"))
    known = remember(recognise(lines))
    again = recognise(lines, known)
    assert all(item.known for item in again)
    assert len({item.known.id for item in again}) == 3, "each stored line answers for one booking"


def test_third_equal_booking_is_new_beside_two():
    known = remember(recognise(transactions(coffee(), coffee())))
    found = recognise(transactions(coffee(), coffee(), coffee()), known)
    assert [item.known is None for item in found].count(True) == 1
    assert next(item for item in found if item.known is None).key.occurrence == 3


def test_other_channel_without_the_reference_and_with_other_words_is_known():
    lines = transactions(
        Line(DAY, Decimal("120.00"), "Invoice 4711 thank you", reference="ASR1", name="Miller Ltd")
    )
    known = remember(recognise(lines))
    by_api = [
        replace(
            line,
            account_servicer_ref=None,
            provider_uid="T1",
            remittance=("INVOICE 4711", "THANK YOU"),
        )
        for line in lines
    ]
    [item] = recognise(by_api, known, channel="nextgenpsd2")
    assert item.known is not None


@pytest.mark.parametrize(
    "other",
    [
        {"amount": Decimal("-3.21")},
        {"day": DAY + timedelta(days=1)},
        {"text": "Tea"},
        {"reference": "OTHER"},
    ],
    ids=["amount", "day", "text", "reference"],
)
def test_another_booking_is_new(other):
    known = remember(recognise(transactions(coffee(reference="R1"))))
    line = replace(coffee(reference="R1"), **other)
    if "text" in other or "reference" in other:
        line = replace(line, reference=other.get("reference", "R2"))
    [item] = recognise(transactions(line), known)
    assert item.known is None


def test_reference_that_names_two_entries_is_no_identity():
    found = recognise(
        transactions(
            Line(DAY, Decimal("-10.00"), "Payment", reference="SAME"),
            Line(DAY, Decimal("-10.00"), "Payment again", reference="SAME"),
        )
    )
    assert [item.key.provider_uid for item in found] == [None, None]


def test_changed_strategy_recognises_what_an_older_one_stored():
    lines = transactions(coffee(reference="R1"), coffee(reference="R2"))
    known = remember(recognise(lines, strategy=1))
    for strategy in identity.STRATEGIES:
        again = recognise(lines, known, strategy=strategy)
        assert all(item.known for item in again), strategy
        assert {item.key for item in again} == {line.key for line in known}, strategy


@pytest.mark.parametrize(("stored_by", "now"), [(1, 0), (2, 0), (2, 1)])
def test_name_that_an_older_strategy_stored_counts_where_the_text_has_changed(stored_by, now):
    def named(text):
        [line] = transactions(Line(DAY, Decimal("-3.20"), text, reference="R1"))
        # A strategy compares what it names: here by the interface's id, there by the bank's reference.
        return [replace(line, provider_uid="P1", account_servicer_ref="R1")]

    known = remember(recognise(named("Coffee"), strategy=stored_by))
    [again] = recognise(named("Coffee, with thanks"), known, strategy=now)
    assert (again.known, again.reason) == (known[0], "provider_uid")


def test_fingerprint_of_an_older_version_is_compared_as_that_version_made_it(monkeypatch):
    def older(account, transaction):
        return f"{account} {transaction.amount} {transaction.remittance_text}"

    monkeypatch.setattr(identity, "FINGERPRINTS", {**identity.FINGERPRINTS, 0: older})

    def aged(lines):
        return [
            replace(
                line,
                key=replace(
                    line.key,
                    version=0,
                    fingerprint=older(ACCOUNT, item.transaction),
                ),
            )
            for line, item in zip(remember(lines), lines, strict=True)
        ]

    known = aged(recognise(transactions(coffee(), Line(DAY, Decimal("9.00"), "Tea"))))
    again = recognise(transactions(coffee(), Line(DAY, Decimal("9.00"), "Tea")), known)
    assert [item.known for item in again] == known
    # Where a name stands for two, the older text says which of them is stored.
    [named] = aged(recognise(transactions(coffee(reference="R1"))))
    cake = Line(DAY, Decimal("-3.20"), "Cake", reference="R1")
    other, same = recognise(transactions(cake, coffee(reference="R1")), [named])
    assert (other.known, same.known) == (None, named)


def test_account_is_its_number_and_currency():
    account = AccountRef(
        iban="de89 3704 0044 0532 0130 00",
        other_id=None,
        scheme=None,
        currency=None,
        bic=None,
        owner_name=None,
    )
    assert identity.account_key(account, currency="EUR") == ACCOUNT
    with pytest.raises(ValueError, match="currency"):
        identity.account_key(account)


entries = st.lists(
    st.builds(
        Line,
        day=st.sampled_from([DAY, DAY + timedelta(days=1)]),
        amount=st.sampled_from([Decimal("-3.20"), Decimal("5.00")]),
        text=st.sampled_from(["Coffee", "Tea", ""]),
    ),
    min_size=1,
    max_size=8,
)


@given(entries, st.randoms(use_true_random=False))
def test_shuffled_window_is_known_whole(lines, random):
    booked = list(transactions(*lines))
    known = remember(recognise(booked))
    random.shuffle(lines)
    again = recognise(transactions(*lines), known)
    assert all(item.known for item in again)
    assert len({item.known.id for item in again}) == len(lines)


@given(entries)
def test_keys_of_a_window_are_unique(lines):
    keys = identity.number_occurrences(ACCOUNT, transactions(*lines))
    assert len({(key.fingerprint, key.occurrence, key.part) for key in keys}) == len(lines)
