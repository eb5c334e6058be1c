"""Dependent rows: what past windows say of them, by simulation of AR(1) series."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from mooring.errors import UsageError
from mooring.profiling.laws.dependence import fitted_inflation, inflation, score_inflation
from mooring.profiling.laws.nulls import no_drift
from mooring.profiling.scores import kolmogorov_smirnov, psi

Tails = NDArray[np.float64]
DECILES = ndtri(np.arange(1, 10) / 10)
BASELINE, WINDOW = 20_000, 168


def series(rng: np.random.Generator, phi: float, windows: int, rows: int) -> NDArray[np.int64]:
    """Rows per decile of windows of an AR(1) series with deviation 1."""
    noise = rng.standard_normal((windows, rows + 300)) * np.sqrt(1 - phi * phi)
    for row in range(1, noise.shape[1]):
        noise[:, row] += phi * noise[:, row - 1]
    bins = np.searchsorted(DECILES, noise[:, 300:])
    return np.stack([(bins == number).sum(axis=1) for number in range(10)], axis=1)


def past(phi: float, seed: int) -> tuple[list[int], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return series(rng, phi, 1, BASELINE)[0].tolist(), series(rng, phi, 300, WINDOW)


@pytest.mark.parametrize(("phi", "least", "most"), [(0.0, 1.0, 1.1), (0.8, 1.9, 2.7)])
def test_p6_inflation_is_the_mean_over_what_independent_rows_give(
    phi: float, least: float, most: float
) -> None:
    """For 0.8 theory says about 2.25: the mean of (1 + r) / (1 - r) over the moves of deciles."""
    base, windows = past(phi, seed=1)
    values = [psi(base, window) for window in windows[:60]]
    assert least <= inflation(values, 10, BASELINE, WINDOW) <= most


@pytest.mark.parametrize("phi", [0.5, 0.8])
def test_p6_dependent_rows_alarm_at_the_rate_we_say_once_their_inflation_is_known(
    phi: float,
) -> None:
    base, windows = past(phi, seed=2)
    values = [psi(base, window) for window in windows]
    learnt = inflation(values[:60], 10, BASELINE, WINDOW, alpha=0.01)
    raw, inflated = (
        np.mean(
            [
                no_drift("psi", v, base, WINDOW, inflation=by, levels="closed").p_value <= 0.01
                for v in values[60:]
            ]
        )
        for by in (1.0, learnt)
    )
    assert raw > 0.04
    assert inflated < 0.04


def test_p6_a_score_that_follows_slow_moves_needs_an_inflation_of_its_own() -> None:
    base, windows = past(0.8, seed=3)
    values = [kolmogorov_smirnov(base, window).statistic for window in windows]
    expected = no_drift("ks", 0.1, base, WINDOW).expected
    own = score_inflation("ks", [value / expected for value in values[:60]])
    shared = inflation([psi(base, window) for window in windows[:60]], 10, BASELINE, WINDOW)
    assert own > shared
    raw, inflated = (
        np.mean(
            [no_drift("ks", v, base, WINDOW, inflation=by).p_value <= 0.01 for v in values[60:]]
        )
        for by in (1.0, own)
    )
    assert raw > 0.3
    assert inflated < 0.07


def test_inflation_never_makes_rows_tell_more_and_leaves_out_what_is_unknown() -> None:
    assert inflation([0.0, 0.001], 10, 1000, 100) == 1.0
    assert inflation([0.5, float("nan")], 10, 100, 100) == inflation([0.5], 10, 100, 100)
    assert score_inflation("tvd", [0.2, float("nan")]) == 1.0


def test_the_inflation_of_a_level_is_never_below_that_of_the_mean() -> None:
    values = [0.4, 0.5, 0.6, 0.45, 0.9]
    assert inflation(values, 10, 100, 100, alpha=0.01) >= inflation(values, 10, 100, 100)


@pytest.mark.parametrize(
    ("values", "bins", "n"),
    [([], 10, 100), ([float("nan")], 10, 100), ([1.0], 1, 100), ([1.0], 9, 0)],
)
def test_nothing_to_learn_from_is_refused(values: list[float], bins: int, n: int) -> None:
    with pytest.raises(UsageError, match="inflation"):
        inflation(values, bins, n, 100)


def test_no_windows_say_nothing_of_a_score_either() -> None:
    with pytest.raises(UsageError, match="no windows"):
        score_inflation("ks", [])


SCORED: dict[str, Callable[[list[int], NDArray[np.int64]], float]] = {
    "psi": psi,
    "ks": lambda base, window: kolmogorov_smirnov(base, window).statistic,
}


@pytest.mark.parametrize("score", SCORED)
@pytest.mark.parametrize("phi", [0.0, 0.8])
def test_p6_the_fitted_inflation_makes_the_level_of_any_score_right(score: str, phi: float) -> None:
    """With the moments of the index 3 % are beyond 1 % at 0.8, and 5 % of ``ks``."""

    def tails(values: list[float], base: list[int], by: float) -> Tails:
        drawn = (no_drift(score, v, base, WINDOW, inflation=by, levels="closed") for v in values)
        return np.array([one.p_value for one in drawn])

    beyond, raw = [], []
    for seed in range(3):
        base, windows = past(phi, seed=10 + seed)
        values = [SCORED[score](base, window) for window in windows]
        learnt = fitted_inflation(partial(tails, values[:100], base), 0.01)
        beyond.append(tails(values[100:], base, learnt) <= 0.01)
        raw.append(tails(values[100:], base, 1.0) <= 0.01)
    assert np.mean(beyond) <= 0.025
    assert np.mean(raw) > 0.04 or phi == 0


def test_a_test_that_is_right_is_not_inflated_and_one_row_is_the_least_there_is() -> None:
    assert fitted_inflation(lambda _: np.ones(20), 0.01) == 1.0
    assert fitted_inflation(lambda _: np.full(20, 1e-9), 0.01, most=168.0) == 168.0
    with pytest.raises(UsageError, match="no inflation from 2 windows"):
        fitted_inflation(lambda _: np.ones(2), 0.01)
