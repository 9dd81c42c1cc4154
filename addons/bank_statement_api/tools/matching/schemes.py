"""Structured payment references of Europe: their check digits, and the forms in which one may come back.

A right check digit says that a reference was typed right, never that it is ours: one of 12 digits can be valid by three
schemes at once. The engine therefore compares with what was issued and uses the scheme to *name* what it found, and
to know under which other forms (without ``RF``, without leading zeros) the same reference may arrive.
"""

from __future__ import annotations

from collections.abc import Iterator

from stdnum import luhn
from stdnum.ch import esr

_BASE_36 = {
    ord(letter): str(number) for number, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
}
_SHORTEST = 7
"""Digits: what is left of a shorter reference without its prefix is anybody's number."""


def kinds(value: str) -> tuple[str, ...]:
    """Return the schemes by which a normalised value is a valid reference, in a fixed order."""
    return tuple(kind for kind, check in _CHECKS.items() if check(value))


def equivalents(value: str) -> Iterator[str]:
    """Yield the other forms in which banks and payers give back an issued reference.

    :param value: normalised.
    """
    if is_rf(value):
        yield from (form for form in (value[2:], value[4:].lstrip("0")) if _telling(form))
    elif value[:2] in ("SI", "HR") and value[2:].isdigit() and _telling(value[2:]):
        yield value[2:]
    elif value.isdigit():
        short = value.lstrip("0")
        if short != value and _telling(short):
            yield short


def _telling(form: str) -> bool:
    return len(form) >= _SHORTEST and form.isalnum()


def is_rf(value: str) -> bool:
    """ISO 11649: ``RF``, two check digits, up to 21 characters, modulo 97. Swiss SCOR is the same."""
    if not (value.startswith("RF") and 5 <= len(value) <= 25 and value[2:4].isdigit()):
        return False
    return int((value[4:] + value[:4]).translate(_BASE_36)) % 97 == 1


def is_qrr(value: str) -> bool:
    """Swiss QR reference: 27 digits, the last a recursive modulo 10 (SIX, QR-bill guidelines, annex B)."""
    return _digits(value, 27, 27) and bool(value.strip("0")) and esr.is_valid(value)


def is_ogm(value: str) -> bool:
    """Belgian structured communication: ten digits and their rest by 97, 97 for none (Febelfin)."""
    return _digits(value, 12, 12) and (int(value[:10]) % 97 or 97) == int(value[10:])


def is_finnish(value: str) -> bool:
    """Finnish viite: 4 to 20 digits, weights 7, 3, 1 from the right (Finance Finland, "Reference number")."""
    return _digits(value, 4, 20) and _seven_three_one(value[:-1]) == value[-1]


def is_estonian(value: str) -> bool:
    """Estonian viitenumber: 2 to 20 digits, weights 7, 3, 1 from the right (Estonian Banking Association)."""
    return _digits(value, 2, 20) and _seven_three_one(value[:-1]) == value[-1]


def is_kid_mod10(value: str) -> bool:
    """Norwegian KID, 2 to 25 digits, Luhn (Mastercard Payment Services, OCR giro)."""
    return _digits(value, 2, 25) and luhn.is_valid(value)


def is_kid_mod11(value: str) -> bool:
    """Norwegian KID with modulo 11, weights 2 to 7 from the right; a control of 10 is ``-``, lost in normalising."""
    if not _digits(value, 2, 25):
        return False
    total = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(value[:-1])))
    control = (11 - total % 11) % 11
    return control < 10 and str(control) == value[-1]


def is_swedish_ocr(value: str) -> bool:
    """Swedish OCR: 2 to 25 digits, Luhn; by agreement the last but one counts the digits (Bankgirot)."""
    return _digits(value, 2, 25) and luhn.is_valid(value)


def is_fik(value: str) -> bool:
    """Danish FIK payment id: 15 digits (+71) or 16 (+75), weights 1 and 2 with digit sums (Betalingsservice)."""
    for prefix, length in (("71", 15), ("75", 16)):
        bare = value.removeprefix(prefix) if len(value) == length + 2 else value
        if _digits(bare, length, length) and luhn.is_valid(bare):
            return True
    return False


def is_dutch(value: str) -> bool:
    """Dutch betalingskenmerk: 7 digits as they are; 9 to 14 or 16 digits with their control first, modulo 11.

    Weights 2, 4, 8, 5, 10, 9, 7, 3, 6, 1 from the right, repeated (Betaalvereniging, "Betalingskenmerk").
    """
    if not _digits(value, 7, 16) or len(value) in (8, 15):
        return False
    if len(value) == 7:
        return True
    weights = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)
    total = sum(int(digit) * weights[place % 10] for place, digit in enumerate(reversed(value[1:])))
    control = 11 - total % 11
    return {10: "1", 11: "0"}.get(control, str(control)) == value[0]


def is_slovenian(value: str) -> bool:
    """Slovenian ``SI`` and model 00 to 99; model 01 is checked with modulo 11 (ZBS, UPN), 99 has no reference."""
    if not (value.startswith("SI") and value[2:].isdigit() and 6 <= len(value) <= 26):
        return False
    return value[2:4] != "01" or _mod11_by_twos(value[4:-1]) == value[-1]


def is_croatian(value: str) -> bool:
    """Croatian ``HR`` and model; model 01 has one control digit by modulo 11 (HUB, single reference of approval)."""
    if not (value.startswith("HR") and value[2:].isdigit() and 6 <= len(value) <= 26):
        return False
    return value[2:4] != "01" or _mod11_by_twos(value[4:-1]) == value[-1]


def _mod11_by_twos(body: str) -> str:
    total = sum(int(digit) * (2 + place % 12) for place, digit in enumerate(reversed(body)))
    control = 11 - total % 11
    return "0" if control >= 10 else str(control)


def _seven_three_one(body: str) -> str:
    total = sum(int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(reversed(body)))
    return str(-total % 10)


def _digits(value: str, shortest: int, longest: int) -> bool:
    return shortest <= len(value) <= longest and value.isascii() and value.isdigit()


_CHECKS = {
    "rf": is_rf,
    "qrr": is_qrr,
    "ogm": is_ogm,
    "slovenian": is_slovenian,
    "croatian": is_croatian,
    "finnish": is_finnish,
    "estonian": is_estonian,
    "kid_mod10": is_kid_mod10,
    "kid_mod11": is_kid_mod11,
    "swedish_ocr": is_swedish_ocr,
    "fik": is_fik,
    "dutch": is_dutch,
}
