"""A gateway that speaks JSON and is described by data alone: JMESPath says where each field stands.

The description is part of the interface's version: whoever changes it proposes one, and somebody else activates it.
``schemas/gateway_mapping.v1.json`` describes it. JMESPath: https://jmespath.org/specification.html
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import jmespath
from jmespath.exceptions import JMESPathError

from odoo.addons.finance_connector_base.tools.dates import DateError, as_utc, parse_datetime
from odoo.addons.finance_connector_base.tools.money import (
    MoneyError,
    from_minor_units,
    minor_unit_exponent,
    parse_amount,
)

from .settlements import LIVES, Message, Observation, Row, SettlementFormatError

REPORT = "payout_report"
_TEXTS = (
    "parent",
    "provider_reference",
    "customer",
    "customer_name",
    "bank_reference",
    "reason",
)


def read(content: bytes, mapping: Mapping) -> Message:
    """Read a message of the gateway, or the packed rows of a payout.

    :param mapping: as ``schemas/gateway_mapping.v1.json`` describes.
    :raise SettlementFormatError: with the object and the field that cannot be read.
    """
    document = loads(content)
    if isinstance(document, dict) and document.get("object") == REPORT:
        return _read_report(document, mapping)
    found = _search(mapping["message"].get("objects", "[@]"), document)
    observations = [
        observation
        for item in (found if isinstance(found, list) else [found])
        for observation in [_observe(item, document, mapping)]
        if observation
    ]
    return Message(observations=tuple(observations))


def message_id(content: bytes, mapping: Mapping) -> str | None:
    """Return what the gateway calls a message; None where it has no name."""
    try:
        found = _search(mapping["message"]["id"], loads(content))
    except SettlementFormatError:
        return None
    return str(found) if found not in (None, "") else None


def moment(item, mapping: Mapping) -> datetime:
    """Return when a message was made.

    :raise SettlementFormatError: it does not say.
    """
    return _moment(
        _search(mapping["message"]["as_of"], item), value(item, mapping["message"]["id"])
    )


def items(page, expression: str) -> list:
    """Return the entries of one page of a list.

    :raise SettlementFormatError: there is no list there.
    """
    found = _search(expression, page)
    if not isinstance(found, list):
        raise SettlementFormatError(f"{expression} is no list.")
    return found


def value(page, expression: str | None):
    """Return what stands at ``expression``, None where nothing does."""
    return _search(expression, page) if expression else None


def pack_report(payout: str, pages: list) -> bytes:
    """Return one document of all pages of a payout's rows."""
    return dumps({"object": REPORT, "payout": payout, "pages": pages})


def dumps(document) -> bytes:
    """Return JSON whose bytes depend on the content alone; numbers stay as the gateway wrote them."""
    return json.dumps(
        document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_number
    ).encode()


def loads(content: bytes):
    """Read JSON, numbers exact.

    :raise SettlementFormatError: it is none.
    """
    try:
        return json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise SettlementFormatError(f"The document is no JSON: {error}") from error


def _number(number):
    # A JSON number again would be a float on its way: texts are read as amounts as well.
    return str(number)


# === OBJECTS === #


def _observe(item, document, mapping):
    for described in mapping["objects"]:
        if not _search(described["when"], item):
            continue
        kind = described["kind"]
        fields = described["fields"]
        where = f"{kind} of {value(document, mapping['message']['id'])}"
        stated = _required(item, fields, "status", where)
        status = described["statuses"].get(str(stated))
        if status not in LIVES[kind]:
            raise SettlementFormatError(f"{where}: the mapping has no status for “{stated}”.")
        currency = str(_required(item, fields, "currency", where)).upper()
        references = value(item, fields.get("references")) or []
        return Observation(
            kind=kind,
            external_id=str(_required(item, fields, "external_id", where)),
            status=status,
            amount=abs(_amount(_required(item, fields, "amount", where), currency, mapping, where)),
            currency=currency,
            as_of=_moment(_search(mapping["message"]["as_of"], document), where),
            source=str(_search(mapping["message"]["id"], document) or ""),
            occurred_on=_moment(_required(item, fields, "occurred_on", where), where).date(),
            references=tuple(
                str(text).strip()
                for text in (references if isinstance(references, list) else [references])
                if text and str(text).strip()
            ),
            arrival_on=_day(value(item, fields.get("arrival_on")), where),
            itemised="payout" in mapping,
            **{name: _text(value(item, fields.get(name))) for name in _TEXTS},
        )
    return None


def _read_report(document, mapping):
    described = mapping["payout"]
    fields, rows = described["fields"], []
    for page in document["pages"]:
        for item in items(page, described["items"]):
            where = f"row of {document['payout']}"
            currency = str(_required(item, fields, "currency", where)).upper()
            gross, net = (
                _amount(_required(item, fields, name, where), currency, mapping, where)
                for name in ("gross", "net")
            )
            stated = _required(item, fields, "kind", where)
            rows.append(
                Row(
                    external_id=str(_required(item, fields, "external_id", where)),
                    kind=described["kinds"].get(str(stated), "other"),
                    gross=gross,
                    fee=gross - net,
                    net=net,
                    currency=currency,
                    occurred_on=_moment(
                        _required(item, fields, "occurred_on", where), where
                    ).date(),
                    subject=_text(value(item, fields.get("subject"))),
                    text=str(stated),
                )
            )
    return Message(payout=document["payout"], rows=tuple(rows))


# === FIELDS === #


@functools.lru_cache(maxsize=512)
def _compiled(expression):
    return jmespath.compile(expression)


def _search(expression, document):
    try:
        return _compiled(expression).search(document)
    except (JMESPathError, TypeError, ValueError) as error:
        raise SettlementFormatError(f"{expression} cannot be looked up: {error}") from error


def _required(item, fields, name, where):
    found = value(item, fields.get(name))
    if found is None or found == "":
        raise SettlementFormatError(f"{where}: {name} is missing at {fields.get(name)}.")
    return found


def _amount(stated, currency, mapping, where):
    try:
        if mapping.get("amounts", "major") == "minor":
            if not isinstance(stated, int) or isinstance(stated, bool):
                raise MoneyError(f"“{stated}” is no whole number of minor units.")
            return from_minor_units(stated, currency)
        if isinstance(stated, Decimal | int) and not isinstance(stated, bool):
            stated = format(Decimal(stated).normalize(), "f")
        if not isinstance(stated, str):
            raise MoneyError(f"“{stated}” is no amount.")
        minor_unit_exponent(currency)
        return parse_amount(stated, currency)
    except MoneyError as error:
        raise SettlementFormatError(f"{where}: {error}") from error


def _moment(stated, where):
    if isinstance(stated, int) and not isinstance(stated, bool):
        return datetime.fromtimestamp(stated, UTC)
    try:
        text = str(stated)
        if len(text) == len("2026-11-26"):
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        return as_utc(parse_datetime(text))
    except (DateError, ValueError) as error:
        raise SettlementFormatError(f"{where}: “{stated}” is no moment.") from error


def _day(stated, where):
    return None if stated in (None, "") else _moment(stated, where).date()


def _text(found):
    return None if found in (None, "") else str(found)
