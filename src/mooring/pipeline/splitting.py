"""Dividing rows by time: the oldest train, the newest judge."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mooring.clock import parse_duration
from mooring.errors import DataError
from mooring.settings.model import Data, Split


@dataclass(frozen=True, slots=True)
class Splits:
    """Rows by role, each oldest first; no row has two roles."""

    training: pl.DataFrame
    validation: pl.DataFrame
    holdout: pl.DataFrame


def recent_rows(frame: pl.DataFrame, data: Data) -> pl.DataFrame:
    """The rows of the most recent ``data.window``; all of them when none is declared.

    Raises
    ------
    DataError
        When the time column holds no instants to measure the window by.
    """
    if data.window is None or data.time is None or data.time not in frame.columns:
        return frame  # a column that is missing is the data gate's to report
    return frame.filter(pl.col(data.time) > _before_newest(frame, data.time, data.window))


def labelled_rows(frame: pl.DataFrame, data: Data) -> pl.DataFrame:
    """The rows that have a label, oldest first; without a time column the order stays."""
    target = pl.col(data.target)
    has_label = target.is_not_null()
    if frame.schema[data.target].is_float():
        has_label &= target.is_not_nan()
    rows = frame.filter(has_label)
    if data.time is None:
        return rows
    return rows.filter(pl.col(data.time).is_not_null()).sort(data.time, maintain_order=True)


def split_by_time(rows: pl.DataFrame, data: Data, split: Split) -> Splits:
    """Divides rows, oldest first, into training, validation and holdout.

    Rows of one instant stay on one side of a border, so that no instant is both learned from and
    judged on.

    Raises
    ------
    DataError
        When a role would be empty.
    """
    holdout = _start(rows, split.holdout, data.time, rows.height)
    validation = _start(rows[:holdout], split.validation, data.time, rows.height)
    splits = Splits(rows[:validation], rows[validation:holdout], rows[holdout:])
    for role in ("training", "validation", "holdout"):
        if getattr(splits, role).is_empty():
            raise DataError(
                f"no rows are left for {role}",
                where=f"{rows.height:,} labelled rows",
                fix="change [split] in mooring.toml, or bring more data",
            )
    return splits


def _start(rows: pl.DataFrame, size: float | str, time: str | None, total: int) -> int:
    """The index at which the newest part begins; a share is one of ``total`` rows."""
    if isinstance(size, str):
        if time is None:
            raise DataError(
                f"[split] says {size!r}, and there is no time column to measure it by",
                fix="write a share such as 0.2, or name the time column in [data]",
            )
        return rows.filter(pl.col(time) <= _before_newest(rows, time, size)).height
    cut = rows.height - max(1, round(total * size))
    if time is None or not 0 < cut < rows.height:
        return max(cut, 0)
    instant = rows[time][cut]
    first = int(rows[time].search_sorted(instant, side="left"))
    return first if first > 0 else int(rows[time].search_sorted(instant, side="right"))


def _before_newest(rows: pl.DataFrame, time: str, span: str) -> pl.Expr:
    """The instant that lies a span before the newest."""
    kind = rows.schema[time]
    if not isinstance(kind, pl.Date | pl.Datetime):
        raise DataError(
            f"the time column {time!r} holds no instants to measure {span!r} by",
            where=f"it is read as {kind}",
            fix=f'say what it is: [data.types] {time} = "datetime"',
        )
    newest = pl.lit(rows[time].max(), dtype=kind)
    if isinstance(kind, pl.Date):
        newest = newest.cast(pl.Datetime("us"))  # half a day before a date is no date
    return newest - parse_duration(span)
