"""Statement lines a second, from the bytes of a CAMT.053 to posted entries, beside Odoo's own ``create``.

On a database that already holds 120,000 lines and is analysed. Odoo's rate is taken on 1,000 lines of
the same content in the same run, right after ours: it takes minutes for more.
"""

import contextlib
import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from lib import database, postgres
from servers import OdooServer

SIZES = (1_000, 10_000)
STORED = 120_000

SCRIPT = """
import datetime, json, resource, sys, time
from decimal import Decimal
sys.path.insert(0, {root!r})
from tests.camt_writer import Line, daily_file
company = env.company
company.currency_id = env.ref("base.EUR")
env.ref("base.EUR").active = True
IBAN = "DE89370400440532013000"
account = env["res.partner.bank"].create({{"acc_number": IBAN, "partner_id": company.partner_id.id}})
journal = env["account.journal"].create({{
    "name": "Bank", "code": "BENC", "type": "bank", "bank_account_id": account.id}})
connection = env["finance.connection"].create({{
    "name": "Uploads", "adapter": "upload", "environment": "sandbox", "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Files", "code": "bench.files", "handler": "bank_statement", "connection_id": connection.id,
    "company_id": company.id}})
interface._go_live("Needed by a bench.")
env.cr.commit()
state = {{"day": datetime.date(2026, 1, 1), "opening": Decimal("0.00"), "sequence": 0}}

def content(count):
    state["sequence"] += 1
    day = state["day"] + datetime.timedelta(days=state["sequence"])
    lines = [
        Line(
            day, Decimal(number % 900 + 1) / 100, f"Payment {{number}} of {{day}}",
            reference=f"{{state['sequence']}}-{{number}}")
        for number in range(count)
    ]
    made = daily_file(IBAN, "EUR", lines, opening=state["opening"], sequence=state["sequence"])
    state["opening"] += sum(line.amount for line in lines)
    return made

def bring(count):
    data = content(count)
    before = time.perf_counter()
    exchange, _new = env["finance.exchange"]._receive(interface, f"bench-{{state['sequence']}}", data, source="upload")
    env.cr.commit()
    exchange._job_process()
    spent = time.perf_counter() - before
    exchange.invalidate_recordset()
    assert exchange.result["lines"] == count, (exchange.work_status, exchange.result)
    return count / spent

def odoo(count):
    line_model = env["account.bank.statement.line"]
    day = state["day"] + datetime.timedelta(days=state["sequence"])
    vals = [
        {{"journal_id": journal.id, "date": day, "amount": (number % 900 + 1) / 100,
          "payment_ref": f"Payment {{number}}"}}
        for number in range(count)
    ]
    before = time.perf_counter()
    line_model.create(vals)
    env.cr.commit()
    rate = count / (time.perf_counter() - before)
    return rate

while env["account.bank.statement.line"].search_count([]) < {stored}:
    bring(10_000)
env.cr.commit()
env.cr.execute("ANALYZE")
env.cr.commit()
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for size in {sizes!r}:
    before = peak()
    ours = bring(size)
    grown = peak() - before
    peer = odoo(1000)
    print(json.dumps({{"bench": "ingest", "ours": round(ours), "peer_name": "odoo", "peer": round(peer, 1),
        "ratio": round(ours / peer, 1), "unit": "lines/s", "n": size, "peak_mb": round(peak()),
        "grown_mb": round(grown)}}))
"""


def main():
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        name = "bench_ingest"
        database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
        stack.callback(database.drop, cluster, name)
        server = OdooServer(cluster, name, queue=False)
        told = server.shell(SCRIPT.format(root=str(ROOT), sizes=SIZES, stored=STORED))
        for line in told.splitlines():
            if line.startswith("{"):
                print(json.dumps(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
