"""No feature may know the answer: rules about single columns (FD-22)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.contract import INSTANTS, NUMBERS, as_numbers, missing_count, type_of
from mooring.gates.data.finding import Finding, examples_in
from mooring.gates.leaks import (
    FEWEST_ROWS,
    Power,
    is_from_the_past,
    missing_with_target,
    parts_of_sum,
    single_power,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.gates.data.case import Case
    from mooring.settings.model import Task

RULE = "leak"
_SAMPLE = 20_000
"""Rows that powers are measured on: the standard error of an AUC of 0.98 is below 0.002."""
_RAREST = 20
"""Rows of the rarer class, with fewer of which any column may seem to know it."""
_COPIED = 1000
_NUMERIC = frozenset({"integer", "float", "boolean"})
_LABELS = _NUMERIC | {"string"}


def leaks(case: Case) -> Iterator[Finding]:
    """No feature is the target under another name, or known only together with it."""
    target = case.target
    if target is None or type_of(target.dtype) not in _LABELS:
        return  # what the target is to be told of is another rule's
    if target.drop_nulls().n_unique() <= 1:
        return
    told: set[str] = set()
    for finding in (*_copies(case, target), *_late(case), *_by_power(case, target)):
        if finding.column not in told:
            told.add(finding.column)
            yield finding


def _copies(case: Case, target: pl.Series) -> Iterator[Finding]:
    """The same value in every row, however few the rows are."""
    for name in _features(case):
        if _is_same(case.frame.get_column(name), target):
            yield _leak(case, name, "the same value in every row: a leak")


def _late(case: Case) -> Iterator[Finding]:
    """Columns that become known together with the label."""
    for name in missing_with_target(case.frame, case.data.target, _features(case)):
        yield _leak(
            case,
            name,
            f"missing where {case.data.target!r} is, and hardly elsewhere: known only with it",
        )


def _by_power(case: Case, target: pl.Series) -> Iterator[Finding]:
    """Columns that alone predict the target nearly as well as it does itself."""
    rows, task = _sampled(case, target), case.data.task
    if rows.height < FEWEST_ROWS:
        return
    truth = _truth(rows[case.data.target], task)
    if truth is None:
        return
    numbers: dict[str, pl.Series] = {}
    for name in _features(case):
        column = _measured(case, rows, name)
        if column is None:
            continue
        if column.dtype.is_numeric() and type_of(rows.schema[name]) in NUMBERS:
            numbers[name] = column.cast(pl.Float64)
        power = single_power(column, truth, task)
        if power.is_certain(task):
            yield _told(case, name, power)
    if task == "regression":
        for name, reason in parts_of_sum(numbers, truth).items():
            yield _leak(case, name, reason)


def _told(case: Case, name: str, power: Power) -> Finding:
    gap = type_of(case.frame.schema[name]) in INSTANTS
    what = f"its distance from {case.data.time!r} alone" if gap else "alone it"
    said = f"{what} predicts {case.data.target!r} with {power.measure} {power.value:.3f}"
    if power.measure == "R²" and power.rank > max(power.value, 0):
        said = f"{what} has a rank correlation of {power.rank:.3f} with {case.data.target!r}"
    return _leak(case, name, f"{said}: it knows the answer", firm=not is_from_the_past(name))


def _measured(case: Case, rows: pl.DataFrame, name: str) -> pl.Series | None:
    """A column as numbers or words; of a second column of instants the distance to the first."""
    column, kind = rows.get_column(name), type_of(rows.schema[name])
    if kind in INSTANTS:
        apart = case.time is not None and not rows.is_empty()
        return as_numbers(column) - as_numbers(rows[str(case.time)]) if apart else None
    if kind == "string":
        return column.cast(pl.String)
    return column if kind in _NUMERIC else None


def _truth(target: pl.Series, task: Task) -> pl.Series | None:
    kind = type_of(target.dtype)
    if kind == "string":
        target = target.cast(pl.String)
    unfit = task == "regression" and kind not in NUMBERS
    few = task == "binary" and bool((target.value_counts()["count"] < _RAREST).any())
    return None if unfit or few or target.n_unique() <= 1 else target


def _sampled(case: Case, target: pl.Series) -> pl.DataFrame:
    """Labelled rows, oldest first, evenly spread when they are many."""
    known = target.is_not_null()
    if target.dtype.is_float():
        known &= target.is_not_nan().fill_null(False)
    rows = case.frame.filter(known)
    if case.time is not None:
        rows = rows.sort(case.time)
    if case.data.task != "binary":
        return rows.gather_every(max(1, -(-rows.height // _SAMPLE)))
    # of each class as many: an AUC does not depend on their shares, but on the rows of the rarer
    step = (pl.len() + _SAMPLE // 2 - 1) // (_SAMPLE // 2)
    return rows.filter((pl.int_range(pl.len()) % step == 0).over(case.data.target))


def _features(case: Case) -> tuple[str, ...]:
    return tuple(name for name in case.features if name != case.data.time)


def _leak(case: Case, name: str, found: str, *, firm: bool = True) -> Finding:
    column = case.frame.get_column(name)
    return Finding(
        column=name,
        rule=RULE,
        severity="stop" if firm else "warn",
        expected=f"something that does not know the target {case.data.target!r}",
        found=found,
        rows=case.frame.height - missing_count(column),
        examples=examples_in(column),
        cure=f'exclude = ["{name}"] under [data], unless it is known when a prediction is made: '
        f'then warn_only = ["{name}"] under [gates.data]',
    )


def _is_same(series: pl.Series, target: pl.Series) -> bool:
    numeric = {"integer", "float", "boolean"}
    kinds = {type_of(series.dtype), type_of(target.dtype)}
    if kinds <= numeric:
        kind: type[pl.DataType] = pl.Float64
    elif kinds == {"string"}:
        kind = pl.String
    else:
        return False
    has_label = target.is_not_null()

    def same(a: pl.Series, b: pl.Series, use: pl.Series) -> bool:
        return bool(a.cast(kind).eq_missing(b.cast(kind)).filter(use).all())

    head = same(series.head(_COPIED), target.head(_COPIED), has_label.head(_COPIED))
    return head and bool(has_label.any()) and same(series, target, has_label)
