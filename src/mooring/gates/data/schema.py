"""Columns and their types, held against what was accepted. The order of the columns is free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mooring.gates.contract import as_numbers
from mooring.gates.data.case import comparable
from mooring.gates.data.finding import Finding, examples_in, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from mooring.gates.contract import ColumnContract, Contract
    from mooring.gates.data.case import Case
    from mooring.gates.data.finding import Severity


def missing_columns(case: Case, accepted: Contract, now: Contract) -> Iterator[Finding]:
    """Every accepted column is still there."""
    declared = {case.data.target, case.data.time, *case.hidden}  # they have rules of their own
    present = set(case.frame.columns)
    before = {column.name for column in accepted.columns}
    for column in accepted.columns:
        if column.name in present | declared:
            continue
        new = [other.name for other in now.columns if other.name not in before]
        near = nearest(column.name, new)
        yield Finding(
            column=column.name,
            rule="schema",
            severity="stop",
            expected=f"a column of type {column.type}",
            found=f"no such column, but a new one named {near!r}" if near else "no such column",
            rows=case.frame.height,
            cure=f"rename {near!r} to {column.name!r}" if near else "look at the export",
        )


def extra_columns(case: Case, accepted: Contract, now: Contract) -> Iterator[Finding]:
    """A column that was never accepted is told of."""
    before = {column.name for column in accepted.columns}
    for column in now.columns:
        if column.name not in before | case.hidden:
            yield Finding(
                column=column.name,
                rule="schema",
                severity="warn",
                expected="only columns that were there before",
                found=f"a new column of type {column.type}",
                rows=case.frame.height,
                cure="nothing, if it is wanted; else put it into [data] exclude",
            )


def changed_types(case: Case, accepted: Contract, now: Contract) -> Iterator[Finding]:
    """Every column still holds the type that was accepted, or one that means the same."""
    before = {column.name: column for column in accepted.columns}
    for column in now.columns:
        known = before.get(column.name)
        if known is None or known.type == column.type:
            continue
        change = _judge_change(case.frame.get_column(column.name), known, column)
        if change is None:
            continue
        harmless = change.severity == "warn" or column.name in case.hidden
        yield Finding(
            column=column.name,
            rule="schema",
            severity="warn" if harmless else "stop",
            expected=f"type {known.type}",
            found=f"type {column.type}{change.why}",
            rows=case.frame.height,
            examples=change.examples,
            cure=_cure(known),
        )


@dataclass(frozen=True, slots=True)
class _Change:
    severity: Severity
    why: str = ""
    examples: tuple[str, ...] = ()


def _judge_change(series: pl.Series, before: ColumnContract, now: ColumnContract) -> _Change | None:
    """How bad a change of type is; None when the rule of missing values speaks about it."""
    if now.type == "null" and before.null_rate < 1:
        return None
    if "null" in {before.type, now.type}:
        return _Change("warn", " where all values were missing" if before.type == "null" else "")
    if not comparable(before.type, now.type):
        return _Change("stop", examples=examples_in(series))
    odd, why = series.clear(), ""
    if before.type == "integer" and now.type == "float":
        odd, why = _fractions(series), "with a fraction"
    elif before.type == "boolean":
        odd, why = _not_flags(series), "neither 0 nor 1"
    if odd.len():
        return _Change("stop", f", {odd.len():,} {why}", examples_in(odd))
    return _Change("warn", ", which holds the same values")


def _fractions(series: pl.Series) -> pl.Series:
    values = as_numbers(series).drop_nulls()
    values = values.filter(values.is_finite())
    return values.filter(values != values.floor())


def _not_flags(series: pl.Series) -> pl.Series:
    values = as_numbers(series).drop_nulls()
    return values.filter((values != 0) & (values != 1))


def _cure(before: ColumnContract) -> str:
    if before.type in {"integer", "float", "boolean", "string", "date", "datetime"}:
        return f'write `{before.name} = "{before.type}"` under [data.types], or mend the export'
    return "mend the export"
