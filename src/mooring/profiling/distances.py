"""Distances that are taken over the cells themselves, with a bound on their error."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.counting.cells import borders

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.profiles import ColumnProfile


class Furthest(NamedTuple):
    """The Kolmogorov-Smirnov statistic, how far below the exact one it may be, and its tail."""

    statistic: float
    error: float
    p_value: float


def furthest_apart(base: ColumnProfile, current: ColumnProfile) -> Furthest:
    """The largest difference of the two cumulative shares, at the borders of all cells.

    Within a cell the difference can go no further than both sides' rows there allow, which bounds
    the exact statistic from above. The probability is Kolmogorov's limit, conservative for ties and
    small samples.

    References
    ----------
    Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions".
    """
    from scipy.special import kolmogorov

    n, m = base.cells.rows, current.cells.rows
    if not n or not m:
        return Furthest(nan, nan, nan)
    ids = _all(base.cells.ids, current.cells.ids)
    p, q = _shares(base, ids) / n, _shares(current, ids) / m
    apart = np.cumsum(p) - np.cumsum(q)
    statistic = float(np.abs(apart).max())
    wide = ~_single(base, current, ids)
    before = np.concatenate([[0.0], apart[:-1]])[wide]
    over = np.minimum(before + p[wide], apart[wide] + q[wide])
    under = np.minimum(q[wide] - before, p[wide] - apart[wide])
    bound = float(max(over.max(initial=0.0), under.max(initial=0.0), statistic))
    tail = float(kolmogorov(np.sqrt(n * m / (n + m)) * statistic))
    return Furthest(min(statistic, 1.0), bound - statistic, tail)


def _all(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int32]:
    """The cells of either side: two ascending runs, which a stable sort only has to merge."""
    both: NDArray[np.int32] = np.concatenate([a, b])
    both.sort(kind="stable")
    fresh = np.concatenate([[True], both[1:] != both[:-1]])
    ids: NDArray[np.int32] = both[fresh]
    return ids


def _shares(column: ColumnProfile, ids: NDArray[np.int32]) -> NDArray[np.int64]:
    counts = np.zeros(ids.size, dtype=np.int64)
    counts[np.searchsorted(ids, column.cells.ids)] = column.cells.counts
    return counts


def _single(
    base: ColumnProfile, current: ColumnProfile, ids: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Cells in which nothing can hide: that of zero, and of one integer if both sides have such."""
    zero: NDArray[np.bool_] = (ids == 0) & (base.layout.centre == 0)
    if not (base.layout.integral and current.layout.integral):
        return zero
    low, high = borders(ids, base.layout.centre), borders(ids + 1, base.layout.centre)
    with np.errstate(invalid="ignore"):  # beyond the largest double both are infinite
        single: NDArray[np.bool_] = high - low <= 1
    return single
