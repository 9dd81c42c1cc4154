"""Entries a second and memory of the CAMT.053 reader, beside a bare lxml iterparse of the same file.

``setup/bench parse`` reads 100,000 entries; ``BENCH_ENTRIES=1000000`` more.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = int(os.environ.get("BENCH_ENTRIES", "100000"))

MAKE = """
import datetime, sys
from decimal import Decimal
sys.path.insert(0, {root!r})
from tests.camt_writer import Line, daily_file
lines = (
    Line(datetime.date(2026, 3, 4), Decimal(number % 900 + 1) / 100, f"Payment {{number}}",
         reference=f"R{{number}}", name="Payer")
    for number in range({entries})
)
with open({path!r}, "wb") as file:
    file.write(daily_file("DE89370400440532013000", "EUR", lines))
"""
OURS = """
import sys
sys.path[:0] = [{root!r}, {root!r} + "/tests/unit"]
import conftest
from odoo.addons.bank_statement_api.tools import camt
def run(stream):
    return sum(1 for statement in camt.parse(stream) for _line in statement)
"""
BARE = """
from lxml import etree
def run(stream):
    count = 0
    for _event, element in etree.iterparse(stream, events=("end",), tag="{{*}}Ntry"):
        count += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return count
"""
MEASURE = """
import json, resource, time
before = time.perf_counter()
with open({path!r}, "rb") as stream:
    count = run(stream)
spent = time.perf_counter() - before
print(json.dumps([count, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measure(program, path):
    """:return: entries a second and peak resident memory in MB, in a process of its own"""
    script = program.format(root=str(ROOT)) + MEASURE.format(path=path)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    count, spent, peak = json.loads(done.stdout)
    assert count == ENTRIES, count
    return count / spent, peak


def main():
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        # In a process of its own as well: a child's peak counts what its parent held when it was forked.
        make = MAKE.format(root=str(ROOT), entries=ENTRIES, path=file.name)
        subprocess.run([sys.executable, "-c", make], check=True)
        ours, peak = measure(OURS, file.name)
        peer, _peak = measure(BARE, file.name)
    print(
        json.dumps(
            {
                "bench": "parse",
                "ours": round(ours),
                "peer_name": "lxml iterparse",
                "peer": round(peer),
                "ratio": round(ours / peer, 2),
                "unit": "entries/s",
                "n": ENTRIES,
                "peak_mb": round(peak),
            }
        )
    )


if __name__ == "__main__":
    main()
