"""Statement lines a second, from the bytes of a CAMT.053 to posted entries, beside Odoo's own ``create``.

On a database that already holds 120,000 lines and is analysed, with every commit on disk. Odoo's rate is taken on 1,000
lines of the same content, in turns with ours: it takes minutes for more. Of several runs the one with the median ratio
is told. ``cpu_ratio`` compares processor time, of Odoo's process and PostgreSQL's together: it says on a busy machine
what the wall clock cannot.

``BENCH_SIZES=1000,10000 setup/bench ingest`` measures these sizes only.
"""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

RUNS = {1_000: 3, 10_000: 3, 50_000: 1, 100_000: 1}

SCRIPT = """
bank = world.Bank(env)
bank.fill()

def ours(count):
    content = bank.statement(count)
    with world.Spent(env) as spent:
        exchange = bank.receive(content)
    assert exchange.result["lines"] == exchange.result["set_based"] == count, exchange.result
    return spent

def odoo(count):
    vals = [
        {{"journal_id": bank.journal.id, "date": bank.day, "amount": (number % 900 + 1) / 100,
          "payment_ref": f"Payment {{number}}"}}
        for number in range(count)
    ]
    with world.Spent(env) as spent:
        env["account.bank.statement.line"].create(vals)
        env.cr.commit()
    env.invalidate_all()
    return spent

for size, runs in {runs!r}.items():
    measured = []
    before = world.peak_mb()
    for _run in range(runs):
        mine = ours(size)
        grown = world.peak_mb() - before
        theirs = odoo(1_000)
        measured.append((theirs.wall * size / 1_000 / mine.wall, mine, theirs, grown))
    measured.sort(key=lambda run: run[0])
    _ratio, mine, theirs, grown = measured[len(measured) // 2]
    world.report(
        "ingest", size / mine.wall, "odoo", 1_000 / theirs.wall, "lines/s", size,
        cpu_ratio=round(theirs.cpu * size / 1_000 / mine.cpu, 1),
        cpu_ms_a_line=round(mine.cpu / size * 1e3, 3),
        grown_mb=round(grown),
    )
"""


def _runs():
    sizes = os.environ.get("BENCH_SIZES")
    return {int(size): RUNS.get(int(size), 1) for size in sizes.split(",")} if sizes else RUNS


if __name__ == "__main__":
    world.run("bench_ingest", SCRIPT.format(runs=_runs()))
