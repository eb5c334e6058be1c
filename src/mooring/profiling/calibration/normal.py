"""Window against window: every baseline that a window can fairly be held against."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from mooring.clock import Window
from mooring.profiling.calibration.plan import Compared, Pair, Spread
from mooring.profiling.comparing import compare
from mooring.profiling.profiles import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from mooring.profiling.calibration.history import History
    from mooring.profiling.calibration.plan import Against, Plan
    from mooring.profiling.findings import Comparison, DriftRules
    from mooring.profiling.profiles import ColumnProfile, Profile

    Floats = NDArray[np.float64]

YEAR = timedelta(days=365)
_MONTHS_13 = timedelta(days=396)
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_WARMING = 4
"""One part in so many of the history only serves as the first baseline."""
_STRANGE = 0.9
"""The share of unseen categories from which a window is called strange."""


def pairs_before(history: History, plan: Plan) -> tuple[Pair, ...]:
    """Each window against what a model trained just before it would have seen."""
    first, last = history.edges[0], history.edges[-1]
    warm = first + (last - first) / _WARMING
    windows = [window for window in history.windows if window.start >= warm]
    return _pairs(history, windows, lambda w: _trained_on(history, plan, w.start), plan)


def pairs_previous(history: History, plan: Plan) -> tuple[Pair, ...]:
    """Each window against the one that ended where it starts."""

    def previous(window: Window) -> Profile:
        return history.between(window.start - plan.length, window.start)

    first = history.edges[0] + plan.length
    windows = [window for window in history.windows if window.start >= first]
    return _pairs(history, windows, previous, plan)


def pairs_by_season(history: History, plan: Plan) -> tuple[Against, tuple[Pair, ...]] | None:
    """Each window against its own season; None when the history knows no season twice.

    The same month a year earlier from 13 months on; else, for windows of a day, the same weekdays
    before.
    """
    first, last = history.edges[0], history.edges[-1]
    if last - first >= _MONTHS_13:
        windows = [w for w in history.windows if _month_before(w.start).start >= first]

        def year(window: Window) -> Profile:
            return history.of(_month_before(window.start))

        return "year", _pairs(history, windows, year, plan)
    if plan.length == _DAY:
        windows = [w for w in history.windows if w.start - _WEEK >= first]

        def weekday(window: Window) -> Profile:
            weeks = (window.start - first) // _WEEK
            days = (window.start - back * _WEEK for back in range(1, weeks + 1))
            return merge(*(history.between(day, day + _DAY) for day in days))

        return "weekday", _pairs(history, windows, weekday, plan)
    return None


def compared(pairs: Iterable[Pair], rules: DriftRules) -> tuple[Compared, ...]:
    """The pairs, compared by these rules."""
    found = []
    for pair in pairs:
        comparison = compare(pair.base, pair.now, rules=rules)
        found.append(Compared(pair.window, comparison, _strange(pair, comparison)))
    return tuple(found)


def columns_never_again(compared: Sequence[Compared]) -> tuple[str, ...]:
    """Columns whose values do not come back: a key, a clock, a counter.

    Their distance says how much time has passed, which a calendar knows better.
    """
    names = [column.name for column in compared[0].comparison.columns] if compared else []
    return tuple(
        name for name in names if 2 * sum(name in one.strange for one in compared) >= len(compared)
    )


def values_of(compared: Sequence[Compared], column: str, score: str) -> Floats:
    """A score of one column in each window, oldest first; what cannot be computed is left out.

    ``distance`` is the one number of all columns.
    """
    return np.array([value for _, value in _finite(compared, column, score)])


def spread_of(values: Floats) -> Spread:
    """The distribution of a score in three numbers."""
    if not values.size:
        return Spread(0, float("nan"), float("nan"), float("nan"))
    return Spread(
        values.size, float(np.median(values)), float(np.quantile(values, 0.9)), float(values.max())
    )


def rises_of(compared: Sequence[Compared], kind: str) -> Floats:
    """The largest rise of the ``missing`` or ``unseen`` share in any column, by window."""
    return np.array(
        [
            max(
                (e.effect for c in one.comparison.columns for e in c.evidence if e.kind == kind),
                default=0.0,
            )
            for one in compared
        ]
    )


def effects_of(compared: Sequence[Compared], columns: Sequence[str]) -> Floats:
    """The index that is tested, shape (windows, columns); NaN where there is none."""
    return np.array([[_value(one, name, "effect") for name in columns] for one in compared])


def level_of(compared: Sequence[Compared], column: str) -> float:
    """The index that no drift stays under, were rows independent, in the usual window."""
    found = [one.comparison.column(column) for one in compared]
    levels = [one.level for one in found if one is not None and isfinite(one.level)]
    return float(np.median(levels)) if levels else float("nan")


def _finite(
    compared: Sequence[Compared], column: str, score: str
) -> Iterator[tuple[Compared, float]]:
    for one in compared:
        value = _value(one, column, score)
        if isfinite(value):
            yield one, value


def _value(one: Compared, column: str, score: str) -> float:
    if score == "distance":
        return float("nan") if one.comparison.distance is None else one.comparison.distance
    found = one.comparison.column(column)
    if found is None or found.status == "unknown":
        return float("nan")
    return found.effect if score == "effect" else found.score(score)


def _trained_on(history: History, plan: Plan, at: datetime) -> Profile:
    training = plan.training
    first = history.edges[0]
    start = first if training.span is None else max(first, at - training.span)
    end = at - training.held_span - (at - start) * training.held_share
    return history.between(start, end)


def _month_before(at: datetime) -> Window:
    """The same calendar month a year earlier."""
    start = at.replace(year=at.year - 1, day=1, hour=0, minute=0, second=0, microsecond=0)
    month = start.month % 12 + 1
    return Window(start, start.replace(year=start.year + (month == 1), month=month))


def _pairs(
    history: History, windows: Sequence[Window], baseline: Callable[[Window], Profile], plan: Plan
) -> tuple[Pair, ...]:
    """The windows that have rows enough, each with its baseline."""
    found = (Pair(window, baseline(window), history.of(window)) for window in windows)
    least = max(plan.rules.min_rows, 1)
    return tuple(pair for pair in found if min(pair.base.rows, pair.now.rows) >= least)


def _strange(pair: Pair, comparison: Comparison) -> frozenset[str]:
    """The columns that share no value with the baseline: ranges apart, or categories unseen."""
    apart = {
        column.name
        for column in pair.now.columns
        if (before := pair.base.column(column.name)) is not None and _ranges_apart(before, column)
    }
    unseen = {
        column.name
        for column in comparison.columns
        if column.kind == "categorical" and column.unseen_rate >= _STRANGE
    }
    return frozenset(apart | unseen)


def _ranges_apart(before: ColumnProfile, now: ColumnProfile) -> bool:
    low, high = before.minimum, before.maximum
    if low is None or high is None or now.minimum is None or now.maximum is None:
        return False
    return now.minimum > high or now.maximum < low
