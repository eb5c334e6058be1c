"""NannyML's methods, chunks and thresholds, by hand."""

from __future__ import annotations

import importlib
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError, UsageError
from mooring.profiling.compat import Kind, nannyml
from mooring.profiling.compat.nannyml_methods import METHODS, chi2, fit

stats = importlib.import_module("scipy.stats")  # its names are invisible to a type checker
contingency = importlib.import_module("scipy.stats.contingency")
numbers = st.lists(st.floats(-100, 100), min_size=2, max_size=30)
EVERY = [(kind, method) for kind, methods in METHODS.items() for method in methods]


def letters(**counts: int) -> pl.Series:
    return pl.Series([letter for letter, count in counts.items() for _ in range(count)])


@given(numbers, numbers)
def test_below_10000_reference_rows_ks_and_wasserstein_are_exact(
    x: list[float], y: list[float]
) -> None:
    a, b = np.array(x), np.array(y)
    found = fit("kolmogorov_smirnov", "numeric", a)(b)
    assert found == pytest.approx(stats.ks_2samp(x, y, method="asymp").statistic, abs=1e-12)
    found = fit("wasserstein", "numeric", a)(b)
    assert found == pytest.approx(stats.wasserstein_distance(x, y), abs=1e-9)


def test_from_10000_reference_rows_on_they_are_binned_and_near() -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=10_000), draw.normal(0.2, size=2_000)
    found = fit("kolmogorov_smirnov", "numeric", x)(y)
    exact = stats.ks_2samp(x, y).statistic
    assert found != exact
    assert found == pytest.approx(exact, abs=0.002)
    found = fit("wasserstein", "numeric", x)(y)
    assert found == pytest.approx(stats.wasserstein_distance(x, y), abs=0.002)


def test_binned_wasserstein_counts_one_row_too_many_outside_the_range() -> None:
    x = np.linspace(0, 1, 10_000)
    found = fit("wasserstein", "numeric", x)(np.array([-1.0, -3.0]))
    # NannyML's area: steps of 1/3 from -3 and 2/3 from -1, times its share of 3/2; then within
    outside = (2 / 3 + 2 / 3) * 1.5
    within = np.sum(np.abs(np.arange(1, 10_001) / 10_000 - 1.5)) / 10_000
    assert found == pytest.approx(outside + within, rel=1e-9)


def test_what_lies_outside_the_reference_is_one_bin() -> None:
    reference = np.array([0.0, 1.0, 2.0, 3.0])
    score = fit("jensen_shannon", "numeric", reference)
    assert score(np.array([9.0, -9.0])) == pytest.approx(1.0)
    assert score(np.array([*reference, 9.0, 9.0, 9.0, 9.0])) == pytest.approx(
        score(np.array([*reference, 9.0, -9.0, 99.0, -99.0])), rel=1e-12
    )


def test_jensen_shannon_of_categories_is_in_base_2() -> None:
    score = fit("jensen_shannon", "categorical", letters(a=1, b=1))
    assert score(letters(c=3)) == pytest.approx(1.0)
    # shares 1/2 1/2 0 and 1/2 0 1/2: half of each is disjoint
    assert score(letters(a=1, c=1)) == pytest.approx(math.sqrt(0.5), rel=1e-12)


def test_hellinger_of_disjoint_columns_is_1() -> None:
    assert fit("hellinger", "categorical", letters(a=3))(letters(b=2)) == pytest.approx(1.0)
    assert fit("hellinger", "numeric", np.arange(9.0))(np.full(3, 99.0)) == pytest.approx(1.0)


def test_l_infinity_is_the_largest_difference_of_shares() -> None:
    score = fit("l_infinity", "categorical", letters(a=6, b=4))
    assert score(letters(a=3, c=7)) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (letters(a=30, b=20), letters(a=5, b=9)),  # Yates
        (letters(a=30, b=20), letters(a=6, b=4)),  # Yates, next to no difference
        (letters(a=30, b=20, c=9), letters(a=5, d=9)),
    ],
)
def test_chi2_is_the_test_of_a_contingency_table(before: pl.Series, after: pl.Series) -> None:
    seen = [[side.to_list().count(letter) for letter in "abcd"] for side in (before, after)]
    table = np.array(seen)[:, np.array(seen).sum(axis=0) > 0]
    told = contingency.chi2_contingency(table)
    assert tuple(chi2(before, after)) == pytest.approx((told.statistic, told.pvalue), abs=1e-12)
    assert fit("chi2", "categorical", before)(after) == chi2(before, after).statistic


