"""The Mann-Whitney U test, which two of the tools share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.scores import Tested

if TYPE_CHECKING:
    from mooring.profiling.compat.sample import Array

_SMALL = 8


def mann_whitney(x: Array, y: Array, *, two_sided: bool) -> Tested:
    """U of the first sample, and its p-value.

    Exact when a side has at most 8 rows and no value occurs twice; otherwise normal, corrected for
    ties and continuity. One sided, it asks whether ``x`` is less.

    References
    ----------
    Mann and Whitney (1947). Equal to ``scipy.stats.mannwhitneyu`` with its automatic method.

    Examples
    --------
    >>> mann_whitney(np.array([1.0, 2.0]), np.array([3.0, 4.0]), two_sided=False)
    Tested(statistic=0.0, p_value=0.16666666666666666)
    """
    n, m = x.size, y.size
    _, place, ties = np.unique(np.concatenate([x, y]), return_inverse=True, return_counts=True)
    rank = np.cumsum(ties) - (ties - 1) / 2
    u = float(rank[place[:n]].sum() - n * (n + 1) / 2)
    other = n * m - u
    reached = max(u, other) if two_sided else other
    if min(n, m) <= _SMALL and ties.max() == 1:
        tail = _exact_tail(n, m, round(reached))
    else:
        tail = _normal_tail(n, m, reached, ties.astype(np.float64))
    return Tested(u, float(min(tail * (2 if two_sided else 1), 1.0)))


def _normal_tail(n: int, m: int, reached: float, ties: Array) -> float:
    from scipy.special import ndtr

    rows = float(n + m)
    tied = np.sum(ties**3 - ties) / (rows * (rows - 1))
    deviation = np.sqrt(n * m / 12 * (rows + 1 - tied))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(ndtr(-(reached - n * m / 2 - 0.5) / deviation))


def _exact_tail(n: int, m: int, reached: int) -> float:
    """The share of orders of all rows whose U is at least ``reached``: a Gaussian binomial."""
    ways = np.zeros(n * m + 1)
    ways[0] = 1
    for k in range(1, min(n, m) + 1):
        top = max(n, m) + k
        ways[top:] -= ways[:-top].copy() if top <= n * m else 0
        for at in range(k, n * m + 1):
            ways[at] += ways[at - k]
    return float(ways[reached:].sum() / ways.sum())
