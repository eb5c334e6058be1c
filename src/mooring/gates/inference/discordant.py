"""Two classifiers that are right or wrong on the same rows: only rows where they differ count."""

from __future__ import annotations

import math

from mooring.gates.inference.plan import POWER_QUANTILE, Interval, Plan


def mcnemar(better: int, worse: int, rows: int, plan: Plan) -> Interval:
    """The interval of a difference of two accuracies; the wider of two on each side.

    The exact test (McNemar 1947; the binomial law of the rows that differ, by Clopper and Pearson
    1934) never passes equal models more often than it says, however few rows differ. The adjusted
    Wald interval of Bonett and Price 2012 knows that the number of such rows is itself a matter of
    chance.

    Parameters
    ----------
    better, worse : int
        Rows where only the second, and where only the first is right.
    rows : int

    Examples
    --------
    >>> plan = Plan(time_ordered=False, seed=0, resamples=100, confidence=0.95)
    >>> found = mcnemar(4, 0, 400, plan)
    >>> 0.01 - found.below < 0  # the exact test says p = 0.125
    True
    """
    from scipy.special import betaincinv, ndtri

    differ, observed = better + worse, (better - worse) / rows
    if not differ:
        return Interval(0.0, 0.0, 0.0, 1.0, 1, "no row on which the two differ")
    lowest = float(betaincinv(better, worse + 1, plan.tail)) if better else 0.0
    highest = float(betaincinv(better + 1, worse, 1.0 - plan.tail)) if worse else 1.0
    exact = (differ * (2 * lowest - 1) / rows, differ * (2 * highest - 1) / rows)
    quantile = float(ndtri(1.0 - plan.tail))
    shares = (better + 1) / (rows + 2), (worse + 1) / (rows + 2)
    centre = shares[0] - shares[1]
    error = math.sqrt((shares[0] + shares[1] - centre**2) / (rows + 2))
    return Interval(
        below=max(0.0, observed - min(exact[0], centre - quantile * error)),
        above=max(0.0, max(exact[1], centre + quantile * error) - observed),
        detectable=(quantile + POWER_QUANTILE) * error,
        independence=1.0,
        block_length=1,
        method="paired: McNemar (exact) and Bonett-Price interval",
    )
