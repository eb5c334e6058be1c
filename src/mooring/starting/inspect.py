"""Looks at a table and plans the project that predicts one of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from mooring.errors import DataError, UsageError
from mooring.gates.leaks import (
    FEWEST_ROWS,
    Power,
    is_from_the_past,
    missing_with_target,
    parts_of_sum,
    planned_twin,
    single_power,
)
from mooring.starting.choices import choose, learner_params
from mooring.starting.columns import (
    Judged,
    Role,
    judge_column,
    later_than,
    newest_are_known,
    roles,
    stretch_of_time,
)
from mooring.starting.instants import DATED, Time, choose_time, read_instants
from mooring.starting.plan import Note, Part, Plan, Target
from mooring.starting.target import check_target, judge_target

SAMPLE = 50_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PARTS = ("hour", "weekday", "month")


@dataclass(frozen=True, slots=True)
class _Case:
    """A table, what is predicted in it, and a sample of its labelled rows, oldest first."""

    frame: pl.DataFrame
    target: Target
    time: str | None
    sample: pl.DataFrame

    @property
    def truth(self) -> pl.Series:
        labels = self.sample[self.target.column]
        kept = labels.dtype.is_numeric() or labels.dtype in {pl.Boolean, pl.String}
        return labels if kept else labels.cast(pl.String)


def inspect_data(  # noqa: PLR0913 - each is an option of the command
    frame: pl.DataFrame,
    *,
    target: str,
    name: str,
    source: str,
    time: str | None = None,
    task: str | None = None,
) -> Plan:
    """Look at a table and plan a project that predicts one of its columns.

    The expensive checks look at a seeded sample of 50,000 labelled rows, so that millions of rows
    take seconds.

    Parameters
    ----------
    frame : polars.DataFrame
        As ``read_table`` reads it.
    target : str
        The column to predict.
    name : str
        Of the project: letters, digits and ``_ . -``; see ``project_name``.
    source : str
        Where the table was read from; written into the project.
    time : str, optional
        The column of instants, when the choice made here would be wrong.
    task : str, optional
        ``regression``, ``binary`` or ``multiclass``, likewise.

    Returns
    -------
    Plan

    Raises
    ------
    UnknownName
        When target or time is not a column.
    DataError
        When there are no rows, no labels, one class only, or nothing to learn from.
    UsageError
        When target or time are of a type that cannot be one, or the task does not fit.

    Examples
    --------
    >>> frame = pl.DataFrame({"x": [3, 1, 2] * 9, "y": ["no", "yes", "no"] * 9})
    >>> plan = inspect_data(frame, target="y", name="demo", source="demo.csv")
    >>> plan.target.task, plan.numbers
    ('binary', ('x',))
    """
    _check_name(name)
    check_target(frame, target)
    judged = judge_target(frame[target], task)
    frame, types = read_instants(frame, target)
    chosen = choose_time(frame, target, time)
    frame, shuffled, chosen = _shuffle_when_sorted(frame, judged, chosen)
    case = _Case(frame, judged, chosen.column, _sample(frame, target, chosen.column))
    columns = _judge_columns(case)
    columns, suspects = _find_leaks(case, columns)
    numbers, categories = _names(columns, "number"), _names(columns, "category")
    parts = _time_parts(case, (*numbers, *categories))
    _check_something_left(columns, (*numbers, *categories, *parts))
    return Plan(
        name=name,
        source=source,
        rows=frame.height,
        target=judged,
        time=chosen.column,
        time_reason=chosen.reason,
        types=_types(case, types),
        keys=tuple(each.note for each in roles(columns, "key")),
        excluded=tuple(each.note for each in roles(columns, "excluded")),
        suspects=suspects,
        numbers=numbers,
        categories=categories,
        parts=parts,
        choices=choose(frame, judged, chosen.column),
        params=learner_params(judged, _strongest(case, columns)),
        shuffled=shuffled,
    )


def _names(columns: Sequence[Judged], role: Role) -> tuple[str, ...]:
    return tuple(each.column for each in roles(columns, role))


def _types(case: _Case, found: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What must be declared for the time and the target to be read as they are meant."""
    target = case.target.column
    if case.frame.schema[target].is_decimal():
        found = {**found, target: "float"}
    return tuple((name, kind) for name, kind in found.items() if name in {case.time, target})


