"""What the column to predict asks for: the task, the classes, and which of them is positive."""

from __future__ import annotations

import difflib

import polars as pl

from mooring.errors import DataError, UnknownName, UsageError
from mooring.settings.model import Task
from mooring.starting.plan import Label, Target

MOST_CODES = 20
"""More distinct whole numbers than this are amounts, not codes of classes."""
MOST_WORDS = 100
"""More distinct words than this are names or notes, not classes."""
_WORDS = """
yes true t y 1 positive pos up late delayed churn churned attrition leave left fraud fraudulent bad
default defaulted spam malignant sick disease ill failed failure fail cancelled canceled poisonous
anomaly abnormal attack survived click clicked bought converted
"""
_NAMED_POSITIVE = frozenset(_WORDS.split())
SKEWED = 0.15
"""Mean and median this far apart, in mean deviations: a few large values pull the mean."""


def check_target(frame: pl.DataFrame, target: str) -> None:
    """Refuses a table that cannot be looked into, and a target that is not one of its columns.

    Raises
    ------
    DataError
        When there are no rows, or a name is one that Polars reads as a pattern.
    UnknownName
        Naming the nearest columns.
    """
    if not frame.height:
        raise DataError("the data has no rows", fix="check the export")
    pattern = next((c for c in frame.columns if c.startswith("^") and c.endswith("$")), None)
    if pattern is not None:
        raise DataError(
            f"the column {pattern!r} has a name that Polars reads as a pattern",
            where="it begins with ^ and ends with $",
            fix="rename the column",
        )
    if target not in frame.columns:
        folded = {name.casefold(): name for name in frame.columns}
        near = difflib.get_close_matches(target.casefold(), folded, n=3, cutoff=0.5)
        fix = "did you mean " + " or ".join(repr(folded[name]) for name in near) + "?"
        raise UnknownName(
            f"there is no column {target!r}",
            where=f"the columns are {', '.join(frame.columns[:20])}",
            fix=fix if near else "name one of them: --target",
        )


def judge_target(labels: pl.Series, task: str | None = None) -> Target:
    """Tell the task from the labels, or hold the labels against the task that was asked for.

    Text and booleans are classes. Whole numbers are classes when they look like codes: few, close
    together, each on many rows. Everything else is an amount.

    Parameters
    ----------
    labels : polars.Series
        The column to predict; missing labels are left out.
    task : str, optional
        What the person says it is.

    Returns
    -------
    Target

    Raises
    ------
    DataError
        When there are no labels, or only one value.
    UsageError
        When no task fits the type, or the labels do not fit the task.

    Examples
    --------
    >>> judge_target(pl.Series("y", ["no", "yes", "no"])).positive
    'yes'
    """
    _check_type(labels)
    known = _known(labels)
    distinct = known.unique().sort()
    if distinct.len() < 2:  # noqa: PLR2004
        held = f"always {distinct[0]!r}" if distinct.len() else "always missing"
        raise DataError(
            f"the target {labels.name!r} has nothing to learn: it is {held}",
            where=f"{labels.len():,} rows",
            fix="name another column, or look at how the labels are joined",
        )
    kind, reason = _kind(known, distinct) if task is None else _asked(known, distinct, task)
    if kind == "regression":
        counts = _is_whole(known) and float(_first(known.min())) >= 0
        skewed = _is_skewed(known.cast(pl.Float64))
        return Target(labels.name, kind, reason, known.len(), counts=counts, skewed=skewed)
    classes = _shares(known)
    positive, why = _positive(classes) if kind == "binary" else (None, "")
    return Target(labels.name, kind, reason, known.len(), classes, positive, why)


def _check_type(labels: pl.Series) -> None:
    dtype = labels.dtype
    if isinstance(dtype, pl.Date | pl.Datetime | pl.Time | pl.Duration):
        raise UsageError(
            f"the target {labels.name!r} is a point or span of time ({dtype})",
            where=f"column {labels.name!r}",
            fix="predict a number or a class made of it, such as the days until then: add a column",
        )
    if dtype.is_nested() or isinstance(dtype, pl.Binary | pl.Object):
        raise UsageError(
            f"the target {labels.name!r} holds {dtype}, neither numbers nor classes",
            where=f"column {labels.name!r}",
            fix="add a column of numbers, words or booleans, and name that one: --target",
        )


