"""The offline table, and the row of it that was the newest when a request was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.errors import DataError
from mooring.pipeline.splitting import instants

Places = NDArray[np.int64]
"""Rows of an offline table, by their place in it; -1 where there is none."""
_SEVERAL = 2
"""Rows an entity has on average, from which its past is its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Offline:
    """What the offline code knows, each entity's rows together and oldest first.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, columns)
    at : Int64 array, shape (n,), or None
        The instant of each row in microseconds since 1970, UTC; None without a time column.
    entity : Int64 array, shape (n,)
        Rows of the same number are the past and the future of each other.
    """

    rows: pl.DataFrame
    at: NDArray[np.int64] | None
    entity: NDArray[np.int64]

    def earlier(self, places: Places, steps: NDArray[np.int64]) -> Places:
        """The rows of the same entity so many rows before; later ones for negative steps.

        Returns
        -------
        Int64 array, shape (len(places), len(steps))
            -1 where the entity has no such row.
        """
        found = places[:, None] - steps[None, :]
        inside = (found >= 0) & (found < len(self.entity)) & (places[:, None] >= 0)
        held = np.where(inside, found, 0)
        same = self.entity[held] == self.entity[places][:, None]
        return np.where(inside & same, held, -1)


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Requests and their offline rows.

    Parameters
    ----------
    places : Int64 array, shape (requests,)
        The offline row of each request; -1 where there is none to hold it against.
    strangers : int
        Requests of an entity that the table does not have, or none so early.
    beyond : int
        Requests later than the table reaches.
    ambiguous : int
        Requests that several offline rows of one instant would fit.
    """

    places: Places
    strangers: int
    beyond: int
    ambiguous: int

    @property
    def rows(self) -> int:
        """Requests that have an offline row."""
        return int(np.count_nonzero(self.places >= 0))


def offline_of(frame: pl.DataFrame, time: str | None, keys: Sequence[str] = ()) -> Offline:
    """An offline table in the order that joins and lags need.

    Parameters
    ----------
    frame : polars.DataFrame
    time : str or None
        The column of instants; rows without one are left out.
    keys : sequence of str
        What names an entity. Keys that name nearly every row of their own (a ticket number) give no
        entity a past; all rows are then one series.

    Raises
    ------
    DataError
        When the time column holds no instants.
    """
    at = None if time is None else _instants(frame, time)
    rows = frame
    if at is not None:
        known = at.is_not_null()
        rows, at = frame.filter(known), at.filter(known)
    entity = _entities(rows, keys)
    order = pl.DataFrame({"entity": entity, "at": at if at is not None else 0})
    places = order.with_row_index().sort("entity", "at", maintain_order=True)["index"]
    return Offline(
        rows[places],
        None if at is None else at.gather(places).to_numpy(),
        entity.gather(places).to_numpy(),
    )


def join(
    requests: pl.DataFrame, offline: Offline, keys: Sequence[str], at: pl.Series | None
) -> Joined:
    """The newest offline row of each request's entity at its instant (a point-in-time join).

    A request may wait for its offline row no longer than rows usually lie apart: where the table
    ends, the newest row is not yet what the request should have got.

    Parameters
    ----------
    requests : polars.DataFrame
        With the ``keys``, of any type that can be read as the offline table's.
    offline : Offline
    keys : sequence of str
        Columns of both; a request that lacks one joins nothing. None: all rows are of one entity.
    at : polars.Series of Datetime, shape (requests,), or None
        When each was answered; None joins by keys alone.

    References
    ----------
    The join is that of feature stores: Feast documentation, *Point-in-time joins*.
    """
    left = pl.DataFrame({"row": np.arange(requests.height)}).with_columns(
        _alike(requests[name], offline.rows.schema[name]) for name in keys
    )
    right = offline.rows.select(
        *(_plain(offline.rows[name]) for name in keys), pl.int_range(pl.len()).alias("place")
    )
    if at is None or offline.at is None:
        found = _by_keys(left, right, keys)
        beyond = np.zeros(requests.height, dtype=bool)
    else:
        ticks = _ticks(at)
        found = _as_of(left.with_columns(ticks.alias("at")), right, offline.at, keys)
        beyond = ticks.fill_null(0).to_numpy() >= _reach(offline)
    places = found["place"].fill_null(-1).to_numpy().astype(np.int64)
    many = found["same"].fill_null(0).to_numpy() > 1
    beyond &= places >= 0
    many &= (places >= 0) & ~beyond
    strangers = int(np.count_nonzero(places < 0))
    kept = np.where(beyond | many, -1, places)
    return Joined(kept, strangers, int(beyond.sum()), int(many.sum()))


def usual_step(offline: Offline) -> timedelta:
    """How far two rows of an entity usually lie apart: the median; nothing without a time."""
    if offline.at is None:
        return timedelta()
    steps = np.diff(offline.at)[np.diff(offline.entity) == 0]
    steps = steps[steps > 0]
    return timedelta(microseconds=float(np.median(steps))) if steps.size else timedelta()


def _reach(offline: Offline) -> float:
    """The instant from which the table says nothing any more."""
    if offline.at is None or not offline.at.size:
        return float("-inf")
    return float(offline.at.max()) + usual_step(offline) / timedelta(microseconds=1)


def _as_of(
    left: pl.DataFrame, right: pl.DataFrame, at: NDArray[np.int64], keys: Sequence[str]
) -> pl.DataFrame:
    instant = [*keys, "at"]
    timed = right.with_columns(pl.Series("at", at)).with_columns(
        pl.len().over(instant).alias("same")
    )
    held = (
        left.drop_nulls(instant)
        .sort("at")
        .join_asof(
            timed.drop_nulls(instant).sort("at", maintain_order=True),
            on="at",
            by=list(keys) or None,
            strategy="backward",
            check_sortedness=False,
        )
    )
    return (
        left.select("row")
        .join(held.select("row", "place", "same"), on="row", how="left")
        .sort("row")
    )


def _by_keys(left: pl.DataFrame, right: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    groups = (
        right.drop_nulls(keys).group_by(keys).agg(pl.col("place").last(), pl.len().alias("same"))
    )
    return left.join(groups, on=list(keys), how="left").sort("row")


def _instants(frame: pl.DataFrame, time: str) -> pl.Series:
    found = instants(frame[time]) if time in frame.columns else None
    if found is None:
        kind = frame.schema[time] if time in frame.columns else "missing"
        raise DataError(
            f"the offline table has no instants in {time!r}, its time column",
            where=f"the column is {kind}",
            fix=f'store instants there, or say how to read it: types = {{ {time} = "datetime" }}',
        )
    return found.to_physical()


def _ticks(at: pl.Series) -> pl.Series:
    found = instants(at)
    return at if found is None else found.to_physical()


def _entities(rows: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    held = [name for name in keys if name in rows.columns]
    if held:
        numbers = rows.select(pl.struct(held).rank("dense").cast(pl.Int64)).to_series()
        if rows.height >= _SEVERAL * (numbers.n_unique()):
            return numbers
    return pl.zeros(rows.height, dtype=pl.Int64, eager=True)


def _plain(series: pl.Series) -> pl.Series:
    """Keys as what they stand for: categories are text."""
    coded = series.dtype in {pl.Categorical, pl.Enum}
    return series.cast(pl.String) if coded else series


def _alike(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A request's keys in the type of the table's; what cannot be read so joins nothing."""
    wanted = pl.String() if dtype in {pl.Categorical, pl.Enum} else dtype
    return series.cast(wanted, strict=False)
