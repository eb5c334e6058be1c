"""Distances between two vectors of shares, and between two samples of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mooring.profiling.compat.sample import Array


def jensenshannon(p: Array, q: Array, base: float | None = None) -> float:
    """Jensen-Shannon distance of two vectors that are brought to sum 1 first.

    As ``scipy.spatial.distance.jensenshannon``; the natural logarithm when ``base`` is None.
    """
    from scipy.special import rel_entr

    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    nats = float(rel_entr(p, middle).sum() + rel_entr(q, middle).sum())
    return float(np.sqrt((nats if base is None else nats / np.log(base)) / 2))


def kullback_leibler(p: Array, q: Array) -> float:
    """Kullback-Leibler divergence in nats of vectors that are brought to sum 1 first."""
    from scipy.special import rel_entr

    return float(rel_entr(p / p.sum(), q / q.sum()).sum())


def hellinger(p: Array, q: Array) -> float:
    """Hellinger distance of two vectors of shares, as they are."""
    return float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2)) / np.sqrt(2))


def wasserstein(x: Array, y: Array) -> float:
    """The area between the two exact distribution functions."""
    gap, width = _cdf_gap(x, y)
    return float(np.sum(np.abs(gap) * width))


def energy(x: Array, y: Array) -> float:
    """Energy distance (Szekely and Rizzo 2013), as ``scipy.stats.energy_distance``."""
    gap, width = _cdf_gap(x, y)
    return float(np.sqrt(2 * np.sum(gap * gap * width)))


def _cdf_gap(x: Array, y: Array) -> tuple[Array, Array]:
    """The difference of the distribution functions over each gap between values."""
    values = np.sort(np.concatenate([x, y]))
    width = np.diff(values)
    below_x = np.searchsorted(np.sort(x), values[:-1], "right") / x.size
    below_y = np.searchsorted(np.sort(y), values[:-1], "right") / y.size
    return below_x - below_y, width
