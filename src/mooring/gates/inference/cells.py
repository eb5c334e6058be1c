"""The interval of any smooth function of sums over rows: a t law beside a bootstrap."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mooring.gates.inference.plan import POWER_QUANTILE, Interval, Plan
from mooring.gates.inference.resampling import block_length, drawn_in_blocks, drawn_in_strata
from mooring.gates.inference.spread import spread_of

FloatArray = NDArray[np.float64]
MAX_CELLS = 2000
"""How many sums of rows are kept: the degrees of freedom of large data."""
_BOOTSTRAP = "paired: t (jackknife) and stratified bootstrap"
_BLOCKS = "paired, in time order: t (EWC) and stationary bootstrap"


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Sums over rows, and the difference as a function of their total."""

    sums: FloatArray
    statistic: Callable[[FloatArray], FloatArray]

    def pseudo_values(self) -> FloatArray:
        """What each cell adds to the difference: the jackknife, centred at 0."""
        without = self.statistic(self.sums.sum(axis=0) - self.sums)
        return np.asarray((len(without) - 1) * (without.mean() - without))


def interval_of(
    cells: Cells, plan: Plan, size: int, strata: tuple[FloatArray, tuple[int, ...]] | None = None
) -> Interval | None:
    """The interval of a statistic of sums around its value on all cells.

    Parameters
    ----------
    cells : Cells
        In the order of the rows.
    plan : Plan
    size : int
        Rows in a cell.
    strata : (array, shape (cells, columns), sizes), optional
        Sums that do not mix strata, and how many cells each stratum has; for the bootstrap of
        independent rows.

    Returns
    -------
    Interval or None
        None when it is undefined, or more than the tail of its resamples would be.
    """
    pseudo = cells.pseudo_values()
    if len(pseudo) <= 1 or not np.isfinite(pseudo).all():
        return None
    spread = spread_of(pseudo, time_ordered=plan.time_ordered)
    length = block_length(pseudo) if plan.time_ordered else 1.0
    if plan.time_ordered:
        drawn = drawn_in_blocks(cells.sums, length, cells.statistic, plan.resamples, plan.seed)
    else:
        sums, counts = strata or (cells.sums, (len(cells.sums),))
        drawn = drawn_in_strata(sums, counts, cells.statistic, plan.resamples, plan.seed)
    ends = _percentiles(drawn - cells.statistic(cells.sums.sum(axis=0)), plan)
    if ends is None or not math.isfinite(spread.error):
        return None
    quantile = spread.quantile(plan.confidence)
    return Interval(
        below=max(-ends[0], quantile * spread.error),
        above=max(ends[1], quantile * spread.error),
        detectable=(quantile + POWER_QUANTILE) * spread.error,
        independence=spread.independence,
        block_length=round(length * size),
        method=_BLOCKS if plan.time_ordered else _BOOTSTRAP,
    )


def _percentiles(deviations: FloatArray, plan: Plan) -> tuple[float, float] | None:
    """Both tails of the resampled deviations; None when the tail itself would be undefined."""
    known = deviations[np.isfinite(deviations)]
    if len(known) < (1.0 - plan.tail) * plan.resamples:
        return None
    return float(np.quantile(known, plan.tail)), float(np.quantile(known, 1.0 - plan.tail))
