"""Statement lines reconciled a second with the open invoices they pay, beside Odoo's way line by line.

On a database that holds 120,000 lines and 100,000 open items and is analysed. ``orm`` is our bulk through Odoo's own
reconciliation, which every kind of match can go; ``set_based`` what plain pairs go by themselves. Odoo's rate is
taken on 50 pairs of the same content in the same run, half of them right before ours and half after. Each commits as
it would in production: ours a batch, Odoo's a line. ``cpu`` is time of the processor, PostgreSQL's included.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

SIZES = (200, 1_000, 5_000)

SCRIPT = """
bank = world.Bank(env)
bank.fill()
free = {{"EUR": world.open_invoices(env, 100_000), "USD": world.open_invoices_in_dollars(env, 1_000)}}
world.analyse(env)
from tests.bench import pairs
pairs.Bench(env, bank, free).measure({sizes!r})
"""


if __name__ == "__main__":
    sizes = tuple(int(size) for size in sys.argv[1:]) or SIZES
    world.run("bench_reconcile", SCRIPT.format(sizes=sizes))
