"""Whether a payout is explained by its rows, and these by the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .settlements import Row

#: Kinds of rows that the books know by themselves: the payout's own entry has them.
OWN = frozenset({"fee"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that the books do not explain.

    :ivar amount: what is missing in the clearing account, signed, in the payout's currency.
    :ivar why: ``unknown`` (nothing in the books), ``differs`` (another amount) or ``kind`` (the suite does not know
        what such a row means).
    """

    row: str
    why: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Proof:
    """What a payout's rows and the books say.

    :ivar unexplained: payout less the sum of its rows: the gateway's own list is incomplete where it is not zero.
    :ivar difference: what the clearing account would keep: sum of ``findings``, and ``unexplained``.
    """

    total: Decimal
    gross: Decimal
    fees: Decimal
    net: Decimal
    unexplained: Decimal
    findings: tuple[Finding, ...]

    @property
    def difference(self):
        return self.unexplained + sum((item.amount for item in self.findings), Decimal(0))

    @property
    def is_proven(self):
        """Two faults that add up to nothing are still two faults."""
        return not self.unexplained and not self.findings


def prove(
    total: Decimal, rows: Sequence[Row], booked: Mapping[str, Decimal | None], accepted=frozenset()
) -> Proof:
    """Compare a payout with its rows, and these with the books.

    :param total: what the payout brings to the bank.
    :param rows: all of its rows.
    :param booked: row -> what the clearing account has for it, in the payout's currency and signed like ``gross``;
        None where the row was paid in another currency, whose amount is compared there.
    :param accepted: rows that a person took over as they are.
    """
    findings = []
    for row in rows:
        if row.kind in OWN or row.external_id in accepted:
            continue
        if row.kind == "other":
            findings.append(Finding(row.external_id, "kind", row.gross))
        elif row.external_id not in booked:
            findings.append(Finding(row.external_id, "unknown", row.gross))
        elif booked[row.external_id] is not None and booked[row.external_id] != row.gross:
            findings.append(
                Finding(row.external_id, "differs", row.gross - booked[row.external_id])
            )
    net = sum((row.net for row in rows), Decimal(0))
    return Proof(
        total=total,
        gross=sum((row.gross for row in rows if row.kind not in OWN), Decimal(0)),
        fees=sum((row.fee if row.kind not in OWN else -row.net for row in rows), Decimal(0)),
        net=net,
        unexplained=total - net,
        findings=tuple(findings),
    )
