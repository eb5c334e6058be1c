"""Which rows may judge two models: those that neither was trained on.

Where rows have an instant, they must be later than everything either model learned from; a row of
that time that was not among the training rows is no fair question either. Beside that no row may be
one of the training rows, by its fingerprint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl

from mooring.lineage.digest import row_fingerprints
from mooring.lineage.fingerprints import Fingerprints, Flags, fingerprints_of
from mooring.pipeline.splitting import instants, newest_instant
from mooring.reading.logical import logical_type
from mooring.settings.model import Data

_NUMBERS = {"integer", "float"}
_MOSTLY_DISTINCT = 0.99
"""Rows without a time and keys name themselves when this share of them is distinct."""


@dataclass(frozen=True, slots=True)
class Training:
    """What a model was trained on, as far as a holdout must know.

    Parameters
    ----------
    name : str
        The model, as a sentence calls it: ``champion v3``.
    marks : Fingerprints or None
        Of the training rows; None when they are not known.
    columns : mapping of str to str
        The columns that the fingerprints cover, with their logical types.
    until : datetime or None
        The newest instant among the rows, in UTC.
    """

    name: str
    marks: Fingerprints | None
    columns: Mapping[str, str]
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Fair:
    """Which rows may judge.

    Parameters
    ----------
    rows : ndarray of bool, shape (n,)
    dropped : mapping of str to int
        Rows that each model keeps from judging, by its name, and why.
    unknown : str
        Why it cannot be told which rows are fair; empty when it can.
    """

    rows: Flags
    dropped: Mapping[str, int]
    unknown: str = ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """A sentence for each kind of row that was left out."""
        return tuple(
            f"{count:,} holdout row{' was' if count == 1 else 's were'} left out: {why}"
            for why, count in self.dropped.items()
        )


def training_of(name: str, rows: pl.DataFrame, time: str | None) -> Training:
    """What a model that was trained on these rows must not be judged on."""
    columns = {column: logical_type(kind) for column, kind in rows.schema.items()}
    marks = fingerprints_of(row_fingerprints(rows))
    return Training(name, marks, columns, newest_instant(rows, time))


def fair_rows(holdout: pl.DataFrame, models: Sequence[Training], data: Data) -> Fair:
    """Tell the rows that no model was trained on.

    Parameters
    ----------
    holdout : polars.DataFrame, shape (n, columns)
    models : sequence of Training
    data : Data
        Names the time and the keys.

    Returns
    -------
    Fair
        ``unknown`` when a model's rows can be held against the holdout neither by time nor by
        content: then nothing shows that it was not trained on these rows.
    """
    fair = np.ones(holdout.height, dtype=np.bool_)
    dropped: dict[str, int] = {}
    when = _when(holdout, data.time)
    for model in models:
        late = _not_later(when, model.until)
        if late is None and (why := _incomparable(holdout, model)):
            return Fair(fair, dropped, why)
        same = _trained_on(holdout, model, data)
        for seen, why in (
            (same, f"{model.name} was trained on them"),
            (late, f"no later than the newest row that {model.name} was trained on"),
        ):
            new = 0 if seen is None else int(np.count_nonzero(fair & seen))
            if seen is not None and new:
                dropped[why] = new
                fair &= ~seen
    return Fair(fair, dropped)


def _when(rows: pl.DataFrame, time: str | None) -> pl.Series | None:
    return None if time is None or time not in rows.columns else instants(rows[time])


def _not_later(when: pl.Series | None, until: datetime | None) -> Flags | None:
    """Rows of the model's own time, and those without an instant; None when it cannot be told."""
    if when is None or until is None:
        return None
    later = when > until.replace(tzinfo=None)
    return ~later.fill_null(False).to_numpy()


def _trained_on(holdout: pl.DataFrame, model: Training, data: Data) -> Flags | None:
    """Rows found among the training rows; None where that cannot be told."""
    if model.marks is None or _incomparable(holdout, model):
        return None
    marks = row_fingerprints(_as_then(holdout, model.columns))
    named = data.time is not None or data.keys
    if not named and len(np.unique(marks)) < _MOSTLY_DISTINCT * len(marks):
        return None  # equal rows are a coincidence here, not the same row
    return model.marks.seen(marks)


def _incomparable(holdout: pl.DataFrame, model: Training) -> str:
    """Why a model's training rows cannot be held against these by content; empty when they can."""
    said = f"whether {model.name} was trained on these rows cannot be told"
    if model.marks is None:
        return f"{said}: it does not say which rows it was trained on"
    for name, kind in model.columns.items():
        here = logical_type(holdout.schema[name]) if name in holdout.columns else "missing"
        if here != kind and {here, kind} != _NUMBERS:
            return (
                f"{said}: column {name!r} was {kind} then and is {here} here, and no [data] time "
                "says which rows are later"
            )
    return ""


def _as_then(holdout: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """The columns of that time: a column of whole numbers may have become one of fractions."""
    casts = []
    for name, kind in columns.items():
        column = pl.col(name)
        if kind != logical_type(holdout.schema[name]):
            whole = pl.when(column == column.round()).then(column)
            column = column.cast(pl.Float64) if kind == "float" else whole.cast(pl.Int64)
        casts.append(column)
    return holdout.select(casts)
