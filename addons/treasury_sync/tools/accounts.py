"""Account numbers: telling an IBAN (ISO 13616) from any other number."""

import re
from string import ascii_uppercase, digits

# ISO 13616: letters count as two digits, A being 10.
_DIGITS = str.maketrans({char: str(value) for value, char in enumerate(digits + ascii_uppercase)})
_SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def is_iban(number):
    """Return whether ``number``, without spaces, has the shape and the check digits of an IBAN."""
    number = (number or "").upper()
    # Not stdnum.iban: its table cannot be opened once Odoo has patched the package's loader.
    if not _SHAPE.fullmatch(number):
        return False
    # As one number, not digit by digit like stdnum.iso7064: a file of thousands has as many accounts.
    return int((number[4:] + number[:4]).translate(_DIGITS)) % 97 == 1