def test_chi2_of_one_category_is_0() -> None:
    assert tuple(chi2(letters(a=3), letters(a=9))) == (0.0, 1.0)


@pytest.mark.parametrize(("kind", "method"), EVERY)
def test_missing_values_do_not_count(kind: Kind, method: str) -> None:
    column = letters(a=30, b=20) if kind == "categorical" else pl.Series(np.arange(50.0))
    gaps = pl.concat([column, pl.Series([None] * 9, dtype=column.dtype)])
    assert fit(method, kind, gaps)(gaps) == pytest.approx(fit(method, kind, column)(column))


@pytest.mark.parametrize(("kind", "method"), EVERY)
def test_a_chunk_without_values_scores_nan(kind: Kind, method: str) -> None:
    column = letters(a=30, b=20) if kind == "categorical" else pl.Series(np.arange(50.0))
    assert math.isnan(fit(method, kind, column)(column.clear()))


def test_a_reference_with_infinities_is_refused() -> None:
    with pytest.raises(DataError, match="infinities"):
        fit("jensen_shannon", "numeric", np.array([1.0, np.inf]))


def test_a_method_of_the_other_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="categorical"):
        fit("wasserstein", "categorical", letters(a=1))


def test_the_default_is_ten_chunks_and_what_is_left() -> None:
    assert [part.stop - part.start for part in nannyml.chunks(25)] == [2] * 12 + [1]
    assert len(nannyml.chunks(60_000)) == 10
    with pytest.raises(UsageError, match="too few"):
        nannyml.chunks(9)


def test_a_threshold_is_the_mean_and_three_deviations_by_n() -> None:
    # NannyML/nannyml@4c86ee3, tests/test_thresholds.py: the deviation of these four is 0.866
    assert nannyml.deviation_threshold([-1, 1, 1, 1]) == pytest.approx(0.5 + 3 * 0.75**0.5)
    lower = nannyml.deviation_threshold([-1, 1, 1, 1], deviations=-2, offset=np.min)
    assert lower == pytest.approx(-2.732050807568877)
    assert nannyml.deviation_threshold([0.1, math.nan, 0.1]) == pytest.approx(0.1)
    assert nannyml.deviation_threshold([0, 1], limit=1) == 1
    with pytest.raises(DataError):
        nannyml.deviation_threshold([math.nan])


def test_a_score_on_its_threshold_is_no_alert_and_nan_is_none() -> None:
    x = letters(a=10, b=10)
    found = nannyml.univariate([x, x], [x, letters(a=1), x.clear()], "categorical", whole=x)
    assert found.threshold == 0.0
    assert found.alerts == (False, True, False)


def test_chi2_alerts_by_its_p_value() -> None:
    x = letters(a=50, b=50)
    chunks = [letters(a=50, b=50), letters(a=60, b=20)]
    found = nannyml.univariate([x], chunks, "categorical", whole=x, method="chi2")
    assert math.isnan(found.threshold)
    assert found.alerts == (False, True)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pl.Series([1, 1]), "numeric"),
        (pl.Series([1.5]), "numeric"),
        (pl.Series(["a"]), "categorical"),
        (pl.Series([True]), "categorical"),
        (pl.Series(["a"], dtype=pl.Categorical), "categorical"),
    ],
)
def test_any_number_is_continuous(column: pl.Series, kind: Kind) -> None:
    assert nannyml.inferred_kind(column) == kind


def test_a_column_of_times_has_no_score() -> None:
    with pytest.raises(DataError, match="Date"):
        nannyml.inferred_kind(pl.Series(["2026-01-01"]).str.to_date())
