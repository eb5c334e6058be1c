"""Evidently's tests of two columns: each gives a p-value.

Read from Evidently 0.7 (``evidently.legacy.calculations.stattests``). ``kind`` changes nothing
here: it is there so that all of Evidently's methods are called alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import DataError
from mooring.profiling.compat.ranks import mann_whitney
from mooring.profiling.compat.sample import joint_counts, present, quiet

if TYPE_CHECKING:
    from mooring.profiling.compat.column import Kind
    from mooring.profiling.compat.sample import Array, Column

_TVD_ROUNDS = 1000
_MMD_ROUNDS = 100
_PAIR = 2


def ks(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Two-sample Kolmogorov-Smirnov test: exact up to 10,000 rows a side."""
    from scipy.stats import ks_2samp

    del kind
    with quiet():
        return float(ks_2samp(present(reference).numbers(), present(current).numbers()).pvalue)


def anderson(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Two-sample Anderson-Darling test; its p-value never leaves [0.001, 0.25]."""
    from scipy.stats import anderson_ksamp

    del kind
    with quiet():
        tested = anderson_ksamp([present(reference).numbers(), present(current).numbers()])
    return float(tested.pvalue)


def cramer_von_mises(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Two-sample Cramer-von Mises test: exact up to 20 rows a side."""
    from scipy.stats import cramervonmises_2samp

    del kind
    tested = cramervonmises_2samp(present(reference).floats(), present(current).floats())
    return float(tested.pvalue)


def mannw(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Mann-Whitney U test of the reference being LESS: one sided, blind to a fall."""
    del kind
    x, y = present(reference).floats(), present(current).floats()
    return mann_whitney(x, y, two_sided=False).p_value


def epps_singleton(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Epps-Singleton test; needs a spread in the middle half of all rows."""
    from scipy.stats import epps_singleton_2samp

    del kind
    x, y = present(reference).numbers(), present(current).numbers()
    low, high = np.percentile(np.concatenate([x, y]), [25, 75])
    if low == high:
        raise DataError("the middle half of all rows has one value, so Epps-Singleton says nothing")
    return float(epps_singleton_2samp(x, y).pvalue)


def t_test(reference: Column, current: Column, kind: Kind = "numeric") -> float:
    """Student's t test of equal means, variances taken to be equal."""
    from scipy.stats import ttest_ind

    del kind
    return float(ttest_ind(present(reference).numbers(), present(current).numbers()).pvalue)


def empirical_mmd(
    reference: Column, current: Column, kind: Kind = "numeric", *, seed: int = 0
) -> float:
    """Permutation test of the maximum mean discrepancy (Gretton 2012), 100 rounds.

    Evidently takes the global random state, so its own answer differs from run to run. Memory
    grows with the square of the rows.
    """
    del kind
    x, y = present(reference).floats(), present(current).floats()
    kernel = _kernel(x, y)
    draw = np.random.RandomState(seed)
    found = _discrepancy(kernel, y.size)
    shuffled = [
        _discrepancy(kernel[order][:, order], y.size)
        for order in (draw.permutation(x.size + y.size) for _ in range(_MMD_ROUNDS))
    ]
    return float(np.mean(found <= np.array(shuffled)))


def chisquare(reference: Column, current: Column, kind: Kind = "categorical") -> float:
    """Goodness of fit to the reference's shares, as if the reference had no noise of its own.

    A value that the reference has not gives 0.
    """
    from scipy.special import chdtrc

    del kind
    a, b = present(reference), present(current)
    _, expected, observed = joint_counts(a, b)
    expected = expected * (b.rows / a.rows)
    with np.errstate(divide="ignore"):
        statistic = np.sum((observed - expected) ** 2 / expected)
    return float(chdtrc(expected.size - 1, statistic))


def g_test(reference: Column, current: Column, kind: Kind = "categorical") -> float:
    """Likelihood-ratio goodness of fit, unscaled: both sides must have as many rows."""
    from scipy.special import chdtrc, xlogy

    del kind
    _, expected, observed = joint_counts(present(reference), present(current))
    if not np.isclose(expected.sum(), observed.sum(), rtol=np.finfo(np.float64).eps ** 0.5):
        raise DataError("Evidently's G test needs as many current rows as reference rows")
    with np.errstate(divide="ignore"):
        statistic = 2 * np.sum(xlogy(observed, observed / expected))
    return float(chdtrc(expected.size - 1, statistic))


def z(reference: Column, current: Column, kind: Kind = "categorical") -> float:
    """Test of two proportions: of rows that have not the first value."""
    from scipy.special import ndtr

    del kind
    a, b = present(reference), present(current)
    keys, x, y = joint_counts(a, b)
    if len(keys) == 1:
        return 1.0
    p, q = 1 - x[0] / a.rows, 1 - y[0] / b.rows
    both = (p * a.rows + q * b.rows) / (a.rows + b.rows)
    statistic = (p - q) / np.sqrt(both * (1 - both) * (1 / a.rows + 1 / b.rows))
    return float(2 * (1 - ndtr(abs(statistic))))


def fisher_exact(reference: Column, current: Column, kind: Kind = "categorical") -> float:
    """Fisher's exact test of two values; both sides must have as many rows."""
    from scipy.stats import fisher_exact as exact

    del kind
    a, b = present(reference), present(current)
    keys, x, y = joint_counts(a, b)
    if len(keys) > _PAIR:
        raise DataError(f"Fisher's exact test takes two values, not {len(keys)}")
    if a.rows != b.rows:
        raise DataError("Evidently's Fisher test needs as many current rows as reference rows")
    return float(exact([[a.rows - x[0], x[0]], [b.rows - y[0], y[0]]]).pvalue)


def total_variation(
    reference: Column, current: Column, kind: Kind = "categorical", *, seed: int = 0
) -> float:
    """Permutation test of the total variation distance, 1000 rounds from seed 0.

    Rounds that tie with the rows count or not by a rounding, which in Evidently depends on the
    order of a set: of text, on Python's hash seed, so that its own answer differs from run to run.
    Values are in their own order here, as small whole numbers are there.
    """
    del kind
    a, b = present(reference), present(current)
    keys, x, y = joint_counts(a, b)
    place = {key: at for at, key in enumerate(keys)}
    rows = np.array([place[key] for side in (a, b) for key in side.values.to_list()])
    draw = np.random.RandomState(seed)
    total = x + y
    found = _apart(x, y)
    reached = 0
    for _ in range(_TVD_ROUNDS):
        drawn = draw.choice(rows, len(a.values), replace=False)
        taken = np.bincount(drawn, minlength=len(keys)).astype(np.float64)
        reached += found <= _apart(taken, total - taken)
    return reached / _TVD_ROUNDS


def _apart(x: Array, y: Array) -> float:
    return float(0.5 * np.sum(np.abs(x / x.sum() - y / y.sum())))


def _kernel(x: Array, y: Array) -> Array:
    """Gaussian similarity of all rows, as wide as the reference's median distance; diagonal 0."""
    rows = np.concatenate([x, y])
    apart = rows**2 - 2 * np.outer(rows, rows) + (rows**2)[:, None]
    width = (0.5 * np.percentile(apart[: x.size, : x.size], 50, method="nearest")) ** 0.5
    scale = width if width != 0 else 0.5**0.5
    kernel = np.asarray(np.exp(-(1 / (2 * scale**2)) * apart), dtype=np.float64)
    np.fill_diagonal(kernel, 0)
    return kernel


def _discrepancy(kernel: Array, m: int) -> float:
    n = kernel.shape[0] - m
    within = 1 / (n * (n - 1)) * kernel[:n, :n].sum() + 1 / (m * (m - 1)) * kernel[n:, n:].sum()
    return float(within - 2.0 * kernel[n:, :n].mean())
