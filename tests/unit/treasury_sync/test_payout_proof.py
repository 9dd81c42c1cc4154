from datetime import date
from decimal import Decimal

from odoo.addons.treasury_sync.tools.payout_proof import prove
from odoo.addons.treasury_sync.tools.settlements import Row


def row(name, kind, gross, fee="0"):
    gross, fee = Decimal(gross), Decimal(fee)
    return Row(
        external_id=name,
        kind=kind,
        gross=gross,
        fee=fee,
        net=gross - fee,
        currency="EUR",
        occurred_on=date(2026, 11, 26),
    )


ROWS = (
    row("t1", "payment", "100", "1.75"),
    row("t2", "payment", "50", "1"),
    row("t3", "refund", "-20"),
    row("t4", "fee", "-2"),
)
TOTAL = Decimal("125.25")
BOOKED = {"t1": Decimal(100), "t2": Decimal(50), "t3": Decimal(-20)}


def test_explained_payout_is_proven():
    proof = prove(TOTAL, ROWS, BOOKED)
    assert proof.is_proven
    assert (proof.gross, proof.fees, proof.net) == (Decimal(130), Decimal("4.75"), TOTAL)
    assert proof.difference == 0


def test_missing_row_is_named_with_its_amount():
    proof = prove(TOTAL, ROWS, {"t1": Decimal(100), "t3": Decimal(-20)})
    assert [(item.row, item.why, item.amount) for item in proof.findings] == [
        ("t2", "unknown", Decimal(50))
    ]
    assert proof.difference == Decimal(50)


def test_faults_that_add_up_to_nothing_are_faults():
    proof = prove(TOTAL, ROWS, {**BOOKED, "t1": Decimal(90), "t2": Decimal(60)})
    assert proof.difference == 0
    assert not proof.is_proven


def test_list_that_is_not_the_payout_is_not_proven():
    proof = prove(TOTAL + 1, ROWS, BOOKED)
    assert proof.unexplained == 1
    assert not proof.is_proven


def test_row_of_a_kind_nobody_knows_needs_a_person():
    strange = row("t5", "other", "-3")
    rows, total = (*ROWS, strange), TOTAL - 3
    assert [item.why for item in prove(total, rows, BOOKED).findings] == ["kind"]
    assert prove(total, rows, BOOKED, accepted={"t5"}).is_proven


def test_payment_in_another_currency_is_compared_there():
    assert prove(TOTAL, ROWS, {**BOOKED, "t1": None}).is_proven
