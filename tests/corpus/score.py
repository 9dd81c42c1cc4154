"""How well decisions agree with the truth of the corpus."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from odoo.addons.bank_statement_api.tools.matching import numbers
from odoo.addons.bank_statement_api.tools.matching.engine import match
from odoo.addons.bank_statement_api.tools.matching.facts import AMBIGUOUS, AUTO

from tests.corpus.cases import TOLERANCES, Case, Corpus


@dataclass
class Score:
    """Sums over cases; a group is right only when all of it is."""

    cases: int = 0
    auto: int = 0
    wrong: int = 0
    groups: int = 0
    wrong_groups: int = 0
    ambiguous: int = 0
    payable: int = 0
    first: int = 0
    third: int = 0
    provable: int = 0
    proven: int = 0
    money: int = 0
    wrong_money: int = 0
    kinds: Counter = field(default_factory=Counter)
    patterns: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    errors: list[tuple[Case, object]] = field(default_factory=list)
    missed: list[tuple[Case, object]] = field(default_factory=list)


def decide(corpus: Corpus, trusted=None):
    """Let the engine decide on a corpus."""
    world = corpus.world
    extra = {"trusted": trusted} if trusted else {}
    return match(
        [case.line for case in corpus.cases],
        world.items.values(),
        parties={world.company: world.parties()},
        tolerances=TOLERANCES,
        shapes={world.company: numbers.learn(world.numbers)},
        **extra,
    )


def add(score: Score, corpus: Corpus, decisions) -> None:
    """Count the decisions of one corpus."""
    cases = {case.line.id: case for case in corpus.cases}
    groups: dict[int, list[bool]] = {}
    taken: set[tuple[int, int]] = set()
    for decision in decisions:
        case = cases[decision.line]
        score.cases += 1
        _count_ranks(score, case, decision)
        score.ambiguous += decision.outcome == AMBIGUOUS
        score.provable += case.provable
        if decision.outcome != AUTO:
            if case.provable:
                score.missed.append((case, decision))
                score.kinds["missed " + case.kind] += 1
            continue
        best = decision.proposals[0]
        right = bool(case.truth) and frozenset(best.items) == case.truth
        if case.kind == "paid_twice":
            # Either of the two pays it, never both.
            right = right and not any((case.group, item) in taken for item in best.items)
            taken.update((case.group, item) for item in best.items)
        amount = abs(case.line.amounts[-1][1])
        score.auto += 1
        score.money += amount
        score.proven += case.provable and right
        groups.setdefault(case.group, []).append(right)
        counts = score.patterns[f"{best.found_by} {best.pattern}"]
        counts[0] += 1
        if not right:
            counts[1] += 1
            score.wrong += 1
            score.wrong_money += amount
            score.errors.append((case, decision))
            score.kinds["wrong " + case.kind] += 1
    score.groups += len(groups)
    score.wrong_groups += sum(not all(found) for found in groups.values())


def _count_ranks(score: Score, case: Case, decision) -> None:
    if not case.truth:
        return
    score.payable += 1
    ranked = [frozenset(one.items) for one in decision.proposals[:3]]
    score.first += ranked[:1] == [case.truth]
    score.third += case.truth in ranked
