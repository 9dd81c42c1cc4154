"""The form in which a position is read over RPC, frozen, and sent: ``schemas/cash_position.v1.json``."""

from __future__ import annotations

from decimal import Decimal

from .assemble import SCHEMA, AccountLine, Position, Sum
from .figures import Balance


def write(position: Position) -> dict:
    """Return the canonical document of a position; amounts, rates and days are texts."""
    inputs = position.inputs
    text = _Money(inputs.decimals)
    entities = {entity.id: entity for entity in inputs.entities}

    def code(entity_id):
        entity = entities.get(entity_id)
        return entity and (entity.code or f"#{entity.id}")

    return {
        "schema": SCHEMA,
        "date": inputs.day.isoformat(),
        "known_at": f"{inputs.known_at:%Y-%m-%dT%H:%M:%S}Z",
        "currency": inputs.currency,
        "complete": position.complete,
        "findings": [
            {
                "code": finding.code,
                "subject": finding.subject,
                "blocking": finding.blocking,
                "figures": {name: _plain(value) for name, value in finding.figures.items()},
            }
            for finding in position.findings
        ],
        "totals": {
            "entities": text(position.entities),
            "in_house": text(position.in_house),
            "on_its_way": text(position.on_its_way),
            "group": text(position.group),
        },
        "entities": [
            {"code": code(entity.id), "name": entity.name, "mapped": entity.code is not None}
            for entity in inputs.entities
        ],
        "by_entity": [_sum(each, text) for each in position.by_entity],
        "by_bank": [_sum(each, text) for each in position.by_bank],
        "by_currency": [_sum(each, text) for each in position.by_currency],
        "accounts": [_account(line, code, text) for line in position.lines],
        "eliminations": [
            {
                "kind": each.kind,
                "entity": code(each.entity_id),
                "counterparty": code(each.other_id),
                "account_id": each.account_id,
                "currency": each.currency,
                "amount": _plain(each.amount),
                "converted": text(each.converted),
                "date": each.day.isoformat(),
            }
            for each in position.eliminations
        ],
        "rates": [
            {
                "currency": each.currency,
                "rate": _plain(each.rate),
                "rate_date": each.day.isoformat(),
                "rate_source": each.source,
            }
            for each in position.conversions
        ],
        "forecast": {
            "from": inputs.today.isoformat(),
            "overdue": text(position.overdue),
            "days": [_period(each, text) for each in position.days],
            "weeks": [_period(each, text) for each in position.weeks],
            "basis": _by_basis(position, text),
        },
    }


class _Money:
    """Writes amounts with the decimals of the group's currency."""

    def __init__(self, decimals):
        self._decimals = decimals

    def __call__(self, amount):
        return None if amount is None else f"{amount:.{self._decimals}f}"


def _plain(value):
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if hasattr(value, "isoformat") else value


def _sum(each: Sum, text):
    return {
        "code": each.key,
        "name": each.name,
        "amount": text(each.converted),
        "own_amount": _plain(each.own),
        "accounts": each.accounts,
        "complete": each.complete,
    }


def _period(each, text):
    return {
        "start": each.start.isoformat(),
        "end": each.end.isoformat(),
        "opening": text(each.opening),
        "inflow": text(each.inflow),
        "outflow": text(each.outflow),
        "closing": text(each.closing),
    }


def _by_basis(position, text):
    sums = {}
    for flow, amount in position.flows:
        into = sums.setdefault((flow.kind, flow.basis), [0, Decimal(0)])
        into[0] += 1
        into[1] += amount
    return [
        {"kind": kind, "basis": basis, "count": count, "amount": text(amount)}
        for (kind, basis), (count, amount) in sorted(sums.items())
    ]


def _balance(balance: Balance | None, decimals):
    return balance and {
        "id": balance.id,
        "type": balance.type,
        "amount": f"{balance.amount:.{decimals}f}",
        "date": balance.day.isoformat(),
        "known_at": f"{balance.known_at:%Y-%m-%dT%H:%M:%S}Z",
        "source": balance.source,
        "exchange": balance.exchange,
    }


def _account(line: AccountLine, code, text):
    account, own = line.account, _Money(line.account.decimals)
    difference, conversion = line.difference, line.conversion
    return {
        "id": account.id,
        "name": account.name,
        "number": account.label,
        "entity": code(account.entity_id),
        "bank": account.bank,
        "currency": account.currency,
        "state": line.state,
        "age_days": line.age,
        "days": account.days,
        "booked": _balance(line.booked, account.decimals),
        "available": _balance(line.available, account.decimals),
        "balances": [_balance(balance, account.decimals) for balance in account.balances],
        "ledger": {
            "account_balance": own(account.books.account),
            "balance": own(account.books.balance),
        },
        "difference": difference
        and {
            name: own(getattr(difference, name))
            for name in (
                "total",
                "in_transit",
                "unreconciled",
                "before_first",
                "timing",
                "unexplained",
            )
        },
        "kept_by": code(account.kept_by),
        "eliminated": line.eliminated,
        "converted": text(line.converted),
        "rate": conversion and _plain(conversion.rate),
        "rate_date": conversion and conversion.day.isoformat(),
        "rate_source": conversion and conversion.source,
    }
