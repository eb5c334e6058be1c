"""From accepted rows to the terms that a person then reviews.

The shares come from ``[gates.data]``, so that what is inferred is as strict as the gate was before
there was a contract; what is tighter is for the reviewer to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import TYPE_CHECKING

import msgspec
import polars as pl

from mooring.gates.contract import (
    NUMBERS,
    ColumnContract,
    as_numbers,
    describe,
    missing_count,
    type_of,
)
from mooring.gates.data.case import classes_of
from mooring.gates.data.finding import number
from mooring.gates.terms.model import ColumnTerms, TableTerms, Terms, Tolerance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mooring.gates.data.case import Case
    from mooring.gates.terms.model import Category

SPANS = 3.0
"""A range is widened by so many of its own spans. Inferred once and never read again, ranges with 1
stop 30 of 240 clean windows of five real data sets, with 2 they stop 6, with 3 none; what the gate
catches without a contract, it still catches (bench/contract.py)."""
_DIGITS = 3
"""Bounds are rounded outwards to so many digits: they are read by people."""
_SILENCES = 2
"""A feed is late when nothing came for so many times the longest silence that was accepted."""
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


@dataclass(frozen=True, slots=True)
class Inferred:
    """Terms that rows meet, and a remark on some columns."""

    terms: Terms
    notes: Mapping[str, str] = field(default_factory=dict)


def infer_terms(case: Case, now: datetime, delay: float = 0.0, *, spans: float = SPANS) -> Inferred:
    """The terms that rows meet with some room, for a person to review.

    Parameters
    ----------
    case : Case
        Rows in the order they came in, and what the project says of them.
    now : datetime
        Tells whether the rows are of today, so that an age can be demanded.
    delay : float
        Seconds until a row can be complete: its label's delay.
    spans : float
        How many of its own spans a range is widened by on both sides.

    Returns
    -------
    Inferred
        The same rows give the same terms, whatever ``now`` is, apart from ``max_age``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from mooring.gates.data.case import Case
    >>> from mooring.settings.model import Data, DataGate
    >>> rows = pl.DataFrame({"x": [0.0, 2.0], "y": [0, 1]})
    >>> case = Case(rows, Data(source="rows.csv", target="y", task="binary"), DataGate())
    >>> terms = infer_terms(case, datetime(2026, 1, 1, tzinfo=UTC)).terms
    >>> terms.columns["x"].min, terms.columns["x"].max, terms.columns["y"].categories
    (0.0, 8.0, (0, 1))
    """
    rules, rows = case.rules, case.frame.height
    notes: dict[str, str] = {}
    columns = {name: _column(case, name, notes, spans) for name in case.frame.columns}
    if case.time is not None:
        columns[case.time] = _time(case, case.time, notes, now, delay)
    single, together = _keys(case)
    for name in single:
        columns[name] = _with(columns[name], unique=True)
    table = TableTerms(
        min_rows=max(1, floor(rows / rules.max_volume_change)),
        max_rows=ceil(rows * rules.max_volume_change) if case.data.window else None,
        unique=together,
    )
    tolerance = Tolerance(range=rules.max_out_of_range, categories=rules.max_unseen)
    return Inferred(Terms(table=table, tolerance=tolerance, columns=columns), notes)


def _column(case: Case, name: str, notes: dict[str, str], spans: float) -> ColumnTerms:
    """One column by its role; what keys and excluded columns hold is not written down."""
    series = case.frame.get_column(name)
    rate = missing_count(series) / series.len() if series.len() else 0.0
    strict = name in {case.data.time, *case.data.keys}
    most = _up(rate if strict else _most_missing(rate, case.rules.max_null_increase))
    terms = ColumnTerms(type=type_of(series.dtype), max_missing=most if most < 1 else None)
    if name in case.hidden:
        excluded = name in case.data.exclude
        notes[name] = "excluded" if excluded else "a key: its values are not written down"
        return _with(terms, max_missing=None) if excluded else terms
    if name == case.data.time:
        return terms
    if name == case.data.target:
        notes[name] = "the target"
        if case.data.task != "regression":
            return _with(terms, categories=_classes(series), tolerance=0.0)
    return _values(case, terms, describe(series), notes, spans)


def _most_missing(rate: float, room: float) -> float:
    """The share that may be missing: some more, and of a column that often lacked values twice as
    many as long as half of the others are left."""
    return max(min(1.0, rate + room), min(2 * rate, (1 + rate) / 2))


def _values(
    case: Case, terms: ColumnTerms, column: ColumnContract, notes: dict[str, str], spans: float
) -> ColumnTerms:
    if column.categories:
        return _with(terms, categories=column.categories)
    if column.type not in NUMBERS or column.minimum is None or column.maximum is None:
        return terms
    if column.minimum == column.maximum:
        notes[column.name] = f"no range: it was always {number(column.minimum)}"
        return terms
    if column.name != case.data.target and case.follows_time(column.name):
        notes[column.name] = "no range: it moves with the time"
        return terms
    was = f"it was {number(column.minimum)} to {number(column.maximum)}"
    notes[column.name] = f"the target; {was}" if column.name == case.data.target else was
    low, high = _widened(column.minimum, column.maximum, spans)
    return _with(terms, min=low, max=high)


def _classes(series: pl.Series) -> tuple[Category, ...] | None:
    """The classes where each has a name that can be written down."""
    found = classes_of(series)
    named = tuple(one for one in found if not isinstance(one, float))
    same = type_of(series.dtype) in {"string", "integer", "boolean"}
    return named if same and named and len(named) == len(found) else None


def _widened(low: float, high: float, spans: float) -> tuple[float, float]:
    """A range widened by some of its own span on both sides.

    What was never below 0, and was 0, is a count, a share or an amount: it stays at 0.
    """
    span = spans * (high - low)
    least = 0.0 if low == 0 else -_outwards(span - low)
    most = 0.0 if high == 0 else _outwards(high + span)
    return least + 0.0, most + 0.0  # no -0


def _outwards(value: float) -> float:
    """A bound, rounded to the next value of few digits above it."""
    if value == 0:
        return 0.0
    unit = 10.0 ** (floor(log10(abs(value))) + 1 - _DIGITS)
    return float(f"{ceil(value / unit - 1e-9) * unit:.{_DIGITS + 2}g}")


def _up(rate: float) -> float:
    return ceil(rate * 1000 - 1e-9) / 1000


def _time(case: Case, name: str, notes: dict[str, str], now: datetime, delay: float) -> ColumnTerms:
    """The instants: in order when they were, and no older than the feed's longest silence says."""
    series = case.frame.get_column(name)
    rate = missing_count(series) / series.len() if series.len() else 0.0
    terms = ColumnTerms(
        type=type_of(series.dtype), max_missing=_up(rate), monotone=series.is_sorted()
    )
    seconds = as_numbers(series).drop_nulls().unique().sort()
    silence = seconds.diff().max()
    newest = seconds.max()
    if not isinstance(silence, float) or not isinstance(newest, float):
        return terms
    age = _span(_SILENCES * silence + delay)
    if now.timestamp() - newest > _SILENCES * silence + delay:
        notes[name] = f'the newest row is old; of a live feed write max_age = "{age}"'
        return terms
    return _with(terms, max_age=age)


def _span(seconds: float) -> str:
    """A span that is no shorter, in the largest unit that says it well: ``2h``, ``100m``."""
    for unit, length in _UNITS:
        if seconds >= 3 * length or (seconds >= length and seconds % length == 0):
            return f"{ceil(seconds / length)}{unit}"
    return f"{max(1, ceil(seconds))}s"


def _keys(case: Case) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The keys that name a row: each by itself, or all of them together, or with the time."""
    keys = tuple(name for name in case.data.keys if name in case.frame.columns)
    single = tuple(name for name in keys if _names_rows(case.frame, (name,)))
    if single or not keys:
        return single, ()
    timed = (*keys, case.time) if case.time else keys
    for together in dict.fromkeys((keys, timed)):
        if len(together) > 1 and _names_rows(case.frame, together):
            return (), (together,)
    return (), ()


def _names_rows(frame: pl.DataFrame, names: tuple[str, ...]) -> bool:
    return bool(frame.height) and not frame.select(names).is_duplicated().any()


def _with(terms: ColumnTerms, **changes: object) -> ColumnTerms:
    return msgspec.structs.replace(terms, **changes)
