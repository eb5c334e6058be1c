"""Kolmogorov-Smirnov, Wasserstein and chi-square of profiles, against SciPy on the rows."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.profiling import ColumnDrift, DriftRules, compare, profile
from mooring.profiling.bins import count_in
from mooring.profiling.describing import groups_of

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker
Floats = NDArray[np.float64]
ANY = DriftRules(min_rows=1)

pieces = st.lists(
    st.one_of(
        st.integers(-4, 4).map(float),
        st.floats(-100, 100),
        st.sampled_from([0.0, -0.0, 1e9, -1e9, 1e12, 1e12 + 1, float("inf"), float("-inf")]),
    ),
    min_size=2,
    max_size=60,
)
DRAWS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "far": lambda rng, n: 1e12 + rng.normal(size=n),
    "lognormal": lambda rng, n: rng.lognormal(0, 2, n),
    "cauchy": lambda rng, n: rng.standard_cauchy(n),
    "steps": lambda rng, n: rng.integers(0, 20, n).astype(np.float64),
    "zeros": lambda rng, n: np.where(rng.random(n) < 0.6, 0.0, rng.lognormal(size=n)),
    "tiny": lambda rng, n: 1e-200 * rng.normal(size=n),
}


def judged(before: object, after: object) -> ColumnDrift:
    base = profile(pl.DataFrame({"x": before}))
    (column,) = compare(base, profile(pl.DataFrame({"x": after}), base), rules=ANY).columns
    return column


def assert_ks_within_its_error(before: NDArray[np.generic], after: Floats) -> None:
    found = judged(before, after)
    exact = stats.ks_2samp(before, after, method="asymp").statistic
    assert found.score("ks") <= exact + 1e-12
    assert exact <= found.score("ks") + dict(found.scores)["ks_error"] + 1e-12


@given(pieces, pieces)
def test_ks_is_below_the_exact_one_by_its_error_at_most(one: list[float], two: list[float]) -> None:
    assert_ks_within_its_error(np.array(one), np.array(two))


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("shift", [0.0, 0.3, 50.0])
def test_ks_is_nearly_exact_on_samples(name: str, shift: float) -> None:
    rng = np.random.default_rng(5)
    before, after = DRAWS[name](rng, 3000), DRAWS[name](rng, 1000) + shift
    assert_ks_within_its_error(before, after)
    found, exact = judged(before, after), stats.ks_2samp(before, after, method="asymp").statistic
    assert found.score("ks") == pytest.approx(exact, abs=0.01)


@given(st.lists(st.integers(-500, 500), min_size=1), st.lists(st.integers(-500, 500), min_size=1))
def test_ks_of_integers_is_exact(one: list[int], two: list[int]) -> None:
    found = judged([*one, 0, 1], [*two, 0, 1])
    exact = stats.ks_2samp([*one, 0, 1], [*two, 0, 1], method="asymp").statistic
    if dict(found.scores)["ks_error"] == 0:
        assert found.score("ks") == pytest.approx(exact, abs=1e-12)
    if max(map(abs, (*one, *two))) < 64:
        assert dict(found.scores)["ks_error"] == 0


def test_ks_of_integers_held_as_broken_floats_has_an_error_again() -> None:
    """Were they taken for integers, 8 and 8.01 would be one value, without a doubt about it."""
    before, after = np.arange(1, 11).repeat(50), np.arange(1.0, 11.0).repeat(50) + 0.001
    assert_ks_within_its_error(before, after)
    assert dict(judged(before, after).scores)["ks_error"] > 0


def test_the_ks_probability_is_that_of_the_limit() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=4000), rng.normal(0.05, 1, 4000)
    found = dict(judged(before, after).scores)
    exact = stats.ks_2samp(before, after, method="asymp").pvalue
    assert found["ks_p"] == pytest.approx(exact, rel=0.2)


@pytest.mark.parametrize("name", ["normal", "far", "steps", "zeros"])
def test_wasserstein_is_close_to_the_exact_one(name: str) -> None:
    rng = np.random.default_rng(7)
    before = DRAWS[name](rng, 5000)
    for shift in (0.0, 0.25, 1.0):
        after = DRAWS[name](rng, 2000) + np.round(shift * before.std(), 0 if name == "steps" else 9)
        after = np.clip(after, before.min(), before.max())  # what is beyond counts as at the end
        exact = stats.wasserstein_distance(before, after) / before.std()
        assert judged(before, after).score("wasserstein") == pytest.approx(exact, abs=0.02)


@given(
    st.lists(st.one_of(st.none(), st.sampled_from("abcde")), min_size=5, max_size=80),
    st.lists(st.one_of(st.none(), st.sampled_from("abcdz")), min_size=5, max_size=80),
)
def test_chisquare_is_that_of_the_contingency_table(
    one: list[str | None], two: list[str | None]
) -> None:
    one, two = [*one, *"aaaaabbbbb"], [*two, "a"]
    found = judged(one, two)
    base = profile(pl.DataFrame({"x": one}))
    window = profile(pl.DataFrame({"x": two}), base)
    a, b = (
        np.append(
            np.bincount(groups_of(base.columns[0]), weights=count_in(side, base.columns[0].bins)),
            side.nulls,
        )
        for side in (base.columns[0], window.columns[0])
    )
    used = (a + b) > 0
    if used.sum() < 2:
        assert found.score("chisquare") == 0
        return
    exact = stats.chi2_contingency(np.array([a[used], b[used]]), correction=False)
    assert found.score("chisquare") == pytest.approx(exact.statistic, abs=1e-9)
    assert dict(found.scores)["chisquare_p"] == pytest.approx(exact.pvalue, abs=1e-9)


@given(
    st.lists(st.sampled_from("aabbbc"), min_size=30), st.lists(st.sampled_from("abcc"), min_size=30)
)
def test_scores_of_the_same_categories_are_symmetric(one: list[str], two: list[str]) -> None:
    one, two = [*one, *"abc" * 5], [*two, *"abc" * 5]
    forth, back = dict(judged(one, two).scores), dict(judged(two, one).scores)
    for name, value in forth.items():
        assert value == pytest.approx(back[name], abs=1e-9)


@given(pieces, pieces)
def test_scores_are_bounded(one: list[float], two: list[float]) -> None:
    found = dict(judged(one, two).scores)
    for name in ("jensenshannon", "hellinger", "tvd", "ks", "ks_error", "ks_p", "chisquare_p"):
        assert 0 <= found[name] <= 1
    assert found["psi"] >= 0
    assert found["ks"] + found["ks_error"] <= 1 + 1e-12


@pytest.mark.parametrize("name", ["normal", "far", "steps"])
def test_scores_grow_with_the_shift(name: str) -> None:
    rng = np.random.default_rng(9)
    before, after = DRAWS[name](rng, 4000), DRAWS[name](rng, 2000)
    step = 1 if name == "steps" else 0.2
    shifted = [judged(before, after + step * times) for times in range(1, 9)]
    for score in ("psi", "ks", "jensenshannon", "hellinger", "tvd", "wasserstein"):
        values = np.array([found.score(score) for found in shifted])
        assert (np.diff(values) >= -1e-9).all(), score
    assert {found.direction for found in shifted} == {"up"}
