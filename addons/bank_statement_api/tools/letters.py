"""Which encoding of one byte a text is in, by the words that its letters make: certain, or nothing.

Polish of Windows-1250 read as Windows-1252 has “Pawe³”, French of MS-DOS “Soci‚t‚”. An encoding fits when
each word with letters beyond ASCII is written in the alphabet of a language, with capitals where capitals
stand. Another one than the usual counts only where the usual does not fit, it is the only one that does,
and one language has more than half of the words: names are of all languages, a file's own words of one.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

WESTERN = ("iso8859-15", "cp850", "cp437", "mac-roman")
ENCODINGS = ("cp1250", "iso8859-2", "cp852", *WESTERN)

_LANGUAGES = tuple(
    map(
        frozenset,
        (
            "äöüß",  # German
            "àâæçéèêëîïôœùûüÿ",  # French
            "áéíñóúü",  # Spanish
            "àçèéíïòóúü",  # Catalan
            "àáâãçéêíóôõúü",  # Portuguese
            "àèéìíòóùú",  # Italian
            "áäçéèêëïóöü",  # Dutch
            "åäöæøéü",  # Danish, Norwegian, Swedish
            "áéíóúýþæöð",  # Icelandic
            "äöõüšž",  # Estonian, Finnish
            "ąćęłńóśźż",  # Polish
            "áäčďéěíĺľňóôŕřšťúůýž",  # Czech, Slovak
            "áéíóöőúüű",  # Hungarian
            "ăâîșțşţ",  # Romanian
            "čćđšž",  # Croatian, Serbian, Slovene
        ),
    )
)
# What stands between words or at their ends: joins anywhere, quotes at an end, units only behind.
_JOINS = "’‘´·–—\N{NO-BREAK SPACE}\N{SOFT HYPHEN}"
_QUOTES = "«»„“”‚…¿¡"
_UNITS = "€£§°©®™±×½¼¾²³ªº"
_LETTER = r"[^\W\d_]"
_BETWEEN = re.compile(rf"[{_JOINS}]|[{_QUOTES}{_UNITS}](?!{_LETTER})|(?<!{_LETTER})[{_QUOTES}]")
# Letters that are words.
_ALONE = frozenset("àâáåæèéìíòóöøú")
_TOKEN = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_MOST = 5000


def find_encoding(content: bytes, usual: str, others: tuple[str, ...]) -> tuple[str, bool]:
    """Return the encoding, and whether the text's words are written in it.

    :param usual: the answer where nothing is certain.
    """
    tokens = sorted(set(_TOKEN.findall(content)))[:_MOST]
    if _words(tokens, usual) is not None:
        return usual, True
    found = {}
    for encoding in others:
        words = _words(tokens, encoding)
        # Two letters by themselves may be anything.
        if any(len(word) > 2 for word in words or ()) and 2 * max(_speakers(words).values()) > len(
            words
        ):
            found.setdefault(tuple(token.decode(encoding) for token in tokens), encoding)
    if len(found) == 1:
        return found.popitem()[1], True
    return usual, False


def misread(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield texts as they are where one of the encodings was taken for the usual, or for Latin-1."""
    if all(map(str.isascii, texts)):
        return
    for encoding, taken in itertools.product(ENCODINGS, ("cp1252", "latin-1")):
        yield [text.encode(encoding, "replace").decode(taken, "replace") for text in texts]


def _words(tokens: list[bytes], encoding: str) -> set[str] | None:
    """Return the words with letters beyond ASCII, or None where something in the encoding makes none."""
    words = set()
    for token in tokens:
        try:
            text = token.decode(encoding)
        except UnicodeDecodeError:
            return None
        words.update(word for word in _BETWEEN.split(text) if not word.isascii())
    return words if all(map(_is_word, words)) else None


def _is_word(word: str) -> bool:
    if not word.isalpha() or (len(word) == 1 and word.lower() not in _ALONE):
        return False
    for place, letter in enumerate(word):
        if letter.isascii() or letter == "ß":
            continue
        before, after = word[:place], word[place + 1 :]
        # “BÜRO” and “Büro”, but none of “bÜro”, “BÜro”, “BüRO” and “CAFé”. Fields may touch: “LCCRéception”.
        if letter.isupper() and (before[-1:].islower() or (place == 1 and after[:1].islower())):
            return False
        if letter.islower() and (
            after[:1].isupper() or (not after and place > 1 and before[-2:].isupper())
        ):
            return False
    return any(_beyond_ascii(word) <= alphabet for alphabet in _LANGUAGES)


def _speakers(words: set[str]) -> Counter:
    """Return how many of the words are written in each language."""
    return Counter(
        alphabet for word in words for alphabet in _LANGUAGES if _beyond_ascii(word) <= alphabet
    )


def _beyond_ascii(word: str) -> set[str]:
    return {letter for letter in word.lower() if not letter.isascii()}
