"""The evidence embeddings give: in some dimension the mean moved, or the spread changed.

Each test looks at the dimension in which most happened, so its probability is multiplied by their
number (Bonferroni). What turns all dimensions at once, a rotation, leaves no trace in either: a
classifier on raw rows sees it (``reporting.report``), profiles cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.profiling.evidence import Found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.typing import NDArray

    from mooring.profiling.counting.moments import Moments
    from mooring.profiling.findings import DriftRules
    from mooring.profiling.profiles import ColumnProfile

    Floats = NDArray[np.float64]

CENTRE_FLOOR = 0.2
"""Standard deviations a dimension's mean must move: a small effect (Cohen 1988)."""
SPREAD_FLOOR = 0.2 / 2**0.5
"""The least change of the logarithm of a dimension's deviation, 15 %: of normal values it has the
same divergence (Kullback and Leibler 1951, to second order) as a move by ``CENTRE_FLOOR``."""


class _Side(NamedTuple):
    """Of each dimension, shape (dimensions,); rows that tell as much as independent ones."""

    rows: Floats
    mean: Floats
    variance: Floats
    third: Floats
    fourth: Floats
    still: NDArray[np.bool_]


def dimensions_moved(base: ColumnProfile, current: ColumnProfile, rules: DriftRules) -> list[Found]:
    """Evidence that a dimension's mean or spread moved; none for what is no embedding.

    Parameters
    ----------
    base, current : ColumnProfile
        Of as many dimensions.
    rules : DriftRules
    """
    if not base.dimensions or len(base.dimensions) != len(current.dimensions):
        return []
    with np.errstate(all="ignore"):  # still dimensions and overflows are NaN or infinite, rightly
        before, now = (_side(one.dimensions, rules.inflation) for one in (base, current))
        centre = _most("centre", *_centre(before, now), CENTRE_FLOOR)
        spread = _most("spread", *_spread(before, now), SPREAD_FLOOR)
    return [item for item in (centre, spread) if item is not None]


def _side(dimensions: Sequence[Moments], inflation: float) -> _Side:
    table = np.array(
        [
            (
                one.count,
                one.mean,
                one.m2,
                np.nan if one.m3 is None else one.m3,
                np.nan if one.m4 is None else one.m4,
                one.minimum == one.maximum,
            )
            for one in dimensions
        ]
    ).T
    count, mean, *powers, still = table
    m2, m3, m4 = (power / count for power in powers)
    return _Side(count / inflation, mean, m2, m3, m4, still > 0)


def _centre(before: _Side, now: _Side) -> tuple[Floats, Floats]:
    """How far each mean moved, in the baseline's deviations, and the tails (Welch 1947).

    The variance is the larger of both sides': a few rows of a skewed distribution that lack its
    tail have a low mean *and* a low variance, and would alarm ten times as often as they should.
    """
    from scipy.special import stdtr

    apart = np.abs(now.mean - before.mean)
    errors = [np.fmax(before.variance, now.variance) / one.rows for one in (before, now)]
    free = sum(errors) ** 2 / (errors[0] ** 2 / (before.rows - 1) + errors[1] ** 2 / (now.rows - 1))
    t = np.where(apart > 0, apart / np.sqrt(sum(errors)), 0.0)
    effect = np.where(apart > 0, apart / np.sqrt(before.variance), 0.0)
    certain = np.where(apart > 0, 0.0, 1.0)  # two constants: alike or not
    tails = np.where(before.still & now.still, certain, 2 * stdtr(free, -t))
    return effect, tails


def _spread(before: _Side, now: _Side) -> tuple[Floats, Floats]:
    """How far the logarithm of each deviation moved, and the tails.

    The logarithm of a variance of ``n`` rows has the variance ``(k - (n-3)/(n-1)) / n``, where
    ``k`` is the kurtosis. It is the larger of both sides': a few rows of a long tail lack the
    extremes that say how long it is, and just then their variance is small. Student's law with the
    rows of the smaller side stands in for what is not known of ``k``. What is held against that is
    the difference of the deviations, relative to the larger: to first order the same as that of
    the logarithms, but one sentinel value, which is variance and fourth moment at once, cannot
    take it beyond twice its error.

    References
    ----------
    Layard (1973), "Robust large-sample tests for homogeneity of variances"; Bonett (2006) and
    O'Neill (2014) for the variance at finite ``n``; ``bench/embeddings.py`` for the tails.
    """
    from scipy.special import stdtr

    kurtosis = np.maximum(before.fourth / before.variance**2, now.fourth / now.variance**2)
    error = np.sqrt(
        sum((kurtosis - (one.rows - 3) / (one.rows - 1)) / one.rows for one in (before, now))
    )
    logs = np.abs(np.log(_unbiased(now) / _unbiased(before))) / 2
    apart = 2 * -np.expm1(-logs)
    tails = 2 * stdtr(np.minimum(before.rows, now.rows) - 1, -apart / error)
    for one, other in ((before, now), (now, before)):
        tails = np.where(one.still & ~other.still, _all_one_value(one, other), tails)
    both = before.still & now.still
    return np.where(both, 0.0, logs), np.where(both, 1.0, tails)


def _unbiased(side: _Side) -> Floats:
    return np.where(side.still, 0.0, side.variance * side.rows / (side.rows - 1))


def _all_one_value(still: _Side, varying: _Side) -> Floats:
    """A bound of the probability that all rows of one side are at the value they are at.

    A row of the other side's distribution is anywhere else with probability ``E[d^2]^2 / E[d^4]``
    at least, ``d`` being its distance from that value (Paley and Zygmund 1932).
    """
    d = varying.mean - still.mean
    second = varying.variance + d**2
    fourth = varying.fourth + 4 * d * varying.third + 6 * d**2 * varying.variance + d**4
    bound: Floats = (1 - np.clip(second**2 / fourth, 0, 1)) ** still.rows
    return bound


def _most(
    kind: Literal["centre", "spread"], effects: Floats, tails: Floats, floor: float
) -> Found | None:
    """The least likely of the dimensions whose effect counts; of all, where none does."""
    known = np.isfinite(tails) & ~np.isnan(effects)
    if not known.any():
        return None
    counts = known & (effects >= floor)
    chosen = np.flatnonzero(counts if counts.any() else known)
    place = chosen[np.argmin(tails[chosen])]
    tail = min(1.0, float(tails[place]) * effects.size)
    return Found(kind, float(effects[place]), floor, tail)
