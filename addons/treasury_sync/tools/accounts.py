"""Account numbers: telling an IBAN (ISO 13616) from any other number."""

import functools
import re

from stdnum.iso7064 import mod_97_10

_SHAPE = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


# A file names the same accounts again and again.
@functools.lru_cache(4096)
def is_iban(number):
    """Return whether ``number``, without spaces, has the shape and the check digits of an IBAN."""
    number = (number or "").upper()
    # Not stdnum.iban: its table cannot be opened once Odoo has patched the package's loader.
    return bool(_SHAPE.fullmatch(number)) and mod_97_10.is_valid(number[4:] + number[:4])
