"""Canonical journals, version 1: documents of other finance systems, as JSON or as CSV.

``schemas/journal.v1.json`` describes the JSON form. What is wrong is found per row, so that whoever sent it learns all
of it at once.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from odoo.addons.finance_connector_base.tools.canonical import to_plain
from odoo.addons.finance_connector_base.tools.digest import sha256_hex
from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.money import MoneyError, parse_amount
from odoo.addons.finance_connector_base.tools.schema import check_schema, parse_json

SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "schemas/journal.v1.json").read_text())
COLUMNS = (
    "document_id",
    "date",
    "entity",
    "journal",
    "reference",
    "currency",
    "reverses",
    "account",
    "debit",
    "credit",
    "partner",
    "tax",
    "tax_line",
    "text",
)
TOTALS_ROW = "TOTAL"
_REQUIRED = ("document_id", "date", "account", "debit", "credit")
_TRUE = frozenset({"1", "true", "yes", "x"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a document.

    :ivar row: where it stands: the number in its document, or the line of the file.
    :ivar debit, credit: as written; one of them is zero.
    :ivar tax_line: it is the amount of ``tax``; else it is what the tax is on.
    """

    row: int
    account: str
    debit: str = "0"
    credit: str = "0"
    currency: str | None = None
    entity: str | None = None
    partner: str | None = None
    tax: str | None = None
    tax_line: bool = False
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One entry of the sender's, booked whole or not at all."""

    document_id: str
    date: str
    lines: tuple[Line, ...] = ()
    entity: str | None = None
    journal: str | None = None
    reference: str | None = None
    currency: str | None = None
    reverses: str | None = None

    @property
    def digest(self):
        """What makes two documents the same; where they stood in their file does not."""
        plain = to_plain(self)
        plain["lines"] = [
            {name: value for name, value in line.items() if name != "row"}
            for line in plain["lines"]
        ]
        return sha256_hex(json.dumps(plain, sort_keys=True).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What the sender says that a batch holds."""

    documents: int
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    documents: tuple[Document, ...]
    batch_id: str | None = None
    totals: Totals | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; row 0 is the document as a whole.

    :ivar code: of the exception it becomes.
    """

    row: int
    code: str
    message: str


# === READING === #


def read(content: bytes, settings: Mapping) -> Batch:
    """Read a batch, from JSON or CSV; which of them, its first character says.

    :param settings: for CSV: ``columns`` (our name -> theirs), ``delimiter``, ``decimal_mark``, ``date_format``.
    :raise BusinessError: it is none, breaks the schema, or its control totals differ.
    """
    is_json = content.lstrip()[:1] in (b"{", b"[")
    batch = _read_json(content) if is_json else _read_csv(content, settings)
    repeated = [
        name
        for name, count in Counter(item.document_id for item in batch.documents).items()
        if count > 1
    ]
    if repeated:
        raise BusinessError(
            "journal_batch_invalid",
            f"The batch has document {repeated[0]} twice.",
            evidence={"documents": repeated[:10]},
        )
    _check_totals(batch)
    return batch


def _read_json(content):
    plain = parse_json(content)
    check_schema(plain, SCHEMA)
    totals = plain.get("totals")
    return Batch(
        batch_id=plain.get("batch_id"),
        totals=totals
        and Totals(
            documents=totals["documents"],
            debit=Decimal(totals["debit"]),
            credit=Decimal(totals["credit"]),
        ),
        documents=tuple(
            Document(
                **{
                    **document,
                    "lines": tuple(
                        Line(row=number, **line)
                        for number, line in enumerate(document.get("lines", ()), start=1)
                    ),
                }
            )
            for document in plain["documents"]
        ),
    )


def _read_csv(content, settings):
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BusinessError(
            "journal_batch_invalid", f"The file is no UTF-8 text: {error}.", "Export it as UTF-8."
        ) from error
    names = {ours: (settings.get("columns") or {}).get(ours, ours) for ours in COLUMNS}
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=settings.get("delimiter", ","), strict=True
    )
    missing = [names[name] for name in _REQUIRED if names[name] not in (reader.fieldnames or ())]
    if missing:
        raise BusinessError(
            "journal_batch_invalid",
            f"The file has no column {', '.join(missing)}.",
            evidence={"columns": list(reader.fieldnames or ())},
        )
    rows, totals = {}, None
    try:
        for cells in reader:
            row = {
                ours: (cells.get(theirs) or "").strip() or None for ours, theirs in names.items()
            }
            if row["document_id"] == TOTALS_ROW:
                totals = _totals(row, settings, reader.line_num)
            elif any(row.values()):
                rows.setdefault(row["document_id"] or "", []).append((reader.line_num, row))
    except csv.Error as error:
        raise BusinessError(
            "journal_batch_invalid", f"Row {reader.line_num} is no CSV: {error}."
        ) from error
    if not rows:
        raise BusinessError("journal_batch_invalid", "The file has no rows.")
    if "" in rows:
        raise BusinessError(
            "journal_batch_invalid", f"Row {rows[''][0][0]} has no document number."
        )
    return Batch(
        documents=tuple(_document(name, found, settings) for name, found in rows.items()),
        totals=totals,
    )


