"""What one column shows: its scores, the bins that moved most, and which way."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling import scores
from mooring.profiling.bins import coarse_groups
from mooring.profiling.counting.cells import recentred
from mooring.profiling.distances import furthest_apart
from mooring.profiling.findings import BinShift
from mooring.profiling.labels import bin_labels
from mooring.profiling.profiles import MEASURED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.bins import Bins
    from mooring.profiling.findings import Direction
    from mooring.profiling.profiles import ColumnProfile, Kind

MOVED = 3
"""How many of the bins that moved most are named."""


def aligned(current: ColumnProfile, base: ColumnProfile) -> ColumnProfile:
    """The window's cells about the baseline's centre: approximate when another was subtracted."""
    if base.kind not in MEASURED or current.layout.centre == base.layout.centre:
        return current
    moved = recentred(current.cells, current.layout.centre, base.layout.centre)
    return replace(current, layout=base.layout, cells=moved)


def groups_of(base: ColumnProfile) -> NDArray[np.int64]:
    """The coarse bin of each fine one."""
    return _groups(base.kind, base.counts)


@lru_cache(maxsize=4096)
def _groups(kind: Kind, counts: tuple[int, ...]) -> NDArray[np.int64]:
    return coarse_groups(kind, counts)


def with_missing(
    counts: NDArray[np.int64], groups: NDArray[np.int64], column: ColumnProfile
) -> NDArray[np.float64]:
    """Rows per coarse bin, the missing values last."""
    return np.append(np.bincount(groups, weights=counts), float(column.nulls))


def all_scores(
    base: ColumnProfile,
    current: ColumnProfile,
    fine: tuple[NDArray[np.int64], NDArray[np.int64]],
    coarse: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    exact: bool,
) -> tuple[tuple[str, float], ...]:
    """Every score that applies to the column, over its fine and over its coarse bins.

    Cells that were moved to another centre are not exact: how far off, nobody knows.
    """
    a, b = coarse
    homogeneous = scores.chisquare(a, b)
    found = [
        ("psi", scores.psi(a, b)),
        ("jensenshannon", scores.jensenshannon(a, b)),
        ("hellinger", scores.hellinger(a, b)),
        ("tvd", scores.total_variation(a, b)),
        ("chisquare", homogeneous.statistic),
        ("chisquare_p", homogeneous.p_value),
    ]
    if base.kind in MEASURED:
        furthest = furthest_apart(base, current)
        moved = scores.wasserstein(
            *fine, edges=base.bins.edges, scale=base.deviation, discrete=base.bins.discrete
        )
        found += [
            ("ks", furthest.statistic),
            ("ks_error", furthest.error if exact else nan),
            ("ks_p", furthest.p_value),
            ("wasserstein", moved),
        ]
    return tuple(found)


def direction(base: ColumnProfile, current: ColumnProfile) -> Direction:
    """Whether the mean of the finite values rose or fell."""
    if base.kind not in MEASURED or not base.moments.count or not current.moments.count:
        return ""
    apart = current.mean - base.mean
    return "" if not apart else "up" if apart > 0 else "down"


def most_moved(
    base: ColumnProfile, a: NDArray[np.float64], b: NDArray[np.float64]
) -> tuple[BinShift, ...]:
    """The bins whose share moved most, of two vectors of rows per coarse bin."""
    p, q = a / a.sum(), b / b.sum()
    order = np.argsort(-np.abs(q - p), kind="stable")[:MOVED]
    if not (p != q).any():
        return ()
    labels = labels_of(base)
    return tuple(
        BinShift(labels[index], float(p[index]), float(q[index]))
        for index in order
        if p[index] != q[index]
    )


def labels_of(base: ColumnProfile) -> tuple[str, ...]:
    """A label for each coarse bin, the missing values' last."""
    return _labels(base.kind, base.bins, tuple(groups_of(base).tolist()))


@lru_cache(maxsize=4096)
def _labels(kind: Kind, bins: Bins, groups: tuple[int, ...]) -> tuple[str, ...]:
    return bin_labels(kind, bins, groups)
