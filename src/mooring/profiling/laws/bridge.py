"""The maximum of a Brownian bridge over some points: the law of Kolmogorov-Smirnov over cells."""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, inf, log
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.laws.closed import ENOUGH, Closed, Never

if TYPE_CHECKING:
    from mooring.profiling.laws.closed import Floats

_BOUNDARY = 0.5826
"""Mean excess of a normal random walk over a boundary, ``-zeta(1/2) / sqrt(2 pi)``."""
_GAP = 0.4
_WIDE = 5.5
"""Standard deviations beyond which the maximum hardly goes."""
_HIGH = 8.0
_HALVINGS = 40
_LEAST = 1e-300


@dataclass(frozen=True, slots=True)
class BridgeMaximum:
    """The largest ``|B(t)|`` of a Brownian bridge over some points, the law of Kolmogorov-Smirnov.

    Non-crossings are taken as a Markov chain (Glaz and Johnson 1984) over few points; where points
    were left out, the boundary is lower there by what they add to the maximum (Siegmund 1985,
    "Sequential analysis", chapter X). Within a tenth or so of the truth for even points and ties.

    Parameters
    ----------
    points : tuple of float, ascending within (0, 1)
    lowered : tuple of float
        By how much the boundary is lower at each point.
    """

    points: tuple[float, ...]
    lowered: tuple[float, ...]
    expected: float

    def tail(self, value: float) -> float:
        """The probability of ``value`` or more."""
        return _crossing(np.asarray(self.points), np.asarray(self.lowered), value)

    def level(self, alpha: float) -> float:
        """The value exceeded with probability ``alpha``."""
        low, high = 0.0, _HIGH
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.tail(middle) > alpha else (low, middle)
        return high


def kolmogorov_law(counts: Floats) -> Closed:
    """Kolmogorov-Smirnov over cells: the bridge's maximum over the cells' edges."""
    t = np.unique(np.cumsum(counts)[:-1] / counts.sum())
    t = t[(t > 0) & (t < 1)]
    if t.size == 0:
        return Closed(Never(), 0.0 if counts.size <= 1 else inf)
    points, lowered = _thinned(t)
    grid = np.linspace(0.0, _WIDE * float(np.sqrt(t * (1 - t)).max()), 61)
    tails = [_crossing(points, lowered, float(value)) for value in grid]
    expected = float(np.sum(tails) - (tails[0] + tails[-1]) / 2) * float(grid[1])
    law = BridgeMaximum(tuple(points.tolist()), tuple(lowered.tolist()), expected)
    return Closed(law, 2 * ENOUGH / float(np.minimum(t, 1 - t).max()))


def _thinned(t: Floats) -> tuple[Floats, Floats]:
    """Some of the points, and how much the others between them lower the boundary there."""
    gap = _GAP * float((t * (1 - t)).max())
    kept = [0]
    for index in range(1, t.size):
        last = index == t.size - 1
        if last or t[index] - t[kept[-1]] >= gap or t[index + 1] - t[kept[-1]] > 1.5 * gap:
            kept.append(index)
    step = np.diff(t)
    coarse = np.diff(t[kept])
    squares = np.add.reduceat(step * step, kept[:-1]) if step.size else step
    drop = _BOUNDARY * (np.sqrt(coarse) - np.sqrt(squares / coarse))
    both = np.concatenate([[0.0], drop, [0.0]])
    return t[kept], np.maximum((both[:-1] + both[1:]) / 2, 0.0)


def _crossing(t: Floats, lowered: Floats, value: float) -> float:
    """The probability that a bridge leaves ``value`` at some point."""
    from scipy.special import ndtr

    deviation = np.sqrt(t * (1 - t))
    height = (value - lowered) / deviation
    if height.min() <= 0:
        return 1.0
    alone = np.maximum(1 - 2 * ndtr(-height), _LEAST)
    ratio = np.sqrt(t[:-1] * (1 - t[1:]) / (t[1:] * (1 - t[:-1])))
    pairs = _both_inside(height[:-1], height[1:], ratio)
    inside = np.clip(pairs / alone[:-1], _LEAST, 1.0)
    stay = log(max(float(alone[0]), _LEAST)) + float(np.log(inside).sum())
    return min(max(-expm1(stay), 0.0), 1.0)


def _both_inside(h: Floats, k: Floats, ratio: Floats) -> Floats:
    """``P(|X| < h, |Y| < k)`` of standard normals, by Owen's T (Owen 1956)."""
    from scipy.special import owens_t

    rest = np.sqrt(1 - ratio * ratio)
    area = (
        owens_t(h, (k - ratio * h) / (h * rest))
        + owens_t(k, (h - ratio * k) / (k * rest))
        + owens_t(h, (k + ratio * h) / (h * rest))
        + owens_t(k, (h + ratio * k) / (k * rest))
    )
    return np.asarray(1 - 2 * area, dtype=np.float64)
