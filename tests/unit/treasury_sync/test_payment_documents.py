"""Canonical payment order and status: frozen, written as JSON and read back exactly, as their schemas say."""

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from odoo.addons.treasury_sync.tools import documents

from tests.unit.treasury_sync.examples import instruction, order

ADDON = Path(__file__).resolve().parents[3] / "addons/treasury_sync"
ORDER_SCHEMA = json.loads((ADDON / "schemas/payment_order.v1.json").read_text())
STATUS_SCHEMA = json.loads((ADDON / "schemas/payment_status.v1.json").read_text())
DEBIT = instruction(
    3,
    references=(documents.StructuredReference(value="RF18539007547034", type="SCOR"),),
    mandate=documents.Mandate(reference="M-1", signed_on=date(2026, 1, 2), sequence="FRST"),
    ultimate_party=documents.Party(
        name="Holding", identifications=(documents.Identification(value="L1", scheme="LEI"),)
    ),
)
STATUS = documents.PaymentStatus(
    source_format="pain.002",
    source_version="pain.002.001.10",
    original_message_id="PO-1",
    status="PART",
    groups=(
        documents.GroupStatus(
            group_id="PO-1-1",
            transactions=(
                documents.TransactionStatus(
                    status="RJCT",
                    end_to_end_id="E2E-1",
                    amount=Decimal("100.50"),
                    currency="EUR",
                    accepted_at=datetime(2026, 11, 26, 11, tzinfo=UTC),
                    reasons=(documents.StatusReason(code="AC04", texts=("Account closed",)),),
                ),
            ),
        ),
    ),
)


@pytest.mark.parametrize("found", [order(), order(DEBIT, kind=documents.DIRECT_DEBIT)])
def test_order_makes_an_exact_round_trip_within_its_schema(found):
    document = json.loads(json.dumps(documents.order_to_dict(found)))
    jsonschema.Draft202012Validator.check_schema(ORDER_SCHEMA)
    jsonschema.validate(document, ORDER_SCHEMA)
    assert documents.order_from_dict(document) == found


def test_status_makes_an_exact_round_trip_within_its_schema():
    document = json.loads(json.dumps(documents.status_to_dict(STATUS)))
    jsonschema.Draft202012Validator.check_schema(STATUS_SCHEMA)
    jsonschema.validate(document, STATUS_SCHEMA)
    assert documents.status_from_dict(document) == STATUS


def test_totals_keep_currencies_apart():
    found = order(instruction(1), instruction(2, amount=Decimal("9"), currency="CHF"))
    assert found.totals == {"EUR": Decimal("100.50"), "CHF": Decimal("9")}
    assert found.control_sum == Decimal("109.50")


@pytest.mark.parametrize("change", [{"amount": 1.5}, {"amount": "-1.50"}, {"currency": "euro"}])
def test_schema_refuses_what_is_no_amount(change):
    document = json.loads(json.dumps(documents.order_to_dict(order())))
    document["groups"][0]["instructions"][0].update(change)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, ORDER_SCHEMA)


def test_unknown_field_and_other_version_are_refused():
    document = documents.order_to_dict(order())
    with pytest.raises(ValueError, match="nobody_knows"):
        documents.order_from_dict({**document, "nobody_knows": 1})
    with pytest.raises(ValueError, match="version"):
        documents.status_from_dict({**documents.status_to_dict(STATUS), "schema_version": 99})


def test_documents_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        order().groups[0].instructions[0].amount = Decimal("1")
