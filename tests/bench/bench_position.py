"""Milliseconds from the question to the whole cash position of 500 accounts with five years of days, ledger included.

Any day is asked for, the slowest of nine counts. The peer is the reading that comes to mind first: by the ORM, account
by account, the last closing balance and the ledger's sum of one day. BENCH_ACCOUNTS and BENCH_YEARS set the size.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

SCRIPT = """
import os, time
from datetime import timedelta
from odoo import Command, fields
from tests.bench import position_world
accounts, years = {accounts}, {years}
group = position_world.fill(env, accounts, years)
today = fields.Date.context_today(group)
days = [today - timedelta(days=round(number * (years * 365 - 40) / 8)) for number in range(9)]
positions = env["cash.position"]
positions.get_position(group.code)

def measure(read, days):
    slowest = 0.0
    for day in days:
        env.invalidate_all()
        start = time.perf_counter()
        found = read(day)
        slowest = max(slowest, time.perf_counter() - start)
    return slowest, found

ours, found = measure(lambda day: positions.get_position(group.code, fields.Date.to_string(day)), days)
assert len(found["accounts"]) == accounts, len(found["accounts"])
for day in days:
    position = positions.get_position(group.code, fields.Date.to_string(day))
    assert position["totals"]["group"] == position_world.expected(accounts, years, day), (day, position["totals"])
naive, total = measure(lambda day: position_world.naive(env, group, day), days[:3])
world.report("position", ours * 1000, "ORM, account by account", naive * 1000, "ms", accounts,
    balances=env["bank.statement.balance"].search_count([]), items=env["account.move.line"].search_count([]))
"""


def main():
    world.run(
        "bench_position",
        SCRIPT.format(
            accounts=int(os.environ.get("BENCH_ACCOUNTS", 500)),
            years=int(os.environ.get("BENCH_YEARS", 5)),
        ),
    )


if __name__ == "__main__":
    main()
