"""Calibration: from rows and a plan to what is normal, what to propose, and what it would cost."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING

from mooring.errors import NotEnoughEvidence
from mooring.profiling.calibration import normal
from mooring.profiling.calibration.alike import column_tails, inflation_of, rows_of
from mooring.profiling.calibration.held_back import held_back
from mooring.profiling.calibration.hindsight import look_back
from mooring.profiling.calibration.history import Schedule, cut_history
from mooring.profiling.calibration.plan import (
    LEAST_WINDOWS,
    MONTH,
    SCORES,
    SEASONS,
    SEVERITIES,
    Calibration,
    ColumnNormal,
)
from mooring.profiling.calibration.proposing import (
    SQUARED_CUBE_ROOT,
    next_bound,
    propose,
    rounded_up,
    window_rate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from mooring.profiling.calibration.history import History
    from mooring.profiling.calibration.plan import (
        Against,
        Compared,
        Hindsight,
        Pair,
        Plan,
        Severity,
    )

    Comparisons = Mapping[Against, Sequence[Compared]]


def calibrate(rows: pl.DataFrame, instants: pl.Series, plan: Plan) -> Calibration:
    """Learn what normal drift looks like on a history, and what thresholds follow.

    The history is cut into the windows that monitoring would score. Each is held against the rows a
    model trained just before it would have seen, against the window before it, and against its own
    season where the history knows it twice. All of it is taken as normal: thresholds are set so
    that a history like it raises a stated number of alarms a month. What to expect of them is
    counted on windows held back.

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
    plain = replace(plan.rules, inflation=1.0, inflations=(), floors=())
    pairs = normal.pairs_before(history, plan)
    before = normal.compared(pairs, plain)
    never = normal.columns_never_again(before)
    if never:
        history = history.without(never)
        pairs = normal.pairs_before(history, plan)
        before = normal.compared(pairs, plain)
    if not before or not history.merged[0][0].columns:
        raise NotEnoughEvidence(
            f"not enough evidence: 0 windows, {LEAST_WINDOWS} wanted",
            where=f"windows with {plan.rules.min_rows} rows or more, a quarter of the history set "
            "aside as the first baseline",
            fix="bring a longer history, or shorter windows: --window 1d",
        )
    neighbours = normal.pairs_previous(history, plan)
    compared: dict[Against, Sequence[Compared]] = {
        "before": before,
        "previous": normal.compared(neighbours, plain),
    }
    season = normal.pairs_by_season(history, plan)
    if season is not None:
        compared[season[0]] = normal.compared(season[1], plain)
    names = [column.name for column in before[0].comparison.columns]
    tails = {name: column_tails(neighbours, name, plan.rules.alpha) for name in names}
    inflations = {
        name: inflation_of(one, plan.rules.alpha, rows_of(neighbours))
        for name, one in tails.items()
    }
    found = _calibration(history, plan, compared, inflations)
    found = replace(found, never_again=never, today=_today(found, pairs))
    if not found.enough:
        return found
    found = _with_proposals(found, compared, pairs)
    return replace(found, held_back=held_back(found, before, pairs, neighbours, tails))


def _calibration(
    history: History, plan: Plan, compared: Comparisons, inflations: Mapping[str, float]
) -> Calibration:
    before = compared["before"]
    columns = tuple(_column(compared, name, inflation) for name, inflation in inflations.items())
    known = [column.inflation for column in columns if isfinite(column.inflation)]
    windows = [window for window in history.windows if window.start >= before[0].window.start]
    return Calibration(
        plan=plan,
        first=before[0].window,
        last=before[-1].window,
        windows=len(before),
        disjoint=round(len(before) * min(1.0, history.every / plan.length)),
        months=len(before) * history.every / MONTH,
        skipped=len(windows) - len(before),
        columns=columns,
        distance=ColumnNormal(
            name="distance",
            spreads={
                (against, "jensenshannon"): normal.spread_of(normal.values_of(some, "", "distance"))
                for against, some in compared.items()
            },
        ),
        inflation=min(known, default=1.0),
    )


def _column(compared: Comparisons, name: str, inflation: float) -> ColumnNormal:
    return ColumnNormal(
        name=name,
        spreads={
            (against, score): normal.spread_of(normal.values_of(some, name, score))
            for against, some in compared.items()
            for score in SCORES
        },
        level=normal.level_of(compared["before"], name),
        inflation=max(rounded_up(inflation), 1.0) if isfinite(inflation) else inflation,
    )


def _today(found: Calibration, pairs: Sequence[Pair]) -> Hindsight:
    """What the rules in force would have done."""
    rules = found.plan.rules
    return look_back(normal.compared(pairs, rules), rules, found.plan.alarm, found.months)


def _with_proposals(
    found: Calibration, compared: Comparisons, pairs: Sequence[Pair]
) -> Calibration:
    before, levels = compared["before"], {column.name: column.level for column in found.columns}
    floors, rises = propose(before, levels, found.plan, found.disjoint)
    seasonal = _seasonal(found, compared, levels)
    columns = tuple(
        replace(
            column,
            thresholds={s: floors[s][column.name] for s in SEVERITIES},
            seasonal={s: seasonal[s][column.name] for s in seasonal},
        )
        for column in found.columns
    )
    found = replace(found, columns=columns, rises=rises, distance=_distance(found, before))
    rules = {severity: found.rules(severity) for severity in SEVERITIES}
    again = normal.compared(pairs, rules["record"])  # floors do not change a test
    return replace(
        found,
        hindsight={
            severity: look_back(again, rules[severity], found.plan.proposed, found.months)
            for severity in SEVERITIES
        },
    )


def _seasonal(
    found: Calibration, compared: Comparisons, levels: Mapping[str, float]
) -> Mapping[Severity, Mapping[str, float]]:
    """The floors, were windows held against their own season; empty with too few of them."""
    windows = next((compared[one] for one in SEASONS if one in compared), ())
    apart = round(len(windows) * found.disjoint / found.windows)
    return propose(windows, levels, found.plan, apart)[0] if apart >= LEAST_WINDOWS else {}


def _distance(found: Calibration, before: Sequence[Compared]) -> ColumnNormal:
    values = normal.values_of(before, "", "distance")
    spacing = max(found.plan.length, found.plan.every)
    bounds = {
        s: next_bound(
            values, window_rate(s, spacing), power=SQUARED_CUBE_ROOT, disjoint=found.disjoint
        )
        for s in SEVERITIES
    }
    return replace(found.distance, thresholds=bounds)
