"""Dividing rows by time: the oldest train, the newest judge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from mooring.clock import parse_duration
from mooring.errors import DataError
from mooring.settings.model import Data, Split


@dataclass(frozen=True, slots=True)
class Splits:
    """Rows by role, each oldest first; no row has two roles.

    ``purged`` counts those that have none: their labels were not final when the holdout begins.
    """

    training: pl.DataFrame
    validation: pl.DataFrame
    holdout: pl.DataFrame
    purged: int = 0


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


def labelled_rows(frame: pl.DataFrame, data: Data, now: datetime) -> pl.DataFrame:
    """The rows whose label is there and final, oldest first; without a time column the order stays.

    Parameters
    ----------
    now : datetime
        A label that is there before ``data.label_delay`` has passed may still change.
    """
    target = pl.col(data.target)
    has_label = target.is_not_null()
    if frame.schema[data.target].is_float():
        has_label &= target.is_not_nan()
    rows = frame.filter(has_label)
    if data.time is None:
        return rows
    rows = rows.filter(pl.col(data.time).is_not_null()).sort(data.time, maintain_order=True)
    delay = parse_duration(data.label_delay)
    when = instants(rows[data.time]) if delay else None
    if when is None:
        return rows
    return rows.filter(when <= now.astimezone(UTC).replace(tzinfo=None) - delay)


def split_by_time(rows: pl.DataFrame, data: Data, split: Split) -> Splits:
    """Divides rows, oldest first, into training, validation and holdout.

    Rows of one instant stay on one side of a border, so that no instant is both learned from and
    judged on. Training rows whose label was not final yet when the holdout begins are left out: a
    model that predicts then could not have learned from them (the purging of Lopez de Prado,
    "Advances in Financial Machine Learning", 2018, chapter 7).

    Raises
    ------
    DataError
        When a role would be empty.
    """
    holdout = _start(rows, split.holdout, data.time, rows.height)
    validation = _start(rows[:holdout], split.validation, data.time, rows.height)
    training = _known_before(rows[:validation], rows[holdout:], data)
    splits = Splits(
        training, rows[validation:holdout], rows[holdout:], validation - training.height
    )
    for role in ("training", "validation", "holdout"):
        if getattr(splits, role).is_empty():
            raise DataError(
                f"no rows are left for {role}",
                where=f"{rows.height:,} labelled rows"
                + (f", {splits.purged:,} of them known too late to train on" * (splits.purged > 0)),
                fix="change [split] in mooring.toml, or bring more data",
            )
    return splits


def instants(column: pl.Series) -> pl.Series | None:
    """A column of dates or times as instants in UTC without a zone; None when it holds no such.

    A date is its midnight.
    """
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return (
        column.cast(pl.Datetime("us")) if isinstance(column.dtype, pl.Date | pl.Datetime) else None
    )


def newest_instant(rows: pl.DataFrame, time: str | None) -> datetime | None:
    """Until when some rows reach, in UTC: the end of the day where they are dates."""
    when = None if time is None or time not in rows.columns else instants(rows[time])
    newest = None if when is None else when.max()
    if time is None or not isinstance(newest, datetime):
        return None
    day = timedelta(days=1, microseconds=-1)
    last = newest + day if rows.schema[time] == pl.Date else newest
    return last.replace(tzinfo=UTC)


def _known_before(training: pl.DataFrame, holdout: pl.DataFrame, data: Data) -> pl.DataFrame:
    delay = parse_duration(data.label_delay)
    if data.time is None or not delay or training.is_empty() or holdout.is_empty():
        return training
    when, first = instants(training[data.time]), instants(holdout[data.time].head(1))
    if when is None or first is None:
        return training
    return training.filter(when <= first[0] - delay)


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
