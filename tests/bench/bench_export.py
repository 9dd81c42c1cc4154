"""Journal items a second from the ledger to Parquet, with joins, validation, sums and the ledger's proof.

Beside PostgreSQL's COPY of the same query to CSV, and Odoo's own ``export_data`` of a sample, in one run. The most
memory that Odoo's process ever held is part of the result. BENCH_ITEMS sets the size, 1,000,000 by default.
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

ITEMS = int(os.environ.get("BENCH_ITEMS", 1_000_000))
SAMPLE = 5_000

# One entry made by Odoo, then as many copies of its rows as it takes.
FILL = """
import json
company = env.company
company.currency_id.active = True
partner = env["res.partner"].create({{"name": "Customer of the bench"}})
invoice = env["account.move"].create({{
    "move_type": "out_invoice", "partner_id": partner.id, "invoice_date": "2026-01-15", "date": "2026-01-15",
    "invoice_line_ids": [(0, 0, {{"name": "Goods", "quantity": 1, "price_unit": 123.45, "tax_ids": [(5, 0, 0)]}})]}})
invoice.action_post()
env.flush_all()
cr = env.cr

def columns(table):
    cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY 1", (table,))
    return [name for name, in cr.fetchall()]

def multiply(table, source, changes, joined=""):
    names = columns(table)
    values = [changes.get(name, f'source."{{name}}"') for name in names]
    quoted = ", ".join(f'"{{name}}"' for name in names)
    cr.execute(
        f'INSERT INTO {{table}} ({{quoted}}) SELECT {{", ".join(values)}} FROM {{table}} source {{joined}}'
        f' WHERE {{source}}')

count = {items} // len(invoice.line_ids)
# Copies of what was checked are not checked again: of 10,000,000 the checks alone would not fit into memory.
cr.execute("SET LOCAL session_replication_role = replica")
# All of an index at once takes a fraction of the time of row by row.
cr.execute(
    "SELECT index.indexrelid::regclass::text, pg_get_indexdef(index.indexrelid) FROM pg_index index"
    " WHERE index.indrelid IN ('account_move'::regclass, 'account_move_line'::regclass)"
    " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = index.indexrelid)")
indexes = cr.fetchall()
for name, _definition in indexes:
    cr.execute("DROP INDEX " + name)
day = "DATE '2026-01-01' + (number % 360)::int"
multiply("account_move", f"source.id = {{invoice.id}}", {{
    "id": "10000000 + number", "name": "'BENCH/' || number", "date": day, "sequence_number": "number::int",
    "sequence_prefix": "'BENCH/'", "payment_reference": "NULL", "access_token": "NULL",
    "message_main_attachment_id": "NULL"}},
    f"CROSS JOIN generate_series(1, {{count}}) AS number")
for place, line in enumerate(invoice.line_ids):
    multiply("account_move_line", f"source.id = {{line.id}}", {{
        "id": f"20000000 + number * 10 + {{place}}", "move_id": "10000000 + number", "date": day,
        "move_name": "'BENCH/' || number"}}, f"CROSS JOIN generate_series(1, {{count}}) AS number")
for _name, definition in indexes:
    cr.execute(definition)
env.cr.commit()
cr.execute("ANALYZE")
connection = env["finance.connection"].create({{
    "name": "Lake", "adapter": "folder", "environment": "sandbox", "company_id": company.id}})
interface = env["finance.interface"].create({{
    "name": "Exports", "code": "bench.export", "handler": "reporting_run", "connection_id": connection.id,
    "company_id": company.id}})
export = env["reporting.export"].create({{
    "name": "Items", "dataset_id": env.ref("reporting_export.dataset_journal_items").id,
    "interface_id": interface.id, "kind": "full", "date_from": "2026-01-01"}})
env.cr.commit()
"""

MEASURE = """
import io, json, resource, time
from odoo.addons.reporting_export.models.reporting_query import Period
from odoo.addons.reporting_export.models.reporting_run_build import _copy
import datetime
export = env["reporting.export"].search([], limit=1, order="id desc")
dataset = export.dataset_id

run = export._start("full")
env.cr.commit()
before = time.perf_counter()
run._build()
env.cr.commit()
ours = run.row_count / (time.perf_counter() - before)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
assert not run.differences, run.differences[:3]

# As the run did: the same months, the same query.
copied = 0
with open("/tmp/bench_export.csv", "wb", buffering=1 << 20) as sink:
    before = time.perf_counter()
    with run._reading() as reader:
        for entity, period in run._partitions(reader, None):
            _copy(reader, env["reporting.query"]._rows(run.contract_id, entity, period), sink)
    copy = run.row_count / (time.perf_counter() - before)

items = env["account.move.line"].search([("parent_state", "=", "posted")], limit={sample})
names = [column.path.replace(".", "/") for column in run.contract_id.column_ids]
env.invalidate_all()
before = time.perf_counter()
items.export_data(names)
odoo = len(items) / (time.perf_counter() - before)
for name, peer in (("copy", copy), ("export_data", odoo)):
    print(json.dumps({{"bench": "export", "ours": round(ours), "peer_name": name, "peer": round(peer),
        "ratio": round(ours / peer, 2), "unit": "rows/s", "n": run.row_count, "peak_mb": round(peak)}}))
"""


def main():
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        name = "bench_export"
        database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
        stack.callback(database.drop, cluster, name)
        stack.callback(Path("/tmp/bench_export.csv").unlink, missing_ok=True)
        server = OdooServer(cluster, name, queue=False)
        server.shell(FILL.format(items=ITEMS))
        for line in server.shell(MEASURE.format(sample=SAMPLE)).splitlines():
            if line.startswith("{"):
                print(json.dumps(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
