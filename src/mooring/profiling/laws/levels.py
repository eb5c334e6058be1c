"""What no drift produces: the level of each score at these sizes, and tail probabilities.

When baseline and window are samples of one distribution, ``PSI / (1/n + 1/m)`` tends to a
chi-square variable with one degree of freedom less than there are bins (Kullback 1959, section 6.4;
Yurdakul and Naranjo 2020, "Statistical properties of the population stability index"). The others
follow by the second-order expansion: ``JS^2 = PSI / (8 ln 2)``, ``Hellinger^2 = PSI / 8``. This
holds while bins hold some five expected rows; ``join_sparse`` sees to that.
"""

from __future__ import annotations

from math import isnan, log, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.scores import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

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
    from scipy.special import chdtri

    if n <= 0 or m <= 0:
        return nan
    return float(chdtri(bins - 1, alpha)) * (1 / n + 1 / m) if bins > 1 else 0.0


def psi_tail(value: float, bins: int, n: float, m: float) -> float:
    """The probability that no drift gives a PSI of ``value`` or more; NaN without rows."""
    from scipy.special import chdtrc

    if n <= 0 or m <= 0 or isnan(value):
        return nan
    return float(chdtrc(bins - 1, value / (1 / n + 1 / m))) if bins > 1 else 1.0


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
    from scipy.special import betainc

    if rows <= 0 or later_rows <= 0:
        return nan
    if later_events == 0:
        return 1.0
    return float(betainc(later_events, events + 1, later_rows / (rows + later_rows)))


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
    return tuple(float(value) for value in adjusted)


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
    for index, rows in enumerate(expected):
        groups[index] = group
        held += rows
        if held >= ENOUGH:
            group, held = group + 1, 0.0
    if held < ENOUGH:
        groups = np.minimum(groups, max(group - 1, 0))
    joined = np.zeros((2, int(groups.max()) + 1))
    np.add.at(joined[0], groups, baseline)
    np.add.at(joined[1], groups, current)
    return joined[0], joined[1]


def _ks_level(n: int, m: int, alpha: float) -> float:
    from scipy.special import kolmogi

    return min(float(kolmogi(alpha)) * sqrt(1 / n + 1 / m), 1.0) if n > 0 and m > 0 else nan
