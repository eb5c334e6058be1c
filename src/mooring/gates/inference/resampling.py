"""The bootstrap side of an interval: sums are drawn again, never rows.

Independent rows are drawn within their stratum (their true class). Rows in time order are drawn by
the stationary bootstrap (Politis and Romano 1994): blocks of random length around a circle, with
the mean length of Politis and White 2004 as corrected by Patton, Politis and White 2009.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Statistic = Callable[[FloatArray], FloatArray]
"""Maps sums of shape (..., columns) to values of shape (...)."""
Counts = NDArray[np.uint16]
_BATCH = 250
"""Resamples at a time: 2,000 cells of ten columns stay within a few megabytes."""
_STEP = math.log(1.2)
_KEPT = 8
"""Draws that are kept, 4 MB each: the metrics of a verdict share them."""


def drawn_in_strata(
    sums: FloatArray, strata: Sequence[int], statistic: Statistic, resamples: int, seed: int
) -> FloatArray:
    """The statistic of resampled cells, each stratum drawn on its own.

    Parameters
    ----------
    sums : array, shape (cells, columns)
        The cells of a stratum stand together.
    strata : sequence of int
        How many cells each has.
    """
    return _statistics(_counts_in_strata(tuple(strata), resamples, seed), sums, statistic)


def drawn_in_blocks(
    sums: FloatArray, length: float, statistic: Statistic, resamples: int, seed: int
) -> FloatArray:
    """The statistic of cells resampled by the stationary bootstrap.

    Parameters
    ----------
    sums : array, shape (cells, columns)
        In the order of time.
    length : float
        The mean length of a block, in cells; rounded up to a step of a fifth, which is well within
        what such a length can be known to.
    """
    if length <= 1:
        return drawn_in_strata(sums, (len(sums),), statistic, resamples, seed)
    step = math.ceil(math.log(length) / _STEP)
    return _statistics(_counts_in_blocks(len(sums), step, resamples, seed), sums, statistic)


def _statistics(counts: Counts, sums: FloatArray, statistic: Statistic) -> FloatArray:
    batches = range(0, len(counts), _BATCH)
    return np.concatenate(
        [statistic(counts[start : start + _BATCH].astype(np.float64) @ sums) for start in batches]
    )


@lru_cache(maxsize=_KEPT)
def _counts_in_strata(strata: tuple[int, ...], resamples: int, seed: int) -> Counts:
    """How often each cell is drawn, by resample."""
    random = np.random.default_rng(seed)
    parts = []
    for size in strata:
        picks = random.integers(size, size=(resamples, size)) + size * np.arange(resamples)[:, None]
        counts = np.bincount(picks.ravel(), minlength=size * resamples)
        parts.append(counts.reshape(resamples, size).astype(np.uint16))
    return np.concatenate(parts, axis=1)


@lru_cache(maxsize=_KEPT)
def _counts_in_blocks(count: int, step: int, resamples: int, seed: int) -> Counts:
    """The same by blocks: +1 where one starts and -1 after its end, added up around the circle."""
    random = np.random.default_rng(seed)
    length = math.exp(step * _STEP)
    blocks = math.ceil(count / length)
    blocks = min(count, blocks + math.ceil(6 * math.sqrt(blocks)) + 6)  # too few has odds of 1e-9
    width = 2 * count + 1  # twice around: a block may run over the end of the circle
    parts = []
    for start in range(0, resamples, _BATCH):
        size = min(_BATCH, resamples - start)
        ends = np.minimum(np.cumsum(random.geometric(1 / length, (size, blocks)), axis=1), count)
        places = random.integers(count, size=(size, blocks)) + width * np.arange(size)[:, None]
        after = places + np.diff(ends, axis=1, prepend=0)
        steps = np.bincount(places.ravel(), minlength=width * size)
        steps -= np.bincount(after.ravel(), minlength=width * size)
        twice = np.cumsum(steps.reshape(size, width), axis=1)
        parts.append((twice[:, :count] + twice[:, count : 2 * count]).astype(np.uint16))
    return np.concatenate(parts)


def block_length(pseudo: FloatArray) -> float:
    """The mean block length for a series, at least 1.

    Examples
    --------
    >>> block_length(np.zeros(100))
    1.0
    """
    count = len(pseudo)
    total = float(pseudo @ pseudo)
    if count < 10 or not total > 0:  # noqa: PLR2004 - no autocorrelation can be told
        return 1.0
    lags = min(count - 2, math.ceil(math.sqrt(count)) + _run(count))
    products = np.array([float(pseudo[lag:] @ pseudo[: count - lag]) for lag in range(lags + 1)])
    covariances = products / count
    wide = min(lags, 2 * _quiet_lag(pseudo, products))
    places = np.arange(1, wide + 1)
    window = np.minimum(1.0, 2.0 * (1.0 - places / wide))  # flat, then falling to nothing
    slope = 2.0 * float(window * places @ covariances[1 : wide + 1])
    level = covariances[0] + 2.0 * float(window @ covariances[1 : wide + 1])
    most = math.ceil(min(3 * math.sqrt(count), count / 3))
    if not level > 0:
        return float(most)
    wanted = math.cbrt((slope / level) ** 2 * count)
    return max(1.0, min(wanted, float(most)))


def _run(count: int) -> int:
    """How many lags in a row must say nothing."""
    return max(5, int(math.log10(count)))


def _quiet_lag(pseudo: FloatArray, products: FloatArray) -> int:
    """The first lag of a run of autocorrelations within what chance makes of them."""
    count, run = len(pseudo), _run(len(pseudo))
    squares = np.cumsum(pseudo**2)
    lags = np.arange(1, len(products))
    ahead = squares[-1] - squares[lags]
    behind = squares[count - 2 - lags]
    least = 2.0 * math.sqrt(math.log10(count) / count)
    norm = np.sqrt(np.maximum(ahead * behind, np.finfo(np.float64).tiny))
    quiet = np.abs(products[1:]) / norm < least
    for lag in range(len(quiet) - run + 1):
        if quiet[lag : lag + run].all():
            return lag + 1
    return len(products)
