"""100,000 waiting lines against 100,000 open items: loaded by one query each, decided by the engine.

Beside it what two searches a line cost through the ORM, which is how a matching is written without an
engine; its rate is taken on 200 of the same lines, on the same analysed database.
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

COUNT = 100_000

SCRIPT = """
import json, resource, time
count = {count}
company = env.company
company.currency_id = env.ref("base.EUR")
env.ref("base.EUR").active = True
journal = env["account.journal"].create({{"name": "Bank", "code": "BENC", "type": "bank"}})
sale = env["account.journal"].search([("type", "=", "sale"), ("company_id", "=", company.id)], limit=1)
partner = env["res.partner"].create({{"name": "Customer 0"}})
receivable = partner.with_company(company).property_account_receivable_id
invoice = env["account.move"].create({{
    "move_type": "out_invoice", "journal_id": sale.id, "partner_id": partner.id, "invoice_date": "2026-02-02",
    "invoice_line_ids": [(0, 0, {{"name": "x", "price_unit": 10.0, "tax_ids": [(5, 0, 0)]}})]}})
invoice.action_post()
line = env["account.bank.statement.line"].create({{
    "journal_id": journal.id, "date": "2026-03-04", "amount": 10.0, "payment_ref": "x"}})
env.flush_all()
item = invoice.line_ids.filtered(lambda one: one.account_id == receivable)

def copies(table, template, columns):
    env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
    names = [name for (name,) in env.cr.fetchall() if name != "id" and name not in columns]
    # Rows like those of Odoo, with other figures: nothing is tested on them but reading.
    env.cr.execute(
        'INSERT INTO "%s" (%s) SELECT %s FROM "%s" template, generate_series(1, %s) g WHERE template.id = %s' % (
            table, ", ".join('"%s"' % name for name in [*names, *columns]),
            ", ".join(['template."%s"' % name for name in names] + list(columns.values())), table, count, template))
    # Else PostgreSQL would go on looking up foreign keys as in the empty table it knew: through all rows, for each row.
    env.cr.execute('ANALYZE "%s"' % table)

copies("res_partner", partner.id, {{
    "name": "'Customer ' || g", "complete_name": "'Customer ' || g"}})
env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE 'Customer %%'")
env.cr.execute("SELECT min(id) - 1 FROM res_partner WHERE name LIKE 'Customer %%' AND id != %s", [partner.id])
first_partner = env.cr.fetchone()[0]
amount = "(1000 + (g * 7919::bigint) % 900000) / 100.0"
text = (
    "CASE g % 4 WHEN 0 THEN 'Payment of invoice INV/2027/' || lpad(g::text, 6, '0') || ' thank you'"
    " WHEN 1 THEN 'Kunde 48213 Rg 2027/' || lpad(g::text, 6, '0')"
    " WHEN 2 THEN 'RF' || lpad(g::text, 12, '0') || ' vielen Dank'"
    " ELSE 'monthly payment as agreed' END")
copies("account_move", invoice.id, {{
    "name": "'INV/2027/' || lpad(g::text, 6, '0')", "payment_reference": "'RF' || lpad(g::text, 12, '0')",
    "sequence_prefix": "'INV/2027/'", "sequence_number": "g", "partner_id": "%d + g" % first_partner}})
env.cr.execute("SELECT min(id) - 1 FROM account_move WHERE sequence_prefix = 'INV/2027/'")
first_invoice = env.cr.fetchone()[0]
copies("account_move_line", item.id, {{
    "move_id": "%d + g" % first_invoice, "amount_residual": amount, "amount_residual_currency": amount,
    "partner_id": "%d + g" % first_partner, "debit": amount, "balance": amount, "amount_currency": amount}})
copies("account_move", line.move_id.id, {{
    "name": "'BENC/2027/' || lpad(g::text, 6, '0')", "sequence_prefix": "'BENC/2027/'", "sequence_number": "g",
    "statement_line_id": "NULL"}})
env.cr.execute("SELECT min(id) - 1 FROM account_move WHERE sequence_prefix = 'BENC/2027/'")
first_entry = env.cr.fetchone()[0]
copies("account_bank_statement_line", line.id, {{
    "move_id": "%d + g" % first_entry, "amount": amount, "payment_ref": text, "partner_name": "'Customer ' || g",
    "transaction_details":
        "jsonb_build_object('position', '{{}}'::jsonb, 'remittance', jsonb_build_array(" + text + "),"
        " 'end_to_end_id', 'NOTPROVIDED')",
    "internal_index": "'20260304' || lpad(g::text, 20, '0')"}})
env.cr.commit()
env.cr.execute("ANALYZE")
env.cr.commit()
env.invalidate_all()
lines = env["account.bank.statement.line"].search([("journal_id", "=", journal.id), ("id", "!=", line.id)])
assert len(lines) == count
matcher = env["bank.statement.matcher"]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before_mb = peak()
start, cpu = time.perf_counter(), time.process_time()
own, items, parties = matcher._load(company, lines)
loaded, loaded_cpu = time.perf_counter(), time.process_time()
decisions = matcher._engine(company, own, items, parties)
end, end_cpu = time.perf_counter(), time.process_time()
assert len(decisions) == count and len(items) >= count
auto = sum(one.outcome == "auto" for one in decisions)
assert auto > count * 0.7, auto
mb = peak()
start_peer = time.perf_counter()
model = env["account.move.line"]
for one in lines[:200]:
    domain = one._get_default_amls_matching_domain()
    model.search([*domain, ("amount_residual_currency", "=", one.amount)], limit=20)
    model.search([*domain, ("move_id.name", "in", one.payment_ref.split())], limit=20)
peer = 200 / (time.perf_counter() - start_peer)
ours = count / (end - start)
print(json.dumps({{"bench": "match", "ours": round(ours), "peer_name": "two searches a line", "peer": round(peer, 1),
    "ratio": round(ours / peer, 1), "unit": "lines/s", "n": count, "peak_mb": round(mb),
    "grown_mb": round(mb - before_mb), "seconds": round(end - start, 1), "load_seconds": round(loaded - start, 1),
    "engine_seconds": round(end - loaded, 1), "cpu_seconds": round(end_cpu - cpu, 1), "auto": auto}}))
"""


def main():
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        name = "bench_match"
        database.copy(cluster, os.environ["FINANCE_TEST_TEMPLATE"], name)
        stack.callback(database.drop, cluster, name)
        server = OdooServer(cluster, name, queue=False)
        told = server.shell(SCRIPT.format(count=int(sys.argv[1]) if sys.argv[1:] else COUNT))
        for line in told.splitlines():
            if line.startswith("{"):
                print(json.dumps(json.loads(line)), flush=True)


if __name__ == "__main__":
    main()
