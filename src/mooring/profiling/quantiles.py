"""Quantiles from cells: between which two numbers one surely lies."""

from __future__ import annotations

from math import ceil, inf, nan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mooring.errors import UsageError
from mooring.profiling.counting.cells import INFINITE, borders

if TYPE_CHECKING:
    from mooring.profiling.counting.cells import Cells
    from mooring.profiling.counting.moments import Moments


class Quantile(NamedTuple):
    """A quantile of the rows, and the bounds it cannot lie beyond.

    Parameters
    ----------
    value : float
        Exact where the bounds are the same; else their middle. NaN without any row.
    low, high : float
        The exact quantile is one of the numbers from ``low`` to ``high``.
    """

    value: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """How far ``value`` can be from the exact quantile; 0 where it is known."""
        return max(self.high - self.value, self.value - self.low) if self.low < self.high else 0.0


def quantile(cells: Cells, moments: Moments, centre: float, q: float) -> Quantile:
    """The least number that a share ``q`` of the rows does not exceed.

    It is the first definition of Hyndman and Fan (1996), "Sample quantiles in statistical
    packages", NumPy's ``inverted_cdf``: always the number of some row. Which cell it lies in is
    known exactly; a cell is at most 1.6 % wide, of the distance from the centre.

    Parameters
    ----------
    cells : Cells
    moments : Moments
        Of the same rows: the extremes cut the outermost cells.
    centre : float
        What was subtracted before numbers were put into cells.
    q : float, in [0, 1]

    Raises
    ------
    UsageError
        When ``q`` is no share.

    Examples
    --------
    >>> from mooring.profiling import profile
    >>> profile({"x": [1, 2, 3, 40]}).columns[0].quantile(0.5)
    Quantile(value=2.0, low=2.0, high=2.0)
    """
    if not 0 <= q <= 1:
        raise UsageError(f"a quantile is asked for by a share from 0 to 1, not {q}")
    if not cells.rows:
        return Quantile(nan, nan, nan)
    rank = max(ceil(q * cells.rows), 1)
    place = int(np.searchsorted(np.cumsum(cells.counts), rank))
    cell = int(cells.ids[place])
    if cell >= INFINITE or cell < -INFINITE:
        end = inf if cell > 0 else -inf
        return Quantile(end, end, end)
    if cells.values is not None and not np.isnan(cells.values[place]):
        known = float(cells.values[place])
        return Quantile(known, known, known)
    low, high = borders(np.array([cell, cell + 1], dtype=np.int32), centre).tolist()
    low = low if moments.minimum is None else max(low, moments.minimum)
    high = high if moments.maximum is None else min(high, moments.maximum)
    return Quantile(low + (high - low) / 2, low, high)
