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
MOST = 0.5
"""A cause is named when it explains at least this share of the unequal rows: most of them."""
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
    return _lag(sides, offline, places, _some(rows)) or _default(sides, places, rows)


def _lag(sides: Sides, offline: Offline, places: Places, rows: NDArray[np.intp]) -> Cause | None:
    """Online values that are the offline ones of another time."""
    lags = np.arange(1, min(STEPS, len(offline.entity) - 1) + 1)
    if not lags.size:
        return None
    chance = _chance(sides, rows)
    both = np.concatenate([lags, -lags])
    met = _met(sides, offline, places, rows, both)
    found = _constant(met, both, chance)
    if found is not None and (chance <= RARE or _always(sides, offline, places, found)):
        return _told(offline, places[rows], np.where(met[:, both == found][:, 0], found, 0))
    near = int(RARE / chance) if chance else STEPS
    back = met[:, : min(lags.size, near)]
    if not back.shape[1] or back.any(axis=1).mean() < MOST:
        return None
    return _told(offline, places[rows], np.where(back.any(axis=1), back.argmax(axis=1) + 1, 0))


def _constant(met: NDArray[np.bool_], lags: NDArray[np.int64], chance: float) -> int | None:
    """The shortest lag under which most rows meet their value, and more than by chance."""
    from scipy.special import bdtrc

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