def project_name(source: str) -> str:
    """A project's name made of its data's: ``my data.csv`` gives ``my-data``.

    Examples
    --------
    >>> project_name("exports/Flights 2013.parquet")
    'Flights-2013'
    """
    stem = re.sub(r"[*?\[\]]+", "", Path(source).name)
    stem = re.sub(r"(\.(parquet|csv|arrow|feather|ipc|pq|gz|zst|tsv))+$", "", stem)
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", stem)
    return plain.strip("_.-") or "model"


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        fix = f"--name {project_name(name)}"
        raise UsageError(f"{name!r} is not a name: use letters, digits and _ . -", fix=fix)


def _shuffle_when_sorted(
    frame: pl.DataFrame, target: Target, time: Time
) -> tuple[pl.DataFrame, pl.DataFrame | None, Time]:
    """Rows sorted by the answer are in no order of time: the newest would be of one kind."""
    if time.column is not None or not _is_sorted_by(frame[target.column], target):
        return frame, None, time
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=0)
    reason = (
        f"no column holds dates, and the rows are sorted by {target.column}, which is no order of "
        "time: a copy in a seeded random order stands beside this file"
    )
    return shuffled, shuffled, Time(None, reason)


def _is_sorted_by(labels: pl.Series, target: Target) -> bool:
    known = labels.drop_nulls()
    if known.len() < 20:  # noqa: PLR2004
        return False
    if not target.classes:
        return known.is_sorted() or known.is_sorted(descending=True)
    changes = int((known != known.shift(1)).sum())
    expected = known.len() * (1 - sum(share**2 for _, share in target.classes))
    return changes < max(len(target.classes), 0.05 * expected) and changes < expected / 2


def _sample(frame: pl.DataFrame, target: str, time: str | None) -> pl.DataFrame:
    """At most 50,000 labelled rows, oldest first."""
    known = frame[target].is_not_null()
    if frame.schema[target].is_float():
        known &= frame[target].is_not_nan().fill_null(False)
    rows = known.arg_true()
    if rows.len() > SAMPLE:
        picked = np.random.default_rng(0).choice(rows.len(), SAMPLE, replace=False)
        rows = rows[np.sort(picked)]
    sample = frame[rows]
    return sample if time is None else sample.sort(time, maintain_order=True)


def _judge_columns(case: _Case) -> list[Judged]:
    apart = {case.target.column, case.time}
    names = [name for name in case.frame.columns if name not in apart]
    unknown = missing_with_target(case.frame, case.target.column, names)
    return [_judge_one(case, name, names, unknown) for name in names]


def _judge_one(case: _Case, name: str, names: Sequence[str], unknown: Sequence[str]) -> Judged:
    judged = judge_column(case.frame[name])
    dtype = case.frame.schema[name]
    dated = isinstance(dtype, DATED)
    if dated and case.time is not None and case.frame.schema[case.time].is_temporal():
        why = later_than(case.sample[name], case.sample[case.time])
        return Judged(name, "excluded", why or judged.reason)
    if judged.role in {"key", "excluded"}:
        return judged
    if name in unknown:
        reason = f"missing where {case.target.column} is, and hardly elsewhere: known only with it"
        return Judged(name, "excluded", reason)
    twin = planned_twin(name, names)
    if twin is not None:
        return Judged(name, "excluded", f"what came of {twin}: known only afterwards")
    stretch = stretch_of_time(case.sample[name])
    return judged if stretch is None else Judged(name, "excluded", stretch)


