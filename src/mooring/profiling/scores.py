"""Drift scores: pure functions of two vectors of counts over the same bins.

Every function takes the baseline's rows per bin first and the window's second, and gives NaN when
either side is empty: no rows is never "no drift".
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from mooring.errors import UsageError
from mooring.profiling import pairs
from mooring.profiling.pairs import Pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mooring.profiling.pairs import Tests

    Counts: TypeAlias = Sequence[int] | Sequence[float] | NDArray[np.int64] | NDArray[np.float64]

NAMES = ("psi", "ks", "jensenshannon", "wasserstein", "hellinger", "chisquare", "tvd")
ALIASES = {
    "kolmogorov_smirnov": "ks",
    "jensen_shannon": "jensenshannon",
    "chi2": "chisquare",
    "total_variation": "tvd",
}


class Tested(NamedTuple):
    """A statistic and the probability of one as large when nothing drifted."""

    statistic: float
    p_value: float


def canonical(name: str) -> str:
    """The score's own name, for any name it is known by.

    Raises
    ------
    UsageError
        When no score has that name.

    Examples
    --------
    >>> canonical("jensen_shannon")
    'jensenshannon'
    """
    if name in NAMES:
        return name
    if name in ALIASES:
        return ALIASES[name]
    near = get_close_matches(name, [*NAMES, *ALIASES], n=1) or NAMES
    raise UsageError(f"no drift score is called {name!r}", fix=f"one of {', '.join(near)}")


def psi(baseline: Counts, current: Counts) -> float:
    """Population stability index, ``sum (q - p) ln(q / p)``, in nats.

    Half a row is added to every bin on both sides (the Jeffreys prior of a multinomial), so an
    empty bin is finite: it weighs at most ``share * ln(2 n)``, and less in a small sample. Bins
    empty on both sides do not count.

    Parameters
    ----------
    baseline, current : sequence of counts, of the same length

    Returns
    -------
    float
        0 or more; the custom calls 0.1 moderate and 0.25 major. See ``levels.psi_level`` for what
        no drift produces.

    References
    ----------
    Kullback and Leibler (1951), the symmetric divergence J; Lewis (1994), "An Introduction to
    Credit Scoring", for the name and custom; Krichevsky and Trofimov (1981), the half count.

    Examples
    --------
    >>> round(psi([50, 50], [70, 30]), 3)
    0.166
    """
    return float(pairs.psi(_pair(baseline, current))[0])


def jensenshannon(baseline: Counts, current: Counts) -> float:
    """Jensen-Shannon distance: the square root of the divergence in bits, in [0, 1], symmetric.

    References
    ----------
    Lin (1991), "Divergence measures based on the Shannon entropy"; Endres and Schindelin (2003)
    for the square root being a metric. Equal to ``scipy.spatial.distance.jensenshannon(base=2)``.

    Examples
    --------
    >>> jensenshannon([1, 0], [0, 1])
    1.0
    """
    return float(pairs.jensenshannon(_pair(baseline, current))[0])


def hellinger(baseline: Counts, current: Counts) -> float:
    """Hellinger distance, ``sqrt(sum (sqrt p - sqrt q)^2 / 2)``, in [0, 1] (Hellinger 1909)."""
    return float(pairs.hellinger(_pair(baseline, current))[0])


def total_variation(baseline: Counts, current: Counts) -> float:
    """Total variation distance: half the sum of absolute differences of shares, in [0, 1]."""
    return float(pairs.total_variation(_pair(baseline, current))[0])


def chisquare(baseline: Counts, current: Counts) -> Tested:
    """Two-sample chi-square test of homogeneity: the baseline is a sample too.

    Returns
    -------
    Tested
        Pearson's statistic, and its tail with one degree of freedom less than there are bins in
        use. A single bin in use gives statistic 0 and probability 1.

    References
    ----------
    Pearson (1911). Equal to ``scipy.stats.chi2_contingency(correction=False)``.
    """
    return _tested(pairs.chisquare(_pair(baseline, current)))


def kolmogorov_smirnov(baseline: Counts, current: Counts) -> Tested:
    """Two-sample Kolmogorov-Smirnov test over ordered cells.

    The statistic is the largest difference of the two cumulative shares at a cell's edge: exact
    when each value has a cell, otherwise below the exact one by at most the largest share that a
    cell holds of either side.

    Returns
    -------
    Tested
        Statistic in [0, 1]; probability by Kolmogorov's limit at ``sqrt(n m / (n + m)) D``, which
        is conservative for ties and small samples.

    References
    ----------
    Smirnov (1948), "Table for estimating the goodness of fit of empirical distributions".
    """
    return _tested(pairs.kolmogorov_smirnov(_pair(baseline, current)))


def wasserstein(
    baseline: Counts,
    current: Counts,
    *,
    edges: Sequence[float],
    scale: float,
    discrete: bool = False,
) -> float:
    """Wasserstein-1 (earth mover's) distance between binned numbers, in units of ``scale``.

    Values beyond the first and last edge count as lying on it, so that one sentinel value weighs no
    more than any other row; a shift far beyond the baseline's range is understated.

    Parameters
    ----------
    baseline, current : sequence of counts, one more than ``edges``
    edges : sequence of float, ascending
    scale : float
        The baseline's standard deviation.
    discrete : bool
        Whether all rows of a cell lie on its upper edge; else they are spread evenly over it.

    Returns
    -------
    float
        NaN when ``scale`` is not positive and finite, as for a constant column.

    References
    ----------
    Vallender (1974): the area between the two distribution functions.
    """
    counts = _pair(baseline, current)
    if len(edges) and counts.a.size != len(edges) + 1:
        raise UsageError(f"{counts.a.size} bins have {counts.a.size - 1} edges, not {len(edges)}")
    (widths,) = pairs.widths_of([np.asarray(edges, dtype=np.float64)], [scale])
    found = pairs.wasserstein(counts, widths[: counts.a.size], np.array([discrete]))
    return float(found[0])


def _pair(baseline: Counts, current: Counts) -> Pairs:
    a, b = (np.asarray(side, dtype=np.float64) for side in (baseline, current))
    if a.shape != b.shape:
        raise UsageError(f"counts over {a.size} and {b.size} bins cannot be compared")
    if not a.size:
        a = b = np.zeros(1)  # no bins are no rows
    return Pairs(a, b, np.zeros(1, dtype=np.intp))


def _tested(found: Tests) -> Tested:
    return Tested(float(found.statistics[0]), float(found.p_values[0]))
