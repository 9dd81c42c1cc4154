"""Files that rows are written to: equal rows in equal order give equal bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from .contract import DATE, DECIMAL, TIMESTAMP, Contract
from .rows import arrow_schema

#: What makes a spreadsheet run a cell as a formula, also behind blanks and our own guard (OWASP, CSV injection).
_FORMULA = r"^[' ]*[=+\-@\t\r\n＝＋－＠]"
_GUARD = "'"
#: Rows that Parquet keeps together, and that are held in memory until they are written.
_GROUP_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format of files.

    :ivar writer: made with the stream and the contract; has ``write(batch)`` and ``close()``.
    :ivar whole_rows: the file tells a null from an empty text and keeps all types.
    """

    code: str
    name: str
    suffix: str
    content_type: str
    writer: type


class ParquetFile:
    """Apache Parquet, amounts as decimal128."""

    def __init__(self, stream: BinaryIO, contract: Contract, schema: pa.Schema | None = None):
        self._writer = pq.ParquetWriter(
            stream, schema or arrow_schema(contract), compression="zstd", version="2.6"
        )
        self._group: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        self._group.append(batch)
        if sum(each.num_rows for each in self._group) >= _GROUP_ROWS:
            self._write_group()

    def _write_group(self) -> None:
        self._writer.write_table(pa.Table.from_batches(self._group))
        self._group.clear()

    def close(self) -> None:
        if self._group:
            self._write_group()
        self._writer.close()


class CsvFile:
    """CSV in UTF-8 with a header; text that a spreadsheet would run as a formula has an apostrophe in front."""

    def __init__(self, stream: BinaryIO, contract: Contract, schema: pa.Schema | None = None):
        self._schema = schema or arrow_schema(contract)
        shown = pa.schema([(field.name, pa.string()) for field in self._schema])
        self._writer = csv.CSVWriter(stream, shown)

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [_csv_text(batch.column(field.name)) for field in self._schema]
        self._writer.write(pa.RecordBatch.from_arrays(columns, self._schema.names))

    def close(self) -> None:
        self._writer.close()


class JsonLinesFile:
    """One JSON object a line, as the contract's JSON Schema describes it."""

    def __init__(self, stream: BinaryIO, contract: Contract, schema: pa.Schema | None = None):
        self._stream = stream
        self._contract = contract

    def write(self, batch: pa.RecordBatch) -> None:
        for row in json_rows(batch, self._contract):
            self._stream.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode())
            self._stream.write(b"\n")

    def close(self) -> None:
        """Nothing is kept back."""


def json_rows(batch: pa.RecordBatch, contract: Contract) -> list[dict]:
    """Return the rows of a batch as JSON values: amounts and dates as text."""
    kinds = {column.name: column.type for column in contract.columns}
    arrays = []
    for field in batch.schema:
        values = batch.column(field.name)
        kind = kinds.get(field.name)
        if kind == DECIMAL:
            values = _decimal_text(values)
        elif kind == DATE:
            values = pc.strftime(values, format="%Y-%m-%d")
        elif kind == TIMESTAMP:
            values = pc.strftime(values, format="%Y-%m-%dT%H:%M:%SZ")
        arrays.append(values)
    return pa.RecordBatch.from_arrays(arrays, batch.schema.names).to_pylist()


def _csv_text(values: pa.Array) -> pa.Array:
    if pa.types.is_decimal(values.type):
        return _decimal_text(values)
    if not pa.types.is_string(values.type):
        return values.cast(pa.string())
    risky = pc.match_substring_regex(values, _FORMULA)
    return pc.if_else(risky, pc.binary_join_element_wise(_GUARD, values, ""), values)


def _decimal_text(values: pa.Array) -> pa.Array:
    # The storage always has digits behind the point, so only zeros that it added are cut off.
    return pc.utf8_rtrim(pc.utf8_rtrim(values.cast(pa.string()), "0"), ".")


PARQUET = FileFormat("parquet", "Parquet", "parquet", "application/vnd.apache.parquet", ParquetFile)
CSV = FileFormat("csv", "CSV", "csv", "text/csv", CsvFile)
JSON_LINES = FileFormat("jsonl", "JSON Lines", "jsonl", "application/x-ndjson", JsonLinesFile)
FORMATS = {known.code: known for known in (PARQUET, CSV, JSON_LINES)}
