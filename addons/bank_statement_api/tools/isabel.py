"""Isabel Connect (Ibanity): the list of account reports, which are the banks' own statement files.

Source: https://documentation.ibanity.com/isabel-connect. What is in a file is the formats' business.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from odoo.addons.finance_connector_base.tools.dates import DateError, as_utc, parse_datetime

from .errors import StatementFormatError
from .json_fields import FieldError, array_of, object_of, text_of
from .nextgenpsd2 import ASK_AGAIN


@dataclass(frozen=True, slots=True)
class Report:
    """One file that waits.

    :ivar received_at: when Isabel got it from the bank; aware.
    :ivar size: bytes of the file, None where Isabel does not say.
    """

    identifier: str
    name: str
    file_format: str
    received_at: datetime.datetime
    size: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list, the newest first.

    :ivar total: files in the whole list.
    """

    reports: tuple[Report, ...]
    offset: int
    total: int


def page(document: dict) -> Page:
    """Read one page.

    :raise StatementFormatError: it is none, or a file in it has no id or time: none may be passed over.
    """
    try:
        reports = tuple(
            _report(item, f"$.data[{index}]")
            for index, item in enumerate(array_of(document, "data", "$"))
        )
        paging = object_of(object_of(document, "meta", "$") or {}, "paging", "$.meta")
        offset, total = (paging or {}).get("offset"), (paging or {}).get("total")
        if not all(isinstance(value, int) and value >= 0 for value in (offset, total)):
            raise FieldError("$.meta.paging", "says not how many there are")
        return Page(reports, offset, total)
    except FieldError as error:
        raise StatementFormatError(
            "Isabel's answer does not list its reports.",
            tag=error.path,
            reason=error.reason,
            next_step=ASK_AGAIN,
        ) from error


def _report(item, path: str) -> Report:
    attributes = object_of(item, "attributes", path)
    if attributes is None:
        raise FieldError(f"{path}.attributes", "is missing")
    identifier = text_of(item, "id", path)
    received = text_of(attributes, "receivedAt", f"{path}.attributes")
    if not identifier or not received:
        raise FieldError(path, "id or receivedAt is missing")
    try:
        moment = as_utc(parse_datetime(received))
    except DateError as error:
        raise FieldError(f"{path}.attributes.receivedAt", str(error)) from error
    return Report(
        identifier,
        text_of(attributes, "fileName", f"{path}.attributes") or f"{identifier}.txt",
        text_of(attributes, "fileFormat", f"{path}.attributes") or "",
        moment,
        attributes["fileSize"] if isinstance(attributes.get("fileSize"), int) else None,
    )
