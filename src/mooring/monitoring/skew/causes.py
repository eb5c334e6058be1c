"""What explains unequal values: they are stale, ahead of time, missing, or one default value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from mooring.monitoring.skew.comparing import Sides, same

if TYPE_CHECKING:
    from mooring.monitoring.skew.offline import Offline, Places

Kind = Literal["stale", "ahead", "missing", "default"]
MOST = 0.6
"""A cause is named when it explains at least this share of the unequal rows: clearly most of them.
Errors of one up or down in a counter are the value of before or of after in half of the rows."""
STEPS = 500
"""Offline rows looked back over: three weeks of hours, a year and a half of days."""
SAMPLE = 2000
"""Unequal rows looked at, evenly spaced: a share of them is known within 0.03."""
RARE = 0.05
"""A value that fewer than one offline row in twenty has is not met again by chance."""
_ALWAYS = 0.9
"""Share of all rows that a lag must explain where values are common: were the lag not the cause,
rows that are equal now would not equal another time as well."""
_AS_GOOD = 0.02
"""Of lags that explain as many rows within this share, the shortest is the cause: what stood still
for a while equals itself under longer ones too."""
_ERROR = 0.001
"""Of all lags that are tried, the chance that one is named for values that merely coincide."""
_ALIKE = 0.9
_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Cause:
    """Why values are unequal.

    Parameters
    ----------
    kind : "stale", "ahead", "missing" or "default"
        The online value is that of earlier, or of later; it is missing; it is always the same.
    share : float
        Of the unequal rows that this explains.
    seconds, low, high : float or None
        By how much: the median, and the span of the middle nine in ten rows; None without a time.
    steps : int
        The same in rows of the entity (median).
    """

    kind: Kind
    share: float
    seconds: float | None = None
    low: float | None = None
    high: float | None = None
    steps: int = 0


def find_cause(
    sides: Sides, offline: Offline, places: Places, unequal: NDArray[np.bool_]
) -> Cause | None:
    """The one cause that explains most of the unequal rows, if there is one.

    Parameters
    ----------
    sides : Sides
        Of one column.
    offline : Offline
    places : Int64 array, shape (requests,)
        The offline row of each request; -1 where there is none.
    unequal : bool array, shape (requests,)
        Only rows that have an offline one.
    """
    rows = np.flatnonzero(unequal)
    if not rows.size:
        return None
    missing = float(np.isnan(sides.online[rows]).mean())
    if missing >= MOST:
        return Cause("missing", missing)
    some = _some(rows)
    chance = _chance(sides, some)
    return (
        _shifted(sides, offline, places, some, chance)
        or _held(sides, offline, places, unequal, chance)
        or _delayed(sides, offline, places, some, chance)
        or _default(sides, places, rows)
    )


def _shifted(
    sides: Sides, offline: Offline, places: Places, rows: NDArray[np.intp], chance: float
) -> Cause | None:
    """Online values that are the offline ones of so many rows before, always as many."""
    lags = _lags(offline)
    both = np.concatenate([lags, -lags])
    met = _met(sides, offline, places, rows, both)
    found = _constant(met, both, chance)
    if found is None or (chance > RARE and not _always(sides, offline, places, found)):
        return None
    return _told(offline, places[rows], np.where(met[:, both == found][:, 0], found, 0))


def _held(
    sides: Sides, offline: Offline, places: Places, unequal: NDArray[np.bool_], chance: float
) -> Cause | None:
    """Online values that were right once and then stayed: a cache, a job that runs once a day.

    Requests of an entity that get one value after the other the same are one run; it explains its
    rows when its value is the offline one of the row it began with. By chance a run begins so as
    often as any row is equal, or as a value is met at all.
    """
    from scipy.special import bdtrc

    rows = np.flatnonzero(places >= 0)
    rows = rows[np.argsort(places[rows], kind="stable")]
    online, at = sides.online[rows], places[rows]
    new = np.ones(rows.size, dtype=bool)
    new[1:] = ~same(online[1:], online[:-1], sides.slack) | (np.diff(offline.entity[at]) != 0)
    run = np.cumsum(new) - 1
    begin = at[new]
    right = same(online[new], sides.offline[begin], sides.slack)
    wrong = unequal[rows]
    touched = np.unique(run[wrong])
    hits = int(right[touched].sum())
    explained = right[run[wrong]]
    anyway = max(chance, 1.0 - float(wrong.mean()))
    if hits < _FEWEST or explained.mean() < MOST:
        return None
    if bdtrc(hits - 1, touched.size, anyway) > _ERROR:
        return None
    steps = np.where(explained, at[wrong] - begin[run[wrong]], 0)
    return _told(offline, at[wrong], steps)


def _delayed(
    sides: Sides, offline: Offline, places: Places, rows: NDArray[np.intp], chance: float
) -> Cause | None:
    """Online values that are those of some row before, each of another: the nearest that fits."""
    near = int(RARE / chance) if chance else STEPS
    back = _met(sides, offline, places, rows, _lags(offline)[:near])
    hit = back.any(axis=1) if back.shape[1] else np.zeros(rows.size, dtype=bool)
    if hit.mean() < MOST:
        return None
    return _told(offline, places[rows], np.where(hit, back.argmax(axis=1) + 1, 0))


def _lags(offline: Offline) -> NDArray[np.int64]:
    return np.arange(1, min(STEPS, len(offline.entity) - 1) + 1)


def _constant(met: NDArray[np.bool_], lags: NDArray[np.int64], chance: float) -> int | None:
    """The shortest lag under which most rows meet their value, and more than by chance."""
    from scipy.special import bdtrc

    if not lags.size:
        return None
    hits = met.sum(axis=0)
    best = int(hits.max())
    surprise = bdtrc(best - 1, len(met), chance) * lags.size
    if best < max(MOST * len(met), _FEWEST) or surprise > _ERROR:
        return None
    good = lags[hits >= best - _AS_GOOD * len(met)]
    return int(min(good, key=lambda lag: (abs(lag), lag < 0)))


def _always(sides: Sides, offline: Offline, places: Places, lag: int) -> bool:
    rows = _some(np.flatnonzero(places >= 0))
    there = offline.earlier(places[rows], np.array([lag]))[:, 0] >= 0
    met = _met(sides, offline, places, rows, np.array([lag]))[:, 0]
    return bool(there.any()) and float(met[there].mean()) >= _ALWAYS


def _met(
    sides: Sides,
    offline: Offline,
    places: Places,
    rows: NDArray[np.intp],
    lags: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Whether the online value is the entity's so many rows before, shape (rows, lags)."""
    there = offline.earlier(places[rows], lags)
    online = sides.online[rows][:, None]
    return (there >= 0) & ~np.isnan(online) & same(online, sides.offline[there], sides.slack)


