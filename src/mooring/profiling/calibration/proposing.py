"""From what was normal to thresholds: how far the next normal window may go, at a stated rate."""

from __future__ import annotations

from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from mooring.profiling.calibration import normal
from mooring.profiling.calibration.plan import MONTH, SEVERITIES, WANTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from numpy.typing import NDArray

    from mooring.profiling.calibration.plan import Compared, Plan, Severity

    Floors = Mapping[Severity, Mapping[str, float]]
    Rises = Mapping[Severity, tuple[float, float]]

CUBE_ROOT, SQUARED_CUBE_ROOT = 1 / 3, 2 / 3
"""Powers that make an index, and a distance (the root of an index), nearly normal."""


def next_bound(
    values: NDArray[np.float64], p: float, *, power: float = CUBE_ROOT, disjoint: int | None = None
) -> float:
    """The value that the next normal window exceeds with probability ``p``.

    Where there are windows enough it is an order statistic: of ``k`` exchangeable windows the next
    exceeds the ``j``-th largest with probability ``j / (k + 1)``, whatever the distribution (Wilks
    1941; Vovk, Gammerman and Shafer 2005, conformal prediction). Beyond those it is the bound of
    one more normal value (Hahn 1969), ``mean + t sd sqrt(1 + 1/k)``, of the values' cube roots,
    which for sums of squares are nearly normal (Wilson and Hilferty 1931); and never less than the
    largest value seen.

    Parameters
    ----------
    values : array of float, shape (k,)
        Two or more.
    p : float, in (0, 1)
    power : float
        What makes the values nearly normal.
    disjoint : int, optional
        How many windows do not overlap, when some do: they know the tails no better.

    Examples
    --------
    >>> next_bound(np.arange(1.0, 100.0), 0.05)
    95.0
    >>> next_bound(np.array([0.1, 0.2, 0.3]), 0.01) > 0.3
    True
    """
    from scipy.special import stdtrit

    count = values.size if disjoint is None else min(disjoint, values.size)
    if p * (count + 1) >= 1:
        rank = floor(p * (values.size + 1))
        return float(np.sort(values)[-rank])
    roots = np.cbrt(np.maximum(values, 0.0)) ** (3 * power)
    reach = float(stdtrit(count - 1, 1 - p)) * float(roots.std(ddof=1)) * (1 + 1 / count) ** 0.5
    bound: float = (float(roots.mean()) + reach) ** (1 / power)
    return max(bound, float(values.max()))


def joint_bounds(
    values: NDArray[np.float64], p: float, least: NDArray[np.float64], *, disjoint: int
) -> NDArray[np.float64]:
    """A bound for each column, such that a normal window exceeds any with probability ``p``.

    Columns move together, so dividing ``p`` among them (Bonferroni) would ask too much of each.
    All are cut at the same rank: the deepest at which the windows beyond any of them are still few
    enough, which keeps their dependence (Westfall and Young 1993, the law of the least p).

    Parameters
    ----------
    values : array of float, shape (windows, columns)
        NaN where a window has no value.
    p : float, in (0, 1)
    least : array of float, shape (columns,)
        What alarms in no case: smaller values do not count, and no bound is smaller.
    disjoint : int
        How many windows do not overlap.

    Returns
    -------
    array of float, shape (columns,)
    """
    told = np.where(np.isfinite(values), values, -np.inf)
    ordered = -np.sort(-told, axis=0)
    allowed = p * (told.shape[0] + 1) if p * (disjoint + 1) >= 1 else 0.0
    found, beyond_first = None, 0
    for cut in ordered:
        beyond = int(((told >= cut) & (told >= least)).any(axis=1).sum())
        beyond_first = beyond_first or beyond
        if beyond > allowed:
            break
        found = cut
    if found is None:
        share = p / max(beyond_first, 1)
        found = np.array([_one(column, share, disjoint) for column in values.T])
    bounds: NDArray[np.float64] = np.maximum(found, least)
    return bounds


def _one(column: NDArray[np.float64], p: float, disjoint: int) -> float:
    known = column[np.isfinite(column)]
    return next_bound(known, p, disjoint=disjoint) if known.size > 1 else 0.0


def window_rate(severity: Severity, spacing: timedelta) -> float:
    """The probability of an alarm in one window that a severity may have.

    Parameters
    ----------
    severity : Severity
    spacing : timedelta
        From one window to the next that does not overlap it: overlapping ones exceed a bound
        together, and are one alarm.
    """
    return min(WANTED[severity] * (spacing / MONTH), 0.5)


def propose(
    compared: Sequence[Compared], levels: Mapping[str, float], plan: Plan, disjoint: int
) -> tuple[Floors, Rises]:
    """The effect floors of each column, and of the rise of missing and of unseen values.

    Parameters
    ----------
    compared : sequence of Compared
        Normal windows.
    levels : mapping of column to float
        What no drift stays under: no floor is below that, nor below the least effect.
    plan : Plan
    disjoint : int
        How many of the windows do not overlap.
    """
    rules = plan.rules
    least = [max(rules.min_psi, one if isfinite(one) else 0.0) for one in levels.values()]
    effects = normal.effects_of(compared, list(levels))
    rises = [normal.rises_of(compared, kind) for kind in ("missing", "unseen")]
    values = np.column_stack([effects, *rises])
    floors = np.array([*least, rules.null_rate_floor, rules.unseen_rate_floor])
    spacing = max(plan.length, plan.every)
    bounds = {
        severity: [
            rounded_up(float(bound))
            for bound in joint_bounds(
                values, window_rate(severity, spacing), floors, disjoint=disjoint
            )
        ]
        for severity in SEVERITIES
    }
    return (
        {s: dict(zip(levels, bounds[s], strict=False)) for s in SEVERITIES},
        {s: (min(bounds[s][-2], 1.0), min(bounds[s][-1], 1.0)) for s in SEVERITIES},
    )


def rounded_up(value: float) -> float:
    """A number of two digits that is not less, as people write a threshold.

    Examples
    --------
    >>> rounded_up(0.1432), rounded_up(31.2), rounded_up(0.3)
    (0.15, 32.0, 0.3)
    """
    if not value > 0:
        return 0.0
    digits = 1 - floor(log10(value))
    # What is off by rounding only must not take a step up.
    return round(ceil(round(value * 10.0**digits, 9)) / 10.0**digits, max(digits, 0))
