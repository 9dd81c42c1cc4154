"""The characters that a bank takes, and what becomes of the others.

Letters of the Latin, Greek and Cyrillic scripts are transliterated, which is what banks do with them; a letter of any
other script would be a guess, so it is refused. Signs become those that banks replace them by (EPC217-08, best
practices for the SEPA character set).
"""

import re
import unicodedata
from dataclasses import dataclass, field

from anyascii import anyascii

# What EPC217-08 replaces signs by; the first column is the sign.
_SIGNS = {
    **{sign: sign for sign in "'():?+"},
    **dict.fromkeys('!"#$%*<=>^·•…', "."),
    **dict.fromkeys("[{", "("),
    **dict.fromkeys("]}", ")"),
    **dict.fromkeys("\\|", "/"),
    **dict.fromkeys("_~–—‐‑‒−", "-"),
    **dict.fromkeys("`´‘’‚‛“”„‟«»‹›ʼʹ", "'"),
    "&": "+",
    ";": ",",
    "@": "(at)",
    "€": "EUR",
    "£": "GBP",
    "§": "S",
    "°": ".",
}  # fmt: skip
# Stands for a letter or digit that has no replacement.
_LOST = "\ufffe"
_SCRIPTS = (
    "LATIN ",
    "GREEK ",
    "CYRILLIC ",
    "FEMININE ORDINAL",
    "MASCULINE ORDINAL",
    "FULLWIDTH LATIN ",
    "MICRO ",
)


class LostTextError(ValueError):
    """A text that the character set cannot carry without losing what it says.

    :ivar text: the text.
    :ivar lost: the characters that would be lost.
    """

    def __init__(self, text, lost):
        super().__init__(f"“{text}” has characters that would be lost: {lost}")
        self.text = text
        self.lost = lost


@dataclass(frozen=True)
class Charset:
    """A set of characters.

    :ivar code: as profiles name it.
    :ivar allowed: regular expression: a class of characters, in brackets.
    :ivar upper: only capitals are carried.
    """

    code: str
    allowed: str
    upper: bool = False
    _inside: re.Pattern = field(init=False, repr=False, compare=False)
    _outside: re.Pattern = field(init=False, repr=False, compare=False)
    _replaced: dict[int, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        negative = self.allowed.startswith("[^")
        others = f"[{self.allowed[2:]}" if negative else f"[^{self.allowed[1:]}"
        object.__setattr__(self, "_inside", re.compile(f"{self.allowed}*"))
        object.__setattr__(self, "_outside", re.compile(others))
        object.__setattr__(self, "_replaced", _Replacements(self._find_replacement))

    def outside(self, text):
        """Return the characters of ``text`` that are not in the set, each once.

        :rtype: str
        """
        if self._inside.fullmatch(text):
            return ""
        return "".join(dict.fromkeys(self._outside.findall(text)))

    def fit(self, text):
        """Return ``text`` in this set: white space made single, letters transliterated, signs replaced.

        :raise LostTextError: a letter or digit would be lost, or nothing is left of what was written.
        """
        text = _single_spaced(text)
        if self.upper:
            text = text.upper()
        if self._inside.fullmatch(text):
            return text
        # The marks of a letter are one with it; a ligature or a full-width letter is what it stands for.
        known = unicodedata.normalize("NFC", text)
        fitted = known.translate(self._replaced)
        if _LOST in fitted:
            lost = (char for char in self.outside(known) if self._replaced[ord(char)] == _LOST)
            raise LostTextError(text, "".join(lost))
        fitted = _single_spaced(fitted)
        if text and not any(map(str.isalnum, fitted)):
            raise LostTextError(text, "".join(dict.fromkeys(text)))
        return fitted

    def fit_all(self, texts):
        """Return each of ``texts`` as :meth:`fit` gives it: a file of thousands of payments says as many.

        :param list[str] texts: any.
        :rtype: list[str]
        :raise LostTextError: as :meth:`fit`, of the first text that it is true of.
        """
        joined = "\n".join(texts)
        if self.upper:
            joined = joined.upper()
        if not _are_single_spaced(joined, len(texts)):
            return [self.fit(text) for text in texts]
        if self._inside.fullmatch(joined.replace("\n", "")):
            return joined.split("\n")
        fitted = unicodedata.normalize("NFC", joined)
        for char in self.outside(fitted.replace("\n", "")):
            fitted = fitted.replace(char, self._replaced[ord(char)])
        found = fitted.split("\n")
        if _LOST in fitted or not (
            _are_single_spaced(fitted, len(texts))
            and all(text[:1].isalnum() or any(map(str.isalnum, text)) for text in found)
        ):
            return [self.fit(text) for text in texts]
        return found

    def _find_replacement(self, char):
        if self._inside.fullmatch(char):
            return char
        category = unicodedata.category(char)
        if category[0] == "M":
            return ""
        if category[0] in "ZC":
            return " "
        if _is_letter(category):
            # A number is the same in every script.
            known = category[0] == "N" or unicodedata.name(char, "").startswith(_SCRIPTS)
            replaced = anyascii(char) if known else ""
        else:
            replaced = _SIGNS.get(char, ".")
        replaced = self._outside.sub(" ", replaced.upper() if self.upper else replaced)
        if _is_letter(category) and not any(map(str.isalnum, replaced)):
            return _LOST
        return replaced


class _Replacements(dict):
    """What each character becomes, by its number as ``str.translate`` asks, found when it is first met."""

    def __init__(self, find):
        super().__init__()
        self._find = find

    def __missing__(self, number):
        self[number] = found = self._find(chr(number))
        return found


def _single_spaced(text):
    # Of white space, only a blank is printable: most texts are as they should be, which is told faster than made so.
    if text.isprintable() and "  " not in text and text == text.strip():
        return text
    return " ".join(text.split())


def _are_single_spaced(joined, count):
    """:return: whether these are ``count`` lines, each a text of single blanks between other printable characters"""
    return (
        joined.count("\n") == count - 1
        and joined.replace("\n", "").isprintable()
        and "  " not in joined
        and "\n " not in joined
        and " \n" not in joined
        and joined == joined.strip(" ")
    )


def _is_letter(category):
    # A modifier is a sign: an apostrophe that belongs to a letter.
    return category[0] in "LN" and category != "Lm"


_LATIN = r"[A-Za-z0-9+?/\-:().,' ]"
CHARSETS = {
    found.code: found
    for found in (
        # Every SEPA bank, and SWIFT's set X (EPC217-08; SWIFT standards, character set X).
        Charset("latin", _LATIN),
        # Swiss Payment Standards: Basic Latin, Latin-1, Latin Extended-A, Ș Ț and €.
        Charset("sps", r"[\x20-\x7e\u00a0-\u017f\u0218-\u021b\u20ac]"),
        # ISO 8859-1 without control characters: German banks, among others.
        Charset("latin1", r"[\x20-\x7e\u00a0-\u00ff]"),
        Charset("ascii", r"[\x20-\x7e]"),
        # Nacha Operating Rules, appendix three: capitals are what every bank takes.
        Charset("nacha", r"[A-Z0-9 .,/\-&'()#:@$+?*_=]", upper=True),
        # Bacs Standard 18.
        Charset("bacs", r"[A-Z0-9 .&/\-]", upper=True),
        # What XML can say, but for control characters and what no font shows.
        Charset("unicode", r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"),
    )
}
