"""Levels: what no drift produces, against simulation."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.errors import UsageError
from mooring.profiling.laws.levels import (
    benjamini_hochberg,
    join_sparse,
    level,
    psi_expected,
    psi_level,
    psi_tail,
    rate_tail,
)
from mooring.profiling.scores import hellinger, jensenshannon, psi

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker

Score = Callable[[NDArray[np.int64], NDArray[np.int64]], float]
BASELINE = 2000


def no_drift(score: Score, sizes: tuple[int, int], repeats: int = 4000) -> NDArray[np.float64]:
    """A score over deciles of two samples of one distribution, many times."""
    rng = np.random.default_rng(20)
    a, b = (rng.multinomial(size, np.full(10, 0.1), size=repeats) for size in sizes)
    return np.array([score(x, y) for x, y in zip(a, b, strict=True)])


@pytest.mark.parametrize("rows", [100, 200, 500])
def test_p6_simulated_psi_without_drift_has_the_level_we_say(rows: int) -> None:
    found = no_drift(psi, (BASELINE, rows))
    assert found.mean() == pytest.approx(psi_expected(10, BASELINE, rows), rel=0.07)
    for alpha in (0.1, 0.01):
        above = (found > psi_level(10, BASELINE, rows, alpha)).mean()
        assert 0.5 * alpha < above < 1.4 * alpha


def test_p6_the_tail_is_the_inverse_of_the_level() -> None:
    assert psi_tail(psi_level(10, 2000, 300, 0.003), 10, 2000, 300) == pytest.approx(0.003)
    assert psi_tail(0.3, 1, 2000, 300) == 1.0
    assert np.isnan(psi_tail(float("nan"), 10, 2000, 300))
    assert np.isnan(psi_tail(0.1, 10, 0, 300))


@pytest.mark.parametrize(
    ("name", "score"), [("jensen_shannon", jensenshannon), ("hellinger", hellinger)]
)
def test_p6_distances_have_the_level_that_follows_from_psi(name: str, score: Score) -> None:
    found = no_drift(score, (BASELINE, 500))
    said = level(name, 10, BASELINE, 500, 0.01)
    assert np.quantile(found, 0.99) == pytest.approx(said, rel=0.06)


def test_levels_of_tests_are_their_quantiles() -> None:
    assert level("chi2", 10, 2000, 500, 0.01) == pytest.approx(stats.chi2.isf(0.01, 9))
    ks = level("ks", 10, 2000, 500, 0.01)
    assert stats.kstwobign.sf(ks * np.sqrt(2000 * 500 / 2500)) == pytest.approx(0.01)
    with pytest.raises(UsageError, match="wasserstein"):
        level("wasserstein", 10, 2000, 500)


@given(st.integers(0, 60), st.integers(100, 5000), st.integers(0, 60), st.integers(100, 5000))
def test_the_tail_of_a_rate_is_the_conditional_binomial(
    before: int, rows: int, now: int, later: int
) -> None:
    theirs = stats.binom.sf(now - 1, before + now, later / (rows + later))
    assert rate_tail(before, rows, now, later) == pytest.approx(theirs, rel=1e-9, abs=1e-300)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_benjamini_hochberg_is_that_of_scipy(p_values: list[float]) -> None:
    theirs = stats.false_discovery_control(p_values)
    assert benjamini_hochberg(p_values) == pytest.approx(theirs.tolist())


def test_sparse_bins_join_their_neighbours_and_no_row_is_lost() -> None:
    a, b = np.array([900.0, 1, 1, 98, 0]), np.array([90.0, 0, 0, 10, 1])
    joined_a, joined_b = join_sparse(a, b)
    assert joined_a.tolist() == [900, 100]
    assert joined_b.tolist() == [90, 11]
    assert [part.tolist() for part in join_sparse(np.array([3.0, 0]), np.array([0.0, 2]))] == [
        [3],
        [2],
    ]
