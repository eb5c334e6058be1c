"""The drift scores of many columns at once: each formula over vectors of counts laid end to end.

Asking NumPy fifty times for the sum of twelve numbers takes fifty times as long as asking once. So
the counts of all columns, baseline and window, are held in one value, and every score is a small
function of it that gives a number per column. What it gives for a column does not depend on the
columns beside it, to the last bit. ``scores`` names each score, its source and its limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.intp]


class Tests(NamedTuple):
    """Statistics, and the probabilities of ones as large when nothing drifted."""

    statistics: Floats
    p_values: Floats


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows per bin of some columns, on both sides.

    Parameters
    ----------
    a, b : ndarray of float
        The baseline's and the window's rows per bin, one column after the other.
    starts : ndarray of int, ascending
        Where each column begins; each has a bin at least.
    """

    a: Floats
    b: Floats
    starts: Places

    @cached_property
    def of(self) -> Places:
        """The column that each bin belongs to."""
        return np.repeat(np.arange(self.starts.size), self.ends - self.starts)

    @cached_property
    def ends(self) -> Places:
        """Where each column ends."""
        return np.append(self.starts, self.a.size)[1:]

    @cached_property
    def n(self) -> Floats:
        """The baseline's rows; NaN for none, so that no score comes of it."""
        return _rows(self.a, self.starts)

    @cached_property
    def m(self) -> Floats:
        """The window's rows; NaN for none."""
        return _rows(self.b, self.starts)

    @cached_property
    def empty(self) -> NDArray[np.bool_]:
        """Columns of which a side has no rows."""
        return np.isnan(self.n + self.m)

    @cached_property
    def p(self) -> Floats:
        """The baseline's shares."""
        return self.a / self.n[self.of]

    @cached_property
    def q(self) -> Floats:
        """The window's shares."""
        return self.b / self.m[self.of]

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Bins with a row on either side."""
        return np.asarray(self.a + self.b > 0)

    @cached_property
    def bins(self) -> NDArray[np.int64]:
        """How many of them each column has."""
        return np.add.reduceat(self.used, self.starts, dtype=np.int64)

    @cached_property
    def apart(self) -> Floats:
        """By how much the cumulative shares differ after each bin."""
        return (
            self._cumulative(self.a) / self.n[self.of] - self._cumulative(self.b) / self.m[self.of]
        )

    def total(self, values: Floats) -> Floats:
        """The sum of one number per bin, for each column."""
        return np.asarray(np.add.reduceat(values, self.starts), dtype=np.float64)

    def largest(self, values: Floats) -> Floats:
        """The largest of one number per bin, for each column."""
        return np.asarray(np.maximum.reduceat(values, self.starts), dtype=np.float64)

    def _cumulative(self, counts: Floats) -> Floats:
        # whole rows are added up exactly, so that what came before can be taken off again
        sums = np.cumsum(counts)
        before = np.concatenate([[0.0], sums])[self.starts]
        return np.asarray(sums - before[self.of], dtype=np.float64)


def side_by_side(columns: Sequence[tuple[Floats, Floats]]) -> Pairs:
    """Counts of single columns as one value."""
    sizes = [a.size for a, _ in columns]
    ends = np.cumsum(sizes, dtype=np.intp)
    a, b = (np.concatenate([column[side] for column in columns]) for side in (0, 1))
    return Pairs(a, b, ends - sizes)


def joined(bins: Places, rows: Floats, size: int = 0) -> Floats:
    """The sums of rows that go to the same bin; there are ``size`` bins at least."""
    return np.asarray(np.bincount(bins, weights=rows, minlength=size), dtype=np.float64)


def psi(pairs: Pairs) -> Floats:
    """``scores.psi`` of each column."""
    used = pairs.used
    a, b = np.where(used, pairs.a + 0.5, 0.0), np.where(used, pairs.b + 0.5, 0.0)
    p, q = (side / _rows(side, pairs.starts)[pairs.of] for side in (a, b))
    index = pairs.total((q - p) * np.log(_ratio(q, p, used)))
    return np.where(pairs.empty, nan, index)


def jensenshannon(pairs: Pairs) -> Floats:
    """``scores.jensenshannon`` of each column."""
    p, q = pairs.p, pairs.q
    middle = (p + q) / 2
    bits = [pairs.total(side * np.log2(_ratio(side, middle, side > 0))) for side in (p, q)]
    return np.sqrt(np.clip((bits[0] + bits[1]) / 2, 0.0, 1.0), dtype=np.float64)


def hellinger(pairs: Pairs) -> Floats:
    """``scores.hellinger`` of each column."""
    apart = np.sqrt(pairs.p) - np.sqrt(pairs.q)
    return np.minimum(np.sqrt(pairs.total(apart * apart) / 2), 1.0)


def total_variation(pairs: Pairs) -> Floats:
    """``scores.total_variation`` of each column."""
    return np.minimum(pairs.total(np.abs(pairs.p - pairs.q)) / 2, 1.0)


def chisquare(pairs: Pairs) -> Tests:
    """``scores.chisquare`` of each column."""
    from scipy.special import chdtrc

    n, m = pairs.n, pairs.m
    apart = pairs.a * np.sqrt(m / n)[pairs.of] - pairs.b * np.sqrt(n / m)[pairs.of]
    statistics = pairs.total(_ratio(apart * apart, pairs.a + pairs.b, pairs.used, 0.0))
    statistics = np.where(pairs.empty, nan, statistics)
    single = (pairs.bins == 1) & ~np.isnan(statistics)
    tails = chdtrc(np.maximum(pairs.bins - 1, 1), statistics)
    return Tests(np.where(single, 0.0, statistics), np.where(single, 1.0, tails))


def kolmogorov_smirnov(pairs: Pairs) -> Tests:
    """``scores.kolmogorov_smirnov`` of each column."""
    statistics = pairs.largest(np.abs(pairs.apart))
    return Tests(statistics, kolmogorov_tails(statistics, pairs.n, pairs.m))


def kolmogorov_tails(statistics: Floats, n: Floats, m: Floats) -> Floats:
    """The probability of each statistic or more, by Kolmogorov's limit."""
    from scipy.special import kolmogorov

    return np.asarray(kolmogorov(np.sqrt(n * m / (n + m)) * statistics), dtype=np.float64)


