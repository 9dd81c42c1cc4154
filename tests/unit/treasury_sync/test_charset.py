"""Any text survives a bank's characters with all its letters, or is refused."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.treasury_sync.tools.charset import CHARSETS, LostTextError

#: Names with what makes one unlike another: marks, blanks, signs that are all of it, capitals that are two letters.
_TEXTS = (
    "Größe & Søn",
    "Müller",
    "e\u0301",
    " Alder",
    "Alder  AG",
    "***",
    "(Werk)",
    "²",
    "_",
    "ŉ",
    "社",
    "a\nb",
    "",
)


@pytest.mark.parametrize(
    ("code", "text", "fitted"),
    [
        ("latin", "Ångström & Søn, Größe", "Angstrom + Son, Grosse"),
        ("latin", "Ωμέγα Жук", "Omega Zhuk"),
        ("latin", "Müller_GmbH;  [x]\n5 €", "Muller-GmbH, (x) 5 EUR"),
        ("latin", "½ ٣", "1/2 3"),
        ("latin", "paid 😀", "paid ."),
        ("sps", "Zürich, Škoda Ț", "Zürich, Škoda Ț"),
        ("sps", "e\u0301", "é"),
        ("latin1", "Škoda", "Skoda"),
        ("bacs", "O'Neil & Søn", "O NEIL & SON"),
        ("nacha", "Größe", "GROSSE"),
        ("unicode", "北京\x00 \x1f1", "北京 1"),
    ],
)
def test_text_becomes_what_banks_make_of_it(code, text, fitted):
    assert CHARSETS[code].fit(text) == fitted


@pytest.mark.parametrize("text", ["北京 Ltd", "شركة", "חברה", "😀", "***", "Ltd 社"])
def test_a_name_that_would_be_lost_is_refused_and_says_what(text):
    with pytest.raises(LostTextError) as caught:
        CHARSETS["bacs"].fit(text)
    assert caught.value.lost and set(caught.value.lost) <= set(text)


@given(st.sampled_from(sorted(CHARSETS)), st.text(max_size=60))
def test_any_text_survives_or_is_refused(code, text):
    charset = CHARSETS[code]
    try:
        fitted = charset.fit(text)
    except LostTextError:
        return
    assert not charset.outside(fitted)
    assert fitted == charset.fit(fitted)
    letters = [
        char
        for char in unicodedata.normalize("NFC", text)
        if unicodedata.category(char)[0] in "LN" and unicodedata.category(char) != "Lm"
    ]
    kept = [char for char in fitted if char.isalnum()]
    assert len(kept) >= len(letters) or any(not char.isalnum() for char in letters)


@given(
    st.sampled_from(sorted(CHARSETS)),
    st.lists(st.one_of(st.text(max_size=12), st.sampled_from(_TEXTS)), max_size=6),
)
def test_texts_of_many_payments_become_what_each_would(code, texts):
    charset = CHARSETS[code]
    try:
        expected = [charset.fit(text) for text in texts]
    except LostTextError as error:
        with pytest.raises(LostTextError) as caught:
            charset.fit_all(texts)
        assert (caught.value.text, caught.value.lost) == (error.text, error.lost)
    else:
        assert charset.fit_all(texts) == expected
