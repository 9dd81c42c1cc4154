"""How well the engine decides on 100,000 labelled payments, beside plain equality of reference and amount.

The payments are made by ``tests/corpus`` with a seed that nothing was measured or tried with. What may be posted
by itself is decided as in a database without a history: by the counts that ``tests/corpus/calibrate.py`` kept.

``account_reconcile_oca`` is measured alike, beside the engine, on the first of these payments: it takes minutes where
the engine takes a second. ``setup/bench quality 100000 2000`` says how many of each; 0 leaves OCA out.
"""

import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "setup"), str(ROOT / "tests/e2e")]
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from odoo.addons.bank_statement_api.tools.matching import precision
from odoo.addons.bank_statement_api.tools.matching.facts import AMBIGUOUS, AUTO, PROPOSE
from odoo.addons.bank_statement_api.tools.matching.words import normalise

from tests.bench import quality_oca
from tests.corpus import score
from tests.corpus.cases import Corpus, generate

SEED = 2_026
CASES = 100_000
OCA_CASES = 1_200


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]]
    cases, oca_cases = (*sizes, *(CASES, OCA_CASES)[len(sizes) :])
    ours, plain = score.Score(), score.Score()
    spent = 0.0
    for corpus in generate(SEED, cases):
        spent += _decide(ours, corpus)
        score.add(plain, corpus, _plain(corpus))
    _report(ours, "equal reference and amount", plain, seconds=round(spent, 1))
    if oca_cases:
        corpora = list(generate(SEED, oca_cases))
        ours, peer = score.Score(), score.Score()
        spent = sum(_decide(ours, corpus) for corpus in corpora)
        decisions, errors = quality_oca.decide(corpora)
        for corpus, found in zip(corpora, decisions, strict=True):
            score.add(peer, corpus, found)
        _report(ours, quality_oca.NAME, peer, seconds=round(spent, 1), peer_errors=len(errors))


def _decide(total: score.Score, corpus: Corpus) -> float:
    """Let the engine decide and count it.

    :return: the seconds that it took
    """
    before = time.perf_counter()
    decisions = score.decide(
        corpus, lambda _company, one: precision.holds(one.found_by, one.pattern)
    )
    spent = time.perf_counter() - before
    score.add(total, corpus, decisions)
    return spent


def _report(ours: score.Score, peer_name: str, peer: score.Score, **more) -> None:
    mine, theirs = _figures(ours), _figures(peer)
    recall, other = mine.pop("recall"), theirs.pop("recall")
    line = {
        "bench": "quality",
        "ours": recall,
        "peer_name": peer_name,
        "peer": other,
        "ratio": round(recall / other, 3) if other else None,
        "unit": "recall of provable cases",
        "n": ours.cases,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "provable": ours.provable,
        **mine,
        **{f"peer_{name}": value for name, value in theirs.items()},
        **more,
    }
    print(json.dumps(line), flush=True)


def _figures(total: score.Score) -> dict:
    return {
        "recall": _share(total.proven, total.provable),
        "wrong_auto_posts": total.wrong,
        "auto_posted": total.auto,
        "group_precision": _share(total.groups - total.wrong_groups, total.groups),
        "auto_rate_of_payable": _share(total.auto - total.wrong, total.payable),
        "hit_at_1": _share(total.first, total.payable),
        "hit_at_3": _share(total.third, total.payable),
        "ambiguity_rate": _share(total.ambiguous, total.cases),
        "money_weighted_error": _share(total.wrong_money, total.money),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 1.0


def _plain(corpus: Corpus) -> list[quality_oca.Decision]:
    """What plain equality does: one open item whose whole reference is a word of the text, for exactly its amount."""
    issued: dict[str, list[int]] = {}
    for item in corpus.world.items.values():
        for text in {normalise(one) for one in (*item.references, *item.numbers)}:
            issued.setdefault(text, []).append(item.id)
    decisions = []
    used: set[int] = set()
    for case in corpus.cases:
        words = {normalise(word) for text in case.line.texts for word in text.value.split()}
        words |= {normalise(text.value) for text in case.line.texts}
        found = {item for word in words if len(word) >= 5 for item in issued.get(word, ())} - used
        outcome = AMBIGUOUS if len(found) > 1 else PROPOSE
        if len(found) == 1:
            [item] = found
            open_item = corpus.world.items[item]
            if (open_item.currency, open_item.residual) in case.line.amounts:
                used.add(item)
                outcome = AUTO
        proposals = tuple(quality_oca.Proposal((item,), "plain") for item in sorted(found))
        decisions.append(quality_oca.Decision(case.line.id, outcome, proposals))
    return decisions


if __name__ == "__main__":
    main()
