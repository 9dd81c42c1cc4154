"""Pairs of a statement line and an open invoice of the same amount, posted by our ways and by Odoo's."""

from decimal import Decimal
from unittest.mock import patch

from odoo.fields import Command

from odoo.addons.bank_statement_api.tools.posting import Allocation, Proposal

from tests.bench import world

PEER_PAIRS = 25
"""Before ours, and as many after it: what else the machine does hits both."""


def measure(env, bank, item_ids, sizes):
    free = iter(item_ids)
    _line_by_line(env, _pairs(env, bank, free, 2))
    for size in sizes:
        for way in ("orm", "set_based"):
            before = _line_by_line(env, _pairs(env, bank, free, PEER_PAIRS))
            ours = _ours(env, _pairs(env, bank, free, size), way)
            after = _line_by_line(env, _pairs(env, bank, free, PEER_PAIRS))
            peer_cpu = (before.cpu + after.cpu) / (2 * PEER_PAIRS)
            world.report(
                "reconcile",
                size / ours.wall,
                "odoo",
                2 * PEER_PAIRS / (before.wall + after.wall),
                "pairs/s",
                size,
                way=way,
                cpu_ms=round(1000 * ours.cpu / size, 2),
                peer_cpu_ms=round(1000 * peer_cpu, 2),
                cpu_ratio=round(peer_cpu * size / ours.cpu, 1),
            )


def _pairs(env, bank, free, count):
    """:return: lines that nobody matched yet, and an open item for each"""
    bank.number += 1
    vals_list = [
        {
            "journal_id": bank.journal.id,
            "date": bank.day,
            "amount": 100.0,
            "payment_ref": f"Payment {number} of {bank.number}",
        }
        for number in range(count)
    ]
    lines, _set_based = env["bank.statement.line.writer"]._create_lines(vals_list)
    env.cr.commit()
    env.invalidate_all()
    items = env["account.move.line"].browse([next(free) for _number in range(count)])
    return list(zip(lines, items, strict=True))


def _ours(env, pairs, way):
    proposals = [
        Proposal(line.id, (Allocation(item.id, Decimal("100.00")),)) for line, item in pairs
    ]
    poster = env["bank.statement.poster"]
    with (
        world.Spent(env) as spent,
        patch.object(type(poster), "_why_not", lambda *_args: way == "orm" and "measured"),
    ):
        outcomes = poster._reconcile(proposals)
        env.cr.commit()
    assert {outcome.way for outcome in outcomes} == {way}, outcomes[0]
    assert all(item.reconciled for _line, item in pairs)
    return spent


def _line_by_line(env, pairs):
    """The way of Odoo's own code and of what is built on it: partner, entry, reconciliation, one line after another."""
    with world.Spent(env) as spent:
        for line, item in pairs:
            _by_odoo(line, item)
            env.cr.commit()
    assert all(item.reconciled for _line, item in pairs)
    return spent


def _by_odoo(line, item):
    line.partner_id = item.partner_id
    _liquidity, suspense, _other = line._seek_for_lines()
    line.with_context(force_delete=True, skip_readonly_check=True).write(
        {
            "line_ids": [
                Command.delete(suspense.id),
                Command.create(
                    {
                        "name": item.name or item.move_id.name,
                        "account_id": item.account_id.id,
                        "partner_id": item.partner_id.id,
                        "currency_id": suspense.currency_id.id,
                        "amount_currency": suspense.amount_currency,
                        "balance": suspense.balance,
                    }
                ),
            ]
        }
    )
    counterpart = line.line_ids.filtered(lambda entry: entry.account_id == item.account_id)
    (counterpart + item).reconcile()
