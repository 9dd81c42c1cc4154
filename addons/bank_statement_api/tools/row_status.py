"""Whether a row of a table is booked, by the word that a bank writes, alone in a cell, where it is not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

# A row that never will be booked.
REFUSED = frozenset(("declined", "reverted", "failed", "cancelled", "canceled", "rejected"))
_NOT_BOOKED = REFUSED | frozenset(
    ("umsatz vorgemerkt", "vorgemerkt", "offen", "reserverat", "reservert", "reserveret", "pending")
)
# Columns that say it; others may have such a word and say something else.
_SAYS_IT = re.compile(r"\b(?:status|statut|state|stato|estado|info)\b", re.IGNORECASE)


def find_word(cells: Sequence, places: Collection[int]) -> int | None:
    """Return the place of a word that a row is not booked by, None for none.

    :param cells: of the row.
    :param places: of cells that say something else.
    """
    return next(
        (
            place
            for place, cell in enumerate(cells)
            if isinstance(cell, str) and place not in places and cell.casefold() in _NOT_BOOKED
        ),
        None,
    )


def says_it(header: str) -> bool:
    """Return whether a column of this name is the one that says whether a row is booked."""
    return bool(_SAYS_IT.search(header))
