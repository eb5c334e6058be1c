"""Two sides of one column: which rows are unequal, by how much, and whether that is skew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Status = Literal["equal", "skew", "unknown"]

ROUNDING = 2.0**-22
"""Relative difference of two floats that counts as none. One of them may have been held in 32 bits
on its way, with a significand of 24 bits (IEEE 754), and have been added to once or twice."""
TAIL = 0.05
"""Of the one-sided interval for the share of unequal rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """One column online and offline, as numbers that can be compared.

    Parameters
    ----------
    online : Float64 array, shape (requests,)
        Numbers, instants in microseconds, or a code for each text; NaN where a value is missing.
    offline : Float64 array, shape (offline rows,)
        The same of every row of the offline table.
    slack : float
        Relative difference that counts as none; 0 for all but floats.
    measured : bool
        Whether a difference has a size, or is only one of codes.
    """

    online: Numbers
    offline: Numbers
    slack: float
    measured: bool

    @property
    def deviation(self) -> float:
        """The standard deviation of the offline values; NaN where none has a size."""
        known = self.offline[np.isfinite(self.offline)]
        with np.errstate(over="ignore"):
            return float(known.std()) if self.measured and known.size else float("nan")


def sides_of(online: pl.Series, offline: pl.Series) -> Sides:
    """Two series of one meaning as :class:`Sides`.

    Examples
    --------
    >>> sides_of(pl.Series(["a", None]), pl.Series(["b", "a"])).online.tolist()
    [0.0, nan]
    """
    if online.dtype.is_numeric() and offline.dtype.is_numeric():
        floats = online.dtype.is_float() or offline.dtype.is_float()
        return Sides(
            _numbers(online), _numbers(offline), ROUNDING if floats else 0.0, measured=True
        )
    if online.dtype == offline.dtype and online.dtype.is_temporal():
        return Sides(_ticks(online), _ticks(offline), 0.0, measured=False)
    both = pl.concat([_text(online), _text(offline)])
    codes = (both.rank("dense") - 1).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return Sides(codes[: online.len()], codes[online.len() :], 0.0, measured=False)


def same(one: Numbers, other: Numbers, slack: float) -> NDArray[np.bool_]:
    """Which values are equal, but for rounding; missing equals missing."""
    with np.errstate(invalid="ignore", over="ignore"):  # infinity less infinity
        near = np.abs(one - other) <= slack * np.maximum(np.abs(one), np.abs(other))
    equal: NDArray[np.bool_] = near | (one == other) | (np.isnan(one) & np.isnan(other))
    return equal


def judge(unequal: int, rows: int, most: float) -> Status:
    """Whether so many unequal rows are skew.

    Parameters
    ----------
    unequal, rows : int
    most : float
        The share of rows that may be unequal.

    Returns
    -------
    "skew"
        When the share is surely above ``most``: the lower bound of its exact one-sided interval is.
    "equal"
        When it is not above ``most`` and there are enough rows to have seen it.
    "unknown"
        Otherwise, as for no rows.

    References
    ----------
    Clopper and Pearson (1934), *The use of confidence or fiducial limits illustrated in the case of
    the binomial*. Rows close in time are alike, so the interval is too narrow where faults come in
    bursts; for the enough of :func:`rows_needed` that errs on the side of a finding.

    Examples
    --------
    >>> judge(0, 299, 0.01), judge(0, 298, 0.01), judge(9, 299, 0.01)
    ('equal', 'unknown', 'skew')
    """
    from scipy.special import betaincinv

    if not rows:
        return "unknown"
    lowest = float(betaincinv(unequal, rows - unequal + 1, TAIL)) if unequal else 0.0
    if lowest > most:
        return "skew"
    enough = rows >= rows_needed(most)
    return "equal" if enough and unequal <= most * rows else "unknown"


def rows_needed(most: float) -> int:
    """Rows that are all equal and by that show a share of at most ``most``, at 95 %.

    References
    ----------
    The rule of three: Hanley and Lippman-Hand (1983), *If nothing goes wrong, is everything all
    right?*

    Examples
    --------
    >>> rows_needed(0.01)
    299
    """
    return int(np.ceil(np.log(TAIL) / np.log1p(-most)))


def _numbers(series: pl.Series) -> Numbers:
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _ticks(series: pl.Series) -> Numbers:
    return series.to_physical().cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _text(series: pl.Series) -> pl.Series:
    return series.cast(pl.String, strict=False)
