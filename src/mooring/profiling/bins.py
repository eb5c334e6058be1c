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
from math import inf, nextafter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.counting.cells import INFINITE, Cells, borders
from mooring.profiling.counting.names import rows_of
from mooring.profiling.runs import met_before

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.profiling.profiles import ColumnProfile, Kind
    from mooring.profiling.scores import Counts

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
_RANKS = np.arange(1, GRID + 1)
SPANNED = ("numeric", "datetime", "text", "embedding")


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


class Spans(NamedTuple):
    """The bins of numbers, as arrays; see ``Bins``."""

    starts: NDArray[np.int32]
    edges: NDArray[np.float64]
    discrete: bool


_INFINITE_ONLY = Spans(
    np.array([-INFINITE, INFINITE], dtype=np.int32),
    np.array([-sys.float_info.max, sys.float_info.max]),
    discrete=False,
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
    return numeric_bins(spans_of([column])[0])


def numeric_bins(spans: Spans) -> Bins:
    """The bins of a column of numbers."""
    return Bins(
        starts=tuple(spans.starts.tolist()),
        edges=tuple(spans.edges.tolist()),
        discrete=spans.discrete,
        once=2 if spans.starts.size else 0,
    )


def spans_of(columns: Sequence[ColumnProfile]) -> list[Spans]:
    """The bins of columns of numbers: one for each of at most ``GRID`` cells, else quantiles."""
    held = [_finite(column) for column in columns]
    many = iter(_quantiles([cells for cells in held if cells.ids.size > GRID]))
    starts = [
        next(many) if cells.ids.size > GRID else np.append(cells.ids[:1], cells.ids + 1)
        for cells in held
    ]
    ends = np.cumsum([part.size for part in starts])
    edges = np.split(borders(np.concatenate(starts), 0.0), ends[:-1])
    return [_spans(*each) for each in zip(columns, held, starts, edges, strict=True)]


def _spans(
    column: ColumnProfile, cells: Cells, starts: NDArray[np.int32], offsets: NDArray[np.float64]
) -> Spans:
    """The bins that begin with these cells, which begin so far from the centre."""
    if not starts.size:
        return _INFINITE_ONLY if column.cells.ids.size else Spans(starts, offsets, discrete=False)
    edges, values = offsets + column.layout.centre, cells.values
    known = cells.ids.size <= GRID and values is not None and not np.isnan(values).any()
    if known and values is not None:
        edges[1:] = values
    edges[0] = nextafter(_or(column.minimum, edges[0]), -inf)
    edges[-1] = _or(column.maximum, edges[-1])
    edges = np.maximum.accumulate(edges)
    return Spans(starts, edges, discrete=bool(known and cells.ids.size * 4 <= cells.rows))


def _quantiles(columns: Sequence[Cells]) -> list[NDArray[np.int32]]:
    """The cells that bins of equal share begin with.

    A cell that several quantiles fall on (a heavy tie) is cut off on both sides.
    """
    if not columns:
        return []
    sums = np.cumsum(np.concatenate([cells.counts for cells in columns]))
    ends = sums[np.cumsum([cells.ids.size for cells in columns]) - 1, None]
    rows = np.diff(ends, axis=0, prepend=0)
    ranks = -(-_RANKS * rows // GRID) + ends - rows
    ids = np.concatenate([cells.ids for cells in columns])
    picks = ids.take(met_before(ranks.ravel(), sums)).reshape(ranks.shape)
    first = np.array([cells.ids[:1] for cells in columns])
    ties = picks[:, 1:] + (picks[:, 1:] != picks[:, :-1])
    starts = np.hstack([first, picks + 1, ties])
    starts.sort(axis=1)
    fresh = np.diff(starts, axis=1, prepend=first - 1) > 0
    return [row[new] for row, new in zip(starts, fresh, strict=True)]


def _finite(column: ColumnProfile) -> Cells:
    cells = column.cells
    if not cells.ids.size or (cells.ids[0] >= -INFINITE and cells.ids[-1] < INFINITE):
        return cells
    inside = (cells.ids < INFINITE) & (cells.ids >= -INFINITE)
    values = None if cells.values is None else cells.values[inside]
    return Cells(cells.ids[inside], cells.counts[inside], values)


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
    if column.kind in SPANNED:
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


def coarse_groups(kind: Kind, counts: Counts) -> NDArray[np.int64]:
    """The bin of each cell, for PSI and its kin; it depends on the baseline alone.

    Parameters
    ----------
    kind : Kind
    counts : sequence or array of whole numbers
        The baseline's rows per cell.

    Returns
    -------
    array of int
        Ascending from 0. Categories stay as they are. Numeric cells join to about ``COARSE`` bins
        of equal baseline share; a value with a tenth of the rows or more keeps a bin of its own,
        so an end beside such a value stays apart from it too.
    """
    cells = np.asarray(counts)
    inner = cells[1:-1]
    total = int(inner.sum()) if kind in SPANNED else 0
    if not total:
        return np.arange(cells.size)
    heavy = inner * COARSE >= total
    found = np.empty(cells.size, dtype=np.int64)
    found[1:-1] = groups = (
        _joined(inner, heavy, total) if heavy.any() else _even_groups(inner, total)
    )
    found[0] = -1 if heavy[0] else groups[0]
    found[-1] = groups[-1] + heavy[-1]
    steps = found[1:] != found[:-1]
    found[0] = 0
    np.cumsum(steps, out=found[1:])
    return found


def _joined(cells: NDArray[np.int64], heavy: NDArray[np.bool_], total: int) -> NDArray[np.int64]:
    """Heavy cells alone, the runs between them joined."""
    groups = np.zeros(cells.size, dtype=np.int64)
    top = 0
    starts = np.flatnonzero(np.diff(heavy, prepend=not heavy[0]))
    for start, stop in zip(starts, [*starts[1:], cells.size], strict=True):
        here = slice(start, stop)
        groups[here] = top + (
            np.arange(stop - start) if heavy[start] else _even_groups(cells[here], total)
        )
        top = int(groups[stop - 1]) + 1
    return groups


def _even_groups(cells: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """Neighbours joined into bins of equal share, as many as their part of all rows deserves."""
    rows = int(cells.sum())
    parts = max(1, int(COARSE * rows / total + 0.5))
    middle = np.cumsum(cells) - cells / 2
    return np.minimum((parts * middle / max(rows, 1)).astype(np.int64), parts - 1)
