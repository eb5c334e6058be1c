"""Two frames made comparable: shared columns in plain types, and a seeded sample of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from mooring.profiling.multivariate.score import Rules

Kind = Literal["number", "instant", "duration", "time", "category", "vector"]

_KINDS: tuple[tuple[tuple[type[pl.DataType], ...], Kind], ...] = (
    ((pl.Boolean,), "number"),
    ((pl.Date, pl.Datetime), "instant"),
    ((pl.Duration,), "duration"),
    ((pl.Time,), "time"),
    ((pl.String, pl.Categorical, pl.Enum), "category"),
)
_PLAIN: dict[Kind, Callable[[pl.Expr], pl.Expr]] = {
    "number": lambda column: column.cast(pl.Float64).fill_nan(None),
    "instant": lambda column: column.dt.epoch("us").cast(pl.Float64),
    "duration": lambda column: column.dt.total_microseconds().cast(pl.Float64),
    "time": lambda column: column.to_physical().cast(pl.Float64),
    "category": lambda column: column.cast(pl.String),
    "vector": lambda column: column.cast(pl.List(pl.Float64)),
}
_EMPTY: dict[Kind, pl.DataType] = {"category": pl.String(), "vector": pl.List(pl.Float64)}


@dataclass(frozen=True, slots=True)
class Sides:
    """Rows of both sides in one frame, the reference's first, each side in random order.

    Parameters
    ----------
    frame : DataFrame
        Columns of type Float64, String or List(Float64).
    rows : (reference, current)
    ignored : tuple of str
        Columns that both sides do not share, or that are not understood.
    """

    frame: pl.DataFrame
    rows: tuple[int, int]
    ignored: tuple[str, ...]

    @property
    def is_current(self) -> NDArray[np.bool_]:
        """Which rows are of the current side."""
        return np.arange(sum(self.rows)) >= self.rows[0]


def bring_together(reference: pl.DataFrame, current: pl.DataFrame, rules: Rules) -> Sides:
    """At most ``max_rows`` rows a side of the columns that both have.

    The sample and its order are uniform, follow from the seed and the set of rows, and do not
    depend on the order in which the rows came. Rows that are equal are drawn apart.
    """
    names = tuple(dict.fromkeys([*reference.columns, *current.columns]))
    kinds = {name: _shared_kind(name, reference.schema, current.schema) for name in names}
    known = {name: kind for name, kind in kinds.items() if kind is not None}
    sides = [
        _sample(plain(frame, known), rules.max_rows, np.random.default_rng([rules.seed, side]))
        for side, frame in enumerate((reference, current))
    ]
    rows = (sides[0].height, sides[1].height) if known else (reference.height, current.height)
    return Sides(pl.concat(sides), rows, tuple(name for name in names if name not in known))


def plain(frame: pl.DataFrame, kinds: Mapping[str, Kind]) -> pl.DataFrame:
    """The columns as numbers, text or vectors of numbers; NaN is a missing value."""
    return frame.select(
        pl.col(name).cast(_EMPTY.get(kind, pl.Float64()))
        if frame.schema[name] == pl.Null
        else _PLAIN[kind](pl.col(name))
        for name, kind in kinds.items()
    )


def kind_of(dtype: pl.DataType) -> Kind | None:
    """How values of this type are compared; None when they are not."""
    if isinstance(dtype, pl.List | pl.Array):
        inner = dtype.inner
        return "vector" if isinstance(inner, pl.DataType) and inner.is_numeric() else None
    if dtype.is_numeric():
        return "number"
    return next((kind for types, kind in _KINDS if isinstance(dtype, types)), None)


def _shared_kind(name: str, reference: pl.Schema, current: pl.Schema) -> Kind | None:
    """The kind of a column on both sides; a column of nothing but nulls is of the other's kind."""
    types = [schema[name] for schema in (reference, current) if name in schema]
    if len(types) != 2:  # noqa: PLR2004 - a side each
        return None
    kinds = {kind_of(dtype) for dtype in types if dtype != pl.Null}
    return kinds.pop() if len(kinds) == 1 else None


def _sample(frame: pl.DataFrame, size: int, rng: np.random.Generator) -> pl.DataFrame:
    if frame.width == 0 or frame.height == 0:
        return frame
    # Sorted by hash, equal rows are neighbours that may be exchanged: the order they came in is
    # gone, and the draw after it knows nothing of the values.
    order = np.argsort(frame.hash_rows(seed=0).to_numpy(), kind="stable")
    return frame[order[rng.permutation(frame.height)[:size]]]
