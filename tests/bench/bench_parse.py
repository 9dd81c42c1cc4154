"""Entries a second of processor time and memory of the CAMT.053 reader, beside a bare lxml iterparse of the same file.

Of 100,000 entries and of 1,000,000: neither time for one nor memory may grow. ``BENCH_ENTRIES=100000`` reads these.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SIZES = tuple(int(size) for size in os.environ.get("BENCH_ENTRIES", "100000,1000000").split(","))

# One entry is written by the writer and repeated: a million would not fit into memory on their way to the file.
MAKE = """
import datetime, sys
from decimal import Decimal
sys.path.insert(0, {root!r})
from tests.camt_writer import Line, daily_file
line = Line(datetime.date(2026, 3, 4), Decimal("7.77"), "Payment MARK", reference="RMARK", name="Payer")
one = daily_file("DE89370400440532013000", "EUR", [line]).decode()
start, end = one.index("<Ntry>"), one.index("</Ntry>") + len("</Ntry>\\n")
entry = one[start:end]
with open({path!r}, "w") as file:
    file.write(one[:start])
    for number in range({entries}):
        amount = f">{{number % 900 / 100 + 0.01:.2f}}<"
        file.write(entry.replace("MARK", str(number)).replace(">7.77<", amount))
    file.write(one[end:])
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
before = time.process_time()
with open({path!r}, "rb") as stream:
    count = run(stream)
spent = time.process_time() - before
print(json.dumps([count, spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measure(program, path, entries):
    """:return: entries a second and peak resident memory in MB, in a process of its own"""
    script = program.format(root=str(ROOT)) + MEASURE.format(path=path)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    count, spent, peak = json.loads(done.stdout)
    assert count == entries, count
    return count / spent, peak


def compare(entries):
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        # In a process of its own as well: a child's peak counts what its parent held when it was forked.
        make = MAKE.format(root=str(ROOT), entries=entries, path=file.name)
        subprocess.run([sys.executable, "-c", make], check=True)
        ours, peak = measure(OURS, file.name, entries)
        peer, _peak = measure(BARE, file.name, entries)
    return {
        "bench": "parse",
        "ours": round(ours),
        "peer_name": "lxml iterparse",
        "peer": round(peer),
        "ratio": round(ours / peer, 2),
        "unit": "entries/s",
        "n": entries,
        "peak_mb": round(peak),
    }


if __name__ == "__main__":
    for size in SIZES:
        print(json.dumps(compare(size)), flush=True)
