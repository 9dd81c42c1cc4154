"""``account_reconcile_oca`` on payments of the corpus: what it reconciles by itself, and what it proposes.

Its addon is AGPL-3: it is installed for the bench only, in a database with Odoo's addons and its own, and told of the
payments by a file. What the bank states as a reference is the text of the line, as OCA's imports have it.

It ranks first what it proposes, then what the list on its screen shows on top, of the partner that it found. A line
for which its own query finds several items counts as ambiguous.
"""

import contextlib
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from odoo.addons.bank_statement_api.tools.matching.facts import AMBIGUOUS, AUTO, PROPOSE

from tests.bench import oca

NAME = "account_reconcile_oca"
WHEELS = (
    "odoo-addon-account-reconcile-oca==19.0.1.1.1",
    "odoo-addon-account-statement-base==19.0.1.0.1",
)
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys
sys.path.insert(0, {root!r})
from tests.bench import oca_matcher
print("BENCH", json.dumps(oca_matcher.decide(env, json.load(open({path!r})))))
"""


@dataclass(frozen=True)
class Proposal:
    """As ``tests/corpus/score.py`` reads one of the engine's."""

    items: tuple[int, ...]
    found_by: str = NAME
    pattern: str = ""


@dataclass(frozen=True)
class Decision:
    line: int
    outcome: str
    proposals: tuple[Proposal, ...]


def decide(corpora):
    """:return: the decisions on each corpus, and the errors of lines that could not be booked"""
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
        extra = {"addons_path": f"{oca.addons(NAME, WHEELS)},{ADDONS}"}
        conf = odoo_conf.write(name, cluster, queue=False, extra=extra)
        common = {"log_name": name, "failure": f"{NAME} cannot be measured."}
        odoo.run(
            *(python, conf, "server", "--init", NAME),
            *("--stop-after-init", "--no-http", "--max-cron-threads=0"),
            **common,
        )
        script = SCRIPT.format(root=str(ROOT), path=str(path))
        log = odoo.run(
            *(python, conf, "shell", "--no-http", "--shell-interface=python"),
            **common,
            stdin=f"exec({script!r})\n",
        )
        text = next(line for line in log.read_text().splitlines() if "BENCH [" in line)
    told = json.loads(text.partition("BENCH ")[2])
    decisions = [
        [_decision(case, one) for case, one in zip(corpus.cases, world, strict=True)]
        for corpus, world in zip(corpora, told, strict=True)
    ]
    return decisions, [one["error"] for world in told for one in world if "error" in one]


def _decision(case, told):
    outcome = AUTO if told["auto"] else AMBIGUOUS if told["ambiguous"] else PROPOSE
    return Decision(
        case.line.id, outcome, tuple(Proposal(tuple(items)) for items in told["ranked"])
    )


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
