"""The two sides of a report: which rows, which columns, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.clock import parse_instant
from mooring.errors import UsageError
from mooring.profiling.rows.arrays import PART
from mooring.profiling.rows.parts import parts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from mooring.profiling.rows.parts import Rows

_SPAN = "write it as 2026-03-01..2026-04-01; the end is exclusive, either may be left out"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span of time, in UTC; an end that is None is open."""

    start: datetime | None
    end: datetime | None

    def __str__(self) -> str:
        first, last = (_instant(at) for at in (self.start, self.end))
        return (
            f"from {first} to {last}"
            if first and last
            else f"{'from' if first else 'to'} {first or last}"
        )


@dataclass(frozen=True)
class Side:
    """One side of a report.

    Parameters
    ----------
    name : str
        For people: a path, a span.
    rows : Rows
        Anything that ``profile`` takes. To be read twice, it must not be a stream.
    time : str
        The column that ``span`` is about; it is left out of the comparison.
    span : Span, optional
        The rows that count; all of them when absent.
    only, without : tuple of str
        The columns that are compared (all when empty), and those that are not.
    """

    name: str
    rows: Rows
    time: str = ""
    span: Span | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def parts(self, *, timed: bool = False) -> Iterator[pl.DataFrame]:
        """The rows of the side, with the columns to be compared; at least one frame.

        The time column is there too when it is asked for and exists.
        """
        parts = parts_of(self.rows)
        for part in parts if self.span is None else _gathered(self._inside(parts)):
            time = [name for name in part.columns if timed and name == self.time]
            yield part.select(self.chosen(part.columns) + time)

    def columns(self) -> dict[str, pl.DataType]:
        """The columns to be compared, by the first rows."""
        return {name: self.schema[name] for name in self.chosen(list(self.schema))}

    @cached_property
    def schema(self) -> pl.Schema:
        """Every column by the first rows, also those that are not compared."""
        return next(parts_of(self.rows)).schema

    def chosen(self, names: Sequence[str]) -> list[str]:
        """Those of the names that are compared."""
        left_out = {*self.without, self.time}
        return [n for n in names if n not in left_out and (not self.only or n in self.only)]

    def sample(self, size: int, seed: int) -> pl.DataFrame:
        """A uniform sample of the rows in their order, with the time column.

        Read once, in memory for ``size`` rows and one part.
        """
        random = np.random.default_rng(seed)
        kept, keys = pl.DataFrame(), np.empty(0)
        for part in self.parts(timed=True):
            keys = np.concatenate([keys, random.random(part.height)])
            kept = pl.concat([kept, part], how="vertical_relaxed") if kept.width else part
            if keys.size > size:
                chosen = np.sort(np.argpartition(keys, size)[:size])
                kept, keys = kept[chosen], keys[chosen]
        return kept

    def whole(self) -> pl.DataFrame:
        """All rows in memory."""
        return pl.concat(self.parts(), how="vertical_relaxed")

    def _inside(self, parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        for part in parts:
            yield part.filter(_within(part, self.time, self.span, self.name))


def parse_span(text: str) -> Span:
    """A span of time from what a user types.

    Raises
    ------
    UsageError
        When it is none, or ends before it starts.

    Examples
    --------
    >>> parse_span("2011-01-01..").end is None
    True
    """
    first, dots, last = text.partition("..")
    if not dots or not (first.strip() or last.strip()):
        raise UsageError(f"{text!r} is not a span of time", fix=_SPAN)
    span = Span(
        parse_instant(first) if first.strip() else None,
        parse_instant(last) if last.strip() else None,
    )
    if span.start and span.end and span.start >= span.end:
        raise UsageError(f"{text!r} ends before it starts", fix=_SPAN)
    return span


def check_columns(sides: Sequence[Side]) -> None:
    """Every column that a user names is on one of the sides.

    Raises
    ------
    UsageError
        For one that is not, with the nearest that is; and when none is left to compare.
    """
    known = {name for side in sides for name in side.schema}
    for name in (name for side in sides for name in (*side.only, *side.without)):
        if name not in known:
            near = get_close_matches(name, known, n=1)
            raise UsageError(
                f"no column is called {name!r}",
                where=" and ".join(dict.fromkeys(side.name for side in sides)),
                fix=f"did you mean {near[0]!r}?" if near else f"one of {_some(known)}",
            )
    for side in sides:
        if not side.columns():
            raise UsageError(
                "no column is left to compare",
                where=side.name,
                fix="choose more, or leave out less",
            )


def _instant(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _some(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:8])
    return f"{shown}, …" if len(names) > 8 else shown  # noqa: PLR2004


def _within(part: pl.DataFrame, time: str, span: Span | None, where: str) -> pl.Series:
    """Which rows lie in the span; those without an instant do not."""
    if time not in part.columns:
        near = get_close_matches(time, part.columns, n=1)
        raise UsageError(
            f"there is no time column {time!r}",
            where=where,
            fix=f"did you mean {near[0]!r}?" if near else f"one of {_some(set(part.columns))}",
        )
    column = part[time]
    if column.dtype not in (pl.Date, pl.Datetime) and column.dtype != pl.Null:
        raise UsageError(
            f"the column {time!r} holds {column.dtype}, not dates or instants",
            where=where,
            fix="name a column of dates or instants with --time",
        )
    zone = getattr(column.dtype, "time_zone", None)
    instants = column.cast(pl.Datetime("us", zone))
    instants = (
        instants.dt.convert_time_zone("UTC") if zone else instants.dt.replace_time_zone("UTC")
    )
    inside = instants.is_not_null()
    if span is not None and span.start is not None:
        inside &= (instants >= span.start).fill_null(value=False)
    if span is not None and span.end is not None:
        inside &= (instants < span.end).fill_null(value=False)
    return inside


def _gathered(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Parts of which little is left, joined: a column's layout is decided by the first of them."""
    held: list[pl.DataFrame] = []
    for part in parts:
        held.append(part)
        if sum(frame.height for frame in held) >= PART:
            yield pl.concat(held, how="vertical_relaxed")
            held = []
    if held:
        yield pl.concat(held, how="vertical_relaxed")
