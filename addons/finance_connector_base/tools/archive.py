"""Opening archives that a stranger packed: bounded in number, size and ratio, and never onto a disk."""

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

from .errors import FinalError

_MEBIBYTE = 1024 * 1024
_CHUNK_BYTES = 64 * 1024
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP_WINDOW = 16 + zlib.MAX_WBITS


class ArchiveRefusedError(FinalError):
    """The archive is damaged, locked, or larger than a message can be."""

    def __init__(self, message, code="archive_refused"):
        super().__init__(
            message, code, next_step="Ask the sender for plain files, or for smaller archives."
        )


@dataclass(frozen=True)
class ArchiveLimits:
    """What is still opened.

    :param int max_members: files in an archive.
    :param int max_member_bytes: unpacked size of one.
    :param int max_total_bytes: unpacked size of all.
    :param int max_ratio: unpacked to packed size of an archive, which exposes bombs early.
    """

    max_members: int = 1000
    max_member_bytes: int = 256 * _MEBIBYTE
    max_total_bytes: int = 512 * _MEBIBYTE
    max_ratio: int = 200


@dataclass(frozen=True)
class ArchiveMember:
    """A file of an archive.

    :param str name: its last part only; for showing, never for writing to a disk.
    """

    name: str
    data: bytes


DEFAULT_LIMITS = ArchiveLimits()


def archive_kind(data):
    """Return ``zip``, ``gzip`` or None, by the first bytes."""
    if data.startswith(_ZIP_MAGICS):
        return "zip"
    return "gzip" if data.startswith(_GZIP_MAGIC) else None


def iter_members(data, name="", limits=DEFAULT_LIMITS):
    """Open an archive; archives inside it stay closed.

    :param bytes data: the archive, or any other file, which is then its own only member.
    :param str name: name of the file, for a member that has none of its own.
    :param ArchiveLimits limits: what is still opened.
    :return: iterator of :class:`ArchiveMember`, in the archive's order.
    :raise ArchiveRefusedError: a limit is passed, it is locked by a password, or damaged.
    """
    kind = archive_kind(data)
    budget = _Budget(limits, len(data))
    if kind == "zip":
        yield from _zip_members(data, budget)
    elif kind == "gzip":
        yield ArchiveMember(_base_name(name).removesuffix(".gz"), _gunzip(data, budget))
    else:
        yield ArchiveMember(_base_name(name), data)


class _Budget:
    """Counts what was really unpacked: the sizes an archive states may be lies."""

    def __init__(self, limits, packed_bytes):
        self.limits = limits
        self._total = 0
        # Small texts pack well without being bombs: the ratio counts from one mebibyte on.
        self._most = min(limits.max_total_bytes, max(packed_bytes * limits.max_ratio, _MEBIBYTE))

    def read(self, read_chunk):
        pieces, size = [], 0
        while piece := read_chunk():
            pieces.append(piece)
            size += len(piece)
            self._total += len(piece)
            if size > self.limits.max_member_bytes or self._total > self._most:
                raise ArchiveRefusedError(
                    "The archive unpacks to more than is allowed.", "archive_too_large"
                )
        return b"".join(pieces)


def _zip_members(data, budget):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # Not is_dir(), which fails on an entry without a name.
            entries = [item for item in archive.infolist() if not item.filename.endswith("/")]
            if len(entries) > budget.limits.max_members:
                raise ArchiveRefusedError(
                    f"The archive has {len(entries)} files; {budget.limits.max_members} are allowed.",
                    "archive_too_many",
                )
            for entry in entries:
                with archive.open(entry) as member:
                    content = budget.read(lambda member=member: member.read(_CHUNK_BYTES))
                yield ArchiveMember(_base_name(entry.filename), content)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as exc:
        raise ArchiveRefusedError(f"The archive is damaged: {exc}") from exc
    except (RuntimeError, NotImplementedError) as exc:
        # What zipfile says of a password or of a compression it does not know.
        raise ArchiveRefusedError(f"The archive can't be opened: {exc}") from exc


def _gunzip(data, budget):
    packed = memoryview(data)
    content = b""
    members = 0
    while packed:
        members += 1
        if members > budget.limits.max_members:
            raise ArchiveRefusedError(
                f"The archive has more than the {budget.limits.max_members} parts allowed.",
                "archive_too_many",
            )
        unpacker = zlib.decompressobj(_GZIP_WINDOW)
        pending = [packed]

        def read_chunk(unpacker=unpacker, pending=pending):
            piece = unpacker.decompress(pending[0], _CHUNK_BYTES)
            pending[0] = unpacker.unconsumed_tail
            return piece

        try:
            content += budget.read(read_chunk)
        except zlib.error as exc:
            raise ArchiveRefusedError(f"The archive is damaged: {exc}") from exc
        if not unpacker.eof:
            raise ArchiveRefusedError("The archive is cut short.")
        packed = unpacker.unused_data
    return content


def _base_name(name):
    return PurePosixPath(name.replace("\\", "/")).name
