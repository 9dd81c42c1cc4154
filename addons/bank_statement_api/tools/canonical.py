"""The canonical statement as JSON, from systems that hand over what they have instead of a bank's file.

``schemas/statement.v1.json`` is the form. What has nothing to say may be left out: a sender writes an account, balances
where it has them, and transactions with amount, currency, status and booking date.
"""

import dataclasses
import functools
import json
from pathlib import Path

from odoo.addons.finance_connector_base.tools.errors import BusinessError
from odoo.addons.finance_connector_base.tools.schema import check_schema

from . import detect, documents
from .errors import StatementFormatError

CODE = "canonical"
_SCHEMA = Path(__file__).resolve().parents[1] / "schemas/statement.v1.json"
_HEAD = 64
_FIX = "Nothing of it was imported. Correct the document after schemas/statement.v1.json and submit it under a new key."


def matches(content: bytes) -> bool:
    """Whether ``content`` is JSON that names the version of its form."""
    return content[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and (
        b'"schema_version"' in content
    )


def read(content: bytes, **_options) -> list[documents.Statement]:
    """Read one statement, or a list of them.

    :raise StatementFormatError: the first place that is not as the schema says, or that contradicts itself.
    """
    try:
        given = json.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise _refused("The document is no JSON.", str(error)) from error
    items = given if isinstance(given, list) else [given]
    if not items:
        raise StatementFormatError("The document holds no statement.", code="statement_empty")
    return [_statement(item, number) for number, item in enumerate(items, start=1)]


def _statement(item, number):
    try:
        check_schema(item, _schema())
        prepared = _with_positions(item, number)
        statement = documents.from_dict(prepared)
    except BusinessError as error:
        raise _refused(error.message, "", statement=number, **error.evidence) from error
    except (ValueError, ArithmeticError) as error:
        raise _refused(
            f"Statement {number} of the document is not complete.", str(error)
        ) from error
    _check(statement, number)
    return dataclasses.replace(
        statement,
        # Whatever it was made of: it comes in as this form, and is recognised as such.
        source_format=CODE,
        source_version=f"{statement.source_format} {statement.source_version}".strip(),
        position=number,
    )


def _with_positions(item, number):
    """Fill in what a sender need not count itself."""
    prepared = {"source_format": "", "source_version": "", **item}
    for key in ("transactions", "bad_entries"):
        prepared[key] = [
            {
                **entry,
                "position": {"statement": number, "entry": place}
                if entry.get("position") is None
                else {**entry["position"], "statement": number},
            }
            for place, entry in enumerate(prepared.get(key) or (), start=1)
        ]
    return {name: value for name, value in prepared.items() if value is not None}


def _check(statement, number):
    """Refuse what a schema cannot say: money in another currency, a booking without its day."""
    if not statement.account.identifier:
        raise _refused(f"Statement {number} names no account.", "account: iban or other_id")
    currencies = {each.currency for each in statement.transactions} | {
        each.currency for each in (statement.opening, statement.closing) if each
    }
    if statement.account.currency:
        currencies.add(statement.account.currency)
    if len(currencies) > 1:
        raise _refused(
            f"Statement {number} mixes the currencies {', '.join(sorted(currencies))}.",
            "amounts are in the currency of the account; others belong under foreign",
        )
    for transaction in statement.booked:
        if transaction.booking_date is None:
            raise _refused(
                f"Entry {transaction.position.entry} of statement {number} is booked and has no booking date.",
                "booking_date",
            )
    positions = [str(transaction.position) for transaction in statement.transactions]
    if len(set(positions)) != len(positions):
        raise _refused(f"Statement {number} has two entries at one position.", "position")


@functools.cache
def _schema():
    """The published form, with absent values allowed wherever the form itself has a default."""
    return _without_required(json.loads(_SCHEMA.read_text()))


def _without_required(node):
    if isinstance(node, dict):
        return {
            key: _without_required(value)
            for key, value in node.items()
            if key != "required" or not isinstance(value, list)
        }
    if isinstance(node, list):
        return [_without_required(value) for value in node]
    return node


def _refused(message, reason, **evidence):
    return StatementFormatError(message, reason=reason, next_step=_FIX, evidence=evidence)


FORMAT = detect.Format(
    code=CODE,
    name="canonical statement (JSON)",
    matches=matches,
    read=read,
    content_type="application/json",
)
