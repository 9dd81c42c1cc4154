"""Peculiarities of single banks' camt files that do not touch their meaning: read, and said where a person may care."""

import re
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import camt
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.unit.bank_statement_api.test_camt import (
    MESSAGES,
    as_message,
    document,
    entry,
    read_one,
    statement,
)


def test_entry_of_a_statement_is_booked_where_it_does_not_say_so():
    silent = re.sub("<Sts>.*</Sts>", "", entry())
    found = read_one(document(statement(silent, closing="10.00")))
    assert [line.amount for line in found.booked] == [Decimal("10.00")]
    assert ["Sts" in warning.path for warning in found.warnings] == [True]
    # A report or a notification may be of what is only expected.
    for message in MESSAGES:
        [bad] = read_one(as_message(document(statement(silent)), *message)).bad_entries
        assert bad.code == "status"


def test_other_side_may_be_a_bank_itself():
    bank = "<Agt><FinInstnId><BICFI>COBADEFFXXX</BICFI><Nm>A Bank</Nm></FinInstnId></Agt>"
    details = f"<NtryDtls><TxDtls><RltdPties><Dbtr>{bank}</Dbtr></RltdPties></TxDtls></NtryDtls>"
    [line] = read_one(document(statement(entry(details=details)))).booked
    assert (line.counterparty.name, line.counterparty.bic) == ("A Bank", "COBADEFFXXX")


def test_balances_may_have_the_codes_of_bai2():
    content = document(statement(entry(), opening="1.00", closing="11.00"))
    for code, own in ((b"OPBD", b"010"), (b"CLBD", b"015")):
        content = content.replace(b"<Cd>%s</Cd>" % code, b"<Prtry>%s</Prtry>" % own)
    found = read_one(content)
    assert (found.opening.amount, found.closing.amount) == (Decimal(1), Decimal(11))
    other = read_one(content.replace(b"010", b"999"))
    assert other.opening is None and other.balances[0].type == "999"


def test_order_that_a_payment_was_given_with_is_kept():
    refs = "<Refs><MsgId>M-1</MsgId><PmtInfId>P-1</PmtInfId></Refs>"
    details = f"<NtryDtls><TxDtls>{refs}</TxDtls></NtryDtls>"
    [line] = read_one(document(statement(entry(details=details)))).booked
    assert line.extras["NtryDtls/TxDtls/Refs/MsgId"] == "M-1"
    assert line.extras["NtryDtls/TxDtls/Refs/PmtInfId"] == "P-1"


def test_documents_may_stand_one_behind_another():
    first, second = (document(statement(entry(amount))) for amount in ("1.00", "2.00"))
    found = camt.read(first + b"\r\n" + second)
    assert [line.amount for item in found for line in item.booked] == [Decimal(1), Decimal(2)]
    assert [item.position for item in found] == [1, 2]
    assert [line.position.statement for item in found for line in item.booked] == [1, 2]
    for damaged in (first + second[:-20], first + second.replace(b"<Stmt>", b"", 1)):
        with pytest.raises(StatementFormatError):
            camt.read(damaged)
