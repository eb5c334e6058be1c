"""Counting the rows of one column: the only part of profiling that reads data frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.bins import (
    Bins,
    Kind,
    category_bins,
    cell_count,
    count_categories,
    count_numeric,
    numeric_bins,
)
from mooring.profiling.profile import ColumnProfile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BOOLEANS = Bins(categories=("false", "true"))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The values of a numeric column, ascending, missing ones left out."""

    present: NDArray[np.float64]
    finite: NDArray[np.float64]


def baseline_column(series: pl.Series) -> ColumnProfile:
    """Profile one training column, and fix its bins."""
    kind = _kind_of(series.dtype)
    if kind == "unsupported":
        problem = f"columns of type {series.dtype} are not profiled"
        return ColumnProfile(name=series.name, kind=kind, rows=series.len(), problem=problem)
    if kind == "categorical":
        values, counts = _categories(series, ranked=True)
        bins = category_bins(values, counts)
        return _of_categories(series, kind, bins, values, counts)
    if kind == "boolean":
        return _of_categories(series, kind, _BOOLEANS, *_categories(series))
    values_sorted = _sorted(series)
    return _of_numbers(series, kind, numeric_bins(values_sorted.finite), values_sorted)


def count_column(series: pl.Series, like: ColumnProfile) -> ColumnProfile:
    """Profile one column in the bins of another profile of it."""
    if like.kind == "unsupported":
        return _uncounted(like, series.len(), like.problem)
    if not _fits(series.dtype, like.kind):
        problem = f"the column holds {series.dtype}, the baseline is {like.kind}"
        return _uncounted(like, series.len(), problem)
    if like.kind in {"numeric", "datetime"}:
        return _of_numbers(series, like.kind, like.bins, _sorted(series))
    return _of_categories(series, like.kind, like.bins, *_categories(series))


def absent_column(like: ColumnProfile, rows: int) -> ColumnProfile:
    """The profile of a column that these rows do not have; of no rows, it is simply empty."""
    problem = like.problem or ("the column is not in these rows" if rows else "")
    return _uncounted(like, rows, problem)


def _uncounted(like: ColumnProfile, rows: int, problem: str) -> ColumnProfile:
    return ColumnProfile(
        name=like.name,
        kind=like.kind,
        rows=rows,
        bins=like.bins,
        counts=(0,) * cell_count(like.kind, like.bins),
        problem=problem,
    )


def _kind_of(dtype: pl.DataType) -> Kind:
    base = dtype.base_type()
    if base == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or base in {pl.Duration, pl.Time}:
        return "numeric"
    if base in {pl.Date, pl.Datetime}:
        return "datetime"
    if base in {pl.String, pl.Categorical, pl.Enum}:
        return "categorical"
    return "unsupported"


def _fits(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column of this type can be counted in bins of this kind without guessing."""
    if dtype == pl.Null or _kind_of(dtype) == kind:
        return True
    if kind == "categorical":
        return dtype.is_integer() or dtype == pl.Boolean
    return kind == "numeric" and dtype == pl.Boolean


def _sorted(series: pl.Series) -> _Sorted:
    # Sorting once gives missing values, infinities, extremes and every cell by binary search.
    values = np.sort(_as_numbers(series))
    present = values[: np.searchsorted(values, np.inf, side="right")]
    low = np.searchsorted(present, -np.inf, side="right")
    return _Sorted(present, present[low : np.searchsorted(present, np.inf, side="left")])


def _as_numbers(series: pl.Series) -> NDArray[np.float64]:
    """Numbers as they are; instants as seconds since 1970; spans and times of day as seconds."""
    held = series.dtype.base_type()
    # NumPy divides exactly; Polars multiplies by the reciprocal, and equal instants would differ.
    if held in {pl.Date, pl.Datetime}:
        return _to_array(series.dt.epoch("us")) / 1e6
    if held == pl.Duration:
        return _to_array(series.dt.total_microseconds()) / 1e6
    if held == pl.Time:
        return _to_array(series.cast(pl.Int64)) / 1e9
    return _to_array(series)


def _to_array(series: pl.Series) -> NDArray[np.float64]:
    return series.cast(pl.Float64).drop_nulls().to_numpy()


def _of_numbers(series: pl.Series, kind: Kind, bins: Bins, values: _Sorted) -> ColumnProfile:
    finite = values.finite
    mean, m2 = _moments(finite)
    zero = np.searchsorted(finite, 0.0, side="right") - np.searchsorted(finite, 0.0, side="left")
    return ColumnProfile(
        name=series.name,
        kind=kind,
        rows=series.len(),
        nulls=series.len() - values.present.size,
        non_finite=values.present.size - finite.size,
        zeros=int(zero) if kind == "numeric" else 0,
        minimum=float(finite[0]) if finite.size else None,
        maximum=float(finite[-1]) if finite.size else None,
        mean=mean,
        m2=m2,
        bins=bins,
        counts=count_numeric(values.present, bins),
    )


def _moments(finite: NDArray[np.float64]) -> tuple[float, float]:
    if not finite.size:
        return 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # 1e308 may overflow to infinity, honestly
        mean = finite.mean()
        apart = finite - mean
        apart *= apart
        return float(mean), float(apart.sum())


def _categories(series: pl.Series, *, ranked: bool = False) -> tuple[list[str], list[int]]:
    """Distinct values as text, and their rows; ranked: most frequent first, ties alphabetical."""
    if series.dtype == pl.Boolean:
        true = int(series.sum())
        return ["false", "true"], [series.len() - series.null_count() - true, true]
    counted = series.alias("value").drop_nulls().value_counts(name="rows")
    counted = counted.with_columns(pl.col("value").cast(pl.String))
    if ranked:
        counted = counted.sort("rows", "value", descending=[True, False])
    return counted["value"].to_list(), counted["rows"].to_list()


def _of_categories(
    series: pl.Series, kind: Kind, bins: Bins, values: list[str], counts: list[int]
) -> ColumnProfile:
    return ColumnProfile(
        name=series.name,
        kind=kind,
        rows=series.len(),
        nulls=series.null_count(),
        bins=bins,
        counts=count_categories(values, counts, bins),
    )
