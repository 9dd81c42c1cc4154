"""Texts that a stranger chose cost no more than texts that a bank writes."""

import datetime

from odoo.addons.bank_statement_api.tools import nextgenpsd2
from odoo.addons.bank_statement_api.tools.matching.engine import match
from odoo.addons.bank_statement_api.tools.matching.facts import NONE, Item, Line, Text


def decide(text, number):
    line = Line(
        id=1,
        company=1,
        journal=1,
        amounts=(("EUR", 100),),
        date=datetime.date(2026, 3, 4),
        texts=(Text("payment_ref", text),),
    )
    item = Item(id=1, company=1, currency="EUR", residual=200, document=1, numbers=(number,))
    [decision] = match([line], [item])
    return decision.outcome


def test_endless_text_is_searched_in_part():
    words = [f"INV{number:06}" for number in range(20_000)]
    assert decide(" ".join(words), words[0]) != NONE
    assert decide(" ".join(words), words[-1]) == NONE


def test_a_few_characters_are_no_reference():
    assert decide("A1", "A1") == NONE


def test_characters_that_no_database_holds_are_shown_as_such():
    document = nextgenpsd2.loads(rb'{"a": "x\u0000y", "b": ["\ud800"], "c": {"d": "\udfff"}}')
    assert document == {"a": "x\ufffdy", "b": ["\ufffd"], "c": {"d": "\ufffd"}}
    assert nextgenpsd2.loads('{"a": "\N{GRINNING FACE}"}'.encode()) == {"a": "\N{GRINNING FACE}"}
