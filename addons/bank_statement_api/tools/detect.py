"""What kind of statement a file holds: by its content, since names and types cannot be trusted.

A format joins with :func:`register`; nothing else needs to know it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from odoo.addons.finance_connector_base.tools.archive import (
    ArchiveRefusedError,
    archive_kind,
    iter_members,
)

from . import (
    bai2,
    camt,
    cfonb120,
    coda,
    columns,
    mt940,
    norma43,
    ofx,
    qif,
    spreadsheet,
    text_encoding,
)
from .documents import Statement
from .errors import StatementFormatError


@dataclass(frozen=True, slots=True)
class Format:
    """A format of statements.

    :ivar code: stable identifier.
    :ivar matches: says from the whole content whether it is this format; cheap, never raises.
    :ivar read: ``read(content, **options)`` returns its statements or raises
        ``StatementFormatError``.
    :ivar options: names of the options that ``read`` takes.
    """

    code: str
    name: str
    matches: Callable[[bytes], bool]
    read: Callable[..., list[Statement]]
    content_type: str
    options: tuple[str, ...] = ("details",)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an upload; ``name`` is for people only."""

    name: str
    content: bytes
    format: Format


_FORMATS: dict[str, Format] = {}


def register(new: Format) -> Format:
    """Let :func:`detect` know a format; one of the same code is replaced."""
    _FORMATS[new.code] = new
    return new


def formats() -> tuple[Format, ...]:
    """Return the known formats in the order they joined."""
    return tuple(_FORMATS.values())


def detect(content: bytes, *, table: bool = False) -> Format:
    """Return the format of a file.

    :param table: there is a column profile for it, so what no other format claims is a table.
    :raise StatementFormatError: ``statement_empty`` or ``statement_unknown``.
    """
    if not content.strip():
        raise StatementFormatError("The file is empty.", code="statement_empty")
    for candidate in _FORMATS.values():
        if candidate.matches(content):
            return candidate
    if table:
        return TABLE
    known = ", ".join(item.name for item in _FORMATS.values())
    raise StatementFormatError(
        f"The file is not a bank statement in a known format ({known}).",
        code="statement_unknown",
        next_step="Download the statement from the bank in one of these formats and upload it; for a table"
        " (CSV), choose its column profile.",
        evidence={"starts_with": repr(content[:32])},
    )


def unpack(name: str, content: bytes, *, table: bool = False) -> tuple[Member, ...]:
    """Return the statement files in an upload: itself, or the members of a zip or gzip archive.

    :param table: as for :func:`detect`.
    :raise StatementFormatError: one of them is no statement, or the archive is refused; then none
        is returned.
    """
    if spreadsheet.is_xlsx(content):
        return (Member(name, content, detect(content)),)
    spreadsheet.refuse_others(content)
    members = []
    try:
        for item in iter_members(content, name):
            try:
                spreadsheet.refuse_others(item.data)
                if archive_kind(item.data) and not spreadsheet.is_xlsx(item.data):
                    raise StatementFormatError(
                        "There is an archive inside the archive.",
                        reason="archives are opened once",
                        code="statement_unknown",
                        next_step="Unpack it and upload what is in it.",
                    )
                members.append(Member(item.name, item.data, detect(item.data, table=table)))
            except StatementFormatError as error:
                error.evidence["file"] = item.name
                raise
    except ArchiveRefusedError as error:
        raise StatementFormatError(
            f"The archive is refused: {error.message}", reason=error.code
        ) from error
    if not members:
        raise StatementFormatError("The archive has no file in it.", code="statement_empty")
    return tuple(members)


def _camt_matcher(message: camt.Message) -> Callable[[bytes], bool]:
    """Look for the message's root, or for its namespace where the root stands further back."""
    mark = re.compile(
        rf"<(?:[\w.-]+:)?{message.root}(?:V01)?\b|\b{re.escape(message.name)}\.001\.\d\d"
    )

    def matches(content: bytes) -> bool:
        text = text_encoding.head(content)
        return "<" in text and bool(mark.search(text))

    return matches


for _message in camt.MESSAGES:
    register(
        Format(
            code=_message.source_format,
            name=_message.name.upper(),
            matches=_camt_matcher(_message),
            read=camt.read,
            content_type="application/xml",
        )
    )

register(
    Format(
        code="ofx",
        name="OFX",
        matches=ofx.matches,
        read=ofx.read,
        content_type="application/x-ofx",
        options=("currency", "encoding"),
    )
)
register(
    Format(
        code="qif",
        name="QIF",
        matches=qif.matches,
        read=qif.read,
        content_type="application/x-qif",
        options=("currency", "account", "dates", "decimals", "encoding"),
    )
)
for _reader, _code, _name in (
    (mt940, "mt940", "MT940 and MT942"),
    (bai2, "bai2", "BAI2"),
    (coda, "coda", "CODA"),
    (cfonb120, "cfonb120", "CFONB 120"),
    (norma43, "norma43", "Norma 43"),
):
    register(
        Format(
            code=_code,
            name=_name,
            matches=_reader.matches,
            read=_reader.read,
            content_type="text/plain",
            options=("details", "encoding"),
        )
    )

register(
    Format(
        code="xlsx",
        name="XLSX",
        matches=spreadsheet.is_xlsx,
        read=columns.read,
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        options=("profile", "currency", "account"),
    )
)
# Not registered: any text would be one. It counts where a person chose a column profile.
TABLE = Format(
    code="csv",
    name="CSV",
    matches=lambda _content: False,
    read=columns.read,
    content_type="text/csv",
    options=("profile", "currency", "account", "encoding"),
)
