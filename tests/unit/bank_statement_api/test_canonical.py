"""A canonical statement from outside: short where it may be, refused where it would have to be guessed."""

import copy
import datetime
import json
from decimal import Decimal

import pytest

from odoo.addons.bank_statement_api.tools import camt, canonical, documents
from odoo.addons.bank_statement_api.tools.errors import StatementFormatError

from tests.camt_writer import Line, daily_file

SHORT = {
    "schema_version": 1,
    "account": {"iban": "DE89370400440532013000", "currency": "EUR"},
    "statement_id": "2026-03-04",
    "opening": {"type": "OPBD", "amount": "100.00", "currency": "EUR", "date": "2026-03-04"},
    "closing": {"type": "CLBD", "amount": "98.50", "currency": "EUR", "date": "2026-03-04"},
    "transactions": [
        {
            "amount": "-1.50",
            "currency": "EUR",
            "status": "booked",
            "booking_date": "2026-03-04",
            "remittance": ["Rent"],
        }
    ],
}


def read(document):
    return canonical.read(json.dumps(document).encode())


def changed(path, value):
    document = copy.deepcopy(SHORT)
    *parents, last = path
    node = document
    for key in parents:
        node = node[key]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document


def test_short_document_is_enough():
    [statement] = read(SHORT)
    [line] = statement.booked
    assert (line.amount, line.booking_date) == (Decimal("-1.50"), datetime.date(2026, 3, 4))
    assert str(line.position) == "statement 1, entry 1"
    assert statement.source_format == "canonical"
    assert canonical.matches(json.dumps(SHORT).encode())
    assert canonical.matches(b"\xef\xbb\xbf" + json.dumps([SHORT, SHORT]).encode())
    assert [each.position for each in read([SHORT, SHORT])] == [1, 2]


def test_what_a_reader_made_of_a_bank_file_comes_back_the_same():
    [original] = camt.read(
        daily_file(
            "DE89370400440532013000",
            "EUR",
            [Line(datetime.date(2026, 3, 4), Decimal("9.00"), "Überweisung", reference="R")],
        )
    )
    [again] = read(documents.to_dict(original))
    assert again.transactions == original.transactions
    assert (again.opening, again.closing) == (original.opening, original.closing)
    assert again.source_format == "canonical", "whatever it claims to be"


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["schema_version"], 2, "schema_version"),
        (["account", "iban"], ..., "account"),
        (["transactions", 0, "amount"], 1.5, "amount"),
        (["transactions", 0, "amount"], "1,50", "amount"),
        (["transactions", 0, "amount"], "NaN", "amount"),
        (["transactions", 0, "amount"], ..., "amount"),
        (["transactions", 0, "booking_date"], ..., "booking date"),
        (["transactions", 0, "booking_date"], "2026-02-30", ""),
        (["transactions", 0, "currency"], "USD", "currencies"),
        (["transactions", 0, "status"], "maybe", "status"),
        (["transactions", 0, "amuont"], "1", "amuont"),
        (["closing", "currency"], "USD", "currencies"),
        (["transactions"], {}, "transactions"),
        (["transactions"], ["x"], "transactions"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused_and_named(path, value, word):
    with pytest.raises(StatementFormatError) as caught:
        read(changed(path, value))
    error = caught.value
    assert word in f"{error.message} {error.evidence}"
    assert "new key" in error.next_step


@pytest.mark.parametrize(
    "content", [b"{", b'["schema_version"', b"[]", b"[" * 100_000, b"3", b'"x"']
)
def test_other_json_is_refused(content):
    with pytest.raises(StatementFormatError):
        canonical.read(content)


def test_two_entries_at_one_position_are_refused():
    entry = {**SHORT["transactions"][0], "position": {"statement": 1, "entry": 1}}
    with pytest.raises(StatementFormatError, match="one position"):
        read({**SHORT, "transactions": [entry, entry]})
