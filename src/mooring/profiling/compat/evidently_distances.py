"""Evidently's distances between two columns, with its bins.

Read from Evidently 0.7 (``evidently.legacy.calculations.stattests``). Shares of a number with more
than 20 distinct reference values are over equal-width bins that Sturges' rule lays over BOTH
samples, so the bins of the reference move with the current rows; other columns are counted by
value. Missing values and infinities are dropped first, as its report does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.profiling.compat import divergence
from mooring.profiling.compat.sample import joint_counts, present

if TYPE_CHECKING:
    from mooring.profiling.compat.column import Kind
    from mooring.profiling.compat.sample import Array, Column

_COUNTED_VALUES = 20
_FILL = 0.0001
_LEAST_DEVIATION = 0.001


def psi(reference: Column, current: Column, kind: Kind) -> float:
    """Population stability index in nats; an empty bin's share becomes 0.0001.

    Examples
    --------
    >>> round(psi(np.array([3, 2, 2]), np.array([1, 2, 3]), "categorical"), 2)
    2.93
    """
    p, q = _filled_shares(reference, current, kind)
    return float(np.sum((p - q) * np.log(p / q)))


def kl_div(reference: Column, current: Column, kind: Kind) -> float:
    """Kullback-Leibler divergence of the reference from the current, bins filled as for PSI."""
    return divergence.kullback_leibler(*_filled_shares(reference, current, kind))


def jensenshannon(reference: Column, current: Column, kind: Kind) -> float:
    """Jensen-Shannon distance with the natural logarithm: at most 0.8326, not 1."""
    return divergence.jensenshannon(*shares(reference, current, kind))


def hellinger(reference: Column, current: Column, kind: Kind) -> float:
    """Hellinger distance; numbers over Sturges' bins for the number of DISTINCT values."""
    a, b = present(reference), present(current)
    if kind == "categorical":
        _, p, q = joint_counts(a, b)
        p, q = p / len(a.values), q / len(b.values)
        overlap = np.sum(np.sqrt(p * q))
    else:
        x, y = a.numbers(), b.numbers()
        edges = np.histogram_bin_edges(np.union1d(x, y), bins="sturges")
        p, q = (np.histogram(side, bins=edges, density=True)[0] for side in (x, y))
        width = (edges[-1] - edges[0]) / (edges.size - 1)
        # a 32-bit column is summed in 32 bits, bin by bin
        overlap = np.cumsum(np.sqrt(p * q).astype(edges.dtype) * width)[-1]
    return float(np.sqrt(float(1 - np.clip(overlap, 0, 1))))


def wasserstein(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Wasserstein-1 distance in standard deviations of the reference, of at least 0.001."""
    del kind
    before, after = present(reference), present(current)
    variance = np.var(before.floats())
    if before.values.dtype == pl.Float32:
        variance = np.float32(variance)  # as pandas rounds it
    deviation = max(float(np.sqrt(variance)), _LEAST_DEVIATION)
    return divergence.wasserstein(before.floats(), after.floats()) / deviation


def energy_distance(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Energy distance, in the square root of the column's unit."""
    del kind
    return divergence.energy(present(reference).floats(), present(current).floats())


def shares(reference: Column, current: Column, kind: Kind) -> tuple[Array, Array]:
    """The shares of both columns over Evidently's bins."""
    a, b = present(reference), present(current)
    if kind == "categorical" or a.values.n_unique() <= _COUNTED_VALUES:
        _, p, q = joint_counts(a, b)
    else:
        x, y = a.numbers(), b.numbers()
        edges = np.histogram_bin_edges(np.concatenate([x, y]), bins="sturges")
        p, q = (np.histogram(side, bins=edges)[0].astype(np.float64) for side in (x, y))
    return p / a.rows, q / b.rows


def _filled_shares(reference: Column, current: Column, kind: Kind) -> tuple[Array, Array]:
    p, q = shares(reference, current, kind)
    return _filled(p), _filled(q)


def _filled(p: Array) -> Array:
    """Empty bins get a small share, and the others keep theirs."""
    least = p[p > 0].min()
    return np.where(p > 0, p, least / 10**6 if least <= _FILL else _FILL)
