"""Raw columns as the Python tools see them: missing values out, the column's own type kept."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from mooring.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
    Column: TypeAlias = "pl.Series | NDArray[np.generic] | Sample"

Key: TypeAlias = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Sample:
    """The values of a column that are there.

    Parameters
    ----------
    values : polars.Series
        Without null and NaN.
    rows : int
        What a share is a share of: the rows with a value, or all of them.
    """

    values: pl.Series
    rows: int

    def numbers(self) -> Array:
        """The values in their own numeric type: bins of whole numbers are at least one wide."""
        if self.values.dtype == pl.Boolean:
            return self.values.cast(pl.UInt8).to_numpy()
        if not self.values.dtype.is_numeric():
            raise DataError(f"the column holds {self.values.dtype}, not numbers")
        return self.values.to_numpy()

    def floats(self) -> Array:
        """The values as float64."""
        return np.asarray(self.numbers(), dtype=np.float64)

    def counts(self) -> dict[Key, int]:
        """Rows of each distinct value."""
        return dict(self.values.rename("value").value_counts().rows())


def present(column: Column, *, infinite: bool = False, of_all: bool = False) -> Sample:
    """A column without its missing values.

    Parameters
    ----------
    column : polars.Series, numpy array, or Sample
        A sample is taken as it is.
    infinite : bool
        Whether infinities stay.
    of_all : bool
        Whether shares are of all rows, as when a tool's test is called on its own: the tool's
        report drops the missing first.

    Raises
    ------
    DataError
        When no value is left.

    Examples
    --------
    >>> present(np.array([1.0, np.nan, np.inf])).values.to_list()
    [1.0]
    """
    found = known(column, infinite=infinite, of_all=of_all)
    if found is None:
        raise DataError("a side of the column has no values")
    return found


def known(column: Column, *, infinite: bool = False, of_all: bool = False) -> Sample | None:
    """As ``present``; None when no value is left."""
    if isinstance(column, Sample):
        return column
    series = _series(column)
    values = series.drop_nulls()
    if series.dtype.is_integer() and series.null_count():
        values = values.cast(pl.Float64)  # pandas has no missing whole number
    if values.dtype.is_float():
        values = values.filter(values.is_not_nan() if infinite else values.is_finite())
    if values.is_empty():
        return None
    return Sample(values, len(series) if of_all else len(values))


def joint_counts(reference: Sample, current: Sample) -> tuple[list[Key], Array, Array]:
    """The distinct values of both samples, sorted, and how often each has them."""
    a, b = reference.counts(), current.counts()
    keys = ordered({**a, **b})
    return keys, tally(keys, a), tally(keys, b)


def tally(keys: list[Key], counts: Mapping[Key, int]) -> Array:
    """How often each key occurs."""
    return np.array([counts.get(key, 0) for key in keys], dtype=np.float64)


def ordered(counts: Mapping[Key, int]) -> list[Key]:
    """The keys in their natural order; of mixed types, by their text."""
    numbers = [key for key in counts if not isinstance(key, str)]
    texts = [key for key in counts if isinstance(key, str)]
    return [*sorted(numbers), *sorted(texts)]


@contextmanager
def quiet() -> Iterator[None]:
    """Without SciPy's warnings of a p-value at the end of its table."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _series(column: pl.Series | NDArray[np.generic]) -> pl.Series:
    if isinstance(column, np.ndarray):
        if column.dtype != object:
            return pl.Series(column)
        return pl.Series([None if value != value else value for value in column.tolist()])  # noqa: PLR0124 (NaN)
    if isinstance(column.dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String)
    return column
