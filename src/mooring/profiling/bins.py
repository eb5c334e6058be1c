"""Bins: fixed by the baseline, with open ends, and room for what the baseline never held.

A numeric column has a fine grid of baseline quantiles, snapped to the borders of cells, so that
rows are counted into bins exactly; a column of few distinct values has one bin per value. The first
and last bin are beyond the baseline's range. A categorical column has one bin per named category,
then ``other`` and ``unseen``. Missing values are counted beside the bins, and become one when
scores are made.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.counting.cells import INFINITE, borders
from mooring.profiling.counting.names import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.profiling.profiles import ColumnProfile, Kind

GRID = 250
"""Bins of the fine grid, and the most distinct values that get a bin each."""
COARSE = 10
"""Bins for PSI and its kin: deciles are the custom; heavy ties add their own."""
NAMED = 100
"""The most categories with a bin of their own."""
FREQUENT = 5
"""Rows a category needs for a bin of its own."""
SURE = 3.0
"""Standard deviations by which a named category must lead the best one without a bin."""
_SPANS = ("numeric", "datetime", "text", "embedding")


@dataclass(frozen=True)
class Bins:
    """The bins of one column.

    Parameters
    ----------
    starts : tuple of int
        The cell that each numeric bin begins with, from the second bin on; ascending.
    edges : tuple of float
        The same as values: numeric bins lie between neighbours, with open ends. The first edge is
        the float just below the baseline's minimum, the last is its maximum.
    discrete : bool
        Whether each bin stands for one value that repeats, its upper edge, rather than for a span.
    categories : tuple of str
        Named categories, most frequent first.
    rare : tuple of str
        Categories of the baseline without a bin: they count as ``other``.
    complete : bool
        Whether ``categories`` and ``rare`` are all the baseline held. If not, *unseen* cannot be
        told from *rare*: nothing counts as unseen and everything unnamed is ``other``.
    once : int
        Baseline values seen exactly once: the number of rows expected to be new in as many rows
        again (Good 1953, Good-Turing). For numbers 2, the two extremes.
    """

    starts: tuple[int, ...] = ()
    edges: tuple[float, ...] = ()
    discrete: bool = False
    categories: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()
    complete: bool = True
    once: int = 0

    @cached_property
    def cells(self) -> NDArray[np.int64]:
        """``starts`` as an array."""
        return np.asarray(self.starts, dtype=np.int64)

    @cached_property
    def lookup(self) -> dict[str, int]:
        """The bin of each category of the baseline."""
        found = dict.fromkeys(self.rare, len(self.categories))
        found.update({category: cell for cell, category in enumerate(self.categories)})
        return found


_INFINITE_ONLY = Bins(
    starts=(-INFINITE, INFINITE),
    edges=(-sys.float_info.max, sys.float_info.max),
    once=2,
)
"""The bins of a baseline that held infinities alone: numbers would be something else."""


def bins_of(column: ColumnProfile) -> Bins:
    """The bins that a baseline's column fixes."""
    if column.kind == "unsupported" or column.problem:
        return Bins()
    if column.kind == "boolean":
        return Bins(categories=("false", "true"))
    if column.kind == "categorical":
        return category_bins(column)
    return numeric_bins(column)


