"""Evidently's methods and choices, by hand."""

from __future__ import annotations

import importlib
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError, UsageError
from mooring.profiling.compat import Kind, divergence, evidently
from mooring.profiling.compat import evidently_distances as distances
from mooring.profiling.compat import evidently_p_values as p_values
from mooring.profiling.compat.sample import present

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker
numbers = st.lists(st.floats(-100, 100), min_size=1, max_size=30)


def letters(**counts: int) -> pl.Series:
    return pl.Series([letter for letter, count in counts.items() for _ in range(count)])


@given(numbers, numbers)
def test_the_distances_of_raw_numbers_are_those_of_scipy(x: list[float], y: list[float]) -> None:
    a, b = np.array(x), np.array(y)
    assert divergence.wasserstein(a, b) == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-9)
    assert divergence.energy(a, b) == pytest.approx(stats.energy_distance(x, y), abs=1e-9)


def test_an_empty_bin_counts_as_one_in_10000() -> None:
    # evidentlyai/evidently@a4aa4c2, tests/multitest/metrics/data_drift.py: 2.93
    found = distances.psi(np.array([3, 2, 2]), np.array([1, 2, 3]), "categorical")
    assert found == pytest.approx((1e-4 - 1 / 3) * math.log(3e-4) + math.log(2) / 3, rel=1e-12)


def test_beside_a_share_below_one_in_10000_an_empty_bin_counts_a_millionth_of_it() -> None:
    reference, current = letters(a=19_999, b=1), letters(a=1, b=1, c=2)
    p, q = (0.99995, 0.00005, 5e-11), (0.25, 0.25, 0.5)
    by_hand = sum((x - y) * math.log(x / y) for x, y in zip(p, q, strict=True))
    assert distances.psi(reference, current, "categorical") == pytest.approx(by_hand, rel=1e-12)


def test_the_bins_of_the_reference_move_with_the_current_rows() -> None:
    reference = np.arange(100.0)
    near, _ = distances.shares(reference, reference, "numeric")
    far, _ = distances.shares(reference, np.append(reference, 1e6), "numeric")
    assert near.max() < 0.2
    assert far.max() == 1.0


def test_up_to_20_distinct_reference_values_are_counted_by_value() -> None:
    p, q = distances.shares(np.arange(20), np.arange(19, 60), "numeric")
    assert p.size == 60
    assert q[:19].tolist() == [0.0] * 19
    assert distances.shares(np.arange(21), np.arange(21), "numeric")[0].size == 7


def test_whole_numbers_lie_in_bins_at_least_one_wide() -> None:
    months = np.array([1] * 618), np.array([1] * 67 + [2] * 168)
    assert distances.hellinger(*months, "numeric") == 0.0
    january, both = (side.astype(np.float64) for side in months)
    assert distances.hellinger(january, both, "numeric") > 0.5


def test_whole_numbers_with_missing_values_are_floats() -> None:
    reference, current = pl.Series([1] * 60 + [None]), pl.Series([1] * 20 + [2] * 60)
    assert distances.hellinger(reference, current, "numeric") > 0.5


def test_jensenshannon_is_at_most_the_root_of_ln_2() -> None:
    found = distances.jensenshannon(letters(a=3), letters(b=4), "categorical")
    assert found == pytest.approx(math.sqrt(math.log(2)), rel=1e-12)


def test_kl_div_is_of_the_reference_from_the_current() -> None:
    found = distances.kl_div(letters(a=1, b=1), letters(a=1, b=3), "categorical")
    assert found == pytest.approx(math.log(2) / 2 + math.log(2 / 3) / 2, rel=1e-12)


def test_wasserstein_of_a_constant_reference_is_in_thousandths() -> None:
    assert distances.wasserstein(np.ones(9), np.full(9, 1.5)) == pytest.approx(500)


def test_missing_and_infinite_values_are_dropped() -> None:
    clean = np.array([1.0, 2.0, 3.0])
    dirty = np.array([np.nan, 1.0, np.inf, 2.0, 3.0, -np.inf])
    assert distances.psi(clean, dirty, "numeric") == 0.0
    assert present(pl.Series([None, 1.0, float("nan")])).values.to_list() == [1.0]
    assert present(np.array(["a", None, float("nan")], dtype=object)).values.to_list() == ["a"]


def test_a_category_that_the_reference_lacks_makes_the_chi_square_test_certain() -> None:
    assert p_values.chisquare(letters(a=50), letters(a=50, b=1)) == 0.0


def test_the_chi_square_test_takes_the_reference_for_the_truth() -> None:
    reference, current = letters(a=50, b=50), letters(a=60, b=40)
    assert p_values.chisquare(reference, current) == pytest.approx(stats.chi2.sf(4, 1), rel=1e-9)


def test_the_z_test_is_of_two_proportions() -> None:
    found = p_values.z(letters(a=50, b=50), letters(a=60, b=40))
    assert found == pytest.approx(2 * stats.norm.sf(0.1 / math.sqrt(0.45 * 0.55 / 50)), rel=1e-9)
    assert p_values.z(letters(a=5), letters(a=9)) == 1.0


def test_the_g_test_takes_as_many_rows_on_both_sides_only() -> None:
    assert p_values.g_test(letters(a=5, b=5), letters(a=5, b=5)) == 1.0
    with pytest.raises(DataError):
        p_values.g_test(letters(a=5, b=5), letters(a=5, b=50))


