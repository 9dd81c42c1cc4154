"""``account_reconcile_oca`` on payments of the corpus: what it reconciles by itself, and what it proposes.

Its addon is AGPL-3: it is installed for the bench only, in a database with Odoo's addons and its own, and told of the
payments by a file. What the bank states as a reference is the text of the line, as OCA's imports have it. Some 150
payments take minutes, so it is run by itself: ``.run/venv/bin/python tests/bench/quality_oca.py 150``.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from tests.bench import oca
from tests.bench.bench_quality import SEED
from tests.corpus.cases import generate

ADDON = "account_reconcile_oca"
WHEELS = (
    "odoo-addon-account-reconcile-oca==19.0.1.1.1",
    "odoo-addon-account-statement-base==19.0.1.0.1",
)

SCRIPT = """
import json
worlds = json.load(open({path!r}))
told = []
for number, world in enumerate(worlds):
    company = env["res.company"].create({{"name": f"World {{number}}"}})
    env.user.company_ids |= company
    env = env(context=dict(env.context, allowed_company_ids=[company.id], tracking_disable=True))
    company = company.with_env(env)
    euro, dollar = env.ref("base.EUR"), env.ref("base.USD")
    (euro | dollar).active = True
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    company.currency_id = euro
    env["res.currency.rate"].create(
        {{"name": "2025-01-01", "currency_id": dollar.id, "company_id": company.id, "rate": 1.1}})
    journal = env["account.journal"].create(
        {{"name": "Bank", "code": "BOCA", "type": "bank", "company_id": company.id}})
    partners = env["res.partner"].create(
        [{{"name": name, "company_id": company.id}} for _id, name, _iban in world["partners"]])
    by_id = dict(zip([one[0] for one in world["partners"]], partners))
    env["res.partner.bank"].create(
        [{{"acc_number": iban, "partner_id": by_id[one].id}} for one, _name, iban in world["partners"] if iban])
    items, named = {{}}, []
    for item in world["items"]:
        kind = item["kind"]
        move = env["account.move"].create({{
            "move_type": kind, "partner_id": by_id[item["partner"]].id, "invoice_date": "2026-02-02",
            "currency_id": env.ref("base." + item["currency"]).id, "ref": item["reference"],
            "invoice_line_ids": [(0, 0, {{"name": "x", "price_unit": item["amount"], "tax_ids": [(5, 0, 0)]}})]}})
        move.action_post()
        items[move.id] = item["id"]
        if kind != "in_invoice":
            named.append((item["number"], item["reference"] or item["number"], move.id))
    env.flush_all()
    # Out of the way first: Odoo numbers on from whatever stands there.
    env.cr.execute("UPDATE account_move SET name = 'T' || id WHERE id = ANY(%s)", [[row[-1] for row in named]])
    for number, reference, move_id in named:
        env.cr.execute(
            "UPDATE account_move SET name = %s, payment_reference = %s WHERE id = %s", [number, reference, move_id])
        env.cr.execute("UPDATE account_move_line SET move_name = %s WHERE move_id = %s", [number, move_id])
    env.invalidate_all()
    env.cr.commit()
    decided = []
    for case in world["lines"]:
        vals = {{"journal_id": journal.id, "date": case["date"], "amount": case["amount"],
                "payment_ref": case["text"] or "/", "partner_name": case["name"],
                "account_number": case["iban"]}}
        if case["foreign"]:
            vals |= {{"foreign_currency_id": env.ref("base." + case["foreign"][0]).id,
                     "amount_currency": case["foreign"][1]}}
        try:
            with env.cr.savepoint():
                line = env["account.bank.statement.line"].create(vals)
                env.flush_all()
        except Exception as error:
            env.invalidate_all()
            decided.append({{"auto": False, "items": [], "error": str(error)}})
            continue
        entry = line.line_ids
        paid = (entry.matched_debit_ids.debit_move_id | entry.matched_credit_ids.credit_move_id) - entry
        data = line.reconcile_data_info or {{}}
        proposed = env["account.move.line"].browse(data.get("counterparts") or [])
        found = paid.move_id if line.is_reconciled else proposed.move_id
        known = sorted(items[one.id] for one in found if one.id in items)
        decided.append({{"auto": line.is_reconciled, "items": known}})
    env.cr.commit()
    told.append(decided)
