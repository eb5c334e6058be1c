"""Laws of the drift scores by resampling, for bins too sparse for a closed law.

Both samples are drawn, as the baseline is a sample too: two multinomials around the baseline's own
shares (Efron and Tibshirani 1993, "An introduction to the bootstrap", chapter 16). For Wasserstein,
where the width of the outer cells hangs on single rows, the baseline stays and the truth is drawn
around it: shares between order statistics have a Dirichlet law whatever the distribution (Wilks
1962, "Mathematical statistics", section 8.7).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import inf, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.laws.closed import Never, PearsonThree, spread

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mooring.profiling.laws.closed import Floats, Law

LEAST, MOST, BUDGET = 4_000, 10_000, 400_000
"""Draws of windows, as many as fit: with 4,000 the probability of exceeding the level at 0.01 has a
standard error of a sixth, with 10,000 of a tenth."""
FAR = 40
"""Drawn windows beyond which the tail is a gamma's, as too few are left to count."""
UNSEEN = 0.5
"""Rows granted to all empty bins together (Krichevsky and Trofimov 1981): they may yet be met."""
KEPT = 200
_SAME = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class Drawn:
    """A law known by drawn values, in units of ``spread``.

    Parameters
    ----------
    expected : float
    values : tuple of float, ascending
    tails : tuple of float
        The probability of each value or more, never 0 (Phipson and Smyth 2010).
    far : PearsonThree
        Continues the tail beyond the last value.
    """

    expected: float
    values: tuple[float, ...]
    tails: tuple[float, ...]
    far: PearsonThree

    def tail(self, value: float) -> float:
        """The probability of ``value`` or more."""
        least = value * _SAME
        if least > self.values[-1]:
            start = self.far.tail(self.values[-1])
            beyond = self.far.tail(least) / start if start > 0 else 0.0
            return self.tails[-1] * beyond
        return self.tails[int(np.searchsorted(self.values, least))]

    def level(self, alpha: float) -> float:
        """The value exceeded with probability ``alpha`` at most."""
        if alpha < self.tails[-1]:
            start = self.far.tail(self.values[-1])
            wanted = alpha * start / self.tails[-1]
            return max(self.far.level(wanted), self.values[-1]) if wanted > 0 else inf
        return self.values[int(np.argmax(np.asarray(self.tails) <= alpha))]


def resampled_law(  # noqa: PLR0913 - as nulls.no_drift
    score: str,
    counts: tuple[float, ...],
    rows: int,
    *,
    seed: int = 0,
    edges: tuple[float, ...] = (),
    scale: float = 1.0,
    discrete: bool = False,
) -> Law:
    """The law of a score between this baseline and a window of so many rows.

    Parameters
    ----------
    score : str
        One of ``scores.NAMES``.
    counts : tuple of float
        The baseline's rows per bin.
    rows : int
    seed : int
    edges, scale, discrete
        For ``wasserstein``, as in ``scores.wasserstein``.

    Returns
    -------
    Law
        In units of ``laws.spread``.
    """
    if len(counts) <= 1:
        return Never()
    size = max(round(sum(counts)), 1)
    if score == "wasserstein":
        a, b = _windows(counts, rows, seed)
        found = area(a, b, np.asarray(edges) / scale, discrete=discrete)
    else:
        a, b = _pairs(counts, size, rows, seed)
        found = BATCH[score](a, b)
    return _law_of(found / spread(score, size, rows))


@lru_cache(maxsize=2)
def _pairs(counts: tuple[float, ...], size: int, rows: int, seed: int) -> tuple[Floats, Floats]:
    """Rows per bin of baselines and of windows, both drawn."""
    rng = np.random.default_rng(seed)
    a = _granted(counts)
    drawn = (rng.multinomial(total, a / a.sum(), size=_draws(a.size)) for total in (size, rows))
    first, second = (found.astype(np.float64) for found in drawn)
    return first, second


