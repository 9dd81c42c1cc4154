"""Measure each pass and pattern on the corpus, and keep the counts as the beginning of every database's statistics.

``python tests/corpus/calibrate.py`` writes ``tools/matching/measured.json``. Its seed is not the one that
``setup/bench quality`` measures with.
"""

import json
import sys
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from tests.corpus import score
from tests.corpus.cases import generate

SEED = 11
CASES = 800_000
_FILE = ROOT / "addons/bank_statement_api/tools/matching/measured.json"


def main(cases: int, file: Path) -> None:
    total = score.Score()
    # As in life, but with as many lines that tell little of the other party as would take ten times as many cases.
    little_known = generate(SEED + 1, cases * 3 // 10, anonymous=0.4, mistyped=0.4)
    for corpus in chain(generate(SEED, cases // 10), little_known):
        score.add(total, corpus, score.decide(corpus))
    # The rare kinds more often, errors of payers included: that would be unjust to the plain ones, which are left out.
    rare = score.Score()
    for corpus in generate(SEED + 2, cases * 6 // 10, boost=8, anonymous=0.3, mistyped=0.25):
        score.add(rare, corpus, score.decide(corpus))
    for kind, (count, wrong) in rare.patterns.items():
        if not kind.startswith("exact "):
            total.patterns[kind][0] += count
            total.patterns[kind][1] += wrong
    total.errors += rare.errors
    total.cases += rare.cases
    kinds = {kind: total.patterns[kind] for kind in sorted(total.patterns)}
    file.write_text(
        json.dumps({"seed": SEED, "cases": total.cases, "kinds": kinds}, indent=1) + "\n"
    )
    for kind, (count, wrong) in sorted(kinds.items(), key=lambda one: -one[1][0]):
        print(f"{count:7d} {wrong:4d} {kind}")
    print(f"{total.proven}/{total.provable} proven", dict(total.kinds.most_common(20)))
    for case, decision in total.errors[:30]:
        print(
            case.kind,
            case.truth,
            decision.proposals[0].items,
            decision.proposals[0].pattern,
            case.line.texts,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else CASES, Path(sys.argv[2]) if sys.argv[2:] else _FILE)
