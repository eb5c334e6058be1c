"""Every column of joined rows, online against offline, and the finding for each that is unequal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.monitoring.skew.causes import Cause, find_cause
from mooring.monitoring.skew.comparing import Sides, Status, judge, same, sides_of
from mooring.monitoring.skew.offline import Offline, Places
from mooring.monitoring.words import span_words
from mooring.profiling.words import share as percent

_NARROW = 0.25
"""Lags that vary by no more than a quarter are told as one."""


@dataclass(frozen=True, slots=True)
class Example:
    """One unequal row: its place among the requests, and both values as text."""

    row: int
    online: str
    offline: str


@dataclass(frozen=True, slots=True)
class ColumnSkew:
    """One column, online against offline.

    Parameters
    ----------
    name : str
    status : "equal", "skew" or "unknown"
    rows, unequal : int
        Requests that were compared, and those whose values differ.
    size : float or None
        Mean absolute difference of the unequal rows that have both values, in standard deviations
        of the offline column; None where a difference has no size.
    cause : Cause or None
        What explains most of the unequal rows.
    example : Example or None
    """

    name: str
    status: Status
    rows: int
    unequal: int
    size: float | None
    cause: Cause | None
    example: Example | None

    @property
    def share(self) -> float:
        """Of the rows that are unequal; NaN without rows."""
        return self.unequal / self.rows if self.rows else float("nan")

    def __str__(self) -> str:
        if not self.unequal:
            return f"{self.name}: all {self.rows:,} rows are equal"
        told = f"{self.name} is unequal in {percent(self.share)} of {self.rows:,} rows"
        if self.example is not None:
            told += f", such as {self.example.online} served for {self.example.offline}"
        return told if self.cause is None else f"{told}: {cause_words(self.cause)}"


def compare_columns(
    online: pl.DataFrame,
    offline: Offline,
    places: Places,
    *,
    most: float,
    deviations: dict[str, float] | None = None,
) -> tuple[ColumnSkew, ...]:
    """Hold what was served against what the offline rows say, column by column.

    Parameters
    ----------
    online : polars.DataFrame, shape (requests, columns)
    offline : Offline
        Columns that only one side has are not compared.
    places : Int64 array, shape (requests,)
        The offline row of each request; -1 where there is none.
    most : float
        The share of rows that may be unequal.
    deviations : dict, optional
        The standard deviation that a column's differences are measured in; that of all offline
        rows when absent.

    Returns
    -------
    tuple of ColumnSkew
        In the order of the online columns.

    Examples
    --------
    >>> from mooring.monitoring.skew.offline import offline_of
    >>> offline = offline_of(pl.DataFrame({"x": [1.0, 2.0, 3.0]}), None)
    >>> one, = compare_columns(
    ...     pl.DataFrame({"x": [1.0, 9.0]}), offline, np.array([0, 1]), most=0.01
    ... )
    >>> print(one)
    x is unequal in 50% of 2 rows, such as 9 served for 2
    """
    there = places >= 0
    names = [name for name in online.columns if name in offline.rows.columns]
    return tuple(
        _compare(name, online[name], offline, places, there, most, (deviations or {}).get(name))
        for name in names
    )


def worst(statuses: Iterable[Status]) -> Status:
    """Skew before unknown before equal; unknown for no column."""
    found = set(statuses)
    return "skew" if "skew" in found else "unknown" if "unknown" in found or not found else "equal"


def cause_words(cause: Cause) -> str:
    """A cause for people: ``stale by about 6 h in 98 % of them``.

    Examples
    --------
    >>> cause_words(Cause("stale", 1.0, 21600.0, 21600.0, 21600.0, 6))
    'stale by about 6 h'
    """
    of = "" if cause.share >= 0.995 else f" in {percent(cause.share)} of them"  # noqa: PLR2004
    if cause.kind == "missing":
        return f"missing online{of}"
    if cause.kind == "default":
        return f"always the same value online{of}"
    word = "stale" if cause.kind == "stale" else "ahead"
    return f"{word} by {lag_words(cause)}{of}"


def lag_words(cause: Cause) -> str:
    """By how much: ``about 6 h``, or ``1 h to 23 h`` where it varies."""
    if cause.seconds is None or cause.low is None or cause.high is None:
        return f"about {cause.steps} rows"
    if cause.high - cause.low <= _NARROW * cause.seconds:
        return f"about {span_words(cause.seconds)}"
    return f"{span_words(cause.low)} to {span_words(cause.high)}"


def _compare(  # noqa: PLR0913, PLR0917 - one column of both sides, and how to judge it
    name: str,
    online: pl.Series,
    offline: Offline,
    places: Places,
    there: NDArray[np.bool_],
    most: float,
    deviation: float | None,
) -> ColumnSkew:
    should = offline.rows[name]
    sides = sides_of(online, should)
    unequal = there & ~same(sides.online, sides.offline[np.where(there, places, 0)], sides.slack)
    count, rows = int(unequal.sum()), int(there.sum())
    first = int(np.argmax(unequal))
    return ColumnSkew(
        name=name,
        status=judge(count, rows, most),
        rows=rows,
        unequal=count,
        size=_size(sides, places, unequal, deviation),
        cause=find_cause(sides, offline, places, unequal) if count else None,
        example=_example(online, should, first, int(places[first])) if count else None,
    )


def _size(
    sides: Sides, places: Places, unequal: NDArray[np.bool_], deviation: float | None
) -> float | None:
    scale = sides.deviation if deviation is None else deviation
    if not sides.measured or not 0 < scale < float("inf"):
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # infinity less infinity
        apart = np.abs(sides.online[unequal] - sides.offline[places[unequal]])
    known = apart[np.isfinite(apart)]
    return float((known / scale).mean()) if known.size else None


def _example(online: pl.Series, offline: pl.Series, row: int, place: int) -> Example:
    return Example(row, _text(online[row]), _text(offline[place]))


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
