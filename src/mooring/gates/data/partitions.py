"""Some of the rows in a few numbers: a day, an hour of the day, the rows of one shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.gates.contract import NUMBERS, as_numbers, type_of
from mooring.gates.data.finding import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.gates.contract import Contract

    Floats = NDArray[np.float64]

HOUR, DAY = 3600, 86_400
TOP = 5
"""Categories of a column whose shares are kept: the most frequent."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What the numbers of a partition are of: a column's values, or the share of one category."""

    column: str
    category: str | None = None

    @property
    def label(self) -> str:
        """For people: ``price``, or ``share of 'clear'``."""
        return self.column if self.category is None else f"share of {quoted(self.category)}"

    def values(self, schema: pl.Schema) -> pl.Expr:
        """The column as floats; all missing when it is no number and no category is named."""
        column = pl.col(self.column)
        if self.category is not None:
            texts = as_text(self.column, schema[self.column])
            return (texts == self.category).cast(pl.Float64)
        if not is_measured(schema[self.column]):
            return pl.lit(None, pl.Float64)
        number = column.cast(pl.Float64)
        return pl.when(number.is_finite()).then(number)


@dataclass(frozen=True, slots=True)
class Partition:
    """Some of the rows.

    Parameters
    ----------
    value : str
        What names them: the seconds at which a period starts, an hour, a category.
    rows : int
    missing, means, deviations : tuple of float
        One for each measure: share of rows without a value; mean and standard deviation of the
        others, NaN without any.
    """

    value: str
    rows: int
    missing: tuple[float, ...]
    means: tuple[float, ...]
    deviations: tuple[float, ...]


def is_measured(dtype: pl.DataType) -> bool:
    """Whether values have a mean."""
    return type_of(dtype) in NUMBERS | {"boolean"}


def as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as texts; missing where its values have no text of their own."""
    told = type_of(dtype) in NUMBERS | {"boolean", "string", "date", "datetime"}
    return pl.col(name).cast(pl.String) if told else pl.lit(None, pl.String)


def measures_of(
    frame: pl.DataFrame, contract: Contract, names: Sequence[str]
) -> tuple[Measure, ...]:
    """One for each column; one for each of the most frequent categories of a column of text."""
    found: list[Measure] = []
    for name in names:
        column = contract.column(name)
        if column is None or not column.categories:
            found.append(Measure(name))
            continue
        counted = frame.select(pl.col(name).cast(pl.String).alias("value")).drop_nulls()
        top = counted.group_by("value").len().sort("len", "value", descending=[True, False])
        found += [Measure(name, value) for value in top["value"].head(TOP).to_list()]
    return tuple(found)


def partitions(
    frame: pl.DataFrame, key: pl.Expr, measures: Sequence[Measure]
) -> tuple[Partition, ...]:
    """The rows by a key, in its order; rows without one are left out.

    A measure whose column is not there, or holds something else now, has no values.
    """
    schema = frame.schema
    there = [measure for measure in measures if measure.column in schema]
    values = [m.values(schema).alias(f"v{i}") for i, m in enumerate(there)]
    nulls = [_missing(m.column, schema).alias(f"n{i}") for i, m in enumerate(there)]
    rows = frame.select(key.alias("key"), *values, *nulls).filter(pl.col("key").is_not_null())
    grouped = rows.group_by("key").agg(
        pl.len().alias("rows"),
        *(pl.mean(f"n{i}") for i in range(len(there))),
        *(pl.mean(f"v{i}").alias(f"m{i}") for i in range(len(there))),
        *(pl.std(f"v{i}", ddof=0).alias(f"d{i}") for i in range(len(there))),
    )
    place = {measure: index for index, measure in enumerate(there)}
    return tuple(_partition(row, measures, place) for row in grouped.sort("key").to_dicts())


def period_of(frame: pl.DataFrame, time: str, step: float) -> pl.Series:
    """The seconds since 1970 in UTC at which each row's period starts."""
    seconds = as_numbers(frame.get_column(time))
    return (seconds // step * step).cast(pl.Int64)


def by_period(
    frame: pl.DataFrame, time: str, step: float, measures: Sequence[Measure]
) -> tuple[Partition, ...]:
    """The rows by periods of so many seconds, counted from 1970 in UTC."""
    return partitions(frame, pl.lit(period_of(frame, time, step)), measures)


def by_hour(frame: pl.DataFrame, time: str, measures: Sequence[Measure]) -> tuple[Partition, ...]:
    """The rows by hour of the day in UTC."""
    return partitions(frame, pl.lit(period_of(frame, time, HOUR)) % DAY // HOUR, measures)


def table(parts: Sequence[Partition], field: str) -> Floats:
    """One field of some partitions as an array, shape (partitions, measures)."""
    return np.asarray([getattr(part, field) for part in parts], dtype=np.float64)


def known_mean(values: Floats, axis: int = 0, weights: Floats | None = None) -> Floats:
    """Mean along an axis of the values that are known; NaN where none is."""
    finite = np.isfinite(values)
    each = finite.astype(np.float64) if weights is None else finite * weights
    total = np.sum(np.where(finite, values, 0.0) * each, axis=axis)
    count = np.asarray(each.sum(axis=axis))
    return np.asarray(np.divide(total, count, out=np.full_like(count, np.nan), where=count > 0))


def _missing(name: str, schema: pl.Schema) -> pl.Expr:
    column = pl.col(name)
    nothing = column.is_null()
    return (nothing | column.is_nan()) if schema[name].is_float() else nothing


def _partition(
    row: dict[str, object], measures: Sequence[Measure], place: dict[Measure, int]
) -> Partition:
    def field(letter: str) -> tuple[float, ...]:
        cells = [row[f"{letter}{place[m]}"] if m in place else None for m in measures]
        return tuple(float(c) if isinstance(c, float) else float("nan") for c in cells)

    rows = row["rows"]
    assert isinstance(rows, int)  # noqa: S101 - a count
    return Partition(str(row["key"]), rows, field("n"), field("m"), field("d"))
