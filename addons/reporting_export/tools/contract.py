"""A contract: what a data set promises to whoever reads it. Published as JSON Schema and as Open Data Contract.

Sources: JSON Schema 2020-12; Open Data Contract Standard 3.1.0 (Bitol).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from odoo.addons.finance_connector_base.tools.digest import digest_of

STRING, INTEGER, DECIMAL, DATE, TIMESTAMP, BOOLEAN = TYPES = (
    "string",
    "integer",
    "decimal",
    "date",
    "timestamp",
    "boolean",
)
#: Digits of a decimal column, in all and behind the point: enough for any currency. Arrow writes more than six with an
#: exponent.
DECIMAL_PRECISION, DECIMAL_SCALE = 28, 6

#: Says of a row that only changed since the watermark whether it is there or gone.
OPERATION = "_operation"
UPSERT, DELETE = "upsert", "delete"

#: What the folders of a run are named by, which readers of such folders take for columns of the files.
FOLDER_KEYS = ("dataset", "v", "export_entity", "export_period", "export_run")

_JSON_TYPES = {
    STRING: {"type": "string"},
    INTEGER: {"type": "integer"},
    # A float would lose cents: amounts travel as text in JSON.
    DECIMAL: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    DATE: {"type": "string", "format": "date"},
    TIMESTAMP: {"type": "string", "format": "date-time"},
    BOOLEAN: {"type": "boolean"},
}
_ODCS_TYPES = {DECIMAL: "number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a data set.

    :ivar path: field of the source model, by many2one steps: ``move_id.name``.
    :ivar aggregate: empty for a plain value; ``sum``, ``count``, or a sum ``before``, ``within`` or
        ``until`` the end of the period, which makes one row of all that agree in the plain columns.
    :ivar personal: it may say who a person is; a target can have it masked.
    """

    name: str
    type: str
    path: str
    required: bool = False
    key: bool = False
    personal: bool = False
    aggregate: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A version of the columns of a data set.

    :ivar account: the column that names the ledger account of a row, for control totals; or empty.
    :ivar currency: the column that names the currency of ``sums``; or empty.
    :ivar sums: columns whose totals are proven.
    """

    dataset: str
    version: int
    title: str
    columns: tuple[Column, ...]
    description: str = ""
    account: str = ""
    currency: str = ""
    sums: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.key)

    @property
    def grouped(self) -> bool:
        return any(column.aggregate for column in self.columns)

    @property
    def full_name(self) -> str:
        return f"{self.dataset}/v{self.version}"

    def problems(self) -> list[str]:
        """Return what keeps this contract from being used, one sentence each."""
        names = [column.name for column in self.columns]
        told = [
            f"Column {name} is there twice." for name in sorted(set(names)) if names.count(name) > 1
        ]
        told += [
            f"Column {column.name}: the name must be lower case letters, digits and underscores."
            for column in self.columns
            if not column.name.isidentifier() or column.name != column.name.lower()
        ]
        told += [
            f"Column {name}: the folders of a run are named by this word; choose another one."
            for name in names
            if name in FOLDER_KEYS
        ]
        if not self.key:
            told.append("No column is a key: nobody could tell one row from another.")
        told += [
            f"Column {column.name} is a key, so it must be required."
            for column in self.columns
            if column.key and not column.required
        ]
        by_name = {column.name: column for column in self.columns}
        for role, name in (("account", self.account), ("currency", self.currency)):
            if name and name not in by_name:
                told.append(f"The {role} column {name} is not one of the columns.")
        told += [
            f"The sum {name} is not a decimal column."
            for name in self.sums
            if name not in by_name or by_name[name].type != DECIMAL
        ]
        if self.grouped:
            told += [
                f"Column {column.name} is a key and an aggregate."
                for column in self.columns
                if column.key and column.aggregate
            ]
        return told

    @property
    def _plain(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "version": self.version,
            "account": self.account,
            "currency": self.currency,
            "sums": list(self.sums),
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "path": column.path,
                    "required": column.required,
                    "key": column.key,
                    "personal": column.personal,
                    "aggregate": column.aggregate,
                }
                for column in self.columns
            ],
        }

    @property
    def digest(self) -> str:
        """SHA-256 of what the contract promises; descriptions may be improved without changing it."""
        return digest_of(self._plain)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of one row, as JSON Lines and the pull interface give it."""
        properties = {}
        for column in self.columns:
            schema = dict(_JSON_TYPES[column.type])
            if not column.required:
                schema["type"] = [schema["type"], "null"]
            if column.description:
                schema["description"] = column.description
            properties[column.name] = schema
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "description": self.description,
            "type": "object",
            "properties": properties,
            "required": [column.name for column in self.columns],
            "additionalProperties": False,
        }

    def odcs(self) -> str:
        """Return the Open Data Contract, as YAML."""
        properties = [
            {
                "name": column.name,
                "logicalType": _ODCS_TYPES.get(column.type, column.type),
                "physicalType": physical_type(column.type),
                "required": column.required,
                **({"primaryKey": True} if column.key else {}),
                **({"classification": "personal"} if column.personal else {}),
                **({"description": column.description} if column.description else {}),
            }
            for column in self.columns
        ]
        document = {
            "apiVersion": "v3.1.0",
            "kind": "DataContract",
            "id": self.full_name.replace("/", "-"),
            "name": self.title,
            "version": f"{self.version}.0.0",
            "status": "active",
            "description": {"purpose": self.description},
            "schema": [
                {
                    "name": self.dataset,
                    "logicalType": "object",
                    "physicalType": "table",
                    "properties": properties,
                }
            ],
        }
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def physical_type(kind: str) -> str:
    """Return the SQL type of a column type, as a warehouse has it."""
    return {
        STRING: "text",
        INTEGER: "bigint",
        DECIMAL: f"numeric({DECIMAL_PRECISION},{DECIMAL_SCALE})",
        DATE: "date",
        TIMESTAMP: "timestamp",
        BOOLEAN: "boolean",
    }[kind]
