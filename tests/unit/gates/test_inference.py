"""Each paired test against what its source says, and against rows resampled the long way."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.gates.inference.areas import delong
from mooring.gates.inference.discordant import mcnemar
from mooring.gates.inference.plan import Plan
from mooring.gates.inference.resampling import block_length, drawn_in_blocks, drawn_in_strata
from mooring.gates.inference.spread import spread_of

FloatArray = NDArray[np.float64]
PLAN = Plan(time_ordered=False, seed=0, resamples=400, confidence=0.95)


def ar(seed: int, rho: float, rows: int) -> FloatArray:
    made = raw_ar(seed, rho, rows)
    return np.asarray(made - made.mean())


def raw_ar(seed: int, rho: float, rows: int) -> FloatArray:
    made = np.random.default_rng(seed).standard_normal(rows)
    for place in range(1, rows):
        made[place] += rho * made[place - 1]
    return made


def sums_of(values: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(len(values)), values])


def mean(sums: FloatArray) -> FloatArray:
    return np.asarray(sums[..., 1] / sums[..., 0])


@pytest.mark.parametrize(
    ("seed", "rho", "rows", "expected"),
    [
        (1, 0.0, 500, 3.18970886),
        (2, 0.5, 500, 6.81386271),
        (3, 0.9, 1000, 34.04895077),
        (4, 0.7, 200, 7.55780295),
        (5, -0.5, 300, 8.50410409),
    ],
)
def test_block_lengths_are_those_of_politis_and_white(
    seed: int, rho: float, rows: int, expected: float
) -> None:
    """The values are those of ``arch.bootstrap.optimal_block_length``, version 7."""
    assert block_length(ar(seed, rho, rows)) == pytest.approx(expected, rel=1e-8)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(0, 300))
def test_mcnemar_says_better_only_when_the_exact_test_does(
    better: int, worse: int, alike: int
) -> None:
    differ = better + worse
    found = mcnemar(better, worse, max(1, differ + alike), PLAN)
    observed = (better - worse) / max(1, differ + alike)
    tail = sum(comb(differ, k) for k in range(better, differ + 1)) / 2**differ
    if observed - found.below > 0:
        assert tail <= 0.025
    assert found.below >= 0
    assert found.above >= 0


def test_mcnemar_follows_the_exact_test_where_few_rows_differ() -> None:
    for better, sure in ((4, False), (5, False), (6, True), (8, True)):
        found = mcnemar(better, 0, 400, PLAN)
        assert (better / 400 - found.below > 0) == sure, better  # 1 / 2 ** 6 < 0.025 < 1 / 2 ** 5


def test_mcnemar_passes_equal_models_no_more_often_than_it_says() -> None:
    random = np.random.default_rng(3)
    for differ in (6, 20, 100, 1000):
        better = random.binomial(differ, 0.5, 2000)
        passed = [
            (b - (differ - b)) / 5000 > mcnemar(int(b), int(differ - b), 5000, PLAN).below
            for b in better
        ]
        assert np.mean(passed) <= 0.033  # 0.025, and three standard errors of 2,000


def test_delong_has_no_interval_with_one_row_of_a_class() -> None:
    positive = np.zeros(50)
    positive[3] = 1.0
    assert delong(np.linspace(-1, 1, 50), positive, PLAN) is None


def test_the_stratified_bootstrap_draws_each_stratum_on_its_own() -> None:
    """No resample may lose a class: the rare one keeps its three cells."""
    values = np.concatenate([np.zeros(97), np.ones(3)])
    drawn = drawn_in_strata(sums_of(values), (97, 3), mean, 300, 0)
    assert np.allclose(drawn, 0.03)
    mixed = drawn_in_strata(sums_of(values), (100,), mean, 300, 0)
    assert mixed.min() == 0.0


def test_the_stationary_bootstrap_draws_every_cell_as_often_as_any_other() -> None:
    spikes = np.eye(60)
    drawn = drawn_in_blocks(spikes, 7.0, lambda sums: sums.sum(axis=-1), 500, 1)
    assert np.array_equal(drawn, np.full(500, 60.0))  # as many cells as there are, each time
    shares = np.array(
        [drawn_in_blocks(spikes[:, [k]], 7.0, lambda s: s[..., 0], 2000, 1).mean() for k in (0, 59)]
    )
    assert shares == pytest.approx([1.0, 1.0], abs=0.15)


def test_the_stationary_bootstrap_knows_the_spread_of_a_dependent_mean() -> None:
    values = ar(8, 0.8, 2000)
    length = block_length(values)
    apart = drawn_in_strata(sums_of(values), (2000,), mean, 1000, 0).std()
    together = drawn_in_blocks(sums_of(values), length, mean, 1000, 0).std()
    assert together / apart == pytest.approx(3.0, rel=0.3)  # sqrt((1 + 0.8) / (1 - 0.8))


def test_rows_in_time_order_never_say_more_than_independent_ones() -> None:
    for seed in range(20):
        for rho in (-0.6, 0.0, 0.6):
            values = ar(seed, rho, 150)
            apart, ordered = (spread_of(values, time_ordered=t) for t in (False, True))
            assert ordered.error >= apart.error
            assert ordered.freedom <= apart.freedom
            assert 0 < ordered.independence <= 1


def test_a_long_memory_leaves_few_degrees_of_freedom() -> None:
    assert spread_of(ar(1, 0.0, 200), time_ordered=True).freedom == 13  # 0.4 * 200 ** (2 / 3)
    assert spread_of(ar(1, 0.95, 200), time_ordered=True).freedom <= 6


@pytest.mark.parametrize(("rho", "rows"), [(0.9, 100), (0.9, 500), (0.95, 200)])
def test_p3_a_long_memory_does_not_make_luck_a_gain(rho: float, rows: int) -> None:
    passed = []
    for seed in range(600):
        series = raw_ar(seed, rho, rows + 100)[100:]
        spread = spread_of(series - series.mean(), time_ordered=True)
        passed.append(series.mean() > spread.quantile(0.95) * spread.error)
    assert np.mean(passed) <= 0.06  # 0.043 in the long run; 0.16 with the averages of rho = 0


def test_mcnemar_stays_exact_where_the_adjusted_interval_alone_would_pass() -> None:
    """Of eleven rows nine for and two against: p = 0.033."""
    assert 7 / 11 - mcnemar(9, 2, 11, PLAN).below <= 0
