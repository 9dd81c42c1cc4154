"""Codes of every format as one small set of kinds, and account numbers that follow from others."""

import pytest

from odoo.addons.bank_statement_api.tools import accounts, transaction_kinds
from odoo.addons.bank_statement_api.tools.documents import BankTransactionCode


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"domain": "PMNT", "family": "RCDT", "subfamily": "ESCT"}, transaction_kinds.TRANSFER),
        ({"domain": "PMNT", "family": "RCDT", "subfamily": "RRTN"}, transaction_kinds.RETURN),
        ({"domain": "PMNT", "family": "IDDT", "subfamily": "UPDD"}, transaction_kinds.RETURN),
        ({"domain": "PMNT", "family": "RDDT", "subfamily": "ESDD"}, transaction_kinds.DIRECT_DEBIT),
        ({"domain": "ACMT", "family": "MDOP", "subfamily": "CHRG"}, transaction_kinds.FEE),
        ({"proprietary": "NTRF+166+0931", "issuer": "DK"}, transaction_kinds.TRANSFER),
        ({"proprietary": "NDDT+105+0931", "issuer": None}, transaction_kinds.DIRECT_DEBIT),
        ({"proprietary": "NMSC+805", "issuer": "DK"}, transaction_kinds.FEE),
        ({"proprietary": "NRTI", "issuer": "SWIFT"}, transaction_kinds.RETURN),
        ({"proprietary": "NTRF+020", "issuer": "SWIFT"}, transaction_kinds.TRANSFER),
        ({"proprietary": "475", "issuer": "BAI2"}, transaction_kinds.CHEQUE),
        ({"proprietary": "723", "issuer": "BAI2"}, transaction_kinds.LOAN),
        ({"proprietary": "00501000", "issuer": "CODA"}, transaction_kinds.DIRECT_DEBIT),
        ({"proprietary": "05-RECU", "issuer": "CFONB"}, transaction_kinds.TRANSFER),
        ({"proprietary": "12-501", "issuer": "N43"}, transaction_kinds.CARD),
        ({"proprietary": "475", "issuer": "somebody"}, transaction_kinds.OTHER),
        ({"proprietary": "999", "issuer": "BAI2"}, transaction_kinds.OTHER),
        ({}, transaction_kinds.OTHER),
    ],
)
def test_kind_of_a_code(values, kind):
    assert transaction_kinds.kind_of(BankTransactionCode(**values)) == kind


def test_iban_that_follows_from_a_national_number():
    assert accounts.french_iban("20041", "01005", "0500013M026") == "FR1420041010050500013M02606"
    assert accounts.spanish_iban("2100", "0418", "0200051332") == "ES9121000418450200051332"
    assert accounts.french_iban("2004", "01005", "0500013M026") is None
    assert accounts.spanish_iban("2100", "041X", "0200051332") is None


def test_number_is_an_iban_only_when_its_digits_prove_it():
    assert accounts.identify("de89 3704 0044 0532 0130 00") == ("DE89370400440532013000", None)
    assert accounts.identify("DE89370400440532013001") == (None, "DE89370400440532013001")
    assert accounts.identify("  ") == (None, None)
