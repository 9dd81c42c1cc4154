"""How well the engine decides on 100,000 labelled payments, beside plain equality of reference and amount.

The payments are made by ``tests/corpus`` with a seed that nothing was measured or tried with. What may be posted
by itself is decided as in a database without a history: by the counts that ``tests/corpus/calibrate.py`` kept.
"""

import json
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from odoo.addons.bank_statement_api.tools.matching import precision
from odoo.addons.bank_statement_api.tools.matching.words import normalise

from tests.corpus import score
from tests.corpus.cases import Corpus, generate

SEED = 2_026
CASES = 100_000


def main() -> None:
    total = score.Score()
    plain = [0, 0]
    spent = 0.0
    for corpus in generate(SEED, int(sys.argv[1]) if sys.argv[1:] else CASES):
        before = time.perf_counter()
        decisions = score.decide(
            corpus, lambda _company, one: precision.holds(one.found_by, one.pattern)
        )
        spent += time.perf_counter() - before
        score.add(total, corpus, decisions)
        for place, count in enumerate(_plain(corpus)):
            plain[place] += count
    share = lambda part, whole: round(part / whole, 5) if whole else 1.0  # noqa: E731
    ours, peer = share(total.proven, total.provable), share(plain[0], total.provable)
    print(
        json.dumps(
            {
                "bench": "quality",
                "ours": ours,
                "peer_name": "equal reference and amount",
                "peer": peer,
                "ratio": round(ours / peer, 3) if peer else None,
                "unit": "recall of provable cases",
                "n": total.cases,
                "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                "wrong_auto_posts": total.wrong,
                "peer_wrong_auto_posts": plain[1],
                "auto_posted": total.auto,
                "group_precision": share(total.groups - total.wrong_groups, total.groups),
                "auto_rate_of_payable": share(total.auto - total.wrong, total.payable),
                "provable": total.provable,
                "hit_at_1": share(total.first, total.payable),
                "hit_at_3": share(total.third, total.payable),
                "ambiguity_rate": share(total.ambiguous, total.cases),
                "money_weighted_error": share(total.wrong_money, total.money),
                "seconds": round(spent, 1),
            }
        ),
        flush=True,
    )


def _plain(corpus: Corpus) -> tuple[int, int]:
    """What plain equality does: one open item whose whole reference is a word of the text, for exactly its amount.

    :return: provable cases it posts rightly, and what it posts wrongly
    """
    issued: dict[str, list[int]] = {}
    for item in corpus.world.items.values():
        for text in {normalise(one) for one in (*item.references, *item.numbers)}:
            issued.setdefault(text, []).append(item.id)
    right = wrong = 0
    used: set[int] = set()
    for case in corpus.cases:
        words = {normalise(word) for text in case.line.texts for word in text.value.split()}
        words |= {normalise(text.value) for text in case.line.texts}
        found = {item for word in words if len(word) >= 5 for item in issued.get(word, ())} - used
        if len(found) != 1:
            continue
        [item] = found
        open_item = corpus.world.items[item]
        if (open_item.currency, open_item.residual) in case.line.amounts:
            used.add(item)
            right += case.provable and case.truth == found
            wrong += case.truth != found
    return right, wrong


if __name__ == "__main__":
    main()
