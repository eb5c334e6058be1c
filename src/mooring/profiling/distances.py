"""Distances that are taken over the cells themselves, with a bound on their error."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.counting.cells import borders
from mooring.profiling.pairs import kolmogorov_tails
from mooring.profiling.runs import BEYOND, COLUMN, laid_out, summed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.profiling.aligning import Sides
    from mooring.profiling.counting.cells import Cells
    from mooring.profiling.pairs import Floats, Places


class Furthest(NamedTuple):
    """The Kolmogorov-Smirnov statistic, how far below the exact one it may be, and its tail."""

    statistic: float
    error: float
    p_value: float


def furthest_apart(columns: Sequence[Sides]) -> list[Furthest]:
    """The largest difference of the two cumulative shares, at the borders of all cells.

    Within a cell the difference can go no further than both sides' rows there allow, which bounds
    the exact statistic from above. The probability is Kolmogorov's limit, conservative for ties and
    small samples.

    Parameters
    ----------
    columns : sequence of Sides
        Columns with cells.

    Returns
    -------
    list of Furthest
        For each column; NaN where a side has no rows.

    References
    ----------
    Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions".
    """
    found = [Furthest(nan, nan, nan)] * len(columns)
    held = [
        place
        for place, sides in enumerate(columns)
        if sides.base.cells.ids.size and sides.current.cells.ids.size
    ]
    if held:
        for place, each in zip(held, _furthest([columns[place] for place in held]), strict=True):
            found[place] = each
    return found


class _Cells(NamedTuple):
    """The cells of either side of all columns, ascending.

    ``ids`` are those cells, ``of`` the column of each and ``starts`` where each column begins;
    ``p`` and ``q`` are the shares in them, ``apart`` is by how much the cumulative ones differ
    after each; ``n`` and ``m`` are the columns' rows.
    """

    ids: NDArray[np.int64]
    of: Places
    starts: Places
    p: Floats
    q: Floats
    apart: Floats
    n: Floats
    m: Floats


def _furthest(columns: Sequence[Sides]) -> list[Furthest]:
    cells = _merged(columns)
    statistics = np.maximum.reduceat(np.abs(cells.apart), cells.starts)
    before = np.append(0.0, cells.apart[:-1])
    before[cells.starts] = 0.0
    over = np.minimum(before + cells.p, cells.apart + cells.q)
    under = np.minimum(cells.q - before, cells.p - cells.apart)
    further = np.maximum(over, under)
    further[_single(columns, cells)] = 0.0
    bounds = np.maximum(np.maximum.reduceat(further, cells.starts), statistics)
    found = (
        np.minimum(statistics, 1.0),
        bounds - statistics,
        kolmogorov_tails(statistics, cells.n, cells.m),
    )
    return [Furthest(*each) for each in zip(*(part.tolist() for part in found), strict=True)]


def _merged(columns: Sequence[Sides]) -> _Cells:
    bases = [sides.base.cells for sides in columns]
    currents = [sides.current.cells for sides in columns]
    a, b = (laid_out([cells.ids for cells in side]) for side in (bases, currents))
    both = np.concatenate([a * 2, b * 2 + 1])
    both.sort(kind="stable")  # two ascending runs, which it only has to merge
    ids = both >> 1
    last = np.append(np.flatnonzero(ids[1:] != ids[:-1]), ids.size - 1)
    ids, met = ids.take(last), np.cumsum(both & 1, dtype=np.intp).take(last)
    zeros = np.arange(len(columns)) * COLUMN
    starts = np.searchsorted(ids, (zeros - BEYOND).astype(ids.dtype))
    sizes = np.diff(starts, append=ids.size)
    n, p, before = _shares(bases, last + 1 - met, sizes)
    m, q, now = _shares(currents, met, sizes)
    before -= now
    of = np.repeat(np.arange(len(columns)), sizes)
    return _Cells(ids - np.repeat(zeros, sizes), of, starts, p, q, before, n, m)


def _shares(columns: Sequence[Cells], met: Places, sizes: Places) -> tuple[Floats, Floats, Floats]:
    """The rows of each column; of each cell the share, and that of all cells up to it.

    Parameters
    ----------
    columns : sequence of Cells
    met : ndarray of int
        How many of their cells end with each cell of either side.
    sizes : ndarray of int
        How many cells of either side each column has.
    """
    sums = summed(columns)
    ends = sums.take(np.cumsum([cells.ids.size for cells in columns]))
    before = np.append(0.0, ends[:-1])
    rows, sums = ends - before, sums.take(met)
    total, shares = np.repeat(rows, sizes), sums.copy()
    shares[1:] -= sums[:-1]
    shares /= total
    sums -= np.repeat(before, sizes)
    sums /= total
    return rows, shares, sums


def _single(columns: Sequence[Sides], cells: _Cells) -> Places:
    """Cells in which nothing can hide: that of zero, and of one integer if both sides have such."""
    centre = np.array([each.base.layout.centre for each in columns])
    whole = [each.base.layout.integral and each.current.layout.integral for each in columns]
    zeros = np.flatnonzero(cells.ids == 0)
    integers = np.flatnonzero(np.array(whole).take(cells.of))
    ids, about = cells.ids.take(integers).astype(np.int32), centre.take(cells.of.take(integers))
    low, high = (borders(each, 0.0) + about for each in (ids, ids + 1))
    with np.errstate(invalid="ignore"):  # beyond the largest double both are infinite
        alone = integers[high - low <= 1]
    return np.append(zeros[centre.take(cells.of.take(zeros)) == 0], alone)
