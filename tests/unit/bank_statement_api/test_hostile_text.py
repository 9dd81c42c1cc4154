"""Texts that a stranger chose cost no more than texts that a bank writes."""

from decimal import Decimal

from odoo.addons.bank_statement_api.tools import nextgenpsd2, references
from odoo.addons.bank_statement_api.tools.documents import Position, Transaction


def transaction(**values):
    return Transaction(
        amount=Decimal("1.00"),
        currency="EUR",
        status="booked",
        position=Position(statement=1, entry=1),
        **values,
    )


def test_endless_text_is_searched_in_part():
    words = [f"INV{number:06}" for number in range(20_000)]
    found = references.candidates(transaction(remittance=(" ".join(words),)))
    values = {candidate.value for candidate in found}
    assert words[0] in values
    assert words[-1] not in values


def test_a_few_characters_are_no_reference():
    assert not references.candidates(transaction(end_to_end_id="1", remittance=("A1",)))


def test_characters_that_no_database_holds_are_shown_as_such():
    document = nextgenpsd2.loads(rb'{"a": "x\u0000y", "b": ["\ud800"], "c": {"d": "\udfff"}}')
    assert document == {"a": "x\ufffdy", "b": ["\ufffd"], "c": {"d": "\ufffd"}}
    assert nextgenpsd2.loads('{"a": "\N{GRINNING FACE}"}'.encode()) == {"a": "\N{GRINNING FACE}"}
