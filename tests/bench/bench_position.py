"""Milliseconds from the question to the whole cash position of 500 accounts with five years of days, ledger included.

Nine days are asked for, each as it is known now and as it was known at its noon; the slowest of all counts. The peer is
the reading that comes to mind first: by the ORM, account by account, the last closing balance and the ledger's sum of
one day. Then the coverage calendar of the same accounts: a page of 50 over a month, and all 500 searched for open days.
BENCH_ACCOUNTS and BENCH_YEARS set the size.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

SCRIPT = """
import time
from datetime import timedelta
from odoo import fields
from tests.bench import position_world
accounts, years = {accounts}, {years}
start = time.perf_counter()
group = position_world.fill(env, accounts, years)
filling = time.perf_counter() - start
today = fields.Date.context_today(group)
days = [today - timedelta(days=round(number * (years * 365 - 40) / 8)) for number in range(9)]
positions, calendar = env["cash.position"], env["bank.statement.coverage"]

def measure(calls):
    wall, cpu, found = [], [], []
    for call in calls:
        env.invalidate_all()
        with world.Spent(env) as spent:
            found.append(call())
        wall.append(spent.wall * 1000)
        cpu.append(spent.cpu * 1000)
    return max(wall), max(cpu), found

def position(day, known_at=None):
    return lambda: positions.get_position(group.code, fields.Date.to_string(day), known_at)

position(today)()
now = measure([position(day) for day in days])
then = measure([position(day, f"{{day}} 12:00:00") for day in days])
for found, late in ((now[2], 0), (then[2], 1)):
    for day, each in zip(days, found, strict=True):
        # At noon the statement of the day before has come in.
        wanted = position_world.expected(accounts, years, day - timedelta(days=late))
        assert each["totals"]["group"] == wanted, (day, late, each["totals"], wanted)
        assert len(each["accounts"]) == accounts, len(each["accounts"])
        assert all(account["state"] == "fresh" for account in each["accounts"]), day
naive = measure([lambda day=day: position_world.naive(env, group, day) for day in days[:3]])
world.report("position", max(now[0], then[0]), "ORM, account by account", naive[0], "ms", accounts,
    cpu=round(max(now[1], then[1])), peer_cpu=round(naive[1]), as_known_at=round(then[0]), filled_in_s=round(filling),
    balances=env["bank.statement.balance"].search_count([]), items=env["account.move.line"].search_count([]))
month = today - timedelta(days=31), today - timedelta(days=1)

def pages(**how):
    return [lambda first=first, last=last: calendar.get_coverage(str(first), str(last), **how)
        for first, last in (month, (month[0] - timedelta(days=900), month[1] - timedelta(days=900)))]

page, everything = measure(pages()), measure(pages(only_open=True))
for found in page[2]:
    assert {{account["days"] for account in found["accounts"] if account["days"].strip("-")}} == {{"c" * 31}}
assert not any(found["total"] for found in everything[2])
world.report("coverage calendar, 50 of the accounts", page[0], "all of them searched for open days", everything[0],
    "ms", accounts, cpu=round(page[1]), peer_cpu=round(everything[1]))
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