def _chance(sides: Sides, rows: NDArray[np.intp]) -> float:
    """How probable it is that an offline row drawn at random has the online value."""
    online, known = sides.online[rows], np.sort(sides.offline[~np.isnan(sides.offline)])
    online = online[~np.isnan(online)]
    if not known.size or not online.size:
        return 0.0
    slack = sides.slack * np.abs(online)
    low, high = online - slack, online + slack
    count = known.searchsorted(high, "right") - known.searchsorted(low, "left")
    return float(count.mean() / known.size)


def _told(offline: Offline, places: Places, steps: NDArray[np.int64]) -> Cause:
    """The lags of single rows (0: not explained) as one cause."""
    hit = steps != 0
    by = steps[hit]
    share, middle = float(hit.mean()), int(np.median(np.abs(by)))
    kind: Kind = "stale" if np.median(by) > 0 else "ahead"
    if offline.at is None:
        return Cause(kind, share, steps=middle)
    spans = np.abs(offline.at[places[hit]] - offline.at[places[hit] - by]) / 1e6
    low, seconds, high = (float(v) for v in np.quantile(spans, (0.05, 0.5, 0.95)))
    return Cause(kind, share, seconds, low, high, middle)


def _default(sides: Sides, places: Places, rows: NDArray[np.intp]) -> Cause | None:
    """One value wherever the true one was not found."""
    values, counts = np.unique(sides.online[rows], return_counts=True)
    share = float(counts.max() / rows.size)
    should = np.unique(sides.offline[places[rows]])
    varied = should.size > 1 and values.size < should.size
    return Cause("default", share) if share >= _ALIKE and varied else None


def _some(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """At most ``SAMPLE`` of them, evenly spaced."""
    if rows.size <= SAMPLE:
        return rows
    return rows[np.linspace(0, rows.size - 1, SAMPLE).astype(np.intp)]
