"""Payments in the JSON of NextGenPSD2: what is written is complete, and what is answered is read to the payment."""

import dataclasses
import json
from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import life, psd2_json
from odoo.addons.treasury_sync.tools.formats import Profile

from tests.unit.treasury_sync.examples import order

PROFILE = Profile("sepa")


def bulk():
    example = order()
    [group, *_rest] = example.groups
    return dataclasses.replace(example, groups=(group,))


def test_bulk_carries_every_payment_and_the_sum():
    example = bulk()
    content = psd2_json.write(example, PROFILE)
    psd2_json.validate(content, PROFILE)
    body = json.loads(content)
    payments = body.get("payments", [body])
    assert [item["endToEndIdentification"] for item in payments] == [
        item.end_to_end_id for item in example.instructions
    ]
    total = sum(Decimal(item["instructedAmount"]["amount"]) for item in payments)
    assert total == example.control_sum
    assert content == psd2_json.write(example, PROFILE), "the same order gives the same bytes"


def test_single_payment_is_no_bulk():
    example = bulk()
    [group] = example.groups
    one = dataclasses.replace(
        example, groups=(dataclasses.replace(group, instructions=group.instructions[:1]),)
    )
    body = json.loads(psd2_json.write(one, PROFILE))
    assert "payments" not in body
    assert body["debtorAccount"] == {"iban": group.account.iban}


def test_account_without_iban_is_refused_by_name():
    example = bulk()
    [group] = example.groups
    first = group.instructions[0]
    bad = dataclasses.replace(
        first, account=dataclasses.replace(first.account, iban=None, other_id="1")
    )
    changed = dataclasses.replace(
        example,
        groups=(dataclasses.replace(group, instructions=(bad, *group.instructions[1:])),),
    )
    with pytest.raises(BusinessError, match=first.end_to_end_id):
        psd2_json.write(changed, PROFILE)


def test_changed_bytes_are_refused():
    with pytest.raises(BusinessError, match="not the JSON"):
        psd2_json.validate(b'{"payments": []}', PROFILE)
    with pytest.raises(BusinessError):
        psd2_json.validate(b"<Document/>", PROFILE)


def test_answer_is_read_to_the_payment():
    answer = {
        "transactionStatus": "PART",
        "payments": [
            {"endToEndIdentification": "E1", "transactionStatus": "ACSC"},
            {"endToEndIdentification": "E2", "transactionStatus": "RJCT"},
        ],
    }
    report = psd2_json.read_status(json.dumps(answer).encode(), "M1")
    known = {"E1": ("G1", "I1"), "E2": ("G1", "I2"), "E3": ("G1", "I3")}
    found, strangers = life.verdicts(report, known)
    assert [(item.end_to_end_id, item.code) for item in found] == [("E1", "ACSC"), ("E2", "RJCT")]
    assert not strangers


def test_received_says_nothing():
    assert psd2_json.read_status(b'{"transactionStatus": "RCVD"}', "M1") is None
    assert psd2_json.read_status(b"[]", "M1") is None
