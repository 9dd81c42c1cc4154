"""A stream of rows into files of bounded size, while the database still sends the next ones."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from odoo.addons.finance_connector_base.tools.digest import sha256_hex

from .contract import Contract
from .file_formats import FileFormat
from .masking import mask_batch
from .rows import BLOCK_BYTES, arrow_schema, read_batches
from .totals import Totals

#: Rows of a file: its bytes are held in memory once, to be encrypted.
ROWS_PER_FILE = 250_000


@dataclass(frozen=True, slots=True)
class Part:
    """A finished file."""

    rows: int
    content: bytes
    sha256: str


def write_parts(
    copy: Callable[[BinaryIO], None],
    *,
    contract: Contract,
    file_format: FileFormat,
    totals: Totals,
    entity: str,
    masked: frozenset[str] = frozenset(),
    mask_key: bytes = b"",
    rows_per_file: int = ROWS_PER_FILE,
) -> Iterator[Part]:
    """Yield the files of one partition; none when it has no row.

    The database writes into a pipe in a thread of its own, which ``copy`` must bear: it gets a connection
    that nobody else uses meanwhile.

    :param copy: writes the rows as COPY does.
    :param totals: gets the rows as they are, before masking.
    :param masked: columns whose values are replaced by a keyed digest.
    :raise SchemaViolationError: a row breaks the contract.
    """
    with _piped(copy) as stream:
        writer = None
        for batch in read_batches(stream, contract):
            totals.add(entity, batch)
            shown = mask_batch(batch, masked, mask_key) if masked else batch
            while shown.num_rows:
                if writer is None:
                    writer = _OpenPart(contract, file_format)
                room = rows_per_file - writer.rows
                writer.write(shown.slice(0, room))
                shown = shown.slice(room)
                if writer.rows == rows_per_file:
                    yield writer.finish()
                    writer = None
        if writer is not None:
            yield writer.finish()


class _OpenPart:
    def __init__(self, contract: Contract, file_format: FileFormat):
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by finish
        self._writer = file_format.writer(self._file, contract, arrow_schema(contract))
        self.rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._writer.write(batch)
        self.rows += batch.num_rows

    def finish(self) -> Part:
        self._writer.close()
        with self._file as file:
            file.seek(0)
            content = file.read()
        return Part(self.rows, content, sha256_hex(content))


@contextlib.contextmanager
def _piped(copy: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """The reading end of a pipe that ``copy`` fills; an error of either side ends both and is raised here."""
    read_end, write_end = os.pipe()
    # The next block comes while this one is worked on; a system that grants less is slower, not wrong.
    with contextlib.suppress(OSError):
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, BLOCK_BYTES)
    failure: list[BaseException] = []

    def fill():
        try:
            with os.fdopen(write_end, "wb", buffering=BLOCK_BYTES) as sink:
                copy(sink)
        except BrokenPipeError:
            # The reader gave up, and its own error says why.
            return
        except BaseException as error:
            failure.append(error)

    filler = threading.Thread(target=fill, name="export-copy", daemon=True)
    with os.fdopen(read_end, "rb", buffering=BLOCK_BYTES) as stream:
        filler.start()
        try:
            yield stream
        finally:
            # A reader that stops early makes the writer stop as well.
            stream.close()
            filler.join()
            if failure:
                # Whatever the reader made of a stream that was cut, this is why it was.
                raise failure[0]
