"""Rows as PostgreSQL's COPY gives them, turned into typed batches that keep the contract.

COPY writes CSV; a null is an empty field without quotes, an empty text one with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from .contract import (
    BOOLEAN,
    DATE,
    DECIMAL,
    DECIMAL_PRECISION,
    DECIMAL_SCALE,
    INTEGER,
    STRING,
    TIMESTAMP,
    Contract,
)
from .errors import SchemaViolationError

#: Bytes that are turned into rows at once, while the database fills a pipe of that size.
BLOCK_BYTES = 1024 * 1024
_SHOWN = 5
_ARROW_TYPES = {
    STRING: pa.string(),
    INTEGER: pa.int64(),
    DECIMAL: pa.decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
    DATE: pa.date32(),
    TIMESTAMP: pa.timestamp("us"),
    BOOLEAN: pa.bool_(),
}


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the Arrow schema of the contract's columns, in their order."""
    return pa.schema(
        [
            pa.field(column.name, _ARROW_TYPES[column.type], nullable=not column.required)
            for column in contract.columns
        ]
    )


def read_batches(stream: BinaryIO, contract: Contract) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a COPY stream without header, proven row by row.

    :param stream: CSV in UTF-8, columns in the contract's order.
    :raise SchemaViolationError: a value has another type, or is missing where it is required.
    """
    schema = arrow_schema(contract)
    nullable = pa.schema([pa.field(field.name, field.type) for field in schema])
    parse = csv.ParseOptions(newlines_in_values=True)
    convert = csv.ConvertOptions(
        column_types=nullable,
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        true_values=["t"],
        false_values=["f"],
    )
    for block in _whole_rows(stream):
        read = csv.ReadOptions(column_names=schema.names, block_size=len(block), use_threads=False)
        try:
            table = csv.read_csv(
                pa.BufferReader(block),
                read_options=read,
                parse_options=parse,
                convert_options=convert,
            )
            for batch in table.to_batches():
                check(batch, contract)
                yield batch.cast(schema)
        except pa.ArrowInvalid as error:
            raise SchemaViolationError(
                f"A value of {contract.full_name} is not of its column's type: {error}"
            ) from error


def _whole_rows(stream: BinaryIO) -> Iterator[bytes]:
    """Yield blocks that end where a row ends.

    Arrow's own streaming reader is not used: it reads up to 32 blocks ahead of whoever takes them, and refuses a row
    that is longer than a block.
    """
    rest = b""
    while piece := stream.read(BLOCK_BYTES):
        block = rest + piece
        end = _end_of_rows(block)
        rest = block[end:]
        if end:
            yield block[:end]
    if rest:
        yield rest


def _end_of_rows(block: bytes) -> int:
    """Return where the last whole row of a block ends; 0 where none does. A line break within quotes ends no row."""
    quotes = block.count(b'"')
    end = len(block)
    while (found := block.rfind(b"\n", 0, end)) >= 0:
        quotes -= block.count(b'"', found, end)
        if quotes % 2 == 0:
            return found + 1
        end = found
    return 0


def check(batch: pa.RecordBatch, contract: Contract) -> None:
    """Prove that required values are there.

    :raise SchemaViolationError: names the column and the keys of the first rows without it.
    """
    for column in contract.columns:
        values = batch.column(column.name)
        if not column.required or not values.null_count:
            continue
        missing = batch.filter(pc.is_null(values)).slice(0, _SHOWN)
        rows = [{name: str(row[name]) for name in contract.key} for row in missing.to_pylist()]
        raise SchemaViolationError(
            f"{values.null_count} rows of {contract.full_name} have no {column.name}, which is required.",
            evidence={"column": column.name, "rows": rows},
        )
