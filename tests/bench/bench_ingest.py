"""Statement lines a second, from the bytes of a CAMT.053 to posted entries, beside Odoo's own ``create``.

On a database that already holds 120,000 lines and is analysed, with every commit on disk. Odoo's rate is taken on 1,000
lines of the same content in the same run, right after ours: it takes minutes for more.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

SIZES = (1_000, 10_000, 50_000, 100_000)

SCRIPT = """
import time
bank = world.Bank(env)
bank.fill()

def ours(count):
    content = bank.statement(count)
    before = time.perf_counter()
    exchange = bank.receive(content)
    spent = time.perf_counter() - before
    assert exchange.result["lines"] == exchange.result["set_based"] == count, exchange.result
    return count / spent

def odoo(count):
    vals = [
        {{"journal_id": bank.journal.id, "date": bank.day, "amount": (number % 900 + 1) / 100,
          "payment_ref": f"Payment {{number}}"}}
        for number in range(count)
    ]
    before = time.perf_counter()
    env["account.bank.statement.line"].create(vals)
    env.cr.commit()
    return count / (time.perf_counter() - before)

for size in {sizes!r}:
    before = world.peak_mb()
    rate = ours(size)
    grown = world.peak_mb() - before
    world.report("ingest", rate, "odoo", odoo(1_000), "lines/s", size, grown_mb=round(grown))
"""


if __name__ == "__main__":
    world.run("bench_ingest", SCRIPT.format(sizes=SIZES))
