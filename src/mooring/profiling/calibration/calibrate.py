"""Calibration: from rows and a plan to what is normal, what to propose, and what it would cost."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING

import numpy as np

from mooring.errors import NotEnoughEvidence
from mooring.profiling.calibration import normal
from mooring.profiling.calibration.hindsight import look_back
from mooring.profiling.calibration.history import Schedule, cut_history
from mooring.profiling.calibration.plan import (
    LEAST_WINDOWS,
    MONTH,
    SCORES,
    SEVERITIES,
    Calibration,
    ColumnNormal,
)
from mooring.profiling.calibration.proposing import (
    SQUARED_CUBE_ROOT,
    joint_bounds,
    next_bound,
    window_rate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mooring.profiling.calibration.history import History
    from mooring.profiling.calibration.plan import Against, Compared, Plan
    from mooring.profiling.findings import DriftRules

    Comparisons = Mapping[Against, Sequence[Compared]]


def calibrate(rows: pl.DataFrame, instants: pl.Series, plan: Plan) -> Calibration:
    """Learn what normal drift looks like on a history, and what thresholds follow.

    The history is cut into the windows that monitoring would score. Each is held against the rows a
    model trained just before it would have seen, against the window before it, and against its own
    season where the history knows it twice. All of it is taken as normal: thresholds are set so
    that a history like it raises a stated number of alarms a month.

    Parameters
    ----------
    rows : polars.DataFrame, shape (n, columns)
        The watched columns.
    instants : polars.Series, shape (n,)
        When each row was; see ``history.instants_of``.
    plan : Plan

    Returns
    -------
    Calibration
        Without proposals when there is not ``enough`` evidence.

    Raises
    ------
    NotEnoughEvidence
        When no window can be held against another.

    Examples
    --------
    ``calibrate(frame.select("temp"), instants_of(frame, "at"), Plan(week, week))``
    """
    history = cut_history(rows, instants, Schedule(plan.length, plan.every))
    plain = replace(plan.rules, inflation=1.0, floors=())
    before = normal.compared_before(history, plan, plain)
    never = normal.columns_never_again(before)
    if never:
        history = history.without(never)
        before = normal.compared_before(history, plan, plain)
    if not before or not history.merged[0][0].columns:
        raise NotEnoughEvidence(
            f"not enough evidence: 0 windows, {LEAST_WINDOWS} wanted",
            where=f"windows with {plan.rules.min_rows} rows or more, a quarter of the history set "
            "aside as the first baseline",
            fix="bring a longer history, or shorter windows: --window 1d",
        )
    compared: dict[Against, Sequence[Compared]] = {
        "before": before,
        "previous": normal.compared_previous(history, plan, plain),
    }
    season = normal.compared_by_season(history, plan, plain)
    if season is not None:
        compared[season[0]] = season[1]
    found = _calibration(history, plan, compared, never)
    return _with_proposals(found, history, before) if found.enough else found


def _calibration(
    history: History, plan: Plan, compared: Comparisons, never: tuple[str, ...]
) -> Calibration:
    before = compared["before"]
    names = [column.name for column in before[0].comparison.columns]
    columns = tuple(_column(history, plan, compared, name) for name in names)
    known = [column.inflation for column in columns if isfinite(column.inflation)]
    months = len(before) * history.every / MONTH
    in_force = _tested(history, plan, before, plan.rules)
    windows = [window for window in history.windows if window.start >= before[0].window.start]
    return Calibration(
        plan=plan,
        first=before[0].window,
        last=before[-1].window,
        windows=len(before),
        disjoint=round(len(before) * min(1.0, history.every / plan.length)),
        months=months,
        skipped=len(windows) - len(before),
        columns=columns,
        distance=ColumnNormal(
            name="distance",
            spreads={
                (against, "jensenshannon"): normal.spread_of(normal.values_of(some, "", "distance"))
                for against, some in compared.items()
            },
        ),
        inflation=max(rounded_up(min(known)), 1.0) if known else 1.0,
        never_again=never,
        today=look_back(in_force, plan.rules, plan.alarm, months),
    )


def _column(history: History, plan: Plan, compared: Comparisons, name: str) -> ColumnNormal:
    return ColumnNormal(
        name=name,
        spreads={
            (against, score): normal.spread_of(normal.values_of(some, name, score))
            for against, some in compared.items()
            for score in SCORES
        },
        level=normal.level_of(compared["before"], name),
        inflation=normal.column_inflation(history, compared["previous"], name, plan.rules.alpha),
    )


def _with_proposals(
    found: Calibration, history: History, before: Sequence[Compared]
) -> Calibration:
    found = _with_thresholds(found, before)
    rules = {severity: found.rules(severity) for severity in SEVERITIES}
    again = _tested(history, found.plan, before, rules["record"])
    return replace(
        found,
        hindsight={
            severity: look_back(again, rules[severity], found.plan.proposed, found.months)
            for severity in SEVERITIES
        },
    )


def _with_thresholds(found: Calibration, before: Sequence[Compared]) -> Calibration:
    """The thresholds: never below the least effect, nor below what no drift stays under."""
    rules = found.plan.rules
    levels = [column.level if isfinite(column.level) else 0.0 for column in found.columns]
    least = [max(rules.min_psi, level) for level in levels]
    effects = normal.effects_of(before, [column.name for column in found.columns])
    rises = [normal.rises_of(before, kind) for kind in ("missing", "unseen")]
    values = np.column_stack([effects, *rises])
    floors = np.array([*least, rules.null_rate_floor, rules.unseen_rate_floor])
    distances = normal.values_of(before, "", "distance")
    rates = {s: window_rate(s, max(found.plan.length, found.plan.every)) for s in SEVERITIES}
    joint = {s: joint_bounds(values, rates[s], floors, disjoint=found.disjoint) for s in SEVERITIES}
    proposed = {s: [rounded_up(float(bound)) for bound in joint[s]] for s in SEVERITIES}
    columns = tuple(
        replace(column, thresholds={s: proposed[s][place] for s in SEVERITIES})
        for place, column in enumerate(found.columns)
    )
    distance = {
        s: next_bound(distances, rates[s], power=SQUARED_CUBE_ROOT, disjoint=found.disjoint)
        for s in SEVERITIES
    }
    shares = {s: (min(proposed[s][-2], 1.0), min(proposed[s][-1], 1.0)) for s in SEVERITIES}
    return replace(
        found,
        columns=columns,
        distance=replace(found.distance, thresholds=distance),
        rises=shares,
    )


def _tested(
    history: History, plan: Plan, before: Sequence[Compared], rules: DriftRules
) -> Sequence[Compared]:
    """The windows tested by these rules: floors do not change a test, only inflation does."""
    return before if rules.inflation == 1 else normal.compared_before(history, plan, rules)


def rounded_up(value: float) -> float:
    """A number of two digits that is not less, as people write a threshold.

    Examples
    --------
    >>> rounded_up(0.1432), rounded_up(31.2), rounded_up(0.3)
    (0.15, 32.0, 0.3)
    """
    if not value > 0:
        return 0.0
    digits = 1 - floor(log10(value))
    # What is off by rounding only must not take a step up.
    return round(ceil(round(value * 10.0**digits, 9)) / 10.0**digits, max(digits, 0))
