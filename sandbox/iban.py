"""IBANs with right check digits (ISO 13616, check by ISO 7064 MOD 97-10)."""

import random
from functools import cache


def _number(text):
    return int("".join(str(int(character, 36)) for character in text))


def make_iban(country, bban):
    """Return the IBAN of ``bban`` in ``country``, check digits computed."""
    return f"{country}{98 - _number(f'{bban}{country}00') % 97:02d}{bban}"


def has_check_digits(text):
    """Tell whether the check digits of ``text`` (no spaces) are right: an IBAN or an ISO 11649 reference."""
    return (
        len(text) > 4
        and text.isalnum()
        and text.isascii()
        and _number(text[4:] + text[:4]) % 97 == 1
    )


@cache
def invented_iban(country, key):
    """Return an IBAN of ``country`` (CH, DE, FR or GB) that belongs to ``key`` and to nobody else here."""
    numbers = random.Random(f"iban/{country}/{key}")

    def digits(count):
        return "".join(str(numbers.randrange(10)) for _ in range(count))

    bban = {
        "CH": lambda: "09999" + digits(12),
        "DE": lambda: "99999999" + digits(10),
        "FR": lambda: "9999999999" + digits(13),
        "GB": lambda: "SBNK999999" + digits(8),
    }[country]()
    return make_iban(country, bban)
