"""Frouros's distances and tests of two samples of numbers.

Read from Frouros 0.9 (``frouros.detectors.data_drift.batch``). Frouros drops nothing: give it
finite numbers. It has no thresholds of its own.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.compat import divergence, ranks
from mooring.profiling.compat.sample import joint_counts, present, quiet
from mooring.profiling.scores import Tested

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import NDArray

    from mooring.profiling.compat.sample import Array, Column

    Numbers: TypeAlias = NDArray[np.floating[Any] | np.integer[Any]]

BINS = 10


def psi(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """Population stability index over equal bins of the joint range.

    An empty bin's share becomes the least float, 2.2e-308: one row in a bin that the other side
    has empty adds some 700 times its share.

    Examples
    --------
    >>> psi(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    0.0
    """
    p, q = (
        np.where(side > 0, side, sys.float_info.min) for side in _shares(reference, current, bins)
    )
    return float(np.sum((q - p) * np.log(q / p)))


def hellinger(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """Hellinger distance over equal bins of the joint range."""
    return divergence.hellinger(*_shares(reference, current, bins))


def bhattacharyya(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """Bhattacharyya distance over equal bins of the joint range, each share a rounding more."""
    least = np.finfo(np.float64).eps
    p, q = _shares(reference, current, bins)
    overlap = float(np.sum(np.sqrt((p + least) * (q + least))))
    return float(abs(-np.log(min(max(overlap, 0.0), 1.0))))


def histogram_complement(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """What two histograms over the joint range do not have in common."""
    return float(1 - np.sum(np.minimum(*_shares(reference, current, bins))))


def jensenshannon(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """Jensen-Shannon distance, natural logarithm, of two densities over ``bins - 1`` equal bins.

    Each side's density is its own histogram with NumPy's automatic bins, spread evenly in each.
    """
    return divergence.jensenshannon(*_density_shares(reference, current, bins))


def kullback_leibler(reference: Numbers, current: Numbers, *, bins: int = BINS) -> float:
    """Kullback-Leibler divergence of the current from the reference, over the same bins."""
    from scipy.special import rel_entr

    p, q = _density_shares(reference, current, bins)
    return float(np.sum(rel_entr(q, p)))


def wasserstein(reference: Numbers, current: Numbers) -> float:
    """Wasserstein-1 distance, in the numbers' unit."""
    return divergence.wasserstein(_wide(reference), _wide(current))


def energy_distance(reference: Numbers, current: Numbers) -> float:
    """Energy distance."""
    return divergence.energy(_wide(reference), _wide(current))


def chisquare(reference: Column, current: Column) -> Tested:
    """Chi-square test of homogeneity of two columns of categories."""
    from scipy.stats.contingency import chi2_contingency

    _, before, after = joint_counts(present(reference), present(current))
    tested = chi2_contingency([after, before])
    return Tested(float(tested.statistic), float(tested.pvalue))


def ks(reference: Numbers, current: Numbers) -> Tested:
    """Two-sample Kolmogorov-Smirnov test; what Frouros calls Kuiper's has the same statistic."""
    from scipy.stats import ks_2samp

    tested = ks_2samp(reference, current)
    return Tested(float(tested.statistic), float(tested.pvalue))


def cramer_von_mises(reference: Numbers, current: Numbers) -> Tested:
    """Two-sample Cramer-von Mises test."""
    from scipy.stats import cramervonmises_2samp

    tested = cramervonmises_2samp(_wide(reference), _wide(current))
    return Tested(float(tested.statistic), float(tested.pvalue))


def mann_whitney(reference: Numbers, current: Numbers) -> Tested:
    """Two-sided Mann-Whitney U test."""
    return ranks.mann_whitney(_wide(reference), _wide(current), two_sided=True)


def welch(reference: Numbers, current: Numbers) -> Tested:
    """Welch's t test of equal means."""
    from scipy.stats import ttest_ind

    tested = ttest_ind(_wide(reference), _wide(current), equal_var=False)
    return Tested(float(tested.statistic), float(tested.pvalue))


def anderson_darling(reference: Numbers, current: Numbers) -> Tested:
    """Two-sample Anderson-Darling test; its p-value never leaves [0.001, 0.25]."""
    from scipy.stats import anderson_ksamp

    with quiet():
        tested = anderson_ksamp([_wide(reference), _wide(current)])
    return Tested(float(tested.statistic), float(tested.pvalue))


def _wide(values: Numbers) -> Array:
    return np.asarray(values, dtype=np.float64)


def _shares(reference: Numbers, current: Numbers, bins: int) -> tuple[Array, Array]:
    low = min(reference.min(), current.min())
    high = max(reference.max(), current.max())
    edges = np.linspace(low, high, bins + 1)
    p, q = (np.histogram(side, edges)[0] / side.size for side in (reference, current))
    return p, q


def _density_shares(reference: Numbers, current: Numbers, bins: int) -> tuple[Array, Array]:
    low = min(reference.min(), current.min())
    high = max(reference.max(), current.max())
    edges = np.linspace(low, high, bins)
    p, q = (np.diff(_cumulative(side, edges)) for side in (reference, current))
    return p, q


def _cumulative(values: Numbers, at: Array) -> Array:
    """The distribution function of the values' own histogram."""
    counts, edges = np.histogram(values, bins="auto")
    return np.interp(at, edges, np.append(0, np.cumsum(counts)) / values.size)
