from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from sandbox import money
from sandbox.bookings import business_days, statement_number
from sandbox.iban import has_check_digits, make_iban
from sandbox.world import World


@pytest.fixture(scope="module")
def world():
    return World()


def test_the_world_has_two_entities_three_currencies_and_both_channels(world):
    accounts = world.accounts.values()
    assert {item.entity for item in accounts} == {"alpenglut", "nordhafen"}
    assert {item.currency for item in accounts} == {"CHF", "EUR", "USD"}
    assert sum(item.channels == ("api", "file") for item in accounts) == 2
    assert all(has_check_digits(item.iban) for item in accounts)
    assert sum(len(world.booked(item)) for item in accounts) > 400


def test_check_digits_are_those_of_the_published_examples():
    assert make_iban("DE", "370400440532013000") == "DE89370400440532013000"
    assert make_iban("CH", "00762011623852957") == "CH9300762011623852957"
    assert not has_check_digits("DE88370400440532013000")
    assert has_check_digits("RF18539007547034")


def test_same_seed_same_world_other_seed_other_world(world):
    again, other = World(), World(seed=8)
    for code, account in world.accounts.items():
        assert again.accounts[code] == account
        assert again.all_bookings(account) == world.all_bookings(account)
        assert other.all_bookings(account) != world.all_bookings(account)
        assert other.accounts[code].iban != account.iban


def test_moving_the_clock_in_steps_or_at_once_gives_the_same_bookings():
    steps, leap = World(history_days=5), World(history_days=5)
    for _ in range(12):
        steps.move_clock(steps.now + timedelta(days=1))
    leap.move_clock(leap.now + timedelta(days=12))
    for account in steps.accounts.values():
        assert steps.booked(account) == leap.booked(account)
        assert steps.pending(account) == leap.pending(account)


def test_each_day_closes_with_its_opening_and_its_bookings(world):
    for account in world.accounts.values():
        balance = account.opening_balance
        for day in business_days(world.first_day, world.now.date()):
            moved = sum(item.amount for item in world.booked(account) if item.statement_date == day)
            balance += moved
            assert world.balance(account, day) == balance
        assert world.balance(account) == balance


def test_identifications_are_unique(world):
    for account in world.accounts.values():
        bookings = world.all_bookings(account)
        assert len({item.transaction_id for item in bookings}) == len(bookings)
        assert len({item.entry_reference for item in bookings}) == len(bookings)


def test_every_kind_of_traffic_happens(world):
    kinds = Counter(item.kind for a in world.accounts.values() for item in world.booked(a))
    assert kinds.keys() >= {
        "customer", "supplier", "reversal", "card_settlement", "card_purchase", "coffee", "collection",
        "salaries", "rent", "fee", "interest", "wire", "foreign_currency",
    }  # fmt: skip


def test_coffees_are_twins_with_two_identifications(world):
    account = world.accounts["nordhafen-eur"]
    coffees = [item for item in world.booked(account) if item.kind == "coffee"]
    first, second = coffees[:2]
    assert first.booking_date == second.booking_date
    assert (first.amount, first.text, first.party) == (second.amount, second.text, second.party)
    assert first.transaction_id != second.transaction_id


def test_a_batch_is_the_sum_of_its_details_and_a_reversal_undoes_a_booking(world):
    for account in world.accounts.values():
        known = {item.transaction_id: item for item in world.booked(account)}
        for item in known.values():
            if item.details:
                assert item.amount == sum(detail.amount for detail in item.details)
            if item.reversal_of:
                assert item.amount == -known[item.reversal_of].amount


def test_a_conversion_is_the_instructed_amount_at_its_rate(world):
    for item in world.booked(world.accounts["alpenglut-chf"]):
        if item.conversion:
            assert item.conversion.currency != "CHF"
            assert item.amount == money.convert(item.conversion.amount, item.conversion.rate)


def test_pending_becomes_booked_when_the_clock_moves():
    world = World(history_days=10)
    account = world.accounts["alpenglut-chf"]
    pending = world.pending(account)
    assert pending
    assert not set(pending) & set(world.booked(account))
    news = world.move_clock(datetime(2026, 11, 23, 8))
    assert account.code in news
    assert set(pending) <= set(world.booked(account))
    assert {item.booking_date.isoformat() for item in pending} == {"2026-11-23"}


def test_a_late_booking_belongs_to_the_next_statement():
    world = World(history_days=10)
    account = world.accounts["alpenglut-chf"]
    wednesday = world.base_date - timedelta(days=2)
    before = {
        day: world.balance(account, day) for day in business_days(world.first_day, world.base_date)
    }
    late = world.add_late_booking(account, wednesday, 5_000, "late")
    assert late in world.booked(account)
    assert late.booking_date == wednesday
    assert {day: world.balance(account, day) for day in before} == before
    monday = world.base_date + timedelta(days=3)
    world.move_clock(datetime(2026, 11, 23, 20))
    assert late.statement_date == monday
    moved = sum(item.amount for item in world.booked(account) if item.statement_date == monday)
    assert world.balance(account, monday) == before[world.base_date] + moved


def test_statement_numbers_have_no_gaps():
    days = list(business_days(datetime(2026, 1, 1).date(), datetime(2026, 12, 31).date()))
    assert [statement_number(day) for day in days] == list(range(1, len(days) + 1))


@pytest.mark.parametrize(("text", "minor"), [("-12.30", -1230), ("5", 500), ("0.01", 1), (7, 700)])
def test_amounts_are_read_exactly(text, minor):
    assert money.to_minor(text) == minor
    assert Decimal(money.to_text(minor)) == Decimal(str(text))


@pytest.mark.parametrize("text", [1.1, "1.001", "ten", "NaN", "Infinity", "1e-9"])
def test_other_amounts_are_refused(text):
    with pytest.raises(ValueError, match="amount"):
        money.to_minor(text)
