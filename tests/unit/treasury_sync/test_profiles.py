"""Profiles are data: every one is complete, and a bank's choices change it or are refused."""

from decimal import Decimal

import pytest

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.treasury_sync.tools import (  # noqa: F401, registers
    bacs18,
    formats,
    nacha,
    pain001,
    pain008,
    profiles,
)

CODES = [code for code, _name in profiles.choices()]


@pytest.mark.parametrize("code", CODES)
def test_profile_says_where_it_comes_from_and_names_formats_that_exist(code):
    rules = profiles.find(code)
    assert rules.name and rules.source
    for name in rules.formats:
        assert rules.kind in formats.find(name).kinds


def test_a_bank_changes_the_profile_of_its_scheme():
    rules = profiles.find("sepa", {"charset": "latin1", "max_amount": "1000", "references": []})
    assert (rules.charset, rules.max_amount, rules.references) == ("latin1", Decimal("1000"), ())
    assert profiles.find("sepa").charset == "latin"


@pytest.mark.parametrize(
    "options",
    [
        {"colour": "blue"},
        {"code": "x"},
        {"kind": "direct_debit"},
        {"charset": "klingon"},
        {"max_amount": "much"},
        {"currencies": "EUR"},
        {"text_length": "140"},
        {"uetr": 1},
        {"sender": "me"},
        {"account_number": "["},
    ],
)
def test_a_choice_that_does_not_exist_is_refused(options):
    with pytest.raises(BusinessError) as caught:
        profiles.find("sepa", options)
    assert caught.value.code == "payment_profile_invalid"
    assert caught.value.next_step


def test_unknown_profile_is_named_with_those_that_exist():
    with pytest.raises(BusinessError, match="sepaa") as caught:
        profiles.find("sepaa")
    assert "cross_border" in caught.value.next_step
