"""The form in which references are compared."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.bank_statement_api.tools import references
from odoo.addons.bank_statement_api.tools.matching import words


@given(st.text(max_size=80))
def test_normalised_text_is_capital_letters_and_digits_and_stays_so(text):
    value = references.normalise(text)
    assert value == references.normalise(value)
    assert all(char.isascii() and (char.isdigit() or char.isupper()) for char in value)


@given(st.text(max_size=80))
def test_engine_reads_texts_in_the_same_form(text):
    assert words.normalise(text) == references.normalise(text)