def _totals(row, settings, line):
    try:
        return Totals(
            documents=int(row["text"] or ""),
            debit=Decimal(_plain_amount(row["debit"], settings)),
            credit=Decimal(_plain_amount(row["credit"], settings)),
        )
    except (ValueError, ArithmeticError) as error:
        raise BusinessError(
            "journal_batch_invalid",
            f"Row {line}: control totals are debit, credit and, as text, the number of documents.",
        ) from error


def _document(name, found, settings):
    head = {
        key: next((row[key] for _line, row in found if row[key]), None)
        for key in ("entity", "journal", "reference", "reverses")
    }
    return Document(
        document_id=name,
        date=_plain_date(next((row["date"] for _line, row in found if row["date"]), ""), settings),
        lines=tuple(
            Line(
                row=line,
                account=row["account"] or "",
                debit=_plain_amount(row["debit"], settings),
                credit=_plain_amount(row["credit"], settings),
                currency=row["currency"],
                entity=row["entity"],
                partner=row["partner"],
                tax=row["tax"],
                tax_line=(row["tax_line"] or "").lower() in _TRUE,
                text=row["text"],
            )
            for line, row in found
            if row["account"] or not head["reverses"]
        ),
        **head,
    )


def _plain_amount(text, settings):
    text = text or "0"
    mark = settings.get("decimal_mark", ".")
    return text.replace("." if mark == "," else ",", "").replace(mark, ".")


def _plain_date(text, settings):
    """The date as ISO writes it; what cannot be read stays, and is a problem of its document."""
    try:
        moment = datetime.datetime.strptime(text, settings.get("date_format", "%Y-%m-%d"))  # noqa: DTZ007
    except ValueError:
        return text
    return moment.date().isoformat()


def _check_totals(batch):
    if batch.totals is None:
        return
    sums = {"debit": Decimal(0), "credit": Decimal(0)}
    for document in batch.documents:
        for line in document.lines:
            for side in sums:
                try:
                    sums[side] += Decimal(getattr(line, side))
                except ArithmeticError:
                    # Told with its row.
                    continue
    found = Totals(documents=len(batch.documents), **sums)
    if found != batch.totals:
        raise BusinessError(
            "journal_totals_differ",
            f"The batch holds {found.documents} documents with {found.debit} debit and {found.credit} credit; its"
            f" control totals say {batch.totals.documents}, {batch.totals.debit} and {batch.totals.credit}.",
            evidence={"held": to_plain(found), "stated": to_plain(batch.totals)},
        )


# === PROVING === #


def amount_of(line: Line, currency: str) -> Decimal:
    """Return the signed amount of a row, debits positive.

    :raise MoneyError: it is no such amount.
    """
    debit, credit = (parse_amount(text or "0", currency) for text in (line.debit, line.credit))
    if debit < 0 or credit < 0:
        raise MoneyError("Debit and credit are not negative: use the other side.")
    if bool(debit) == bool(credit):
        raise MoneyError("A row has a debit or a credit.")
    return debit - credit


def problems(document: Document, currency: str) -> list[Problem]:
    """Return everything that is wrong with a document by itself: amounts, date, and balance by entity and currency.

    :param currency: of rows that name none.
    """
    found = []
    try:
        datetime.date.fromisoformat(document.date)
    except ValueError:
        found.append(
            Problem(0, "journal_row_invalid", f"“{document.date}” is no date of the form agreed.")
        )
    sums = {}
    for line in document.lines:
        own = line.currency or document.currency or currency
        if not line.account:
            found.append(Problem(line.row, "journal_row_invalid", "The row names no account."))
        try:
            amount = amount_of(line, own)
        except MoneyError as error:
            found.append(Problem(line.row, "journal_row_invalid", str(error)))
            continue
        key = (line.entity or document.entity or "", own)
        sums[key] = sums.get(key, Decimal(0)) + amount
    if not document.lines and not document.reverses:
        found.append(Problem(0, "journal_row_invalid", "The document has no rows."))
    found += [
        Problem(
            0,
            "journal_not_balanced",
            f"Debit less credit is {total} {own}{' in ' + entity if entity else ''}, not zero.",
        )
        for (entity, own), total in sums.items()
        if total
    ]
    return found


def convert(amounts: Iterable[Decimal], rate: Decimal, decimals: int) -> list[Decimal]:
    """Convert amounts that add up to nothing, so that they still do: the largest takes what rounding leaves.

    :param rate: units of the other currency for one.
    """
    unit = Decimal(1).scaleb(-decimals)
    amounts = list(amounts)
    converted = [(amount * rate).quantize(unit) for amount in amounts]
    if converted and not sum(amounts):
        largest = max(range(len(amounts)), key=lambda place: abs(amounts[place]))
        converted[largest] -= sum(converted)
    return converted
