"""What a logged request is about: the keys by which its offline row is found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from mooring.clock import parse_instant
from mooring.errors import DataError, UsageError
from mooring.pipeline.splitting import instants
from mooring.serving.context import logged_context

if TYPE_CHECKING:
    from mooring.serving.log import LoggedRows
    from mooring.settings import Settings

PREDICTION_ID = "prediction_id"


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """How requests and offline rows meet.

    Parameters
    ----------
    keys : tuple of str
        Columns of both that must be equal; none when all rows are of one entity.
    requests : polars.DataFrame, shape (requests, columns)
        The keys among the columns.
    of_past : tuple of str
        Columns of the offline table that name an entity, for its earlier rows.
    exact : bool
        Whether the keys alone name one row, whatever its instant.
    """

    keys: tuple[str, ...]
    requests: pl.DataFrame
    of_past: tuple[str, ...]
    exact: bool

    @property
    def lacking(self) -> int:
        """Requests that were logged without one of the keys."""
        if not self.keys:
            return 0
        lacks = pl.any_horizontal(pl.col(self.keys).is_null())
        return int(self.requests.select(lacks.sum()).item())


def entities_of(settings: Settings, rows: LoggedRows, offline: Collection[str]) -> Entities:
    """The keys of logged requests that the offline table has too.

    In this order: the prediction id, when the table has a column of that name; the fields of
    ``serving.log_keys``; the field of ``serving.key``, when it is one of ``data.keys``; none, and
    then the instant alone joins.

    Raises
    ------
    DataError
        When the table lacks a column of ``serving.log_keys``.
    UsageError
        When there are neither keys nor a time column.
    """
    serving, data = settings.serving, settings.data
    keys = tuple(name for name in serving.log_keys if name != data.time)
    past = tuple(name for name in keys or data.keys if name in offline)
    if PREDICTION_ID in offline:
        return Entities((PREDICTION_ID,), rows.meta.select(PREDICTION_ID), past, exact=True)
    if missing := [name for name in keys if name not in offline]:
        raise DataError(
            f"the offline table has no column {missing[0]!r}",
            where="serving.log_keys",
            fix="add the column to the table, or name fields that it has",
        )
    if keys:
        context = logged_context(rows.context)
        requests = pl.DataFrame({name: _texts(one.get(name) for one in context) for name in keys})
    elif serving.key is not None and serving.key in data.keys and serving.key in offline:
        keys, past = (serving.key,), (serving.key,)
        requests = rows.meta.select(pl.col("key").alias(serving.key))
    else:
        requests = rows.meta.select(PREDICTION_ID)
    if not keys and data.time is None:
        raise UsageError(
            "nothing joins a logged request with its offline row",
            where="serving.log_keys and data.time are not set",
            fix=f'log what a request is about: [serving] log_keys = ["…"]; or offer a table with '
            f"the column {PREDICTION_ID}",
        )
    return Entities(keys, requests, past, exact=data.time is None)


def asked_at(settings: Settings, rows: LoggedRows, online: pl.DataFrame) -> pl.Series:
    """The instant that each request is about.

    That of the time column, when it is one of ``serving.log_keys`` (a forecast is asked for before
    its time) or an input of the model; else when the request was answered.

    Parameters
    ----------
    settings : Settings
    rows : LoggedRows
    online : polars.DataFrame
        The inputs of the same requests.
    """
    time = settings.data.time
    if time is not None and time in settings.serving.log_keys:
        said = [_instant(one.get(time)) for one in logged_context(rows.context)]
        return pl.Series(said, dtype=pl.Datetime("us", "UTC"))
    own = instants(online[time]) if time is not None and time in online.columns else None
    return rows.meta["at"] if own is None or own.null_count() else own


def _instant(value: object) -> datetime | None:
    try:
        return None if value is None else parse_instant(str(value))
    except UsageError:
        return None  # it joins nothing, and is counted


def _texts(values: Iterable[object]) -> pl.Series:
    """Values of JSON as the text that a table's own type can be read from."""
    return pl.Series([None if v is None else str(v) for v in values], dtype=pl.String)
