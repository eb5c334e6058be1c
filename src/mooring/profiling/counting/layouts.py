"""Layouts: what a column holds and how it is counted, found from its first rows."""

from __future__ import annotations

from math import floor, log2
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.counting.names import MOST
from mooring.profiling.counting.numbers import as_floats
from mooring.profiling.profiles import Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.profiles import ColumnProfile, Kind

_SAMPLE = 20_000
_WORDS = 3
"""Words per text from which a column whose texts do not repeat is prose."""


def kind_of(dtype: pl.DataType) -> Kind:
    """The kind of a column of this type; prose is told from categories by its values."""
    if dtype == pl.Boolean:
        return "boolean"
    if dtype.is_numeric() or dtype in (pl.Duration, pl.Time):
        return "numeric"
    if dtype in (pl.Date, pl.Datetime):
        return "datetime"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "categorical"
    if isinstance(dtype, (pl.List, pl.Array)):
        inner = dtype.inner
        return "embedding" if inner in (pl.Float32, pl.Float64) else "unsupported"
    return "unsupported"


def layout_of(series: pl.Series) -> Layout:
    """How to count a column when there is no baseline, by its first part whatever its order."""
    kind = kind_of(series.dtype)
    if kind in {"numeric", "datetime"}:
        centre = centre_of(as_floats(series))
        return Layout(kind, centre, integral=series.dtype.is_integer())
    if kind == "categorical" and _is_prose(series):
        return Layout("text")
    return Layout(kind)


def layout_like(column: ColumnProfile) -> Layout:
    """The layout for rows that are to be held against a baseline's column."""
    layout = column.layout
    if layout.known or layout.kind not in {"categorical", "text"}:
        return layout
    known = tuple(text for text, _ in column.names.ranked())
    return Layout(layout.kind, known=known[:MOST])


def fits(dtype: pl.DataType, kind: Kind) -> bool:
    """Whether a column of this type can be counted as this kind without guessing."""
    if dtype == pl.Null or kind_of(dtype) == kind:
        return True
    if kind == "text":
        return kind_of(dtype) == "categorical"
    if kind == "categorical":
        return dtype.is_integer() or dtype == pl.Boolean
    return kind == "numeric" and dtype == pl.Boolean


def centre_of(numbers: NDArray[np.float64]) -> float:
    """What to subtract so that the bulk of the numbers lies on both sides of zero.

    Zero, when it lies within the bulk already; else the median, rounded to a quarter of the bulk's
    width or finer, so that samples of one distribution mostly agree.
    """
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        low, middle, high = (float(q) for q in np.quantile(finite, (0.1, 0.5, 0.9)))
        width = high - low
    if not abs(middle) > width or not np.isfinite(width):
        return 0.0
    if width == 0:
        return middle
    step = 2.0 ** floor(log2(width / 4))
    centre = round(middle / step) * step
    return centre if np.isfinite(centre) else 0.0


def _is_prose(series: pl.Series) -> bool:
    for part in (series.head(_SAMPLE), series):
        sample = part.drop_nulls().cast(pl.String)
        if sample.is_empty() or sample.n_unique() * 2 < sample.len():
            return False
    spaces = sample.str.count_matches(r"\s+").mean()
    return isinstance(spaces, float) and spaces + 1 >= _WORDS