def numeric_bins(column: ColumnProfile) -> Bins:
    """One bin per value for at most ``GRID`` distinct cells, else quantiles.

    A cell that several quantiles fall on (a heavy tie) is cut off on both sides.
    """
    ids, counts, values = _finite(column)
    if ids.size == 0:
        return _INFINITE_ONLY if column.cells.ids.size else Bins()
    rows = int(counts.sum())
    if ids.size <= GRID:
        starts = np.concatenate([ids[:1], ids + 1])
    else:
        ranks = -(-np.arange(1, GRID + 1) * rows // GRID)
        picks = ids[np.searchsorted(np.cumsum(counts), ranks)]
        ties = picks[1:][picks[1:] == picks[:-1]]
        starts = np.unique(np.concatenate([ids[:1], picks + 1, ties]))
    known = values is not None and ids.size <= GRID and not np.isnan(values).any()
    edges = borders(starts, column.layout.centre)
    if known and values is not None:
        edges[1:] = values
    with np.errstate(over="ignore"):  # below the least double is minus infinity, which is meant
        edges[0] = np.nextafter(_or(column.minimum, edges[0]), -np.inf)
    edges[-1] = _or(column.maximum, edges[-1])
    return Bins(
        starts=tuple(starts.tolist()),
        edges=tuple(np.maximum.accumulate(edges).tolist()),
        discrete=bool(known and ids.size * 4 <= rows),
        once=2,
    )


def _finite(
    column: ColumnProfile,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None]:
    cells = column.cells
    inside = (cells.ids < INFINITE) & (cells.ids >= -INFINITE)
    values = None if cells.values is None else cells.values[inside]
    return cells.ids[inside].astype(np.int64), cells.counts[inside], values


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


def count_in(column: ColumnProfile, bins: Bins) -> NDArray[np.int64]:
    """Rows per bin, missing values left out.

    Parameters
    ----------
    column : ColumnProfile
        Counted with the layout of the baseline that fixed the bins.
    bins : Bins

    Returns
    -------
    ndarray of int
        Infinities belong to the open ends. Categories: the named ones, ``other``, ``unseen``.
    """
    if column.kind in _SPANS:
        cells = column.cells
        sums = np.concatenate([[0], np.cumsum(cells.counts)])
        below = sums[np.searchsorted(cells.ids, bins.cells)]
        return np.diff(below, prepend=0, append=sums[-1])
    if column.kind == "unsupported" or column.problem:
        return np.zeros(0, dtype=np.int64)
    other = len(bins.categories)
    stranger = other + 1 if bins.complete else other
    return rows_of(column.names, bins.lookup, other + 2, stranger)


def category_bins(column: ColumnProfile) -> Bins:
    """The named and the rare categories of a baseline column.

    At most ``NAMED`` categories have a bin. Had lucky categories one, their share would fall in
    every later window, without any drift (the winner's curse). So a category is named only with
    ``FREQUENT`` rows and, once more than ``NAMED`` could be, if it leads the best one left out by
    ``SURE`` standard deviations.
    """
    ranked = column.names.ranked()
    cut = ranked[NAMED][1] if len(ranked) > NAMED else 0
    named: list[str] = []
    for text, count in ranked[:NAMED]:
        lucky = cut > 0 and count - cut < SURE * (count + cut) ** 0.5
        if count < FREQUENT or lucky:
            break
        named.append(text)
    if not column.names.complete:
        return Bins(categories=tuple(named), complete=False)
    return Bins(
        categories=tuple(named),
        rare=tuple(text for text, _ in ranked[len(named) :]),
        once=sum(1 for _, count in ranked if count == 1),
    )


def coarse_groups(kind: Kind, counts: Sequence[int]) -> NDArray[np.int64]:
    """The bin of each cell, for PSI and its kin; it depends on the baseline alone.

    Parameters
    ----------
    kind : Kind
    counts : sequence of int
        The baseline's rows per cell.

    Returns
    -------
    array of int
        Ascending from 0. Categories stay as they are. Numeric cells join to about ``COARSE`` bins
        of equal baseline share; a value with a tenth of the rows or more keeps a bin of its own,
        so an end beside such a value stays apart from it too.
    """
    cells = np.asarray(counts, dtype=np.int64)
    inner = cells[1:-1]
    if kind not in _SPANS or not inner.any():
        return np.arange(cells.size)
    total = max(int(inner.sum()), 1)
    heavy = inner * COARSE >= total
    run = np.cumsum(np.diff(heavy.astype(np.int8), prepend=0) != 0)
    groups = np.zeros(inner.size, dtype=np.int64)
    top = 0
    for number in np.unique(run):
        here = run == number
        part = _tie_groups(here) if heavy[here][0] else _even_groups(inner[here], total)
        groups[here] = top + part
        top = int(groups[here][-1]) + 1
    first = -1 if heavy[0] else groups[0]
    last = top if heavy[-1] else groups[-1]
    joined = np.concatenate([[first], groups, [last]])
    return np.unique(joined, return_inverse=True)[1].astype(np.int64)


def _tie_groups(here: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Each heavy cell alone."""
    return np.arange(int(here.sum()))


def _even_groups(cells: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Neighbours joined into bins of equal share, as many as their part of all rows deserves."""
    rows = int(cells.sum())
    parts = max(1, int(COARSE * rows / total + 0.5))
    middle = np.cumsum(cells) - cells / 2
    return np.minimum((parts * middle / max(rows, 1)).astype(np.int64), parts - 1)
