"""A history cut at the edges of its windows, each piece profiled once; any span is a merge."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import polars as pl

from mooring.clock import Window
from mooring.errors import DataError, NotEnoughEvidence, UnknownName
from mooring.profiling.counting.making import profile
from mooring.profiling.profiles import Profile, merge
from mooring.reading.casting import as_type

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TORN = 0.05
"""The share of a window at either end of the history that may be missing."""
MOST_WINDOWS = 400


@dataclass(frozen=True, slots=True)
class Schedule:
    """When windows end, and how long they are: as ``[monitoring]`` says.

    Parameters
    ----------
    length, every : timedelta
        A window of ``length`` ends every ``every``, counted from 1970 in UTC.
    """

    length: timedelta
    every: timedelta

    def fitted(self, span: timedelta) -> Schedule:
        """The schedule itself, or one with fewer ends where a span would hold too many."""
        times = max(1, ceil(span / (MOST_WINDOWS * self.every)))
        return Schedule(self.length, times * self.every)

    def windows(self, first: datetime, last: datetime) -> tuple[Window, ...]:
        """The windows between two instants, oldest first."""
        slack = self.length * _TORN
        end = _EPOCH + (last + slack - _EPOCH) // self.every * self.every
        found: list[Window] = []
        while end - self.length >= first - slack:
            found.append(Window(end - self.length, end))
            end -= self.every
        return tuple(reversed(found))


@dataclass(frozen=True)
class History:
    """Profiles of consecutive pieces of a history, laid out alike.

    Parameters
    ----------
    windows : tuple of Window
        Oldest first.
    every : timedelta
        From the end of one to that of the next.
    edges : tuple of datetime
        Where it was cut; a piece lies between two neighbours.
    merged : tuple of tuple of Profile
        The pieces, then pairs of them, then pairs of pairs: any span is a few merges.
    """

    windows: tuple[Window, ...]
    every: timedelta
    edges: tuple[datetime, ...]
    merged: tuple[tuple[Profile, ...], ...]

    def between(self, start: datetime, end: datetime) -> Profile:
        """The rows from ``start`` to ``end``, both moved back to an edge."""
        low = max(bisect_right(self.edges, start) - 1, 0)
        high = max(bisect_right(self.edges, end) - 1, low)
        parts: list[Profile] = []
        while low < high:
            widest = (high - low).bit_length() - 1
            size = min((low & -low).bit_length() - 1, widest) if low else widest
            parts.append(self.merged[size][low >> size])
            low += 1 << size
        return merge(*parts)

    def of(self, window: Window) -> Profile:
        """The rows of a window."""
        return self.between(window.start, window.end)

    def without(self, names: Collection[str]) -> History:
        """The same history without some of its columns."""

        def less(whole: Profile) -> Profile:
            return replace(whole, columns=tuple(c for c in whole.columns if c.name not in names))

        return replace(self, merged=tuple(tuple(map(less, level)) for level in self.merged))


def cut_history(rows: pl.DataFrame, instants: pl.Series, schedule: Schedule) -> History:
    """Cut rows into windows and profile each piece between two edges once.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, columns)
        The columns to compare.
    instants : polars.Series, shape (n,)
        From :func:`instants_of`.
    schedule : Schedule

    Raises
    ------
    NotEnoughEvidence
        When the history is shorter than a window.
    """
    order = instants.arg_sort()
    instants, rows = instants.gather(order), rows[order]
    first, last = _ends(instants)
    schedule = schedule.fitted(last - first)
    windows = schedule.windows(first, last)
    if not windows:
        raise NotEnoughEvidence(
            "not enough evidence: the history is shorter than one window",
            where=f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}",
            fix="bring more of it, or shorter windows: --window 1d",
        )
    edges = sorted({edge for window in windows for edge in (window.start, window.end)})
    layout = profile(rows)
    places = [int(instants.search_sorted(edge)) for edge in edges]
    pieces = tuple(profile(rows[low:high], baseline=layout) for low, high in pairwise(places))
    return History(windows, schedule.every, tuple(edges), tuple(_doubled(pieces)))


def instants_of(frame: pl.DataFrame, time: str) -> pl.Series:
    """A column as instants in UTC; a date is its midnight, what has no zone is UTC.

    Raises
    ------
    UnknownName, DataError
        There is no such column, it holds no instants, or some are missing.
    """
    if time not in frame.columns:
        raise UnknownName(
            f"there is no column {time!r} to be the time",
            where=f"the columns are {', '.join(frame.columns[:20])}",
            fix="name one of them: --time",
        )
    column = frame[time]
    if column.dtype == pl.String:
        column = as_type(column, "datetime", time)
    if not isinstance(column.dtype, pl.Date | pl.Datetime) or column.null_count():
        raise DataError(
            f"the time column {time!r} has rows without an instant",
            where=f"it is read as {frame.schema[time]}, {column.null_count():,} are missing",
            fix="name a column of dates or instants: --time",
        )
    zoned = isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None
    plain = column.dt.convert_time_zone("UTC") if zoned else column.cast(pl.Datetime("us"))
    return plain.cast(pl.Datetime("us", "UTC")) if zoned else plain.dt.replace_time_zone("UTC")


def _ends(instants: pl.Series) -> tuple[datetime, datetime]:
    first, last = instants.min(), instants.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        raise NotEnoughEvidence("not enough evidence: there are no rows", fix="check the data")
    return first, last


def _doubled(pieces: Sequence[Profile]) -> Iterable[tuple[Profile, ...]]:
    """The pieces, then each whole pair of neighbours merged, and so on."""
    level = tuple(pieces)
    while level:
        yield level
        level = tuple(merge(a, b) for a, b in zip(level[::2], level[1::2], strict=False))
