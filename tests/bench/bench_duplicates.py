"""Milliseconds to tell 10,000 new bookings from 1,000,000 stored lines, beside a look-up for each.

One query a batch finds what is stored of the days in question. The peer is what importers do without it: one search by
the fingerprint for each booking; it is timed on 20 of them. With every tenth booking stored before.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]

from tests.bench import world

SIZES = (1_000, 10_000)
STORED = 1_000_000

SCRIPT = """
import time
from odoo.addons.bank_statement_api.tools import camt
bank = world.Bank(env)
stored = world.copied_lines(env, bank, {stored})
importer = env["bank.statement.importer"]
for size in {sizes!r}:
    content = bank.statement(size)
    [statement] = camt.read(content)
    world.bring_part(env, bank, content, size // 10)
    world.analyse(env)
    # Whose account it is, which an import has read by then.
    importer._journal_currency(bank.journal).name, bank.journal.uid_strategy
    asked = env.cr.sql_log_count
    with world.Spent(env) as spent:
        found = importer._recognise(bank.journal, statement)
    asked = env.cr.sql_log_count - asked
    known = sum(item.known is not None for item in found)
    assert known == size // 10, known
    line_model = env["account.bank.statement.line"]
    before = time.perf_counter()
    for item in found[:20]:
        line_model.search(
            [("journal_id", "=", bank.journal.id), ("fingerprint", "=", item.key.fingerprint)], limit=1)
    peer = (time.perf_counter() - before) * size / 20
    world.report(
        "duplicates", spent.wall * 1e3, "a search each", peer * 1e3, "ms", size,
        stored=stored, queries=asked, cpu_ms=round(spent.cpu * 1e3),
    )
"""


if __name__ == "__main__":
    world.run("bench_duplicates", SCRIPT.format(sizes=SIZES, stored=STORED))
