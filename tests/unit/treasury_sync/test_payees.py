"""Verification of payee: four answers count, and nothing else is one of them."""

import json

import pytest

from odoo.addons.finance_connector_base.tools.errors import FinalError
from odoo.addons.treasury_sync.tools import payees


@pytest.mark.parametrize("code", payees.CODES)
def test_four_answers_count(code):
    answer = {"partyNameMatch": code, "matchedName": " Vendor SA "}
    found = payees.read(json.dumps(answer).encode())
    assert found.code == code
    # The bank may tell the holder's name only where it is nearly the one that was asked for.
    assert found.name == ("Vendor SA" if code == "CMTC" else "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>busy</html>",
        b"null",
        b"[]",
        b'"MTCH"',
        b"{}",
        b'{"partyNameMatch": null}',
        b'{"partyNameMatch": "mtch"}',
        b'{"partyNameMatch": "MTCH ',
        b'{"partyNameMatch": ["MTCH"]}',
        b'{"partyNameMatch": "NONE"}',
        b'{"match": "MTCH"}',
    ],
)
def test_whatever_else_came_is_no_answer(content):
    with pytest.raises(FinalError) as caught:
        payees.read(content)
    assert caught.value.code == "payee_answer_unreadable"


def test_question_names_the_payee_the_account_and_the_bank_if_it_is_known():
    assert json.loads(payees.request("Vendor SARL", "FR76", "BNPAFRPP")) == {
        "party": {"name": "Vendor SARL"},
        "partyAccount": {"iban": "FR76"},
        "partyAgent": {"financialInstitutionId": {"bicfi": "BNPAFRPP"}},
    }
    assert "partyAgent" not in json.loads(payees.request("Vendor SARL", "FR76"))
