"""What no drift produces: the level of each score at these sizes, and tail probabilities.

When baseline and window are samples of one distribution, ``PSI / (1/n + 1/m)`` tends to a
chi-square variable with one degree of freedom less than there are bins (Kullback 1959, section 6.4;
Yurdakul and Naranjo 2020, "Statistical properties of the population stability index"). The others
follow by the second-order expansion: ``JS^2 = PSI / (8 ln 2)``, ``Hellinger^2 = PSI / 8``. This
holds while bins hold some five expected rows; ``join_sparse`` sees to that.
"""

from __future__ import annotations

from math import log, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.pairs import joined
from mooring.profiling.scores import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Numbers = float | Floats

ENOUGH = 5.0
"""Expected rows a bin needs for the chi-square law (Cochran 1954)."""


def psi_expected(bins: int, n: int, m: int) -> float:
    """The mean PSI of two samples of one distribution, ``(B - 1)(1/n + 1/m)``.

    Examples
    --------
    >>> round(psi_expected(10, 2000, 100), 4)
    0.0945
    """
    return (bins - 1) * (1 / n + 1 / m) if n > 0 and m > 0 else nan


def psi_level(bins: int, n: float, m: float, alpha: float = 0.01) -> float:
    """The PSI that no drift exceeds with probability ``alpha``.

    Parameters
    ----------
    bins : int
        Bins in use on either side.
    n, m : int
        Rows of the baseline and of the window.
    alpha : float, in (0, 1)

    Examples
    --------
    >>> round(psi_level(10, 2000, 500), 3)
    0.054
    """
    return float(psi_levels(*_one(bins, n, m), alpha)[0])


def psi_tail(value: float, bins: int, n: float, m: float) -> float:
    """The probability that no drift gives a PSI of ``value`` or more; NaN without rows."""
    return float(psi_tails(np.array([value]), *_one(bins, n, m))[0])


def psi_levels(bins: Whole, n: Floats, m: Floats, alpha: float) -> Floats:
    """``psi_level`` of many columns; their rows are NaN where there are none."""
    from scipy.special import chdtri

    found = chdtri(np.maximum(bins - 1, 1), alpha) * (1 / n + 1 / m)
    return np.where((bins > 1) | np.isnan(found), found, 0.0)


def psi_tails(values: Floats, bins: Whole, n: Floats, m: Floats) -> Floats:
    """``psi_tail`` of many columns; their rows are NaN where there are none."""
    from scipy.special import chdtrc

    found = chdtrc(np.maximum(bins - 1, 1), values / (1 / n + 1 / m))
    return np.where((bins > 1) | np.isnan(found), found, 1.0)


def _one(bins: int, n: float, m: float) -> tuple[Whole, Floats, Floats]:
    a, b = (np.array([rows if rows > 0 else nan], dtype=np.float64) for rows in (n, m))
    return np.array([bins]), a, b


def level(score: str, bins: int, n: int, m: int, alpha: float = 0.01) -> float:
    """The value of any score that no drift exceeds with probability ``alpha``.

    Raises
    ------
    UsageError
        For ``wasserstein`` and ``tvd``, whose law depends on the column's distribution, and for a
        name that is no score.
    """
    name = canonical(score)
    psi = psi_level(bins, n, m, alpha)
    if name == "ks":
        return _ks_level(n, m, alpha)
    levels = {
        "psi": psi,
        "jensenshannon": min(sqrt(psi / (8 * log(2))), 1.0),
        "hellinger": min(sqrt(psi / 8), 1.0),
        "chisquare": psi / (1 / n + 1 / m) if n > 0 and m > 0 else nan,
    }
    if name not in levels:
        raise UsageError(
            f"{name} has no level that is free of the distribution",
            fix=f"one of {', '.join([*levels, 'ks'])}",
        )
    return levels[name]


def rate_tail(events: float, rows: float, later_events: float, later_rows: float) -> float:
    """The probability of as many events or more in the later rows, were the two rates one.

    Given all events, each falls among the later rows with probability ``m / (n + m)``; exact for
    Poisson events and conservative for shares of rows.

    References
    ----------
    Przyborowski and Wilenski (1940), "Homogeneity of results in testing samples from Poisson
    series".

    Examples
    --------
    >>> rate_tail(0, 1000, 10, 1000) < 0.001
    True
    """
    if rows <= 0 or later_rows <= 0:
        return nan
    if later_events == 0:
        return 1.0
    return float(rate_tails(events, rows, later_events, later_rows))


def rate_tails(events: Numbers, rows: Numbers, later: Numbers, later_rows: Numbers) -> Floats:
    """``rate_tail`` of many pairs of rates, with later events and rows on both sides."""
    from scipy.special import betainc

    return np.asarray(betainc(later, events + 1, later_rows / (rows + later_rows)))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted probabilities: those at most ``alpha`` are the discoveries at that false rate.

    References
    ----------
    Benjamini and Hochberg (1995), step-up; valid for positively dependent columns (Benjamini and
    Yekutieli 2001).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.5])
    (0.02, 0.5)
    """
    if not p_values:
        return ()
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    scaled = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return tuple(adjusted.tolist())


def join_sparse(
    baseline: NDArray[np.float64], current: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Neighbouring bins joined until each expects ``ENOUGH`` rows on the smaller side.

    The joins depend on the two sides' sum alone, so they do not favour a difference; but a value
    that is rare in a large baseline and common in a small window is joined away, so this never
    replaces the test of the bins as they are.
    """
    n, m = baseline.sum(), current.sum()
    if n <= 0 or m <= 0:
        return baseline, current
    expected = (baseline + current) * (min(n, m) / (n + m))
    groups = np.zeros(expected.size, dtype=np.int64)
    group, held = 0, 0.0
    for index, rows in enumerate(expected.tolist()):
        groups[index] = group
        held += rows
        if held >= ENOUGH:
            group, held = group + 1, 0.0
    if held < ENOUGH:
        groups = np.minimum(groups, max(group - 1, 0))
    return joined(groups, baseline), joined(groups, current)


def _ks_level(n: int, m: int, alpha: float) -> float:
    from scipy.special import kolmogi

    return min(float(kolmogi(alpha)) * sqrt(1 / n + 1 / m), 1.0) if n > 0 and m > 0 else nan
