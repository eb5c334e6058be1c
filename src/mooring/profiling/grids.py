"""What a baseline's column fixes for every window it is compared with; found once and kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.bins import (
    SPANNED,
    bins_of,
    coarse_groups,
    count_in,
    numeric_bins,
    spans_of,
)
from mooring.profiling.labels import bin_label
from mooring.profiling.pairs import joined, widths_of
from mooring.profiling.runs import BEYOND, rows_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mooring.profiling.bins import Bins
    from mooring.profiling.pairs import Floats, Places
    from mooring.profiling.profiles import ColumnProfile


_END = np.array([BEYOND], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Grid:
    """The bins of a baseline's column and its rows in them, as arrays.

    Parameters
    ----------
    bins : Bins
    borders : ndarray of int
        The cells that the bins of numbers begin with, and one beyond all; empty for categories.
    fine : ndarray of float
        The baseline's rows per bin, missing values left out.
    groups : ndarray of int
        The coarse bin of each.
    coarse : ndarray of float
        The baseline's rows per coarse bin, the missing values last.
    tested : ndarray of int
        The bin in which each coarse one is tested: unseen categories count as ``other`` there, as
        the baseline has none by its making, and are tested apart.
    widths : ndarray of float
        As ``pairs.wasserstein`` takes them.
    """

    bins: Bins
    borders: NDArray[np.int32]
    fine: Floats
    groups: Places
    coarse: Floats
    tested: Places
    widths: Floats
    _labels: dict[int, str] = field(default_factory=dict)

    def label(self, column: ColumnProfile, place: int) -> str:
        """The label of a coarse bin of this column, which is kept: windows ask for the same few."""
        if place not in self._labels:
            self._labels[place] = bin_label(column.kind, column.bins, self.groups, place)
        return self._labels[place]


def fix(columns: Iterable[ColumnProfile]) -> None:
    """Find the grids of columns that have none yet, all at once: then ``column.grid`` is there."""
    fresh = [column for column in columns if "grid" not in vars(column)]
    for column, grid in zip(fresh, grids_of(fresh), strict=True):
        vars(column)["grid"] = grid  # where the cached property would put it


def grids_of(columns: Sequence[ColumnProfile]) -> list[Grid]:
    """The grid of each column."""
    spanned = [column for column in columns if column.kind in SPANNED and not column.problem]
    numeric = dict(zip(map(id, spanned), _numeric(spanned), strict=True)) if spanned else {}
    return [numeric.get(id(column)) or _named(column) for column in columns]


def _numeric(columns: Sequence[ColumnProfile]) -> list[Grid]:
    spans = spans_of(columns)
    borders = [np.concatenate([-_END, each.starts, _END]) for each in spans]
    rows = rows_between(borders, [column.cells for column in columns])
    fine = np.split(rows, np.cumsum([each.size - 1 for each in borders])[:-1])
    widths = widths_of([each.edges for each in spans], [column.deviation for column in columns])
    return [
        _grid(column, numeric_bins(each), *arrays)
        for column, each, *arrays in zip(columns, spans, fine, borders, widths, strict=True)
    ]


def _named(column: ColumnProfile) -> Grid:
    bins = bins_of(column)
    fine = count_in(column, bins).astype(np.float64)
    return _grid(column, bins, fine, np.zeros(0, dtype=np.int32), np.zeros(0))


def _grid(
    column: ColumnProfile, bins: Bins, fine: Floats, borders: NDArray[np.int32], widths: Floats
) -> Grid:
    groups = coarse_groups(column.kind, fine)
    coarse = joined(groups, fine, int(groups[-1]) + 2 if groups.size else 1)
    coarse[-1] = column.nulls
    tested = np.arange(coarse.size)
    if column.kind == "categorical" and not column.problem:
        tested[-2:] -= 1
    return Grid(bins, borders, fine, groups, coarse, tested, widths)