def wasserstein(pairs: Pairs, widths: Floats, discrete: NDArray[np.bool_]) -> Floats:
    """``scores.wasserstein`` of each column.

    Parameters
    ----------
    pairs : Pairs
    widths : ndarray of float
        Of the bin after each one, in units of the scale; 0 for the last two of a column. NaN gives
        NaN.
    discrete : ndarray of bool
        For each column.
    """
    gap = pairs.apart
    later = np.append(gap[1:], 0.0)
    later[pairs.ends - 1] = 0.0  # not that of the next column
    left, right = np.abs(gap), np.abs(later)
    height = (left + right) / 2
    crossed = np.flatnonzero(gap * later < 0)
    one, two = left[crossed], right[crossed]
    height[crossed] = (one * one + two * two) / (one + two) / 2
    with np.errstate(over="ignore", invalid="ignore"):  # edges near the largest float
        area = np.where(discrete[pairs.of], left, height) * widths
    return pairs.total(area)


def widths_of(edges: Sequence[Floats], scales: Sequence[float]) -> list[Floats]:
    """What ``wasserstein`` wants to know of each column's edges; NaN where it has no unit."""
    pairs = zip(edges, scales, strict=True)
    units = np.array([scale if each.size and 0 < scale < inf else nan for each, scale in pairs])
    sizes = np.array([each.size + 1 for each in edges])
    ends = np.cumsum(sizes)
    at = np.zeros(ends[-1])
    inner = np.ones(at.size, dtype=bool)
    inner[ends - 1] = False
    at[inner] = np.concatenate(edges)
    with np.errstate(over="ignore", invalid="ignore"):  # edges near the largest float
        at /= np.repeat(units, sizes)
        at[:-1] = at[1:] - at[:-1]
    for outer in (ends - 1, np.maximum(ends - 2, ends - sizes)):
        at[outer] = 0 * units
    return np.split(at, ends[:-1])


def _rows(counts: Floats, starts: Places) -> Floats:
    rows = np.add.reduceat(counts, starts)
    return np.asarray(np.where(rows > 0, rows, nan), dtype=np.float64)


def _ratio(a: Floats, b: Floats, where: NDArray[np.bool_], otherwise: float = 1.0) -> Floats:
    found = np.full(a.size, otherwise)
    np.divide(a, b, out=found, where=where)
    return found
