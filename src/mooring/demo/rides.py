"""The rides that ship with the package, and the project that predicts them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import polars as pl

from mooring.errors import UsageError

TIME, TARGET, KEY = "event_time", "cnt", "instant"
HISTORY_ENDS = datetime(2011, 3, 1, tzinfo=UTC)
"""The first model learns from January and February 2011."""
_EPOCH, _WEEK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(days=7)
_MARK = ".mooring-demo"
_DATA = "data"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of rides, labels included; the demo keeps those back for a week."""

    start: datetime
    end: datetime
    rows: pl.DataFrame


def load_rides() -> pl.DataFrame:
    """Every hour of 2011 and 2012 with its weather and its rides, oldest first."""
    path = files("mooring.demo") / _DATA / "bike_sharing.parquet"
    return pl.read_parquet(path.read_bytes()).sort(TIME)


def weeks_after_history(rides: pl.DataFrame) -> tuple[Week, ...]:
    """The weeks the demo lives through, ending when monitoring windows of seven days do.

    Windows are counted from 1970-01-01, a Thursday; so the first week has two days, and the last
    ends with the rides.
    """
    last = rides[TIME].max()
    assert isinstance(last, datetime)  # noqa: S101 - the column is of datetimes
    found, start = [], HISTORY_ENDS
    while start.replace(tzinfo=None) <= last:
        end = start + _WEEK - (start - _EPOCH) % _WEEK
        found.append(Week(start, end, _between(rides, start, end)))
        start = end
    return tuple(found)


def write_project(folder: Path, rides: pl.DataFrame) -> None:
    """Lays the project out as its user would have, with the rides up to the end of the history.

    Raises
    ------
    UsageError
        When the folder exists and is not an earlier demo.
    """
    if folder.exists():
        if not (folder / _MARK).exists():
            raise UsageError(
                f"{folder} exists and was not made by mooring demo", fix="name another: --folder"
            )
        shutil.rmtree(folder)
    (folder / _DATA).mkdir(parents=True)
    (folder / _MARK).touch()
    for name in ("mooring.toml", "pipeline.py"):
        source = files("mooring.demo") / "project" / name
        (folder / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    deliver(folder, "history", rides.filter(pl.col(TIME) < HISTORY_ENDS.replace(tzinfo=None)))


def deliver(folder: Path, name: str, rows: pl.DataFrame) -> None:
    """Puts rows into the project's source, as a nightly export would."""
    rows.write_parquet(folder / _DATA / f"{name}.parquet")


def _between(rides: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    at = pl.col(TIME)
    return rides.filter((at >= start.replace(tzinfo=None)) & (at < end.replace(tzinfo=None)))