def test_fishers_exact_test_takes_two_values_and_as_many_rows_only() -> None:
    with pytest.raises(DataError, match="two values"):
        p_values.fisher_exact(letters(a=1, b=1, c=1), letters(a=3))
    with pytest.raises(DataError, match="as many"):
        p_values.fisher_exact(letters(a=1, b=1), letters(a=3))


def test_epps_singleton_needs_a_spread() -> None:
    with pytest.raises(DataError, match="middle half"):
        p_values.epps_singleton(np.ones(20), np.ones(20))


def test_the_permutation_tests_depend_on_their_seed_alone() -> None:
    x, y = np.arange(20.0), np.arange(20.0) + 3
    assert p_values.empirical_mmd(x, y, seed=3) == p_values.empirical_mmd(x, y, seed=3)
    a, b = letters(a=9, b=4), letters(a=5, b=8)
    assert p_values.total_variation(a, b, seed=3) == p_values.total_variation(a, b, seed=3)


CHOICES: list[tuple[int, int, Kind, str]] = [
    (1000, 6, "numeric", "ks"),
    (1000, 5, "numeric", "chisquare"),
    (1000, 2, "numeric", "z"),
    (1000, 3, "categorical", "chisquare"),
    (1000, 2, "categorical", "z"),
    (1001, 6, "numeric", "wasserstein"),
    (1001, 5, "numeric", "jensenshannon"),
    (1001, 2, "categorical", "jensenshannon"),
]


@pytest.mark.parametrize(("rows", "distinct", "kind", "method"), CHOICES)
def test_the_method_follows_from_reference_rows_and_distinct_values(
    rows: int, distinct: int, kind: Kind, method: str
) -> None:
    values = np.arange(rows) % distinct
    assert evidently.default_method(values, values[:3], kind) == method


def test_distinct_values_of_both_sides_count() -> None:
    assert evidently.default_method(np.arange(3), np.arange(3, 6), "numeric") == "ks"


def test_only_rows_with_a_value_count_towards_1000() -> None:
    column = pl.Series([float(value) for value in range(1000)] + [None] * 9)
    assert evidently.default_method(column, column, "numeric") == "ks"


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series([1.0, 1.0]), "numeric"),
        (pl.Series(range(10)), "categorical"),
        (pl.Series(range(11)), "numeric"),
        (pl.Series([1, 1, None]), "numeric"),
        (pl.Series(["a", "a", "b", "b"]), "categorical"),
        (pl.Series(["a", "b", "c"], dtype=pl.Categorical), "categorical"),
        (pl.Series([True, False]), "categorical"),
    ],
)
def test_a_column_is_taken_for_what_evidently_takes_it_for(column: pl.Series, kind: Kind) -> None:
    assert evidently.inferred_kind(column) == kind


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pl.Series(["a", "b", "b"]), "free text"),
        (pl.Series(["2026-01-01"]).str.to_date(), "Date"),
        (pl.Series([[1], [2]]), "List"),
    ],
)
def test_a_column_that_evidently_does_not_score_so_says_why(column: pl.Series, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        evidently.inferred_kind(column)


@pytest.mark.parametrize("method", sorted(evidently.METHODS))
def test_equal_columns_do_not_drift_by_any_method(method: str) -> None:
    rule = evidently.METHODS[method]
    categorical = rule.kinds == ("categorical",)
    column = letters(a=30, b=30) if categorical else pl.Series(np.arange(60.0))
    judged = evidently.evidently_column("x", column, column, rule.kinds[0], method)
    assert judged.method == method
    assert judged.threshold == rule.threshold
    assert judged.drifted is False


@pytest.mark.parametrize("method", sorted(set(evidently.METHODS) - {"mannw"}))
def test_quite_other_columns_drift_by_every_method(method: str) -> None:
    rule = evidently.METHODS[method]
    categorical = rule.kinds == ("categorical",)
    before = letters(a=50, b=10) if categorical else pl.Series(np.arange(60.0))
    after = letters(a=10, b=50) if categorical else pl.Series(np.arange(60.0) + 50)
    assert evidently.evidently_column("x", before, after, rule.kinds[0], method).drifted is True


def test_a_rise_alone_drifts_by_mann_whitney() -> None:
    low, high = np.arange(60.0), np.arange(60.0) + 50
    assert evidently.evidently_column("x", low, high, "numeric", "mannw").drifted is True
    assert evidently.evidently_column("x", high, low, "numeric", "mannw").drifted is False


def test_a_score_that_is_no_number_is_no_decision() -> None:
    judged = evidently.evidently_column("x", letters(a=5), letters(a=5), "categorical", "chisquare")
    assert math.isnan(judged.score)
    assert judged.drifted is None
    assert judged.problem


def test_a_method_of_the_other_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="categorical"):
        evidently.evidently_column("x", letters(a=5), letters(a=5), "categorical", "ks")
    with pytest.raises(UsageError, match="nope"):
        evidently.evidently_column("x", letters(a=5), letters(a=5), "categorical", "nope")


def test_a_column_without_values_is_refused() -> None:
    with pytest.raises(DataError, match="no values"):
        distances.psi(np.array([np.nan]), np.array([1.0]), "numeric")