def _find_leaks(case: _Case, columns: list[Judged]) -> tuple[list[Judged], tuple[Note, ...]]:
    """Columns that know the answer are left out; those that know a lot are pointed at."""
    suspects = [each.note for each in columns if each.role == "number" and each.reason]
    if case.sample.height < FEWEST_ROWS:
        return columns, tuple(suspects)
    found: list[Judged] = []
    for each in columns:
        judged, suspect = _by_power(case, each)
        found.append(judged)
        suspects += [] if suspect is None else [suspect]
    if case.target.task == "regression":
        numbers = {e.column: _as_role(case, e) for e in roles(found, "number")}
        sums = parts_of_sum(numbers, case.truth)
        found = [
            replace(e, role="excluded", reason=sums[e.column]) if e.column in sums else e
            for e in found
        ]
    left = {e.column for e in found if e.role in {"number", "category"}}
    return found, tuple(note for note in suspects if note.column in left)


def _by_power(case: _Case, each: Judged) -> tuple[Judged, Note | None]:
    if each.role not in {"number", "category"}:
        return each, None
    task = case.target.task
    power = single_power(_as_role(case, each), case.truth, task)
    said = _said(power, case.target.column)
    if power.is_certain(task) and not is_from_the_past(each.column):
        return replace(each, role="excluded", reason=f"{said}: it knows the answer"), None
    if power.is_strong(task):
        return each, Note(each.column, f"{said}: is it known when a prediction is made?")
    return each, None


def _strongest(case: _Case, columns: Sequence[Judged]) -> float:
    """How much of a regression's target the best single feature explains, as R²."""
    if case.target.task != "regression" or case.sample.height < FEWEST_ROWS:
        return 0.0
    kept = [each for each in columns if each.role in {"number", "category"}]
    powers = [single_power(_as_role(case, each), case.truth, "regression") for each in kept]
    return max((power.value for power in powers), default=0.0)


def _said(power: Power, target: str) -> str:
    if power.measure == "R²" and power.rank > max(power.value, 0):
        return f"alone it has a rank correlation of {power.rank:.3f} with {target}"
    return f"alone it predicts {target} with {power.measure} {power.value:.3f}"


def _as_role(case: _Case, each: Judged) -> pl.Series:
    """A column of the sample as `features` would have it."""
    column = case.sample[each.column]
    return column.cast(pl.Float64 if each.role == "number" else pl.String, strict=False)


def _time_parts(case: _Case, features: Sequence[str]) -> tuple[Part, ...]:
    """Hour, weekday and month: those that vary, that come again, and that no column says yet."""
    if case.time is None or not case.sample.schema[case.time].is_temporal():
        return ()
    column = case.sample[case.time]
    when = column.cast(pl.Datetime("us")).dt
    made = {"weekday": when.weekday(), "month": when.month()}
    if isinstance(column.dtype, pl.Datetime):
        made["hour"] = when.hour()
    found: list[Part] = []
    for part in _PARTS:
        values = made.get(part)
        if values is None or values.n_unique() < 2 or not newest_are_known(values):  # noqa: PLR2004
            continue
        if not any(_says_the_same(case.sample[name], values) for name in features):
            taken = {*case.frame.columns, *(p.feature for p in found)}
            found.append(Part(_free(f"{case.time}_{part}", taken), part))
    return tuple(found)


def _says_the_same(column: pl.Series, part: pl.Series) -> bool:
    """Whether each value of one goes with one value of the other."""
    count = part.n_unique()
    if column.n_unique() != count:
        return False
    return pl.DataFrame({"a": column, "b": part}).n_unique() == count


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)


def _check_something_left(columns: Sequence[Judged], features: Sequence[object]) -> None:
    if features:
        return
    shown = "; ".join(f"{each.column}: {each.reason}" for each in columns[:5])
    raise DataError(
        "no column is left to learn from",
        where=shown or "the target is the only column",
        fix="bring columns that are known when a prediction is made",
    )
