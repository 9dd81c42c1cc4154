"""Measure each pass and pattern on the corpus, and keep the counts as the beginning of every database's statistics.

``python tests/corpus/calibrate.py`` writes ``tools/matching/measured.json``. Its seeds are not the one that
``setup/bench quality`` measures with.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from tests.unit import conftest  # noqa: F401  lets the pure layer be imported without Odoo

# isort: split
from tests.corpus import score
from tests.corpus.cases import Mix, generate

CASES = 3_000_000
SHORT = "{:05d}"
_FILE = ROOT / "addons/bank_statement_api/tools/matching/measured.json"


@dataclass(frozen=True)
class Stratum:
    """A part of the corpus that counts some kinds of decisions.

    :ivar seed: far from the next one and from that of ``setup/bench quality``: no world is drawn twice.
    :ivar counts: a pattern of ``pass reference:amount:party``; a kind that it does not match is left out, since the
        mix would be unjust to it.
    """

    seed: int
    share: float
    mix: Mix
    counts: str = ""


STRATA = (
    Stratum(100, 0.05, Mix()),
    # As in life, but with as many lines that tell little of the other party as would take ten times as many cases.
    Stratum(200, 0.20, Mix(anonymous=0.4, mistyped=0.4)),
    # The rare kinds more often, errors of payers included: that would be unjust to the plain ones.
    Stratum(300, 0.30, Mix(boost=8, anonymous=0.3, mistyped=0.25), "^(?!exact )"),
    # Numbers so short that they count as a part of one only.
    Stratum(400, 0.35, Mix(boost=8, shape=SHORT), "^(?!exact ).* core:"),
    # Somebody else pays, or the name is written in another way.
    Stratum(500, 0.10, Mix(others=0.5), ":(other|stranger)$"),
)


def main(cases: int, file: Path) -> None:
    total = score.Score()
    for stratum in STRATA:
        part = score.Score()
        for corpus in generate(stratum.seed, int(cases * stratum.share), stratum.mix):
            score.add(part, corpus, score.decide(corpus))
            part.missed.clear()
        for kind, (count, wrong) in part.patterns.items():
            if re.search(stratum.counts, kind):
                total.patterns[kind][0] += count
                total.patterns[kind][1] += wrong
        total.errors += part.errors
        total.cases += part.cases
        print(f"seed {stratum.seed}: {part.cases} cases", flush=True)
    kinds = {kind: total.patterns[kind] for kind in sorted(total.patterns)}
    seeds = [stratum.seed for stratum in STRATA]
    file.write_text(
        json.dumps({"seeds": seeds, "cases": total.cases, "kinds": kinds}, indent=1) + "\n"
    )
    for kind, (count, wrong) in sorted(kinds.items(), key=lambda one: -one[1][0]):
        print(f"{count:7d} {wrong:4d} {kind}")
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