def _known(labels: pl.Series) -> pl.Series:
    """The labels that are there, as numbers, booleans or text."""
    if labels.dtype.is_decimal():
        labels = labels.cast(pl.Float64)
    elif isinstance(labels.dtype, pl.Categorical | pl.Enum):
        labels = labels.cast(pl.String)
    if labels.dtype.is_float():
        labels = labels.fill_nan(None)
    return labels.drop_nulls()


def _kind(known: pl.Series, distinct: pl.Series) -> tuple[Task, str]:
    count = distinct.len()
    if not known.dtype.is_numeric():
        _check_words(known, distinct)
        what = "booleans" if known.dtype == pl.Boolean else "words"
        return _by_count(count), f"{count} classes, as {what}"
    if not _is_whole(known):
        return "regression", f"{count:,} distinct numbers with decimals"
    if count == 2:  # noqa: PLR2004
        return "binary", "two whole numbers"
    if _are_codes(known, distinct):
        return "multiclass", (
            f"{count} whole numbers close together, as codes of classes have; "
            "if they are amounts, say --task regression"
        )
    return "regression", f"{count:,} distinct whole numbers, as amounts and counts have"


def _asked(known: pl.Series, distinct: pl.Series, task: str) -> tuple[Task, str]:
    count, name = distinct.len(), known.name
    if task == "regression":
        if known.dtype.is_numeric():
            return "regression", "as asked"
        raise UsageError(
            f"the target {name!r} holds {known.dtype}, and a regression needs numbers",
            where=f"such as {distinct[0]!r}",
            fix=f"--task {_by_count(count)}",
        )
    if known.dtype.is_float() and not _is_whole(known):
        raise UsageError(
            f"the target {name!r} holds numbers with decimals, which are not classes",
            where=f"such as {distinct[0]!r}",
            fix="--task regression",
        )
    if task == "binary" and count != 2:  # noqa: PLR2004
        raise UsageError(
            f"the target {name!r} has {count:,} distinct values, and a binary task needs two",
            fix=f"--task {_by_count(count) if count <= MOST_WORDS else 'regression'}",
        )
    _check_words(known, distinct)
    return ("binary" if task == "binary" else "multiclass"), "as asked"


def _by_count(count: int) -> Task:
    return "binary" if count == 2 else "multiclass"  # noqa: PLR2004


def _check_words(known: pl.Series, distinct: pl.Series) -> None:
    if distinct.len() > min(MOST_WORDS, max(2, known.len() / 2)):
        examples = ", ".join(repr(value) for value in distinct.head(3).to_list())
        raise UsageError(
            f"the target {known.name!r} has {distinct.len():,} distinct values: too many classes",
            where=f"such as {examples}",
            fix="name another column, or group its values into classes first",
        )


def _is_whole(known: pl.Series) -> bool:
    if known.dtype.is_float():
        return bool((known.is_finite() & (known == known.floor())).all())
    return known.dtype.is_integer()


def _is_skewed(known: pl.Series) -> bool:
    middle, mean = _first(known.median()), _first(known.mean())
    deviation = _first((known - middle).abs().mean())
    return abs(mean - middle) > SKEWED * deviation


def _are_codes(known: pl.Series, distinct: pl.Series) -> bool:
    """Few values, close together, repeated often, and no long thin tail as counts have."""
    count = distinct.len()
    span = float(_first(distinct.max())) - float(_first(distinct.min())) + 1
    if count > MOST_CODES or count > known.len() / 10 or span > 2 * count:
        return False
    sizes = known.value_counts().sort(known.name)["count"]
    tail = count > 5 and float(_first(distinct.min())) == 0 and sizes.is_sorted(descending=True)  # noqa: PLR2004
    return not (tail and int(sizes[-1]) < known.len() * 0.01)


def _first(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _shares(known: pl.Series) -> tuple[tuple[Label, float], ...]:
    counts = known.value_counts().sort(known.name)
    labels = (_label(value) for value in counts[known.name].to_list())
    return tuple(
        (label, size / known.len())
        for label, size in zip(labels, counts["count"].to_list(), strict=True)
    )


def _label(value: object) -> Label:
    if isinstance(value, float):
        return int(value)
    return value if isinstance(value, str | int | bool) else str(value)


def _positive(classes: tuple[tuple[Label, float], ...]) -> tuple[Label, str]:
    named = [label for label, _ in classes if str(label).strip().casefold() in _NAMED_POSITIVE]
    if len(named) == 1:
        usual = "the usual code" if isinstance(named[0], int) else "its name says so"
        return named[0], usual
    label, share = min(classes, key=lambda each: each[1])
    return label, f"the rarer class, {share:.1%} of the labels"
