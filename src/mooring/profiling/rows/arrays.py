"""NumPy arrays as rows, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl

from mooring.errors import UsageError
from mooring.profiling.rows.objects import from_objects, guarded, unusable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.generic]

PART = 262_144
"""About how many rows a part has."""
Slice = Callable[[int, int], pl.Series]
"""The rows of one column from one place to another."""

_TABLE = 2


def array_parts(rows: Array) -> Iterator[pl.DataFrame]:
    """A structured array by its fields; a matrix or a vector as ``column_0``, ``column_1``, …"""
    if rows.dtype.names is not None and rows.ndim == 1:
        columns = [(name, _field(rows, name)) for name in rows.dtype.names]
    elif rows.dtype.names is None and rows.ndim in {1, _TABLE}:
        table = rows if rows.ndim == _TABLE else rows[:, np.newaxis]
        columns = [(f"column_{place}", table[:, place]) for place in range(table.shape[1])]
    else:
        raise UsageError(
            f"an array of shape {rows.shape} is not a table",
            fix="give it one row a row: one or two dimensions, or a structured array of one",
        )
    return in_parts([array_slices(name, values) for name, values in columns], len(rows))


def _field(rows: Array, name: str) -> Array:
    found: Array = itemgetter(name)(rows)  # a masked array keeps its mask
    return found


def check_names(names: Sequence[str]) -> Sequence[str]:
    """The names of columns, when there are some and no two are alike.

    Raises
    ------
    UsageError
        Says which name is repeated.
    """
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(
            f"two columns have the same name: {repeated[0]!r}",
            where=f"repeated: {', '.join(map(repr, repeated[:5]))}",
            fix="rename one of them",
        )
    return names


def in_parts(columns: Sequence[Slice], rows: int) -> Iterator[pl.DataFrame]:
    """Columns that can be sliced, as frames."""
    for start in range(0, max(rows, 1), PART):
        yield pl.DataFrame([column(start, min(start + PART, rows)) for column in columns])


def array_slices(name: str, values: Array) -> Slice:
    """One column, which is converted where it is asked for; objects are typed all at once."""
    if values.dtype == object and values.ndim == 1:
        whole = from_objects(name, np.ma.filled(values, None).tolist())  # type of all, not of some
        return lambda start, stop: whole[start:stop]
    return lambda start, stop: guarded(
        name, stop - start, lambda: _series(name, values[start:stop])
    )


def _series(name: str, values: Array) -> pl.Series:
    plain = _plain(np.ma.getdata(values))
    if plain.dtype.kind not in "biufMmU":
        return unusable(name, len(values))
    series = pl.Series(name, plain)
    masked = np.ma.getmaskarray(values)
    if masked.any() and masked.ndim == 1:
        present = pl.Series("present", ~masked)
        return series.to_frame().select(pl.when(present).then(pl.col(name))).to_series()
    return series


def _plain(values: Array) -> Array:
    """The same in a type that Polars takes."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "Mm":
        exact = values.dtype.str.endswith(("[ms]", "[us]", "[ns]"))
        days = kind == "M" and values.dtype.str.endswith("[D]")
        return values if exact or days else values.astype(f"{kind}8[us]")
    if kind == "f" and size not in {4, 8}:
        return values.astype(np.float32 if size < 4 else np.float64)  # noqa: PLR2004 bytes
    return values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
