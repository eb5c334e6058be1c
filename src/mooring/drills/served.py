"""Rows as they would have been served: their features late, or as they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mooring.drills import places
from mooring.monitoring.skew.comparing import rows_needed
from mooring.monitoring.skew.offline import Offline, Places, join, offline_of, usual_step
from mooring.pipeline.splitting import instants
from mooring.settings.model import Monitoring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.drills.delivery import Delivery
    from mooring.drills.faults import Fault
    from mooring.drills.places import Places as Columns
    from mooring.monitoring.skew.offline import Joined

_ROW = "row of the delivery"
_CHANGING = 0.5
"""Share of rows whose value is another than before: of a value that stands still nobody could say
how old it is."""
_A_DAY = timedelta(hours=6)
"""Rows so far apart still are several a day."""
MAX_SKEW = Monitoring().max_skew


def late(steps: int) -> Fault:
    """Each row is served with the value that its entity had so many rows before."""

    def fault(rows: Delivery, name: str, _seed: int) -> Delivery:
        offline, new = _placed(rows)
        return _served(rows, offline, offline.earlier(new, np.array([steps]))[:, 0], name)

    return fault


def refreshed_daily(rows: Delivery, name: str, _seed: int) -> Delivery:
    """Each row is served with the first value its entity had that day."""
    offline, new = _placed(rows)
    at = offline.at if offline.at is not None else np.zeros(len(offline.entity), dtype=np.int64)
    day = at // (timedelta(days=1) // timedelta(microseconds=1))
    first = np.ones(len(day), dtype=bool)
    first[1:] = (np.diff(day) != 0) | (np.diff(offline.entity) != 0)
    start = np.maximum.accumulate(np.where(first, np.arange(len(day)), 0))
    return _served(rows, offline, np.where(new >= 0, start[new], -1), name)


def unbroken(rows: Delivery, _name: str, _seed: int) -> Delivery:
    """Each row is served as it is."""
    return rows


def joined(rows: Delivery) -> tuple[Offline, Joined]:
    """The delivery as the offline table, and its new rows as requests joined with it."""
    keys = _keys(rows)
    offline = offline_of(rows.rows, rows.case.time, keys)
    time = rows.case.time
    at = instants(rows.new[time]) if time is not None else None
    return offline, join(rows.new, offline, keys, at)


def changing(steps: int) -> Columns:
    """Numbers that change from row to row, in tables whose new rows can be joined."""

    def columns(rows: Delivery) -> Iterator[str]:
        if not _can_join(rows):
            return
        offline, new = _placed(rows)
        before = offline.earlier(new, np.array([steps]))[:, 0]
        there = before >= 0
        for name in places.measured(rows):
            values = offline.rows[name]
            own, old = values[new[there]], values[before[there]]
            if there.any() and (own.ne_missing(old)).mean() >= _CHANGING:  # type: ignore[operator]
                yield name

    return columns


def several_a_day(rows: Delivery) -> Iterator[str]:
    """The same, where each entity has several rows a day, and the first of each differ."""
    if rows.case.time is None or usual_step(_placed(rows)[0]) > _A_DAY:
        return
    for name in changing(1)(rows):
        if refreshed_daily(rows, name, 0).new[name].drop_nulls().n_unique() > 1:
            yield name


def served(rows: Delivery) -> Iterator[str]:
    """The table as a whole, when its new rows can be joined."""
    if _can_join(rows):
        yield ""


def _can_join(rows: Delivery) -> bool:
    if rows.case.time is None or instants(rows.new[rows.case.time]) is None:
        return False
    return joined(rows)[1].rows >= rows_needed(MAX_SKEW)


def _keys(rows: Delivery) -> tuple[str, ...]:
    return tuple(name for name in rows.data.keys if name in rows.new.columns)


def _placed(rows: Delivery) -> tuple[Offline, Places]:
    """The delivery in the order of entity and time, and the place of each new row in it."""
    every = rows.rows.with_row_index(_ROW)
    offline = offline_of(every, rows.case.time, _keys(rows))
    place = np.full(every.height, -1, dtype=np.int64)
    place[offline.rows[_ROW].to_numpy()] = np.arange(offline.rows.height)
    return offline, place[every.height - rows.new.height :]


def _served(rows: Delivery, offline: Offline, old: Places, name: str) -> Delivery:
    there = pl.Series(old >= 0)
    values = offline.rows[name][np.maximum(old, 0)].cast(rows.new.schema[name])
    value = pl.when(there).then(values).otherwise(pl.col(name)).alias(name)
    return replace(rows, new=rows.new.with_columns(value))
