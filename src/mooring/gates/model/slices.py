"""Parts of the rows by one column: each value is a slice; of many numbers, each fifth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.profiling.words import short

_VALUES = 12
"""Slices of one column at most: numbers with more values are cut into fifths."""
DECLARED = 50
"""Of a declared column: its most frequent values, or every number where there are no more."""
_FIFTHS = 5
_GLANCE = 1000

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some of the rows: those for which ``holds`` is true, called ``name``."""

    name: str
    holds: pl.Expr

    def mask(self, rows: pl.DataFrame) -> Mask:
        """Which rows are in it."""
        return rows.select(self.holds.fill_null(value=False).alias("in"))["in"].to_numpy()


def slices_of(
    rows: pl.DataFrame, name: str, most: int = _VALUES, parts: int = _FIFTHS
) -> list[Slice]:
    """The slices of one column, missing values as one of their own; none where all are alike.

    Parameters
    ----------
    rows : polars.DataFrame
    name : str
        The column; one of lists, instants or bytes has no slices.
    most : int
        Its most frequent values; a number with more values than that is cut by quantiles.
    parts : int
        Into how many.

    Examples
    --------
    >>> [one.name for one in slices_of(pl.DataFrame({"day": ["Sat", "Sun", None]}), "day")]
    ["day = 'Sat'", "day = 'Sun'", 'day is missing']
    """
    column, dtype = pl.col(name), rows.schema[name]
    if dtype.is_nested() or dtype.is_temporal() or dtype == pl.Binary:
        return []
    if dtype.is_float():
        column = column.fill_nan(None)
    series = rows.select(column)[name]
    known = series.drop_nulls()
    found = list(_values(column, known, name, most, parts))
    if known.len() < series.len():
        found.append(Slice(f"{short(name)} is missing", column.is_null()))
    return found if len(found) > 1 else []


def _values(column: pl.Expr, known: pl.Series, name: str, most: int, parts: int) -> Iterator[Slice]:
    number = known.dtype.is_numeric()
    many = number and known.head(_GLANCE).n_unique() > most  # counting all of them takes long
    counted = known.head(0 if many else known.len()).value_counts(sort=True, name="rows")
    if many or (number and counted.height > most):
        yield from _ranges(column, known, name, parts)
        return
    for value in sorted(counted[counted.columns[0]].head(most).to_list(), key=str):
        same = column.cast(pl.String) == value if isinstance(value, str) else column == value
        shown = repr(short(value)) if isinstance(value, str) else f"{value}"
        yield Slice(f"{short(name)} = {shown}", same)


def _ranges(column: pl.Expr, known: pl.Series, name: str, parts: int) -> Iterator[Slice]:
    numbers = known.cast(pl.Float64).to_numpy()
    edges = np.unique(np.quantile(numbers[np.isfinite(numbers)], np.linspace(0, 1, parts + 1)))
    for place in range(len(edges) - 1):
        low, high = float(edges[place]), float(edges[place + 1])
        last = place == len(edges) - 2
        above = column >= low if place else pl.lit(value=True) & column.is_not_null()
        below = pl.lit(value=True) if last else column < high
        yield Slice(f"{short(name)} from {low:.6g} to {high:.6g}", above & below)
