"""Account numbers: what proves one to be an IBAN, and the IBANs that follow from national numbers."""

from __future__ import annotations

import re

from stdnum.es import ccc
from stdnum.iso7064 import mod_97_10

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
# A is 10, Z is 35.
_LETTERS = {ord("A") + place: str(10 + place) for place in range(26)}
# The letters of a French account number count as digits: A and J 1, B, K and S 2, and so on.
_RIB_LETTERS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")


def compact(text: str | None) -> str:
    """Return an account number in capitals without blanks."""
    return "".join((text or "").split()).upper()


def is_iban(text: str | None) -> bool:
    """Whether a compact text has the form of an IBAN and its check digits hold (ISO 13616)."""
    if not _IBAN.fullmatch(text or ""):
        return False
    return int((text[4:] + text[:4]).translate(_LETTERS)) % 97 == 1


def identify(text: str | None) -> tuple[str | None, str | None]:
    """Return an account number as (IBAN, None) when it proves to be one, else as (None, number)."""
    number = compact(text)
    if is_iban(number):
        return number, None
    return None, " ".join((text or "").split()) or None


def french_iban(bank: str, branch: str, account: str) -> str | None:
    """Return the IBAN of a French account: its RIB with the key that follows from it (CFONB).

    :param bank: code banque, 5 digits.
    :param branch: code guichet, 5 digits.
    :param account: 11 letters and digits.
    :return: None when the parts are no RIB.
    """
    rib = bank + branch + account
    if not re.fullmatch(r"\d{10}[A-Z0-9]{11}", rib, re.ASCII):
        return None
    number = int(account.translate(_RIB_LETTERS))
    key = 97 - (89 * int(bank) + 15 * int(branch) + 3 * number) % 97
    return _iban("FR", f"{rib}{key:02d}")


def spanish_iban(bank: str, branch: str, account: str) -> str | None:
    """Return the IBAN of a Spanish account: its CCC with the control digits that follow from it (AEB).

    :param bank: entidad, 4 digits.
    :param branch: oficina, 4 digits.
    :param account: 10 digits.
    :return: None when the parts are no CCC.
    """
    if not re.fullmatch(r"\d{18}", bank + branch + account, re.ASCII):
        return None
    digits = ccc.calc_check_digits(f"{bank}{branch}00{account}")
    return _iban("ES", f"{bank}{branch}{digits}{account}")


def polish_iban(number: str | None) -> str | None:
    """Return the IBAN of a Polish account: its NRB of 26 digits has the check digits of the IBAN (NBP).

    :return: None when it is no NRB.
    """
    iban = f"PL{compact(number)}"
    return iban if re.fullmatch(r"PL\d{26}", iban, re.ASCII) and is_iban(iban) else None


def _iban(country: str, number: str) -> str:
    return f"{country}{mod_97_10.calc_check_digits(number + country)}{number}"
