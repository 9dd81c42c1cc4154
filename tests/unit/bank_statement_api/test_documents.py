"""The canonical statement: frozen, written as JSON and read back exactly, as its published schema says."""

import dataclasses
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from odoo.addons.bank_statement_api.tools import camt, documents

from tests.camt_writer import Line, daily_file

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = json.loads((ROOT / "addons/bank_statement_api/schemas/statement.v1.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@pytest.fixture
def statement():
    [found] = camt.read(
        daily_file(
            "DE89370400440532013000",
            "EUR",
            [
                Line(
                    date(2026, 3, 4),
                    Decimal("-1.50"),
                    "Rent",
                    reference="R1",
                    name="Landlord",
                    end_to_end_id="E1",
                ),
                Line(date(2026, 3, 4), Decimal("9.00"), "Überweisung"),
            ],
        )
    )
    return found


def test_round_trip_through_json_is_exact(statement):
    text = json.dumps(documents.to_dict(statement))
    assert documents.from_dict(json.loads(text)) == statement


def test_one_transaction_alone_makes_the_same_round_trip(statement):
    for line in statement.transactions:
        text = json.dumps(documents.transaction_to_dict(line))
        assert documents.transaction_from_dict(json.loads(text)) == line


def test_details_of_a_line_hold_what_was_said_of_it_and_nothing_else(statement):
    rent, transfer = map(documents.transaction_details, statement.transactions)
    assert transfer == {
        "amount": "9.00",
        "currency": "EUR",
        "status": "booked",
        "position": {"statement": 1, "entry": 2, "line": transfer["position"]["line"]},
        "booking_date": "2026-03-04",
        "value_date": "2026-03-04",
        "remittance": ["Überweisung"],
    }
    assert rent["counterparty"] == {"name": "Landlord"}
    for line in statement.transactions:
        text = json.dumps(documents.transaction_details(line))
        assert documents.transaction_from_dict(json.loads(text)) == line


def test_details_of_a_line_keep_what_differs_from_the_default(statement):
    line = dataclasses.replace(
        statement.transactions[0],
        reversal=True,
        extras={"ChqNb": "7"},
        batch=documents.Batch(entry_amount=Decimal("0.00"), parts=2),
        charges=(documents.Charge(amount=Decimal("0.00"), currency="EUR", included=False),),
        details=(documents.Detail(amount=Decimal("1.50"), purpose=""),),
    )
    details = documents.transaction_details(line)
    assert details["charges"] == [{"amount": "0.00", "currency": "EUR", "included": False}]
    assert documents.transaction_from_dict(json.loads(json.dumps(details))) == line


def test_schema_accepts_what_is_written_and_refuses_a_float(statement):
    document = json.loads(json.dumps(documents.to_dict(statement)))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(document)
    document["transactions"][0]["amount"] = -1.5
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(document)


@pytest.mark.parametrize("kind", documents.KINDS)
def test_kind_of_a_document_is_kept_and_part_of_its_schema(statement, kind):
    assert statement.kind == documents.STATEMENT
    found = dataclasses.replace(statement, kind=kind)
    document = json.loads(json.dumps(documents.to_dict(found)))
    VALIDATOR.validate(document)
    assert documents.from_dict(document) == found
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({**document, "kind": "rumour"})


def test_unknown_field_and_other_version_are_refused(statement):
    document = documents.to_dict(statement)
    with pytest.raises(ValueError, match="nobody_knows"):
        documents.from_dict({**document, "nobody_knows": 1})
    with pytest.raises(ValueError, match="version"):
        documents.from_dict({**document, "schema_version": 99})


def test_document_cannot_be_changed(statement):
    with pytest.raises(dataclasses.FrozenInstanceError):
        statement.transactions[0].amount = Decimal("1")
