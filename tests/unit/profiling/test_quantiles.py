"""Quantiles: the exact one is never beyond the bounds."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import UsageError
from mooring.profiling import ColumnProfile, merge, profile

numbers = st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=60)


def only(values: object) -> ColumnProfile:
    (column,) = profile(pl.DataFrame({"x": values})).columns
    return column


@given(numbers, st.floats(0, 1))
def test_the_exact_quantile_lies_within_the_bounds(values: list[float], q: float) -> None:
    found = only(values).quantile(q)
    exact = float(np.quantile(np.asarray(values) + 0.0, q, method="inverted_cdf"))
    assert found.low <= exact <= found.high
    assert abs(found.value - exact) <= found.error


@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("q", [0.0, 0.01, 0.25, 0.5, 0.9, 0.999, 1.0])
def test_the_error_is_small_and_stated(offset: float, q: float) -> None:
    values = np.random.default_rng(0).normal(offset, 10, 200_000)
    found = only(values).quantile(q)
    exact = float(np.quantile(values, q, method="inverted_cdf"))
    assert abs(found.value - exact) <= found.error <= 0.016 * max(abs(exact - offset), 10)


def test_p5_parts_have_the_quantiles_of_the_whole() -> None:
    frame = pl.DataFrame({"x": np.random.default_rng(1).lognormal(0, 2, 5_000)})
    base = profile(frame)
    parts = merge(*(profile(part, baseline=base) for part in frame.iter_slices(700)))
    for q in (0.1, 0.5, 0.99):
        assert parts.columns[0].quantile(q) == profile(frame, base).columns[0].quantile(q)


def test_infinities_are_quantiles_and_no_rows_have_none() -> None:
    column = only([1.0, inf, -inf, 2.0])
    assert [column.quantile(q).value for q in (0, 0.5, 1)] == [-inf, 1.0, inf]
    assert isnan(only(pl.Series([None], dtype=pl.Float64)).quantile(0.5).value)
    assert isnan(only(["a", "b"]).quantile(0.5).value)


def test_a_share_beyond_one_is_refused() -> None:
    with pytest.raises(UsageError, match="from 0 to 1, not 95"):
        only([1.0]).quantile(95)


def test_distinct_values_are_counted_where_they_are_known() -> None:
    assert only([1, 1, 5, None]).distinct == 2
    assert only(["a", "b", "a", None]).distinct == 2
    assert only([True, True]).distinct == 1
    assert only(np.random.default_rng(2).normal(size=9_000)).distinct is None
