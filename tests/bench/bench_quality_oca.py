"""The same labelled payments decided by the engine and, in a database of its own, by ``account_reconcile_oca``.

That addon is AGPL-3: it is fetched from the package registry when this bench runs, into ``.run``, and nothing of the
suite imports it. It decides when lines are created; what it knows nothing of (tolerances, discounts) is
given to the engine only, as in ``setup/bench quality``, and says so in the figures by kind.
"""

import contextlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]
from lib import database, odoo, postgres
from lib.paths import ADDONS, RUN
from servers import OdooServer
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from odoo.addons.bank_statement_api.tools.matching import precision

from tests.corpus import score
from tests.corpus.cases import Corpus, generate

SEED = 2_027
CASES = 800
WHEELS = (
    "odoo-addon-account-reconcile-oca==19.0.1.1.1",
    "odoo-addon-account-statement-base==19.0.1.0.1",
)
_FOLDER = RUN / "bench-oca"

SCRIPT = """
import json
from tests.bench import oca_world
print(json.dumps(oca_world.decide(env, json.loads({worlds!r}))))
"""


def main(cases: int) -> None:
    corpora = list(generate(SEED, cases))
    with postgres.running() as cluster, contextlib.ExitStack() as stack:
        server = _server(cluster, stack)
        worlds = json.dumps([_told(corpus) for corpus in corpora])
        head = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        answer = server.shell(head + SCRIPT.format(worlds=worlds))
    theirs = json.loads(next(line for line in answer.splitlines() if line.startswith("[{")))
    ours = [
        {
            one.line: list(one.proposals[0].items) if one.outcome == "auto" else []
            for one in score.decide(
                corpus, lambda _company, one: precision.holds(one.found_by, one.pattern)
            )
        }
        for corpus in corpora
    ]
    theirs = [{int(line): items for line, items in world.items()} for world in theirs]
    mine, peer = _count(corpora, ours), _count(corpora, theirs)
    recall = mine["proven"] / mine["provable"], peer["proven"] / peer["provable"]
    print(
        json.dumps(
            {
                "bench": "quality_oca",
                "ours": round(recall[0], 5),
                "peer_name": WHEELS[0],
                "peer": round(recall[1], 5),
                "ratio": round(recall[0] / recall[1], 3) if recall[1] else None,
                "unit": "recall of provable cases",
                "n": mine["cases"],
                "peak_mb": 0,
                "wrong_auto_posts": mine["wrong"],
                "peer_wrong_auto_posts": peer["wrong"],
                "auto_posted": mine["auto"],
                "peer_auto_posted": peer["auto"],
                "peer_wrong_kinds": {
                    kind[6:]: count for kind, count in peer.items() if kind.startswith("wrong ")
                },
            }
        ),
        flush=True,
    )


def _server(cluster, stack) -> OdooServer:
    """An Odoo with that addon on a copy of the database that has Odoo's accounting and nothing of the suite."""
    python = Path(sys.executable)
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "-t", _FOLDER, "--upgrade", *WHEELS],
        check=True,
        stdout=sys.stderr,
    )
    name = "bench_quality_oca"
    database.copy(cluster, database.core_template(cluster, python), name)
    stack.callback(database.drop, cluster, name)
    folders = f"{ADDONS},{_FOLDER / 'odoo/addons'}"
    server = OdooServer(cluster, name, queue=False, extra={"addons_path": folders})
    odoo.run(
        python,
        server.conf,
        "server",
        "--init",
        "account_reconcile_oca",
        "--stop-after-init",
        "--no-http",
        log_name=f"install-{name}",
        failure="Odoo cannot install account_reconcile_oca.",
    )
    return server


def _told(corpus: Corpus) -> dict:
    """A world as plain values, for the process that has a database."""
    world = corpus.world
    return {
        "partners": [
            [one.id, one.name, one.iban if one.is_known else ""]
            for one in (*world.partners, *world.suppliers)
        ],
        "customers": len(world.partners),
        "items": [
            [one.id, one.partner, one.currency, one.residual, one.numbers[0], list(one.references)]
            for one in world.items.values()
        ],
        "lines": [
            [
                case.line.id,
                case.line.amounts,
                case.line.date.isoformat(),
                " ".join(text.value for text in case.line.texts if text.value),
                case.line.name,
                case.line.iban,
            ]
            for case in sorted(corpus.cases, key=lambda case: case.line.order)
        ],
    }


def _count(corpora: list[Corpus], decided: list[dict]) -> Counter:
    """Right, wrong and proven by the labels; of a payment made twice either line may settle, never both."""
    counts: Counter = Counter()
    for corpus, posted in zip(corpora, decided, strict=True):
        settled = set()
        for case in sorted(corpus.cases, key=lambda case: case.line.order):
            items = frozenset(posted.get(case.line.id, ()))
            counts["cases"] += 1
            counts["provable"] += case.provable
            if not items:
                continue
            counts["auto"] += 1
            right = items == case.truth and not (case.kind == "paid_twice" and items & settled)
            settled |= items
            counts["proven"] += case.provable and right
            if not right:
                counts["wrong"] += 1
                counts[f"wrong {case.kind}"] += 1
    return counts


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else CASES)