def _windows(counts: tuple[float, ...], rows: int, seed: int) -> tuple[Floats, Floats]:
    """The baseline's rows per bin as they are, and those of windows drawn from what may be true."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_gamma(_granted(counts), size=(_draws(len(counts)), len(counts)))
    shares = weights / weights.sum(axis=1, keepdims=True)
    return np.asarray([counts]), rng.multinomial(rows, shares).astype(np.float64)


def _draws(bins: int) -> int:
    return max(LEAST, min(MOST, BUDGET // bins))


def _granted(counts: tuple[float, ...]) -> Floats:
    a = np.asarray(counts, dtype=np.float64)
    empty = a == 0
    a[empty] = UNSEEN / max(int(empty.sum()), 1)
    return a


def _law_of(values: Floats) -> Drawn:
    """Keep what is asked of the drawn values: tails one percent apart, and the moments."""
    ordered = np.sort(values)
    mean, deviation = float(ordered.mean()), float(ordered.std())
    cubed = float(((ordered - mean) ** 3).mean())
    steps = np.geomspace(FAR, values.size, KEPT)
    exceeding = np.unique(steps.astype(np.int64))[::-1]
    skewness = cubed / deviation**3 if deviation > 0 else 0.0
    return Drawn(
        expected=mean,
        values=tuple(ordered[values.size - exceeding].tolist()),
        tails=tuple(((exceeding + 1) / (values.size + 1)).tolist()),
        far=PearsonThree(mean, max(deviation, 1e-12), skewness),
    )


def _psi(a: Floats, b: Floats) -> Floats:
    used = (a + b) > 0
    p, q = np.where(used, a + 0.5, 0.0), np.where(used, b + 0.5, 0.0)
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    return _total((q - p) * np.log(np.where(used, q, 1.0) / np.where(used, p, 1.0)))


def _jensenshannon(a: Floats, b: Floats) -> Floats:
    p, q = _shares(a, b)
    middle = (p + q) / 2
    middle[middle == 0] = 1.0
    parts = [side * np.log(np.where(side > 0, side, 1.0) / middle) for side in (p, q)]
    divergence = _total(np.where(p > 0, parts[0], 0.0) + np.where(q > 0, parts[1], 0.0))
    return np.sqrt(np.clip(divergence / (2 * log(2)), 0.0, 1.0))


def _hellinger(a: Floats, b: Floats) -> Floats:
    p, q = _shares(a, b)
    apart = np.sqrt(p) - np.sqrt(q)
    return np.sqrt(np.minimum(_total(apart * apart) / 2, 1.0))


def _variation(a: Floats, b: Floats) -> Floats:
    p, q = _shares(a, b)
    return np.minimum(_total(np.abs(p - q)) / 2, 1.0)


def _chisquare(a: Floats, b: Floats) -> Floats:
    n, m = float(a[0].sum()), float(b[0].sum())
    both = a + b
    both[both == 0] = 1.0
    return _total((a * sqrt(m / n) - b * sqrt(n / m)) ** 2 / both)


def _kolmogorov_smirnov(a: Floats, b: Floats) -> Floats:
    p, q = _shares(a, b)
    return np.asarray(
        np.abs(np.cumsum(p, axis=1) - np.cumsum(q, axis=1)).max(axis=1), dtype=np.float64
    )


def area(a: Floats, b: Floats, edges: Floats, *, discrete: bool) -> Floats:
    """``scores.wasserstein`` of many pairs of rows of counts, the edges in units of its scale."""
    p, q = _shares(a, b)
    gap = (np.cumsum(p, axis=1) - np.cumsum(q, axis=1))[:, :-1]
    width = np.diff(edges)
    signed, later = gap[:, :-1], gap[:, 1:]
    left, right = np.abs(signed), np.abs(later)
    if discrete:
        return np.asarray(left @ width, dtype=np.float64)
    both = np.where(left + right > 0, left + right, 1.0)
    crossed = (left * left + right * right) / both
    height = np.where(signed * later < 0, crossed, left + right) / 2
    return np.asarray(height @ width, dtype=np.float64)


BATCH: dict[str, Callable[[Floats, Floats], Floats]] = {
    "psi": _psi,
    "ks": _kolmogorov_smirnov,
    "jensenshannon": _jensenshannon,
    "hellinger": _hellinger,
    "chisquare": _chisquare,
    "tvd": _variation,
}
"""Each score of many pairs of rows of counts."""


def _shares(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    return a / a.sum(axis=1, keepdims=True), b / b.sum(axis=1, keepdims=True)


def _total(parts: NDArray[np.float64]) -> Floats:
    return np.asarray(parts.sum(axis=1), dtype=np.float64)
