"""The manifest of a run: which files belong to it, what they add up to, and what came before.

It is written last: a run without a manifest does not exist for its consumers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odoo.addons.finance_connector_base.tools.digest import canonical_json, sha256_hex

from .contract import FOLDER_KEYS, Contract
from .totals import Totals

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """A file of a run.

    :ivar path: below the target's root.
    :ivar operation: ``upsert``: rows as they are now; ``delete``: keys of rows that are gone.
    """

    path: str
    entity: str
    period: str
    operation: str
    rows: int
    size: int
    sha256: str


def build(
    *,
    run: str,
    kind: str,
    contract: Contract,
    file_format: str,
    entities: Sequence[str],
    partitions: Sequence[Mapping[str, str]],
    files: Sequence[FileEntry],
    totals: Totals,
    watermark: str,
    since: str | None,
    previous: str | None,
    masked: Sequence[str] = (),
) -> bytes:
    """Return the manifest in its one byte form.

    :param run: identifier of the run; names its folder.
    :param kind: ``full``, ``incremental``, ``close``, ``restatement`` or ``backfill``.
    :param entities: everybody the run speaks for.
    :param partitions: entity and period of everything the run speaks for, also where it has no row.
    :param watermark: the database snapshot the rows were read from.
    :param since: the snapshot after which rows changed; None when these are all rows of the partitions, so that a
        consumer starts anew.
    :param previous: SHA-256 of the manifest before this one, or None for the first.
    """
    return canonical_json(
        {
            "manifest_version": VERSION,
            "run": run,
            "kind": kind,
            "dataset": contract.dataset,
            "contract_version": contract.version,
            "contract_digest": contract.digest,
            "format": file_format,
            "masked_columns": sorted(masked),
            "partitions": [dict(partition) for partition in partitions],
            "files": [
                {
                    "path": entry.path,
                    "entity": entry.entity,
                    "period": entry.period,
                    "operation": entry.operation,
                    "rows": entry.rows,
                    "bytes": entry.size,
                    "sha256": entry.sha256,
                }
                for entry in sorted(files, key=lambda entry: entry.path)
            ],
            "rows": totals.row_count,
            "totals": totals.plain(),
            "entities": sorted(entities),
            "watermark": watermark,
            "since": since,
            "previous_manifest_sha256": previous,
        }
    )


def read(content: bytes) -> dict[str, Any]:
    """Return a manifest as JSON values.

    :raise ValueError: it is none that this release reads.
    """
    document = json.loads(content)
    if not isinstance(document, dict) or document.get("manifest_version") != VERSION:
        raise ValueError("This is no manifest of version 1.")
    return document


def digest(content: bytes) -> str:
    """Return the SHA-256 that the next manifest names as the previous one."""
    return sha256_hex(content)


def folder(contract: Contract, *, entity: str = "", period: str = "", run: str = "") -> str:
    """Return the folder of a partition, in Hive's form: readers take its keys for columns."""
    values = (contract.dataset, contract.version, entity, period, run)
    return "/".join(
        f"{key}={value}" for key, value in zip(FOLDER_KEYS, values, strict=True) if value
    )


def path(contract: Contract, run: str) -> str:
    """Return the path of a run's manifest."""
    return f"{folder(contract)}/_manifests/{run}.json"
