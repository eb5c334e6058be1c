"""Rows that are alike: how many of them tell as much as one independent row."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.scores import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_STEP = 2**0.5
"""From one inflation that is tried to the next; between two of them the excess is a line."""
_SURE = 1e-3
"""A tail of 1, as of a window exactly like the baseline, is no deviate of minus infinity."""
LEAST = 3
"""Past windows that tell a variance."""
_FIX = "give the scores of past windows without drift"


def inflation(psi_values: Sequence[float], bins: int, n: int, m: int, *, alpha: float = 0) -> float:
    """How many dependent rows tell as much as one independent row, from windows without drift.

    Rows close in time are alike, so windows differ more than independent rows would make them. The
    index of windows known not to have drifted says by how much: its mean over
    ``(B - 1)(1/n + 1/m)``, never less than 1. Divide both numbers of rows by it.

    Parameters
    ----------
    psi_values : sequence of float
        The index of past windows, each against the baseline; a dozen or more. NaN is left out.
    bins : int
        Bins in use.
    n, m : int
        Rows of the baseline and of one window.
    alpha : float, optional
        When above 0, the inflation that makes the level at this ``alpha`` right instead of the
        mean: larger, as dependence falls on some moves of the distribution (all values up) more
        than on others. It uses the variance of the index too.

    Returns
    -------
    float
        1 or more.

    Raises
    ------
    UsageError
        When there is no value to learn from, or fewer than two bins or one row.

    References
    ----------
    Rao and Scott (1981), "The analysis of categorical data from complex sample surveys": the mean
    is their first-order correction, the level their second-order one (Satterthwaite 1946).

    Examples
    --------
    >>> inflation([0.09, 0.18, 0.27], bins=10, n=100, m=100)
    1.0
    >>> round(inflation([0.4, 0.5, 0.6], bins=10, n=100, m=100), 2)
    2.78
    """
    from scipy.special import chdtri, gammainccinv

    known = np.asarray([value for value in psi_values if isfinite(value)], dtype=np.float64)
    if known.size == 0 or bins <= 1 or n < 1 or m < 1:
        raise UsageError(
            f"no inflation from {known.size} scores over {bins} bins of {n} and {m} rows",
            fix=_FIX,
        )
    ratio = known / (1 / n + 1 / m)
    mean = float(ratio.mean())
    first = max(mean / (bins - 1), 1.0)
    if alpha <= 0 or known.size < LEAST:
        return first
    # A sum of unequal chi-squares has fewer degrees of freedom: 2 mean^2 / variance of them.
    degrees = min(2 * mean**2 / max(float(ratio.var(ddof=1)), 1e-12), bins - 1)
    level = mean * 2 * float(gammainccinv(degrees / 2, alpha)) / degrees
    return max(level / float(chdtri(bins - 1, alpha)), first)


def fitted_inflation(
    tails: Callable[[float], NDArray[np.float64]], alpha: float, *, most: float = 1024.0
) -> float:
    """The inflation with which a test comes out right on windows without drift.

    Works for any score and test, as it asks only for their tail probabilities. As normal deviates
    these have mean 0 and deviation 1 when the test is right; their mean and deviation tell how
    often the windows would be beyond ``alpha``, with one standard error of the deviation on top,
    so that the answer errs towards too few alarms.

    Parameters
    ----------
    tails : function of an inflation
        The tail probabilities of past windows, shape (windows,), were it the inflation.
    alpha : float, in (0, 0.5)
        The level that is to come out right.
    most : float
        The rows of a window, say: what is all alike is one row.

    Returns
    -------
    float
        1 or more.

    Raises
    ------
    UsageError
        With fewer than three windows.

    References
    ----------
    Rao and Scott (1981) divide the statistic; dividing the rows makes the same of every score, and
    keeps what few rows do to its law. ``tests/unit/profiling/laws/test_dependence.py`` simulates.

    Examples
    --------
    >>> from scipy.special import ndtr, ndtri
    >>> twice_too_far = 2 * ndtri(np.arange(1, 100) / 100)
    >>> 3 < fitted_inflation(lambda by: ndtr(-twice_too_far / by**0.5), 0.01) < 5
    True
    """
    from scipy.special import ndtri

    reach = -float(ndtri(alpha))

    def excess(by: float) -> float:
        deviates = -ndtri(np.clip(tails(by), 1e-12, 1 - _SURE))
        if deviates.size < LEAST:
            raise UsageError(f"no inflation from {deviates.size} windows", fix=_FIX)
        spread = float(deviates.std(ddof=1)) * (1 + 1 / (2 * deviates.size - 2) ** 0.5)
        return float(deviates.mean() + reach * (spread - 1))

    before, by = excess(1.0), 1.0
    while before > 0 and by < most:
        now = excess(by * _STEP)
        if now <= 0:
            return min(float(by * _STEP ** (before / (before - now))), most)
        before, by = now, by * _STEP
    return min(by, most)


def score_inflation(score: str, ratios: Sequence[float]) -> float:
    """As ``inflation``, but for one score from its own past.

    Kolmogorov-Smirnov and Wasserstein follow the slowest moves of a distribution, all values up or
    down, and need more than the index says.

    Parameters
    ----------
    score : str
        Any name of a score.
    ratios : sequence of float
        The score of each past window over its ``NoDrift.expected``; NaN is left out.

    Returns
    -------
    float
        1 or more.

    Raises
    ------
    UsageError
        When there is no value to learn from, or the score has no such name.

    Examples
    --------
    >>> score_inflation("ks", [1.0, 2.0, 3.0]), score_inflation("psi", [1.0, 2.0, 3.0])
    (4.0, 2.0)
    """
    squared = canonical(score) not in {"psi", "chisquare"}
    known = [value for value in ratios if isfinite(value)]
    if not known:
        raise UsageError(f"no inflation of {score} from no windows", fix=_FIX)
    mean = sum(known) / len(known)
    return max(mean * mean if squared else mean, 1.0)
