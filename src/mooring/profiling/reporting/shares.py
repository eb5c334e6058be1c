"""The share of rows in each bin of a column, on both sides: what a chart draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.bins import count_in
from mooring.profiling.findings import BinShift

if TYPE_CHECKING:
    from mooring.profiling.profiles import ColumnProfile

MOST_BINS = 12
_REST = "the rest"
_ROUNDING = 1e-9


def bin_shares(
    base: ColumnProfile | None, current: ColumnProfile | None, most: int = MOST_BINS
) -> tuple[BinShift, ...]:
    """The share of each bin, the smallest joined to leave ``most``; none without rows to show."""
    if base is None or current is None or not (base.rows and current.rows):
        return ()
    if base.kind != current.kind or base.problem or current.problem:
        return ()
    grid = base.grid
    if not grid.groups.size:
        return ()
    p = grid.coarse / base.rows
    found = count_in(current, base.bins)
    q = np.append(np.bincount(grid.groups, weights=found), current.nulls) / current.rows
    used = np.flatnonzero(p + q)
    if used.size > most:
        used = np.sort(used[np.argsort(-np.maximum(p, q)[used], kind="stable")][: most - 1])
    shares = [
        BinShift(grid.label(base, place), float(p[place]), float(q[place]))
        for place in used.tolist()
    ]
    left = (float(1 - p[used].sum()), float(1 - q[used].sum()))
    if max(left) > _ROUNDING:
        shares.append(BinShift(_REST, max(left[0], 0.0), max(left[1], 0.0)))
    return tuple(shares)
