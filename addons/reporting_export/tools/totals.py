"""Control totals: rows and sums by account and currency, to be proven against the ledger's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa

from .contract import Contract

Key = tuple[str, str, str]
"""Entity, account and currency; empty where the contract has no such column."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A total that two sides do not agree on.

    :ivar what: ``rows``, or the name of the summed column.
    """

    key: Key
    what: str
    expected: str
    actual: str

    def plain(self) -> dict[str, str]:
        """Return it as JSON values."""
        entity, account, currency = self.key
        return {
            "entity": entity,
            "account": account,
            "currency": currency,
            "what": self.what,
            "ledger": self.expected,
            "exported": self.actual,
        }


@dataclass(slots=True)
class Totals:
    """Adds up batches.

    :ivar rows: number of rows by key.
    :ivar sums: exact sums by key and column.
    """

    contract: Contract
    rows: dict[Key, int] = field(default_factory=dict)
    sums: dict[Key, dict[str, Decimal]] = field(default_factory=dict)

    def add(self, entity: str, batch: pa.RecordBatch) -> None:
        """Add the rows of one entity."""
        contract = self.contract
        by = [name for name in (contract.account, contract.currency) if name]
        columns = list(dict.fromkeys([*by, *contract.sums]))
        wanted = [(name, "sum") for name in contract.sums]
        table = pa.Table.from_batches([batch]).select(columns)
        for row in (
            table.group_by(by, use_threads=False)
            .aggregate([*wanted, ([], "count_all")])
            .to_pylist()
        ):
            key = (
                entity,
                str(row[contract.account] or "") if contract.account else "",
                str(row[contract.currency] or "") if contract.currency else "",
            )
            self._add(key, {**row, "count": row["count_all"]})

    def _add(self, key: Key, row: Mapping) -> None:
        self.rows[key] = self.rows.get(key, 0) + row["count"]
        sums = self.sums.setdefault(key, dict.fromkeys(self.contract.sums, Decimal(0)))
        for name in self.contract.sums:
            sums[name] += row[f"{name}_sum"] or Decimal(0)

    def by_entity(self) -> Totals:
        """Return the number of rows of each entity alone."""
        counted = Totals(dataclasses.replace(self.contract, account="", currency="", sums=()))
        for (entity, _account, _currency), rows in self.rows.items():
            counted._add((entity, "", ""), {"count": rows})
        return counted

    @property
    def row_count(self) -> int:
        return sum(self.rows.values())

    def plain(self) -> list[dict]:
        """Return the totals as JSON values, in a fixed order."""
        return [
            {
                "entity": key[0],
                "account": key[1],
                "currency": key[2],
                "rows": self.rows[key],
                **{name: text(value) for name, value in sorted(self.sums[key].items())},
            }
            for key in sorted(self.rows)
        ]


def differences(
    ours: Totals, ledger: Iterable[tuple[Key, int, Mapping[str, Decimal]]]
) -> list[Difference]:
    """Return every total on which the exported rows and the ledger disagree.

    Rows are not counted where several entries make one row.

    :param ledger: key, number of rows and sums, computed by another way than the export's.
    """
    told = []
    nothing = dict.fromkeys(ours.contract.sums, Decimal(0))
    expected = {key: (rows, sums) for key, rows, sums in ledger}
    for key in sorted(expected.keys() | ours.rows.keys()):
        rows, sums = expected.get(key, (0, nothing))
        actual_rows, actual_sums = ours.rows.get(key, 0), ours.sums.get(key, nothing)
        if rows != actual_rows and not ours.contract.grouped:
            told.append(Difference(key, "rows", str(rows), str(actual_rows)))
        told += [
            Difference(key, name, text(sums[name]), text(actual_sums[name]))
            for name in ours.contract.sums
            if sums[name] != actual_sums[name]
        ]
    return told


def text(amount: Decimal) -> str:
    """Return an amount without exponent and without the zeros that only the storage added."""
    if not amount:
        return "0"
    plain = format(amount, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
