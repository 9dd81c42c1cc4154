"""The file outside the database that witnesses the audit chain: JSON lines, only ever appended to."""

import json
import os
from pathlib import Path

_TAIL_BYTES = 64 * 1024


def canonical_line(record):
    """Return the bytes of ``record`` that its authentication code is taken of.

    :param record: mapping of plain values, without ``mac``.
    """
    return json.dumps(record, sort_keys=True, separators=(",", ":")).encode()


def append(path, record):
    """Add a line and wait until it is on the disk.

    :param str path: the file; made, readable by its owner's group, when it does not exist.
    :param dict record: plain values.
    :raise OSError: it could not be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, canonical_line(record) + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def last_record(path, database):
    """Return the newest line about one database, reading the end of the file only unless others filled it.

    :param str path: the file.
    :param str database: uuid of the database.
    :return: the record, or ``None`` when the file has none.
    :rtype: dict | None
    :raise OSError: the file exists and cannot be read.
    :raise ValueError: a line is damaged.
    """
    if not Path(path).exists():
        return None
    size = Path(path).stat().st_size
    for start in (max(0, size - _TAIL_BYTES), 0):
        with Path(path).open("rb") as stream:
            stream.seek(start)
            if start:
                stream.readline()
            for line in reversed(stream.readlines()):
                record = json.loads(line) if line.strip() else {}
                if record.get("database") == database:
                    return record
    return None
