"""Columns that only move with time: they give every window away, and say nothing of drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FOLLOWS = 0.99
"""The rank correlation with the order of the rows from which a column follows it: between the two
instants of one ride, or of one flight and its landing, it is 0.999."""
BEYOND = 0.95
"""The share of the current rows past nearly all of the reference from which two spans are apart:
at the seam of two windows a few rows belong to both."""
_FEW = 3
"""Distinct values on a side that a running number has at least: a flag that was switched on has
none."""


def only_time(reference: pl.DataFrame, current: pl.DataFrame, time: str = "") -> Mapping[str, str]:
    """The columns to leave out when all are judged together, each with the reason.

    - ``time`` itself;
    - instants whose spans on the two sides are apart, and instants that follow the rows' order on
      both sides: the time of an event;
    - numbers that follow the rows' order on both sides and go on where the reference ends: running
      numbers, counters, clocks.

    Parameters
    ----------
    reference, current : DataFrame
        In the order of ``time`` where it is given, else as they lie in the file.
    time : str
        The column of the windows; it may be absent.

    Returns
    -------
    mapping of column name to reason
        Of the columns that both have.

    Examples
    --------
    >>> before, after = pl.DataFrame({"id": range(50)}), pl.DataFrame({"id": range(50, 90)})
    >>> only_time(before, after)
    {'id': 'it rises row by row, from one side into the other'}
    """
    before, after = (_in_order(frame, time) for frame in (reference, current))
    found = {time: "it is the column of the windows"} if time in before.columns else {}
    for name in before.columns:
        if name != time and name in after.columns and (why := _why(before[name], after[name])):
            found[name] = why
    return found


def _in_order(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    return frame.sort(time, maintain_order=True) if time in frame.columns else frame


def _why(before: pl.Series, after: pl.Series) -> str:
    instants = all(column.dtype in (pl.Date, pl.Datetime) for column in (before, after))
    numbers = all(column.dtype.is_numeric() for column in (before, after))
    if not (instants or numbers):
        return ""
    first, second = _values(before), _values(after)
    if not first.size or not second.size:
        return ""
    apart = _apart(first, second)
    if instants and apart:
        return "its instants on the two sides are apart"
    way = _way(first)
    if not way or way != _way(second):
        return ""
    if instants:
        return "its instants follow the order of the rows"
    said = "rises" if way > 0 else "falls"
    return f"it {said} row by row, from one side into the other" if apart == way else ""


def _values(column: pl.Series) -> NDArray[np.float64]:
    values = (column.to_physical() if column.dtype.is_temporal() else column).cast(pl.Float64)
    numbers = values.drop_nulls().to_numpy()
    finite: NDArray[np.float64] = numbers[np.isfinite(numbers)]
    return finite


def _way(values: NDArray[np.float64]) -> int:
    """1 for values that rise from row to row, -1 when they fall, else 0."""
    from scipy.stats import rankdata

    if np.unique(values).size < _FEW:
        return 0
    related = float(np.corrcoef(rankdata(values), np.arange(values.size))[0, 1])
    return int(np.sign(related)) if abs(related) >= FOLLOWS else 0


def _apart(before: NDArray[np.float64], after: NDArray[np.float64]) -> int:
    """1 when the later values lie above nearly all earlier ones, -1 when below, else 0."""
    low, high = np.quantile(before, [1 - BEYOND, BEYOND])
    if np.mean(after > high) >= BEYOND:
        return 1
    return -1 if np.mean(after < low) >= BEYOND else 0
