"""What one column shows: its scores, the bins that moved most, and which way."""

from __future__ import annotations

from itertools import zip_longest
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling import pairs
from mooring.profiling.distances import furthest_apart
from mooring.profiling.findings import BinShift
from mooring.profiling.profiles import MEASURED

if TYPE_CHECKING:
    from mooring.profiling.aligning import Aligned
    from mooring.profiling.findings import Direction
    from mooring.profiling.pairs import Places
    from mooring.profiling.profiles import ColumnProfile

MOVED = 3
"""How many of the bins that moved most are named."""


def groups_of(base: ColumnProfile) -> Places:
    """The coarse bin of each fine one."""
    return base.grid.groups


def all_scores(aligned: Aligned) -> list[tuple[tuple[str, float], ...]]:
    """Every score that applies to each column, over its fine and over its coarse bins.

    Cells that were moved to another centre are not exact: how far off, nobody knows.
    """
    coarse, homogeneous = aligned.coarse, pairs.chisquare(aligned.coarse)
    found = {
        "psi": pairs.psi(coarse),
        "jensenshannon": pairs.jensenshannon(coarse),
        "hellinger": pairs.hellinger(coarse),
        "tvd": pairs.total_variation(coarse),
        "chisquare": homogeneous.statistics,
        "chisquare_p": homogeneous.p_values,
    }
    values = zip(*(each.tolist() for each in found.values()), strict=True)
    scores = [tuple(zip(found, each, strict=True)) for each in values]
    return [one + more for one, more in zip_longest(scores, _of_cells(aligned), fillvalue=())]


def _of_cells(aligned: Aligned) -> list[tuple[tuple[str, float], ...]]:
    """The scores that only columns with cells have."""
    measured = aligned.columns[: aligned.measured]
    if not measured:
        return []
    widths = np.concatenate([sides.base.grid.widths for sides in measured])
    discrete = np.array([sides.base.bins.discrete for sides in measured])
    moved = pairs.wasserstein(aligned.fine, widths, discrete).tolist()
    return [
        (
            ("ks", furthest.statistic),
            ("ks_error", furthest.error if sides.exact else nan),
            ("ks_p", furthest.p_value),
            ("wasserstein", distance),
        )
        for sides, furthest, distance in zip(measured, furthest_apart(measured), moved, strict=True)
    ]


def direction(base: ColumnProfile, current: ColumnProfile) -> Direction:
    """Whether the mean of the finite values rose or fell."""
    if base.kind not in MEASURED or not base.moments.count or not current.moments.count:
        return ""
    apart = current.mean - base.mean
    return "" if not apart else "up" if apart > 0 else "down"


def most_moved(aligned: Aligned) -> list[tuple[BinShift, ...]]:
    """The coarse bins whose share moved most, of each column."""
    coarse = aligned.coarse
    further = np.abs(coarse.q - coarse.p)
    order = np.lexsort((-further, coarse.of))  # stable: the first of equals comes first
    p, q = coarse.p.tolist(), coarse.q.tolist()
    found = []
    for sides, start in zip(aligned.columns, coarse.starts.tolist(), strict=True):
        grid = sides.base.grid
        most = order[start : start + min(MOVED, grid.coarse.size)].tolist()
        found.append(
            tuple(
                BinShift(grid.label(sides.base, place - start), p[place], q[place])
                for place in most
                if p[place] != q[place]
            )
        )
    return found
