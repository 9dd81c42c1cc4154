"""A small share of ``setup/bench quality``, and that nothing it measures with was counted before."""

import itertools

from effort import examples

from odoo.addons.bank_statement_api.tools.matching import precision

from tests.bench import bench_quality
from tests.corpus import calibrate, score
from tests.corpus.cases import generate

_WORLDS_OF_A_SEED = 100_003


def test_nothing_is_posted_wrongly():
    total = score.Score()
    for corpus in generate(9_100, examples(10_000)):
        decisions = score.decide(
            corpus, lambda _company, one: precision.holds(one.found_by, one.pattern)
        )
        score.add(total, corpus, decisions)
    assert total.wrong == 0, total.errors
    assert total.proven / total.provable > 0.97


def test_worlds_that_were_counted_are_not_those_that_measure():
    drawn = [
        (stratum.seed * _WORLDS_OF_A_SEED, int(calibrate.CASES * stratum.share))
        for stratum in calibrate.STRATA
    ]
    drawn.append((bench_quality.SEED * _WORLDS_OF_A_SEED, bench_quality.CASES))
    drawn.sort()
    for (first, count), (second, _count) in itertools.pairwise(drawn):
        assert first + count < second
    assert abs(sum(stratum.share for stratum in calibrate.STRATA) - 1) < 1e-9
