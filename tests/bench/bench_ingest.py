"""Statement lines a second, from the bytes of a CAMT.053 to posted entries, beside what people use today.

The peers are Odoo's own ``create`` of 1,000 lines of the same content, and OCA's CAMT import of a file of 1,000: more
would take minutes. On a database that already holds 120,000 lines and is analysed, with every commit on disk; it is
filled once and kept, and OCA's addons are in a copy of it. All take turns, each time in a process of its own. Of
several runs the one with the median
ratio is told. ``cpu_ratio`` compares processor time, of Odoo's process and PostgreSQL's together: it says on a busy
machine what the wall clock cannot. ``grown_mb`` is what the import added to the most memory that its process has held.

``setup/bench ingest 1000 10000`` measures these sizes only, and ``BENCH_PEER=10000`` has Odoo make as many.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import oca, world

RUNS = {1_000: 3, 10_000: 2, 50_000: 1, 100_000: 1}
PEER = 1_000
ODOO_LINES = int(os.environ.get("BENCH_PEER", PEER))

FILL = "world.Bank(env).fill()"

OURS = """
import json
world.check_durable(env)
bank = world.Bank.again(env)
# What the first import of a process loads is kept for all later ones.
bank.receive(bank.statement(100))
content = bank.statement({count})
world.forget_peak()
before = world.peak_mb()
with world.Spent(env) as spent:
    exchange = bank.receive(content)
assert exchange.result["lines"] == exchange.result["set_based"] == {count}, exchange.result
peak = world.peak_mb()
print(json.dumps({{"wall": spent.wall, "cpu": spent.cpu, "peak_mb": peak, "grown_mb": peak - before}}))
"""

ODOO = """
import json
bank = world.Bank.again(env)
vals = [
    {{"journal_id": bank.journal.id, "date": bank.day, "amount": (number % 900 + 1) / 100,
      "payment_ref": f"Payment {{number}}"}}
    for number in range({count})
]
env["account.bank.statement.line"].create(vals[:100])
env.cr.commit()
with world.Spent(env) as spent:
    env["account.bank.statement.line"].create(vals)
    env.cr.commit()
print(json.dumps({{"wall": spent.wall, "cpu": spent.cpu}}))
"""


def _measure(server, script, count):
    told = server.shell(world.script_head() + script.format(count=count)).splitlines()
    measured = json.loads(next(line for line in reversed(told) if line.startswith("{")))
    return measured | {"count": count}


def _report(size, runs, peer_name):
    def ratio(run, what="wall"):
        peer = run[peer_name]
        return peer[what] / peer["count"] * size / run["ours"][what]

    run = sorted(runs, key=ratio)[len(runs) // 2]
    ours, peer = run["ours"], run[peer_name]
    line = {
        "bench": "ingest",
        "ours": round(size / ours["wall"], 1),
        "peer_name": peer_name,
        "peer": round(peer["count"] / peer["wall"], 1),
        "ratio": round(ratio(run), 1),
        "unit": "lines/s",
        "n": size,
        "peak_mb": round(ours["peak_mb"]),
        "grown_mb": round(ours["grown_mb"]),
        "cpu_ratio": round(ratio(run, "cpu"), 1),
        "cpu_ms_a_line": round(ours["cpu"] / size * 1e3, 3),
        "peer_cpu_ms_a_line": round(peer["cpu"] / peer["count"] * 1e3, 3),
    }
    print(json.dumps(line), flush=True)


def main():
    wanted = [int(size) for size in sys.argv[1:]] or RUNS
    with (
        world.server_on_a_copy("bench_ingest", filled_by=FILL) as server,
        oca.server_on_a_copy(server.cluster, server.name) as other,
    ):
        for size in wanted:
            runs = [
                {
                    "odoo": _measure(server, ODOO, ODOO_LINES),
                    "ours": _measure(server, OURS, size),
                    "oca": _measure(other, oca.SCRIPT, PEER),
                }
                for _run in range(RUNS.get(size, 1))
            ]
            for peer_name in ("odoo", "oca"):
                _report(size, runs, peer_name)


if __name__ == "__main__":
    main()
