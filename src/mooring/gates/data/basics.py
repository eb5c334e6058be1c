"""Rules for any data, the very first included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.contract import INSTANTS, type_of
from mooring.gates.data.finding import (
    Finding,
    did_you_mean,
    examples_in,
    number,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Case

TOO_FEW = "rows"
"""The rule that cannot tell, rather than say no."""
_UNREAD = ("list", "struct", "binary", "object", "null")
_SAMPLE = 1000


def enough_rows(case: Case) -> Iterator[Finding]:
    """Fewer rows than ``min_rows`` are no evidence of anything."""
    if case.frame.height < case.rules.min_rows:
        yield Finding(
            column="",
            rule=TOO_FEW,
            severity="stop",
            expected=f"at least {case.rules.min_rows:,} rows",
            found=f"{case.frame.height:,}",
            rows=case.frame.height,
            cure="look at the export; or lower [gates.data] min_rows",
        )


def declared_columns(case: Case) -> Iterator[Finding]:
    """Every column the project names is there: a rule that matches nothing is an error."""
    columns = case.frame.columns
    for place, names in (("keys", case.data.keys), ("exclude", case.data.exclude)):
        for name in names:
            if name not in columns:
                yield Finding(
                    column=name,
                    rule="declared",
                    severity="stop",
                    expected=f"a column of this name, as [data] {place} says",
                    found="none",
                    rows=case.frame.height,
                    cure=did_you_mean(name, columns),
                )


def warn_only_columns(case: Case, accepted: Contract | None) -> Iterator[Finding]:
    """Every name in ``warn_only`` is a column, or was one."""
    known = list(case.frame.columns)
    if accepted is not None:
        known += [column.name for column in accepted.columns]
    for name in case.rules.warn_only:
        if name not in known:
            yield Finding(
                column=name,
                rule="declared",
                severity="stop",
                expected="a column of this name, as [gates.data] warn_only says",
                found="none",
                rows=case.frame.height,
                cure=did_you_mean(name, known),
            )


def time_column(case: Case) -> Iterator[Finding]:
    """The time column is there, holds instants, and every row has one."""
    name = case.data.time
    if name is None:
        return
    if name not in case.frame.columns:
        yield Finding(
            column=name,
            rule="time",
            severity="stop",
            expected="a column of instants of this name, as [data] time says",
            found="none",
            rows=case.frame.height,
            cure=did_you_mean(name, case.frame.columns),
        )
        return
    series = case.frame.get_column(name)
    if type_of(series.dtype) not in INSTANTS:
        yield _not_instants(series)
        return
    missing = series.null_count()
    if missing:
        rare = missing <= case.rules.max_null_increase * series.len()
        yield Finding(
            column=name,
            rule="time",
            severity="warn" if rare else "stop",
            expected="an instant in every row",
            found=f"{share(missing / series.len())} missing",
            rows=missing,
            cure="rows without an instant cannot be put in order: drop them in the export",
        )


def feature_columns(case: Case) -> Iterator[Finding]:
    """Something to learn from is left, once the target, keys and excluded columns are put aside."""
    if not case.features:
        yield Finding(
            column="",
            rule="features",
            severity="stop",
            expected="at least one column to learn from",
            found="none besides the target, [data] keys and exclude",
            rows=case.frame.height,
            cure="put fewer columns into [data] exclude",
        )


def infinities(case: Case) -> Iterator[Finding]:
    """No column holds an infinite number."""
    for name in (*case.features, case.data.target):
        if name not in case.frame.columns or not case.frame.schema[name].is_float():
            continue
        series = case.frame.get_column(name)
        infinite = series.is_infinite().fill_null(value=False)
        found = series.filter(infinite)
        if found.len():
            yield Finding(
                column=name,
                rule="infinite",
                severity="stop",
                expected="finite numbers",
                found=f"infinity in {share(found.len() / series.len())} of the rows",
                rows=found.len(),
                examples=examples_in(found),
                cure="look for a division by zero upstream; write a missing value instead",
                which=infinite,
            )


def idle_columns(case: Case, now: Contract) -> Iterator[Finding]:
    """Features that say nothing: all missing, always the same, or of a type not looked into."""
    for name in case.features:
        column, series = now.column(name), case.frame.get_column(name)
        if column is None or name == case.data.time:
            continue
        found, expected = "", "values that differ"
        if column.null_rate == 1:
            found, expected = "nothing but missing values", "some values"
        elif column.type.startswith(_UNREAD):
            found, expected = f"type {column.type}", "a type whose values can be checked"
        elif _is_constant(series):
            found = f"always {_only_value(series)}"
        if found:
            yield Finding(
                column=name,
                rule="idle",
                severity="warn",
                expected=expected,
                found=found,
                rows=series.len(),
                cure="put the column into [data] exclude if that is how it should be",
            )


def _not_instants(series: pl.Series) -> Finding:
    name, kind = series.name, type_of(series.dtype)
    cure = "store it as a date or a timestamp"
    if kind == "string":
        form = _looks_like(series)
        cure = f'write `{name} = "{form}"` under [data.types]' if form else cure
    return Finding(
        column=name,
        rule="time",
        severity="stop",
        expected="dates or timestamps, as this is [data] time",
        found=f"type {kind}",
        rows=series.len(),
        examples=examples_in(series),
        cure=cure,
    )


def _looks_like(series: pl.Series) -> str:
    """``datetime`` or ``date`` when texts can be read as such; else empty."""
    texts = series.cast(pl.String).drop_nulls().str.strip_chars()
    if not texts.len() or not texts.str.contains(r"^\d{4}-\d{2}-\d{2}").all():
        return ""
    return "date" if (texts.str.len_chars() == len("2025-01-31")).all() else "datetime"


def _is_constant(series: pl.Series) -> bool:
    """Whether there is one single value (missing ones aside)."""
    if type_of(series.dtype).startswith(_UNREAD):
        return False
    first = series.drop_nulls().head(1)
    if series.len() < 2 or not first.len():  # noqa: PLR2004 - one row is constant by nature
        return False
    # most columns are settled by a few rows
    if series.head(_SAMPLE).drop_nulls().n_unique() > 1:
        return False
    return series.drop_nulls().n_unique() == 1


def _only_value(series: pl.Series) -> str:
    value = series.drop_nulls().first()
    return number(value) if isinstance(value, float) else repr(value)
