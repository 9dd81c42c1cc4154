import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from odoo.addons.treasury_sync.tools import json_gateway, settlements

ROOT = Path(__file__).resolve().parents[3] / "addons/treasury_sync"
SCHEMA = json.loads((ROOT / "schemas/gateway_mapping.v1.json").read_text())
MAPPING = json.loads((ROOT / "tests/gateway_mapping.json").read_text())


def message(number=1, **changes):
    payload = {
        "transaction": f"T{number}",
        "state": "PAID",
        "total": {"value": "12.50", "unit": "EUR"},
        "day": "2026-11-25",
        "order": {"invoice": "INV/1", "note": None},
    }
    return {
        "event_id": f"E{number}",
        "happened": "2026-11-25T10:00:00Z",
        "type": "payment",
        "payload": {**payload, **changes},
    }


def read(document):
    return json_gateway.read(json.dumps(document).encode(), MAPPING)


def test_the_example_is_a_description():
    Draft202012Validator(SCHEMA).validate(MAPPING)


def test_payment_is_read_by_data_alone():
    [observation] = read(message()).observations
    assert (observation.kind, observation.external_id, observation.status) == (
        "payment",
        "T1",
        "succeeded",
    )
    assert (observation.amount, observation.currency) == (Decimal("12.50"), "EUR")
    assert observation.occurred_on == date(2026, 11, 25)
    assert observation.references == ("INV/1",)


@pytest.mark.parametrize("value", [12.5, "12.5", "12.50", 12])
def test_numbers_stay_exact(value):
    [observation] = read(message(total={"value": value, "unit": "EUR"})).observations
    assert observation.amount == Decimal(str(value))


def test_minor_units_follow_the_currency():
    mapping = {**MAPPING, "amounts": "minor"}
    document = message(total={"value": 1250, "unit": "JPY"})
    [observation] = json_gateway.read(json.dumps(document).encode(), mapping).observations
    assert observation.amount == Decimal(1250)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"state": "STRANGE"}, "no status for “STRANGE”"),
        ({"total": {"value": "12,50", "unit": "EUR"}}, "12,50"),
        ({"total": {"value": "12.505", "unit": "EUR"}}, "decimals"),
        ({"total": {"value": "1", "unit": "XXX"}}, "XXX"),
        ({"day": "25.11.2026"}, "no moment"),
        ({"transaction": ""}, "external_id is missing"),
    ],
)
def test_nothing_is_guessed(changes, told):
    with pytest.raises(settlements.SettlementFormatError, match=told):
        read(message(**changes))


def test_message_of_no_kind_says_nothing():
    assert read({**message(), "type": "weather"}) == settlements.Message()


def test_rows_of_a_payout():
    pages = [
        {
            "lines": [
                {"line": "L1", "type": "SALE", "gross": "12.50", "net": "12.00", "unit": "EUR",
                 "day": "2026-11-25", "about": "T1"},
                {"line": "L2", "type": "MOON", "gross": "-1.00", "net": "-1.00", "unit": "EUR",
                 "day": "2026-11-25"},
            ]
        }
    ]  # fmt: skip
    told = json_gateway.read(json_gateway.pack_report("P1", pages), MAPPING)
    assert told.payout == "P1"
    assert [(row.kind, row.gross, row.fee, row.subject) for row in told.rows] == [
        ("payment", Decimal("12.50"), Decimal("0.50"), "T1"),
        ("other", Decimal("-1.00"), Decimal("0.00"), None),
    ]