print("BENCH", json.dumps(told))
"""


def decide(corpora):
    """:return: for each corpus what became of its lines, by their order: ``auto`` and ``items``"""
    from lib import database, odoo, odoo_conf, postgres
    from lib.paths import ADDONS

    name = "bench_quality_oca"
    python = Path(sys.executable)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(postgres.running())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / "worlds.json"
        path.write_text(json.dumps([_world(corpus) for corpus in corpora]))
        database.copy(cluster, database.core_template(cluster, python), name)
        stack.callback(database.drop, cluster, name)
        extra = {"addons_path": f"{oca.addons(ADDON, WHEELS)},{ADDONS}"}
        conf = odoo_conf.write(name, cluster, queue=False, extra=extra)
        common = {"log_name": name, "failure": "account_reconcile_oca cannot be measured."}
        odoo.run(
            *(python, conf, "server", "--init", ADDON),
            *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
            **common,
        )
        log = odoo.run(
            *(python, conf, "shell", "--no-http", "--shell-interface=python"),
            **common,
            stdin=f"exec({SCRIPT.format(path=str(path))!r})\n",
        )
        told = next(line for line in log.read_text().splitlines() if "BENCH [" in line)
    return json.loads(told.partition("BENCH ")[2])


def _world(corpus):
    world = corpus.world
    suppliers = {one.id for one in world.suppliers}
    return {
        "partners": [
            (one.id, one.name, one.iban if one.is_known else "")
            for one in world.partners + world.suppliers
        ],
        "items": [
            {
                "id": item.id,
                "partner": item.partner,
                "kind": "in_invoice"
                if item.partner in suppliers
                else "out_invoice"
                if item.residual > 0
                else "out_refund",
                "amount": abs(item.residual) / 100,
                "currency": item.currency,
                "number": item.numbers[0],
                "reference": item.references[0] if item.references else "",
            }
            for item in world.items.values()
        ],
        "lines": [_line(case.line) for case in corpus.cases],
    }


def _line(line):
    amounts = dict(line.amounts)
    foreign = [(name, amount / 100) for name, amount in amounts.items() if name != "EUR"]
    structured = [text.value for text in line.texts if text.structured]
    return {
        "date": line.date.isoformat(),
        "amount": amounts["EUR"] / 100,
        "foreign": foreign[0] if foreign else None,
        "text": " ".join([*structured, line.texts[0].value]).strip(),
        "name": line.name,
        "iban": line.iban,
    }


def figures(corpora):
    """:return: the figures of the bench, of OCA's addon on the same payments"""
    cases = [case for corpus in corpora for case in corpus.cases]
    told = [one for decided in decide(corpora) for one in decided]
    right = [
        bool(case.truth) and set(one["items"]) == case.truth
        for case, one in zip(cases, told, strict=True)
    ]
    auto = [one["auto"] for one in told]
    payable = sum(bool(case.truth) for case in cases)
    proven = sum(
        case.provable and posted and fits
        for case, posted, fits in zip(cases, auto, right, strict=True)
    )
    return {
        "n": len(cases),
        "auto_posted": sum(auto),
        "wrong_auto_posts": sum(
            posted and not fits for posted, fits in zip(auto, right, strict=True)
        ),
        "recall": round(proven / sum(case.provable for case in cases), 5),
        "hit_at_1": round(sum(right) / payable, 5),
    }


if __name__ == "__main__":
    print(json.dumps(figures(list(generate(SEED, int(sys.argv[1]))))))
