"""A PostgreSQL warehouse: a run is staged, proven and swapped in by one transaction.

Each contract has a table ``<dataset>_v<version>``, with the entity, period and run of each row beside its columns;
``_runs`` says what was loaded. Readers see a run as a whole, or the state before it.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2 import sql
from pyarrow import csv

from odoo.addons.finance_connector_base.tools.errors import (
    BusinessError,
    FinalError,
    RetryableError,
    Severity,
)

from . import manifest as manifests
from .contract import DELETE, Contract, physical_type
from .stores import CREATED, IDENTICAL

RUNS = "_runs"
_PLACE = ("_entity", "_period", "_run")
_CONNECT_SECONDS = 10


class Warehouse:
    """A schema of a database.

    :param str address: libpq URI, without secrets.
    :param str schema: where the tables are; made when missing.
    """

    def __init__(self, address: str, schema: str, password: str | None):
        self._schema = schema
        try:
            self._connection = psycopg2.connect(
                address,
                password=password,
                connect_timeout=_CONNECT_SECONDS,
                application_name="reporting_export",
            )
        except psycopg2.OperationalError as error:
            raise RetryableError(
                f"The warehouse does not answer: {str(error).strip()}", code="warehouse_unreachable"
            ) from error

    def __enter__(self):
        return self

    def __exit__(self, *_exc_info):
        self._connection.close()

    def load(self, contract: Contract, content: bytes, read: Callable[[str], bytes]) -> str:
        """Bring a run in, once however often it is called.

        :param content: the manifest.
        :param read: the bytes of a file of the run, by its path.
        :return: ``created``, or ``identical`` where the run was there already.
        :raise BusinessError: ``warehouse_rows_differ``: what arrived is not what the manifest says;
            ``warehouse_out_of_order``: these are changes to a run that is not here, or older than what is here.
        """
        manifest = manifests.read(content)
        try:
            with self._connection, self._connection.cursor() as cursor:
                return self._load(cursor, contract, manifest, manifests.digest(content), read)
        except psycopg2.OperationalError as error:
            raise RetryableError(
                f"The warehouse broke off: {str(error).strip()}", code="warehouse_unreachable"
            ) from error
        except psycopg2.Error as error:
            raise FinalError(
                f"The warehouse refused the run: {str(error).strip()}", code="warehouse_refused"
            ) from error

    def _load(self, cursor, contract, manifest, digest, read):
        # Two deliveries of one run take turns: the second finds it loaded.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{self._schema}.{manifest['dataset']}"]
        )
        self._prepare(cursor, contract)
        cursor.execute(
            sql.SQL("SELECT manifest_sha256 FROM {} WHERE run = %s").format(self._table(RUNS)),
            [manifest["run"]],
        )
        if cursor.rowcount:
            return IDENTICAL
        self._check_order(cursor, manifest, digest)
        self._stage(cursor, contract, manifest, read)
        self._clear(cursor, contract, manifest)
        names = sql.SQL(", ").join(
            map(sql.Identifier, [*(column.name for column in contract.columns), *_PLACE])
        )
        cursor.execute(
            sql.SQL("INSERT INTO {table} ({names}) SELECT {names} FROM stage").format(
                table=self._table(table_name(contract)), names=names
            )
        )
        if cursor.rowcount != manifest["rows"]:
            raise BusinessError(
                "warehouse_rows_differ",
                f"The warehouse took {cursor.rowcount} rows where the manifest says {manifest['rows']}.",
                "Nothing was loaded. Look for a trigger or rule on the table at the warehouse, then retry.",
                evidence={"loaded": cursor.rowcount, "manifest": manifest["rows"]},
                severity=Severity.HIGH,
            )
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} (run, dataset, contract_version, kind, manifest_sha256, rows, previous_manifest_sha256)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)"
            ).format(self._table(RUNS)),
            [
                manifest["run"],
                manifest["dataset"],
                manifest["contract_version"],
                manifest["kind"],
                digest,
                manifest["rows"],
                manifest["previous_manifest_sha256"],
            ],
        )
        return CREATED

    def _check_order(self, cursor, manifest, digest):
        """Refuse changes to a state that the warehouse is not in: it would hold a mixture that never was.

        :raise BusinessError: ``warehouse_out_of_order``
        """
        previous = manifest["previous_manifest_sha256"]
        if manifest["since"] and not self._holds(cursor, "manifest_sha256", previous):
            raise _out_of_order(
                "The run that these are the changes to is not in the warehouse: it was not loaded, or the warehouse"
                " was emptied or is an older copy.",
                {"missing": previous},
            )
        # Closed months and back-filled ones replace their own months alone, and no run continues a back-fill.
        if manifest["kind"] in ("full", "incremental") and self._holds(
            cursor, "previous_manifest_sha256", digest
        ):
            raise _out_of_order(
                "The run after this one is in the warehouse: this one would bring back older rows.",
                {"run": manifest["run"]},
            )

    def _holds(self, cursor, column, digest):
        cursor.execute(
            sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
                self._table(RUNS), sql.Identifier(column)
            ),
            [digest],
        )
        return bool(cursor.rowcount)

    def _prepare(self, cursor, contract):
        cursor.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self._schema))
        )
        cursor.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} (run text PRIMARY KEY, dataset text NOT NULL,"
                " contract_version integer NOT NULL, kind text NOT NULL, manifest_sha256 text NOT NULL,"
                " rows bigint NOT NULL, loaded_at timestamptz NOT NULL DEFAULT now(), previous_manifest_sha256 text)"
            ).format(self._table(RUNS))
        )
        cursor.execute(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
            " AND column_name = 'previous_manifest_sha256'",
            [self._schema, RUNS],
        )
        if not cursor.rowcount:
            # A table that an earlier release made.
            cursor.execute(
                sql.SQL("ALTER TABLE {} ADD COLUMN previous_manifest_sha256 text").format(
                    self._table(RUNS)
                )
            )
        cursor.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({}))").format(
                self._table(table_name(contract)),
                self._columns(contract),
                sql.SQL(", ").join(map(sql.Identifier, _key(contract))),
            )
        )

    def _columns(self, contract):
        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(column.name),
                sql.SQL(physical_type(column.type)),
                sql.SQL(" NOT NULL" if column.required else ""),
            )
            for column in contract.columns
        ]
        return sql.SQL(", ").join(
            [
                *columns,
                *(sql.SQL("{} text NOT NULL").format(sql.Identifier(name)) for name in _PLACE),
            ]
        )

    def _stage(self, cursor, contract, manifest, read):
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE stage ({}) ON COMMIT DROP").format(
                self._columns(contract)
            )
        )
        cursor.execute("CREATE TEMPORARY TABLE gone (id bigint) ON COMMIT DROP")
        for entry in manifest["files"]:
            table = pq.read_table(io.BytesIO(read(entry["path"])))
            if entry["operation"] == DELETE:
                _copy(cursor, "COPY gone FROM STDIN WITH (FORMAT csv)", table)
                continue
            for name, value in zip(
                _PLACE, (entry["entity"], entry["period"], manifest["run"]), strict=True
            ):
                table = table.append_column(name, pa.repeat(value, table.num_rows))
            _copy(cursor, "COPY stage FROM STDIN WITH (FORMAT csv)", table)

    def _clear(self, cursor, contract, manifest):
        """Take out what the run replaces: all of its entities, its periods, or the rows that changed."""
        table = self._table(table_name(contract))
        if manifest["since"]:
            cursor.execute(
                sql.SQL("DELETE FROM {table} old USING stage new WHERE {same}").format(
                    table=table,
                    same=sql.SQL(" AND ").join(
                        sql.SQL("old.{0} = new.{0}").format(sql.Identifier(name))
                        for name in contract.key
                    ),
                )
            )
            cursor.execute(
                sql.SQL("DELETE FROM {table} old USING gone WHERE old.{key} = gone.id").format(
                    table=table, key=sql.Identifier(contract.key[0])
                )
            )
        elif manifest["kind"] in ("close", "restatement", "backfill"):
            for part in manifest["partitions"]:
                cursor.execute(
                    sql.SQL("DELETE FROM {} WHERE _entity = %s AND _period = %s").format(table),
                    [part["entity"], part["period"]],
                )
        else:
            cursor.execute(
                sql.SQL("DELETE FROM {} WHERE _entity = ANY(%s)").format(table),
                [manifest["entities"]],
            )

    def _table(self, name):
        return sql.Identifier(self._schema, name)


def table_name(contract: Contract) -> str:
    """Return the table of a contract: consumers of version 1 are left alone when version 2 begins."""
    return f"{contract.dataset}_v{contract.version}"


def _key(contract: Contract) -> list[str]:
    """Rows that add up records are known by entity and period as well."""
    return [*contract.key, *(("_entity", "_period") if contract.grouped else ())]


def _out_of_order(message, evidence):
    return BusinessError(
        "warehouse_out_of_order",
        message,
        "Nothing was loaded. Cancel this run, have the export bring everything once, then its changes again.",
        evidence=evidence,
        severity=Severity.HIGH,
    )


def _copy(cursor, statement: str, table: pa.Table) -> None:
    sink = io.BytesIO()
    csv.write_csv(table, sink, csv.WriteOptions(include_header=False, quoting_style="needed"))
    sink.seek(0)
    cursor.copy_expert(statement, sink)
