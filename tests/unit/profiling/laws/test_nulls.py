"""No drift: levels, means and tails of every score, against simulation and exact laws."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from math import isnan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.errors import UsageError
from mooring.profiling.laws.nulls import NoDrift, no_drift
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

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker

Counts = NDArray[np.int64]
SCORES: dict[str, Callable[[Counts, Counts], float]] = {
    "psi": psi,
    "jensenshannon": jensenshannon,
    "hellinger": hellinger,
    "tvd": total_variation,
    "chisquare": lambda a, b: chisquare(a, b).statistic,
    "ks": lambda a, b: kolmogorov_smirnov(a, b).statistic,
    "wasserstein": lambda a, b: wasserstein(
        a, b, edges=range(a.size - 1), scale=2.0, discrete=True
    ),
}
SHAPES = {
    "even": np.full(20, 0.05),
    "heavy tie": np.array([0.6, *[0.04] * 10]),
    "three": np.array([0.7, 0.2, 0.1]),
    "geometric": 0.5 ** np.arange(1, 12) / (1 - 0.5**11),
}
REPEATS = 4000


def held(name: str, value: float, base: Counts, rows: int, **how: float) -> NoDrift:
    edges = tuple(range(base.size - 1))
    counts = tuple(base.tolist())
    if how.get("alpha"):
        return no_drift(
            name, value, counts, rows, edges=edges, scale=2.0, discrete=True, alpha=how["alpha"]
        )
    return no_drift(
        name,
        value,
        counts,
        rows,
        edges=edges,
        scale=2.0,
        discrete=True,
        inflation=how.get("inflation", 1.0),
    )


@pytest.mark.parametrize("rows", [100, 1000, 1_000_000])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_p6_a_window_without_drift_is_beyond_its_level_as_often_as_alpha_says(
    name: str, shape: str, rows: int
) -> None:
    """Within a factor of 1.7 at 0.01, which leaves 3.5 standard errors of the simulation.

    Windows of a hundred rows have sparse bins, some a lattice of few values: there it may be less.
    """
    rng = np.random.default_rng([NAMES.index(name), rows])
    base = np.round(SHAPES[shape] * 1000 * max(rows, 10_000)).astype(np.int64)
    windows = rng.multinomial(rows, SHAPES[shape], size=REPEATS)
    values = np.array([SCORES[name](base, window) for window in windows])
    found = held(name, 0.1, base, rows)
    assert found.expected == pytest.approx(values.mean(), rel=0.06 if rows > 100 else 0.11)
    assert (values > found.level * (1 + 1e-9)).mean() < 0.017
    median = float(np.median(values[values >= np.quantile(values, 0.98)]))
    low, high = (0.006, 0.017) if rows > 100 else (0.004, 0.03)
    assert low < held(name, median, base, rows).p_value < high


@given(st.integers(30, 5000), st.integers(2, 30), st.floats(0, 40))
def test_chi_square_is_that_of_scipy(rows: int, bins: int, value: float) -> None:
    base = (rows,) * bins
    found = no_drift("chi2", value, base, 10 * rows)
    assert found.method == "closed"
    assert found.p_value == pytest.approx(stats.chi2.sf(value, bins - 1), abs=1e-12)
    assert found.expected == pytest.approx(bins - 1)


@given(st.floats(0.05, 0.95), st.floats(0.01, 3))
def test_two_bins_are_half_a_normal_for_scores_of_differences(share: float, value: float) -> None:
    base = (round(10**6 * share), 10**6 - round(10**6 * share))
    p = base[0] / 10**6
    unit = sqrt(p * (1 - p) * 2e-6)
    for name in ("ks", "tvd"):
        found = no_drift(name, value * unit, base, 10**6)
        assert found.p_value == pytest.approx(2 * stats.norm.sf(value), rel=1e-6)
        assert found.expected == pytest.approx(unit * sqrt(2 / np.pi), rel=2e-3)


def test_fine_cells_without_ties_are_nearly_kolmogorov() -> None:
    base = (400,) * 250
    for value in (1.0, 1.36, 1.63, 1.95):
        found = no_drift("ks", value * sqrt(2e-5), base, 100_000)
        continuous = stats.kstwobign.sf(value)
        assert 0.65 * continuous < found.p_value < continuous


def test_the_area_under_a_bridge_has_the_published_quantiles() -> None:
    """Johnson and Killeen (1983): the 0.95 and 0.99 points are 0.5821 and 0.7518."""
    base, edges = (0, *(1000,) * 250, 0), tuple(np.linspace(0, 1, 251).tolist())
    for alpha, published in ((0.05, 0.5821), (0.01, 0.7518)):
        found = no_drift("wasserstein", 0.01, base, 250_000, edges=edges, scale=1.0, alpha=alpha)
        assert found.level / sqrt(2 / 250_000) == pytest.approx(published, rel=0.02)
        assert found.expected / sqrt(2 / 250_000) == pytest.approx(sqrt(np.pi / 32), rel=0.01)


@settings(max_examples=20)
@given(
    st.sampled_from(NAMES),
    st.lists(st.integers(0, 400), min_size=2, max_size=8).filter(any),
    st.sampled_from([40, 300, 9000]),
    st.lists(st.floats(0, 2), min_size=2, max_size=6),
)
def test_tails_fall_as_scores_rise_and_stay_probabilities(
    name: str, counts: list[int], rows: int, values: list[float]
) -> None:
    base = np.array(counts)
    found = [held(name, value, base, rows) for value in sorted(values)]
    tails = [each.p_value for each in found]
    assert all(0 <= tail <= 1 for tail in tails)
    assert tails == sorted(tails, reverse=True)
    assert held(name, 0.0, base, rows).p_value == 1.0
    assert found[0].expected >= 0
    assert held(name, 0.1, base, rows, alpha=0.001).level >= found[0].level


@given(st.sampled_from(NAMES), st.integers(2, 20), st.integers(200, 10_000), st.integers(1, 50))
def test_more_rows_never_raise_the_level_or_the_mean(
    name: str, bins: int, rows: int, times: int
) -> None:
    base = np.full(bins, 500)
    some, more = held(name, 0.05, base, rows), held(name, 0.05, base, rows * times)
    if some.method == more.method == "closed":
        assert more.level <= some.level * (1 + 1e-12)
        assert more.expected <= some.expected * (1 + 1e-12)
        assert name == "chisquare" or more.p_value <= some.p_value + 1e-12


@given(st.permutations([900, 500, 300, 120, 80, 60]), st.sampled_from(NAMES))
def test_the_order_of_bins_matters_only_to_scores_of_order(order: list[int], name: str) -> None:
    one = held(name, 0.08, np.array([900, 500, 300, 120, 80, 60]), 4000)
    other = held(name, 0.08, np.array(order), 4000)
    if name in {"ks", "wasserstein"}:
        mirror = held(name, 0.08, np.array(order[::-1]), 4000)
        assert name == "wasserstein" or mirror.level == pytest.approx(other.level, rel=0.01)
    else:
        assert other.p_value == pytest.approx(one.p_value, rel=1e-6)
        assert other.level == pytest.approx(one.level, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_p6_inflation_is_as_many_times_fewer_rows_on_both_sides(name: str) -> None:
    base = np.array([8000, 4000, 4000, 8000])
    inflated = held(name, 0.04, base, 6000, inflation=4.0)
    fewer = held(name, 0.04, base // 4, 1500)
    assert inflated.level == pytest.approx(fewer.level)
    assert inflated.p_value == pytest.approx(fewer.p_value)


@pytest.mark.parametrize("name", NAMES)
def test_closed_levels_draw_nothing_and_the_default_draws_only_when_sparse(name: str) -> None:
    def method(counts: list[int], rows: int, levels: str = "auto") -> str:
        return no_drift(
            name,
            0.1,
            counts,
            rows,
            edges=range(len(counts) - 1),
            scale=1.0,
            levels="closed" if levels == "closed" else "auto",
        ).method

    assert method([5000, 5000, 5000], 5000) == "closed"
    assert method([10_000, 20, 10], 50) == "resampled"
    assert method([10_000, 20, 10], 50, "closed") == "closed"


@pytest.mark.parametrize("name", NAMES)
def test_p3_no_rows_or_no_value_is_never_a_probability(name: str) -> None:
    full, none = np.array([50, 50, 50]), np.array([0, 0, 0])
    for found in (
        held(name, float("nan"), full, 100),
        held(name, 0.1, none, 100),
        held(name, 0.1, full, 0),
    ):
        assert isnan(found.expected)
        assert isnan(found.level)
        assert isnan(found.p_value)


@pytest.mark.parametrize("name", NAMES)
def test_rows_outside_the_only_bin_the_baseline_used_are_surprising(name: str) -> None:
    base = np.array([0, 500, 0])
    value = SCORES[name](base, np.array([0, 250, 250]))
    if name == "wasserstein":
        assert value == 0  # beyond the last edge counts as on it
    else:
        assert held(name, value, base, 500).p_value < 1e-3
    assert held(name, 0.0, base, 500).p_value == 1.0


def test_what_cannot_be_is_refused() -> None:
    base = [50, 50, 50]
    with pytest.raises(UsageError, match="alpha"):
        no_drift("psi", 0.1, base, 10, alpha=1.0)
    with pytest.raises(UsageError, match="inflation"):
        no_drift("psi", 0.1, base, 10, inflation=0.5)
    with pytest.raises(UsageError, match="edges"):
        no_drift("wasserstein", 0.1, base, 10)
    with pytest.raises(UsageError, match="edges"):
        no_drift("wasserstein", 0.1, base, 10, edges=[0.0], scale=1.0)
    with pytest.raises(UsageError, match="no drift score"):
        no_drift("kullback", 0.1, base, 10)
