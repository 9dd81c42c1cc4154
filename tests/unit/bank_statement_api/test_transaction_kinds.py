"""Bank transaction codes as kinds that people filter by."""

import pytest

from odoo.addons.bank_statement_api.tools import transaction_kinds
from odoo.addons.bank_statement_api.tools.documents import BankTransactionCode


def iso(text):
    return BankTransactionCode(
        **dict(zip(("domain", "family", "subfamily"), text.split("-"), strict=False))
    )


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("PMNT-RCDT-ESCT", "transfer"),
        ("PMNT-ICDT-CHRG", "fee"),
        ("PMNT-RDDT-UPDD", "return"),
        ("PMNT-IDDT-ESDD", "direct_debit"),
        ("PMNT-CCRD-POSD", "card"),
        ("PMNT-CNTR-CWDL", "cash"),
        ("PMNT-RCHQ-CCHQ", "cheque"),
        ("ACMT-MDOP-INTR", "interest"),
        ("CAMT-ACCB-ZABA", "sweep"),
        ("FORX-SPOT", "foreign_exchange"),
        ("PMNT-NEWX-NEWY", "other"),
    ],
)
def test_iso_codes(code, kind):
    assert transaction_kinds.kind_of(iso(code)) == kind


def test_reversal_is_a_return_whatever_its_code():
    assert transaction_kinds.kind_of(iso("PMNT-RCDT-ESCT"), reversal=True) == "return"


def test_proprietary_codes_are_read_by_their_issuer():
    german = BankTransactionCode(proprietary="NTRF+166+9310", issuer="DK")
    assert transaction_kinds.kind_of(german) == "transfer"
    assert transaction_kinds.kind_of(BankTransactionCode(proprietary="POS", issuer="OFX")) == "card"
    assert transaction_kinds.kind_of(BankTransactionCode(proprietary="POS")) == "other"
    transaction_kinds.register_codes("TEST", {"7": "loan"})
    assert transaction_kinds.kind_of(BankTransactionCode(proprietary="7", issuer="TEST")) == "loan"
    assert transaction_kinds.kind_of(None) == "other"
