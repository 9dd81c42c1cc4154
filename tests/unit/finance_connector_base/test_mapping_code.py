import pytest

from odoo.addons.finance_connector_base.tools.mapping_code import (
    code_digest,
    is_code_digest,
    normalise_code,
)
from odoo.addons.finance_connector_base.tools.masking import mask_mapping

IBAN = "DE89370400440532013000"


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("journal", " de89 3704 0044|eur ", "DE8937040044|EUR"),
        ("currency", "eur", "EUR"),
        ("account", " 40 Xy ", "40 Xy"),
        ("counterparty", "acme", "acme"),
    ],
)
def test_code_in_one_form(kind, code, expected):
    assert normalise_code(kind, code) == expected


def test_digest_is_that_of_the_normal_form_and_of_the_kind():
    assert code_digest("journal", f"{IBAN}|EUR") == code_digest(
        "journal", "de89 3704 0044 0532 0130 00|eur"
    )
    assert code_digest("journal", "X") != code_digest("account", "X")
    assert code_digest("account", "x") != code_digest("account", "X")


def test_digest_survives_masking_and_holds_no_digit():
    for number in range(2000):
        digest = code_digest("account", str(number))
        assert is_code_digest(digest)
        assert mask_mapping({"code_digest": digest})["code_digest"] == digest


@pytest.mark.parametrize("text", ["", "a" * 63, "a" * 65, "q" * 64, "A" * 64, "0" * 64])
def test_what_is_no_digest(text):
    assert not is_code_digest(text)
