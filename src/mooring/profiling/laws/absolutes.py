"""Sums of absolute normals: the laws of total variation and of Wasserstein."""

from __future__ import annotations

from functools import lru_cache
from math import inf, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.laws.closed import (
    ENOUGH,
    ChiSquarePower,
    Closed,
    Never,
    PearsonThree,
    rows_needed,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mooring.profiling.laws.closed import Floats, Law

SPARSE = 0.1
"""The share of Wasserstein's area that may lie over cells of few rows."""
PAIR = 2
_POINTS = 32


def variation_law(counts: Floats) -> Closed:
    """Total variation: half a sum of absolute normals, by its first three moments."""
    filled = counts[counts > 0]
    if filled.size <= 1:
        return Closed(Never(), 0.0 if counts.size <= 1 else inf)
    p = filled / filled.sum()
    covariance = np.diag(p) - np.outer(p, p)
    weight = np.full(p.size, 0.5)
    if p.size == PAIR:  # one moves as far as the other
        weight, covariance = weight[:1] * 2, covariance[:1, :1]
    return Closed(_sum_of_absolutes(weight, covariance), rows_needed(filled))


def wasserstein_law(counts: Floats, edges: Floats, scale: float, *, discrete: bool) -> Closed:
    """Wasserstein-1: the weighted area under ``|B(t)|``, by its first three moments.

    Where much of the area lies over cells of few rows (a long tail), more rows are needed.
    """
    t = np.cumsum(counts)[:-1] / counts.sum()
    with np.errstate(over="ignore", invalid="ignore"):
        width = np.diff(edges / scale)
    weight = np.append(width, 0.0)
    if not discrete:
        weight = (weight + np.append(0.0, width)) / 2
    if not (weight > 0).any():
        return Closed(Never(), 0.0)
    inside = (t > 0) & (t < 1) & (weight > 0)
    t, weight = t[inside], weight[inside]
    if t.size == 0:
        return Closed(Never(), inf)
    heft = weight * np.sqrt(t * (1 - t))
    near = np.minimum(t, 1 - t)
    order = np.argsort(near)
    sparse = np.searchsorted(np.cumsum(heft[order]), SPARSE * heft.sum())
    rows = 2 * ENOUGH / float(near[order][sparse])
    group = np.minimum((_POINTS * (np.cumsum(heft) - heft / 2) / heft.sum()).astype(int), _POINTS)
    held = np.bincount(group, weights=heft)
    used = held > 0
    t = np.bincount(group, weights=heft * t)[used] / held[used]
    covariance = np.minimum.outer(t, t) - np.outer(t, t)
    return Closed(_sum_of_absolutes(held[used] / np.sqrt(t * (1 - t)), covariance), rows)


def _sum_of_absolutes(weight: Floats, covariance: Floats) -> Law:
    """The law of a weighted sum of absolute normals, by its first three moments.

    Moments of two and three absolute normals are those of Nabeya (1951), "Absolute moments in
    2-dimensional normal distribution", and (1952) "... in 3-dimensional ...".
    """
    deviation = np.sqrt(np.diag(covariance))
    weight = weight * deviation
    r = np.clip(covariance / np.outer(deviation, deviation), -1, 1)
    mean = sqrt(2 / pi) * weight
    pair = 2 / pi * (np.sqrt(1 - r * r) + r * np.arcsin(r))
    second = np.outer(weight, weight) * pair - np.outer(mean, mean)
    variance = float(second.sum())
    if weight.size == 1:  # half a normal
        return ChiSquarePower(1, float(weight[0]), 0.5)
    return PearsonThree(float(mean.sum()), sqrt(variance), _third(weight, r) / variance**1.5)


def _third(weight: Floats, r: Floats) -> float:
    """The third central moment of a weighted sum of absolute standard normals."""
    first = sqrt(2 / pi)
    pair = 2 / pi * (np.sqrt(1 - r * r) + r * np.arcsin(r))
    # i = j: E X^2|Y| = (1 + r^2) E|Y|, so the central moments of (X, X, Y) are these
    twice = first * (1 + r * r) - 2 * first * pair - first + 2 * first**3
    np.fill_diagonal(twice, first * 2 - 3 * first + 2 * first**3)
    total = 3 * float(weight**2 @ twice @ weight) - 2 * float(weight**3 @ np.diag(twice))
    i, j, k = _triples(weight.size)
    if i.size == 0:
        return total
    a, b, c = r[i, j], r[i, k], r[j, k]
    determinant = np.maximum(1 + 2 * a * b * c - a * a - b * b - c * c, 0.0)
    raw = np.sqrt(determinant)
    for x, y, z in ((a, b, c), (b, a, c), (c, a, b)):
        rest = np.sqrt(np.maximum((1 - y * y) * (1 - z * z), 1e-30))
        raw += (x + y * z) * np.arcsin(np.clip((x - y * z) / rest, -1, 1))
    central = first**3 * raw - first * (pair[i, j] + pair[i, k] + pair[j, k]) + 2 * first**3
    return total + 6 * float((weight[i] * weight[j] * weight[k]) @ central)


@lru_cache(maxsize=4)
def _triples(size: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    i, j, k = np.ogrid[:size, :size, :size]
    found = np.nonzero((i < j) & (j < k))
    return found[0], found[1], found[2]
