"""Two areas under the ROC curve on the same rows (DeLong, DeLong and Clarke-Pearson 1988)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mooring.gates.inference.plan import POWER_QUANTILE, Interval, Plan
from mooring.gates.inference.spread import Spread, freedom_of

FloatArray = NDArray[np.float64]


def delong(gain: FloatArray, positive: FloatArray, plan: Plan) -> Interval | None:
    """The interval of a difference of two areas, from what each row adds to it.

    The contributions are DeLong's structural components, made by one sort (Sun and Xu 2014) in
    :func:`mooring.gates.ranks.roc_auc_influence`. A t quantile with the degrees of freedom of
    Welch 1947 stands for the normal one, so that a handful of positive rows is not taken for many.

    Parameters
    ----------
    gain : array, shape (n,)
        Difference of the two influences of each row, times the number of rows.
    positive : array of 0.0 and 1.0, shape (n,)

    Returns
    -------
    Interval or None
        None with fewer than two rows of a class.
    """
    variance, by_freedom = 0.0, 0.0
    for of_class in (gain[positive > 0], gain[positive <= 0]):
        if len(of_class) <= 1:
            return None
        centred = (of_class - of_class.mean()) * (len(of_class) / len(gain))
        part = float(centred @ centred) / (len(centred) - 1) / len(centred)
        variance += part
        by_freedom += part**2 / freedom_of(centred)
    spread = Spread(math.sqrt(variance), variance**2 / by_freedom if by_freedom else 1.0, 1.0)
    quantile = spread.quantile(plan.confidence)
    half = quantile * spread.error
    detectable = (quantile + POWER_QUANTILE) * spread.error
    return Interval(half, half, detectable, 1.0, 1, "paired: DeLong")
