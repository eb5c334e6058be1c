"""Counting the rows of one column, part by part."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.counting.cells import Cells
from mooring.profiling.counting.cells import merged as merged_cells
from mooring.profiling.counting.layouts import fits, layout_of
from mooring.profiling.counting.moments import Moments, four_moments, together
from mooring.profiling.counting.names import Names
from mooring.profiling.counting.numbers import Numbers, as_floats, count_numbers, numbers_of
from mooring.profiling.counting.texts import TextCounter
from mooring.profiling.profiles import UNEVEN, ColumnProfile, Layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD = r"[\p{L}\p{N}]+"
_PENDING = 16
"""Parts whose cells are kept apart before they are added up."""


class ColumnCounter:
    """Counts one column, some rows at a time.

    Parameters
    ----------
    name : str
    layout : Layout or None
        None lets the first rows decide, and looks for the single value of each cell, as a baseline
        does.
    """

    def __init__(self, name: str, layout: Layout | None) -> None:
        self._name, self._exact = name, layout is None
        self._layout = layout or Layout("unsupported")
        self._rows = self._nulls = self._zeros = 0
        self._problem = ""
        self._moments: list[Moments] = []
        self._cells: list[Cells] = []
        self._dimensions: list[tuple[Moments, ...]] = []
        self._true = 0
        self._texts: TextCounter | None = None
        if layout is not None:
            self._lay_out(layout)
        self._decided = layout is not None

    def add(self, series: pl.Series) -> None:
        """Count more rows."""
        if not self._decided:
            self._lay_out(layout_of(series))
            self._decided = True
        self._rows += series.len()
        if self._problem or series.is_empty():
            return
        kind = self._layout.kind
        if kind == "unsupported":
            self._problem = f"columns of type {series.dtype} are not profiled"
        elif not fits(series.dtype, kind):
            self._problem = f"the column holds {series.dtype}, the baseline is {kind}"
        elif series.dtype == pl.Null:
            self._nulls += series.len()
        else:
            self._add(series)

    def absent(self, rows: int) -> None:
        """Count rows that do not have the column; of no rows, it is simply empty."""
        self._rows += rows
        if rows and not self._problem:
            self._problem = "the column is not in these rows"

    def done(self) -> ColumnProfile:
        """The profile of what was counted."""
        if self._problem:
            return ColumnProfile(self._name, self._layout, self._rows, problem=self._problem)
        widths = {len(found) for found in self._dimensions}
        if len(widths) > 1:
            return ColumnProfile(self._name, self._layout, self._rows, problem=UNEVEN)
        return ColumnProfile(
            name=self._name,
            layout=self._layout,
            rows=self._rows,
            nulls=self._nulls,
            zeros=self._zeros,
            moments=together(self._moments),
            cells=merged_cells(self._cells),
            names=self._names(),
            dimensions=tuple(together(each) for each in zip(*self._dimensions, strict=True)),
        )

    def _names(self) -> Names:
        if self._layout.kind == "boolean":
            false = self._rows - self._nulls - self._true
            pairs = [(text, n) for text, n in (("false", false), ("true", self._true)) if n]
            return Names(tuple(text for text, _ in pairs), tuple(n for _, n in pairs))
        return self._texts.names() if self._texts else Names()

    def _lay_out(self, layout: Layout) -> None:
        self._layout = layout
        words = layout.kind in {"categorical", "text"}
        self._texts = TextCounter(layout.known) if words else None

    def _add(self, series: pl.Series) -> None:
        kind = self._layout.kind
        if kind in {"numeric", "datetime"}:
            self._add_numbers(series)
        elif kind == "boolean":
            self._nulls += series.null_count()
            self._true += int(series.sum())
        elif kind == "text":
            self._add_prose(series.cast(pl.String))
        elif kind == "embedding":
            self._add_vectors(series)
        else:
            self._nulls += series.null_count()
            self._add_texts(series)

    def _add_numbers(self, series: pl.Series) -> None:
        if self._layout.integral and not series.dtype.is_integer() and _fractional(series):
            self._layout = replace(self._layout, integral=False)
        counted = count_numbers(numbers_of(series), self._layout.centre, exact=self._exact)
        self._nulls += counted.nulls
        self._zeros += counted.zeros if self._layout.kind == "numeric" else 0
        self._keep(counted.moments, counted.cells)

    def _keep(self, found: Moments, cells: Cells) -> None:
        self._moments.append(found)
        self._cells.append(cells)
        if len(self._cells) > _PENDING:
            self._cells = [merged_cells(self._cells)]

    def _add_texts(self, series: pl.Series) -> None:
        if self._texts is None:
            return
        if series.dtype == pl.String:
            self._texts.add(series)
            return
        counted = series.alias("text").drop_nulls().value_counts(name="rows")
        self._texts.add_counts(counted["text"].cast(pl.String).to_list(), counted["rows"].to_list())

    def _add_prose(self, series: pl.Series) -> None:
        self._nulls += series.null_count()
        counted = count_numbers(numbers_of(series.str.len_bytes()), 0.0, exact=self._exact)
        self._keep(counted.moments, counted.cells)
        tokens = series.drop_nulls().str.to_lowercase().str.extract_all(_WORD).explode()
        self._add_texts(tokens.drop_nulls())

    def _add_vectors(self, series: pl.Series) -> None:
        lists = series.arr.to_list() if isinstance(series.dtype, pl.Array) else series
        present = lists.drop_nulls()
        self._nulls += lists.len() - present.len()
        lengths = present.list.len().unique()
        if present.is_empty():
            return
        if lengths.len() != 1 or not lengths[0]:
            self._problem = UNEVEN
            return
        flat = present.explode().cast(pl.Float64).fill_null(float("nan")).to_numpy()
        matrix = flat.reshape(present.len(), -1)
        whole = matrix[np.isfinite(matrix).all(axis=1)]
        self._nulls += len(matrix) - len(whole)
        if not len(whole):
            return
        norms = _rounded(np.sqrt(np.einsum("ij,ij->i", whole, whole)))
        counted = count_numbers((Numbers(norms),), self._layout.centre, exact=False)
        self._keep(counted.moments, counted.cells)
        self._dimensions.append(tuple(four_moments(column) for column in whole.T))


def _rounded(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """To 18 bits: unit vectors have norm 1, not some a little less and some a little more."""
    mantissa, exponent = np.frexp(norms)
    rounded: NDArray[np.float64] = np.ldexp(np.round(np.ldexp(mantissa, 18)), exponent - 18)
    return rounded


def _fractional(series: pl.Series) -> bool:
    values = as_floats(series)
    values = values[np.isfinite(values)]
    return bool((np.floor(values) != values).any())
