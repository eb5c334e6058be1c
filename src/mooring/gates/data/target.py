"""Rules for the column to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mooring.gates.contract import NUMBERS, as_numbers, missing_count, type_of
from mooring.gates.data.basics import TOO_FEW
from mooring.gates.data.finding import Finding, did_you_mean, examples_of, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from mooring.gates.data.case import Case

_LABELS = NUMBERS | {"boolean", "string"}
_MANY = 20
"""More distinct labels than this are no classes when most of them are there once."""


def target_column(case: Case) -> Iterator[Finding]:
    """The target is there, has enough labels, and they fit the task."""
    target, name = case.target, case.data.target
    if target is None:
        cure = did_you_mean(name, case.frame.columns)
        yield _about(case, "a column of this name, as [data] target says", "none", cure)
        return
    if case.frame.height < case.rules.min_rows:
        return  # one class, or no label yet, says nothing about so few rows
    kind = type_of(target.dtype)
    present = target.len() - missing_count(target)
    if present == 0:
        yield _about(case, "labels", "nothing but missing values", "look at how labels are joined")
    elif kind not in _LABELS:
        yield _about(case, "numbers or classes", f"type {kind}", "store the labels as such")
    elif present < case.rules.min_rows:
        yield _too_few_labels(case, present)
    elif case.data.task == "regression":
        yield from _regression(case, target, kind)
    else:
        yield from _classification(case, target, kind)


def _too_few_labels(case: Case, present: int) -> Finding:
    return Finding(
        column=case.data.target,
        rule=TOO_FEW,
        severity="stop",
        expected=f"at least {case.rules.min_rows:,} rows with a label",
        found=f"{present:,}",
        rows=case.frame.height - present,
        cure="wait for more labels, or look at how they are joined",
    )


def _regression(case: Case, target: pl.Series, kind: str) -> Iterator[Finding]:
    labels = _distinct(target, kind)
    if kind not in NUMBERS:
        task = "binary" if labels.len() == 2 else "multiclass"  # noqa: PLR2004
        fits = f'task = "{task}" would fit' if labels.len() <= _MANY else "is it the right column?"
        yield _about(
            case,
            "numbers, as [data] task is regression",
            f"type {kind}",
            fits,
            labels,
        )
    elif labels.len() == 1:
        yield _about(
            case,
            "values that differ",
            f"always {_list(labels)}",
            "look at how labels are joined",
            labels,
        )


def _classification(case: Case, target: pl.Series, kind: str) -> Iterator[Finding]:
    labels = _distinct(target, kind)
    task, count = case.data.task, labels.len()
    if count == 1:
        yield _about(
            case,
            "at least two classes",
            f"one class only: {_list(labels)}",
            "look at how labels are joined, or train on a longer span",
            labels,
        )
    elif count > max(_MANY, target.len() / 2):
        fits = 'task = "regression" would fit' if kind in NUMBERS else "is it the right column?"
        yield _about(
            case, f"classes, as [data] task is {task}", f"{count:,} distinct values", fits, labels
        )
    elif task == "binary" and count > 2:  # noqa: PLR2004
        many = kind == "float" or (kind == "integer" and count > _MANY)
        fits = "regression" if many else "multiclass"
        yield _about(
            case,
            "exactly two classes, as [data] task is binary",
            f"{count:,} classes",
            f'task = "{fits}" would fit',
            labels,
        )
    elif task == "binary":
        yield from _positive(case, labels)


def _positive(case: Case, labels: pl.Series) -> Iterator[Finding]:
    positive = case.data.positive
    if positive is not None and positive not in labels.to_list():
        yield _about(
            case,
            f"the class {quoted(positive)}, as [data] positive says",
            f"the classes {_list(labels)}",
            "name one of them",
            labels,
        )


def _distinct(target: pl.Series, kind: str) -> pl.Series:
    """Distinct labels, ascending, missing ones left out."""
    values = as_numbers(target).fill_nan(None) if kind == "float" else target
    if kind == "string":
        values = values.cast(str)
    return values.drop_nulls().unique().sort()


def _list(labels: pl.Series) -> str:
    return ", ".join(examples_of(labels))


def _about(
    case: Case, expected: str, found: str, cure: str, labels: pl.Series | None = None
) -> Finding:
    return Finding(
        column=case.data.target,
        rule="target",
        severity="stop",
        expected=expected,
        found=found,
        rows=case.frame.height,
        examples=() if labels is None else examples_of(labels),
        cure=cure,
    )
