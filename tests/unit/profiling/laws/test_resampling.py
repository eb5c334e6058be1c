"""Resampled laws: the scores they draw are the scores, and their tails are tails."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mooring.profiling.laws import resampling
from mooring.profiling.laws.closed import Law, spread
from mooring.profiling.laws.resampling import resampled_law
from mooring.profiling.scores import (
    NAMES,
    chisquare,
    hellinger,
    jensenshannon,
    kolmogorov_smirnov,
    psi,
    total_variation,
    wasserstein,
)

COUNTS = (0.0, 600.0, 300.0, 60.0, 30.0, 8.0, 2.0, 0.0)
EDGES = (-1.0, 0.0, 1.0, 2.5, 4.0, 9.0, 10.0)
ROWS = 90


def plain(name: str, a: list[float], b: list[float], *, discrete: bool) -> float:
    if name == "wasserstein":
        return wasserstein(a, b, edges=EDGES, scale=2.0, discrete=discrete)
    scores: dict[str, Callable[[list[float], list[float]], float]] = {
        "psi": psi,
        "jensenshannon": jensenshannon,
        "hellinger": hellinger,
        "tvd": total_variation,
        "chisquare": lambda x, y: chisquare(x, y).statistic,
        "ks": lambda x, y: kolmogorov_smirnov(x, y).statistic,
    }
    return scores[name](a, b)


def law(name: str, seed: int = 0, rows: int = ROWS, *, discrete: bool = False) -> Law:
    return resampled_law(name, COUNTS, rows, seed=seed, edges=EDGES, scale=2.0, discrete=discrete)


@pytest.mark.parametrize("discrete", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_drawn_scores_are_those_of_the_scores_module(name: str, *, discrete: bool) -> None:
    rng = np.random.default_rng(3)
    a = rng.multinomial(1000, np.array(COUNTS) / 1000, size=30).astype(float)
    b = rng.multinomial(ROWS, np.array(COUNTS) / 1000, size=30).astype(float)
    if name == "wasserstein":
        found = resampling.area(a, b, np.array(EDGES) / 2, discrete=discrete)
    else:
        found = resampling.BATCH[name](a, b)
    said = [
        plain(name, x.tolist(), y.tolist(), discrete=discrete) for x, y in zip(a, b, strict=True)
    ]
    assert found == pytest.approx(said, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_p6_the_level_is_exceeded_as_often_as_alpha_says(name: str) -> None:
    """Sparse bins, a window of 90 rows, and other random numbers than the law was made of."""
    rng = np.random.default_rng(11)
    found = law(name)
    granted = np.maximum(COUNTS, resampling.UNSEEN / 2)  # two empty bins share half a row
    shares = granted / granted.sum()
    a = rng.multinomial(1000, shares, size=4000).tolist()
    b = rng.multinomial(ROWS, shares, size=4000).tolist()
    if name == "wasserstein":
        a = [list(COUNTS)] * 4000
        b = rng.multinomial(ROWS, rng.dirichlet(granted, size=4000)).tolist()
    unit = spread(name, 1000, ROWS)
    values = np.array([plain(name, x, y, discrete=False) for x, y in zip(a, b, strict=True)]) / unit
    assert found.expected == pytest.approx(values.mean(), rel=0.05)
    for alpha in (0.1, 0.01):
        assert (values > found.level(alpha) * (1 + 1e-9)).mean() < 1.5 * alpha
    tails = np.array([found.tail(value) for value in values])
    assert 0.035 < (tails <= 0.05).mean() < 0.065
    assert 0.005 < (tails <= 0.01).mean() < 0.015


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_law_and_another_a_close_one(name: str) -> None:
    assert law(name, seed=4) == law(name, seed=4)
    assert law(name, seed=4).level(0.02) == pytest.approx(law(name, seed=5).level(0.02), rel=0.15)


@pytest.mark.parametrize("name", NAMES)
def test_a_tail_never_rises_and_goes_on_beyond_what_was_drawn(name: str) -> None:
    found = law(name)
    values = np.linspace(0, 3 * found.level(1e-4), 400)
    tails = [found.tail(float(value)) for value in values]
    assert tails == sorted(tails, reverse=True)
    assert tails[0] == 1.0
    assert 0 <= tails[-1] < 1e-5
    far = found.level(1e-5)
    assert far > found.level(1e-3) > found.level(0.01)
    assert found.tail(far * 1.001) <= 1.05e-5


def test_a_value_never_seen_before_is_surprising_but_not_impossible() -> None:
    """Without a null in 3,000 rows, one in 200 comes by chance at a few percent; 20 do not."""
    base = resampled_law("chisquare", (1400.0, 1600.0, 0.0), 200)
    one, many = (
        base.tail(chisquare([1400, 1600, 0], [93, 107 - nulls, nulls]).statistic)
        for nulls in (1, 20)
    )
    assert 0.01 < one < 0.1
    assert many < 1e-4


def test_one_bin_cannot_drift() -> None:
    found = resampled_law("psi", (70.0,), 20)
    assert (found.expected, found.level(0.01), found.tail(0.0)) == (0.0, 0.0, 1.0)
