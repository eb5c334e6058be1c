"""Drift scores: against SciPy, and the laws each keeps."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import distance

from mooring.errors import UsageError
from mooring.profiling import profile
from mooring.profiling.bins import count_in
from mooring.profiling.scores import (
    canonical,
    chisquare,
    hellinger,
    jensenshannon,
    kolmogorov_smirnov,
    psi,
    total_variation,
    wasserstein,
)

counts = st.integers(2, 12).flatmap(
    lambda size: st.tuples(
        *[
            st.lists(st.integers(0, 10_000), min_size=size, max_size=size).filter(any)
            for _ in range(2)
        ]
    )
)

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker
small = st.lists(st.integers(-5, 5).map(float), min_size=3, max_size=40)


@given(counts)
def test_jensenshannon_and_chisquare_are_those_of_scipy(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    assert jensenshannon(a, b) == pytest.approx(distance.jensenshannon(a, b, base=2), abs=1e-7)
    used = [(x, y) for x, y in zip(a, b, strict=True) if x + y]
    if len(used) > 1:
        theirs = stats.chi2_contingency(np.array(used).T, correction=False)
        ours = chisquare(a, b)
        assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-9)
        assert ours.p_value == pytest.approx(theirs.pvalue, abs=1e-12)


@given(small, small)
def test_ks_and_wasserstein_are_exact_when_every_value_has_a_cell(
    one: list[float], two: list[float]
) -> None:
    base = profile({"x": one + two})
    bins = base.columns[0].bins
    a, b = (count_in(profile({"x": part}, base).columns[0], bins) for part in (one, two))
    theirs = stats.ks_2samp(one, two, method="asymp")
    assert kolmogorov_smirnov(a, b).statistic == pytest.approx(theirs.statistic, abs=1e-12)
    moved = wasserstein(a, b, edges=bins.edges, scale=2.0, discrete=True)
    assert moved == pytest.approx(stats.wasserstein_distance(one, two) / 2, abs=1e-12)


def test_ks_and_wasserstein_are_near_exact_on_a_fine_grid() -> None:
    rng = np.random.default_rng(3)
    one, two = rng.normal(size=20_000), rng.normal(0.3, 1.1, size=3000)
    base = profile({"x": one})
    bins = base.columns[0].bins
    a, b = base.columns[0].counts, count_in(profile({"x": two}, base).columns[0], bins)
    exact = stats.ks_2samp(one, two)
    assert 0 <= exact.statistic - kolmogorov_smirnov(a, b).statistic < 1 / 250
    moved = wasserstein(a, b, edges=bins.edges, scale=float(one.std()))
    assert moved == pytest.approx(stats.wasserstein_distance(one, two) / one.std(), rel=0.02)


def test_the_ks_probability_is_kolmogorovs_limit() -> None:
    tested = kolmogorov_smirnov([40, 60], [60, 40])
    assert tested.statistic == pytest.approx(0.2)
    assert tested.p_value == pytest.approx(stats.kstwobign.sf(np.sqrt(50) * 0.2))


def test_psi_is_the_textbook_sum_when_no_bin_is_empty() -> None:
    a, b = np.array([200_000, 300_000, 500_000]), np.array([300_000, 300_000, 400_000])
    p, q = a / a.sum(), b / b.sum()
    assert psi(a, b) == pytest.approx(float(np.sum((q - p) * np.log(q / p))), rel=1e-4)


def test_psi_of_an_empty_bin_is_finite_and_small_for_one_stray_row() -> None:
    assert psi([5000, 5000, 0], [250, 249, 1]) < 0.02
    assert 0.2 < psi([5000, 5000, 0], [237, 238, 25]) < 0.5
    assert psi([100, 0], [0, 100]) < 2 * np.log(2 * 101)


@given(counts)
def test_scores_are_bounded_symmetric_and_ignore_the_order_of_bins(
    pair: tuple[list[int], list[int]],
) -> None:
    a, b = pair
    order = np.random.default_rng(0).permutation(len(a))
    for score in (jensenshannon, hellinger, total_variation):
        value = score(a, b)
        assert 0 <= value <= 1
        assert score(b, a) == pytest.approx(value, abs=1e-12)
        assert score(np.array(a)[order], np.array(b)[order]) == pytest.approx(value, abs=1e-6)
    assert jensenshannon(a, b) == jensenshannon(b, a)
    assert psi(a, b) == pytest.approx(psi(b, a), abs=1e-12)
    assert 0 <= psi(a, b) <= 2 * np.log(2 * max(sum(a), sum(b)) + 12)


@given(counts)
def test_the_same_shares_are_no_distance(pair: tuple[list[int], list[int]]) -> None:
    a = pair[0]
    for score in (jensenshannon, hellinger, total_variation, psi):
        assert score(a, a) == pytest.approx(0, abs=1e-7)
    assert chisquare(a, a).statistic == pytest.approx(0, abs=1e-9)
    assert kolmogorov_smirnov(a, a).statistic == 0


def test_shares_that_share_nothing_are_as_far_as_can_be() -> None:
    for score in (jensenshannon, hellinger, total_variation):
        assert score([9, 0], [0, 4]) == 1.0


@pytest.mark.parametrize("pair", [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([0, 0], [0, 0])])
def test_p3_no_rows_give_nan_never_zero(pair: tuple[list[int], list[int]]) -> None:
    a, b = pair
    found = [psi(a, b), jensenshannon(a, b), hellinger(a, b), total_variation(a, b)]
    found += [*chisquare(a, b), *kolmogorov_smirnov(a, b)]
    found += [wasserstein(a, b, edges=[0.0], scale=1.0)]
    assert np.isnan(found).all()


def test_wasserstein_of_a_constant_column_has_no_unit() -> None:
    assert np.isnan(wasserstein([0, 5, 0], [0, 0, 5], edges=[0.0, 1.0], scale=0.0))


def test_wasserstein_does_not_follow_a_sentinel() -> None:
    edges = [0.0, 1.0, 2.0]
    moved = wasserstein([0, 5000, 5000, 0], [0, 5000, 4999, 1], edges=edges, scale=1.0)
    assert moved < 0.001


def test_scores_of_different_bins_are_refused() -> None:
    with pytest.raises(UsageError, match="3 and 2 bins"):
        psi([1, 2, 3], [1, 2])


def test_wasserstein_needs_an_edge_between_each_two_bins() -> None:
    with pytest.raises(UsageError, match="3 bins have 2 edges, not 1"):
        wasserstein([1, 2, 3], [3, 2, 1], edges=[0.0], scale=1.0)


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("psi", "psi"),
        ("kolmogorov_smirnov", "ks"),
        ("jensen_shannon", "jensenshannon"),
        ("chi2", "chisquare"),
        ("tvd", "tvd"),
    ],
)
def test_scores_answer_to_the_names_people_know(alias: str, name: str) -> None:
    assert canonical(alias) == name


def test_an_unknown_score_names_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        canonical("helinger")
    assert caught.value.fix == "one of hellinger"
