from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import identity, shadow
from odoo.addons.bank_statement_api.tools.documents import Batch, Party, Position, Transaction

ACCOUNT = "DE89370400440532013000|EUR"
DAY = date(2026, 3, 4)


def booking(number, amount, text, *, day=DAY, detail=0, **values):
    return Transaction(
        amount=Decimal(amount),
        currency="EUR",
        status="booked",
        position=Position(statement=1, entry=number, detail=detail),
        booking_date=day,
        value_date=day,
        remittance=(text,),
        **values,
    )


def keyed(*bookings):
    return zip(bookings, identity.number_occurrences(ACCOUNT, bookings), strict=True)


def told(*bookings, channel="nextgenpsd2"):
    return [
        shadow.Told(id=number, account_key=ACCOUNT, channel=channel, key=key, transaction=one)
        for number, (one, key) in enumerate(keyed(*bookings), start=1)
    ]


def booked(*bookings, channel="camt.053"):
    """What the books hold: the lines, and the form in which the import knows them."""
    lines, known = [], []
    for number, (one, key) in enumerate(keyed(*bookings), start=101):
        as_told = shadow.Told(
            id=number, account_key=ACCOUNT, channel=channel, key=key, transaction=one
        )
        lines.append(shadow.told_line(as_told))
        known.append(
            identity.KnownLine(
                id=number,
                key=key,
                channel=channel,
                booking_date=one.booking_date,
                amount=one.batch.entry_amount if one.batch else one.amount,
                currency="EUR",
                end_to_end_id=one.end_to_end_id,
                counterparty_iban=one.counterparty.iban,
                remittance=one.remittance_text,
            )
        )
    return lines, known


def states(rows):
    return [row.state for row in rows]


def test_equal_lines_are_the_same_however_they_are_worded():
    live = booked(booking(1, "5.00", "Invoice 1"), booking(2, "5.00", "Coffee"))
    rows = shadow.compare(
        told(booking(1, "5.00", "COFFEE/"), booking(2, "5.00", "INVOICE 1 thanks")), *live
    )
    assert states(rows) == ["same", "same"]
    assert [row.amounts for row in rows] == [(Decimal("5.00"), Decimal("5.00"))] * 2


def test_each_side_shows_what_only_it_has():
    rows = shadow.compare(
        told(booking(1, "7.00", "Rent")), *booked(booking(1, "5.00", "Coffee with milk"))
    )
    assert states(rows) == ["only_live", "only_shadow"]
    assert rows[0].amounts == (Decimal("5.00"), None)
    assert rows[1].amounts == (None, Decimal("7.00"))


def test_other_figures_under_one_name_stand_side_by_side():
    rows = shadow.compare(
        told(booking(1, "7.00", "a", end_to_end_id="E1")),
        *booked(booking(1, "5.00", "b", end_to_end_id="E1")),
    )
    assert states(rows) == ["differing"]
    assert rows[0].amounts == (Decimal("5.00"), Decimal("7.00"))


def test_another_day_is_one_difference_and_not_two():
    later = DAY + timedelta(days=1)
    rows = shadow.compare(
        told(booking(1, "5.00", "Coffee with milk", day=later)),
        *booked(booking(1, "5.00", "Coffee with milk")),
    )
    assert (states(rows), rows[0].days) == (["differing"], (DAY, later))


def test_one_coffee_less_is_seen():
    coffee = [booking(number, "-2.50", "Coffee") for number in (1, 2, 3)]
    assert states(shadow.compare(told(*coffee[:2]), *booked(*coffee))) == [
        "same",
        "same",
        "only_live",
    ]


def test_a_batch_split_on_one_side_only_is_one_booking():
    batch = Batch(entry_amount=Decimal("9.00"), parts=2)
    parts = [
        booking(1, "4.00", "one", detail=1, batch=batch),
        booking(1, "5.00", "two", detail=2, batch=batch),
    ]
    whole = booking(1, "9.00", "batch")
    rows = shadow.compare(told(*parts), *booked(whole))
    assert (states(rows), rows[0].amounts) == (["same"], (Decimal("9.00"), Decimal("9.00")))
    assert (len(rows[0].live), len(rows[0].shadow)) == (1, 2)


def test_a_line_typed_by_hand_is_no_booking_of_the_bank():
    """The import would not recognise it, and would book it a second time."""
    lines, _known = booked(booking(1, "5.00", "Coffee with milk"))
    rows = shadow.compare(told(booking(1, "5.00", "Coffee with milk")), lines, [])
    assert states(rows) == ["differing"]


def test_what_the_new_channel_does_not_tell_is_said():
    full = booking(1, "5.00", "Invoice 1", counterparty=Party(name="Alder AG", iban="X"))
    bare = replace(full, counterparty=Party(name="ALDER"), value_date=DAY + timedelta(days=1))
    [row] = shadow.compare(told(bare), *booked(full))
    assert (row.state, row.lacking, row.changed) == ("same", ("account",), ("value_date", "party"))


@given(
    st.lists(st.tuples(st.sampled_from(["1.00", "-2.50"]), st.sampled_from("abc")), max_size=8),
    st.data(),
)
def test_each_line_of_either_side_is_in_one_row(figures, data):
    bookings = [booking(n, amount, text) for n, (amount, text) in enumerate(figures, start=1)]
    mine = data.draw(st.permutations(bookings))
    theirs = data.draw(st.lists(st.sampled_from(bookings), unique_by=id)) if bookings else []
    lines, known = booked(*mine)
    rows = shadow.compare(told(*theirs), lines, known)
    assert sorted(i for row in rows for i in row.live) == sorted(line.id for line in lines)
    assert sorted(i for row in rows for i in row.shadow) == list(range(1, len(theirs) + 1))
    total = sum((row.amounts[0] or 0) - (row.amounts[1] or 0) for row in rows)
    assert total == sum(one.amount for one in mine) - sum(one.amount for one in theirs)
