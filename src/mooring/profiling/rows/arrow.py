"""Arrow tables, datasets and streams as rows, part by part, without importing pyarrow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeGuard, runtime_checkable

import polars as pl

from mooring.errors import UnreadableData
from mooring.profiling.rows.arrays import PART, check_names
from mooring.profiling.rows.objects import unusable

_FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, TypeError, ValueError)


class Exportable(Protocol):
    """The Arrow C stream interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule with the stream."""
        ...


@runtime_checkable
class _Batch(Exportable, Protocol):
    num_rows: int

    def select(self, columns: Sequence[str], /) -> _Batch: ...


class _Schema(Protocol):
    names: Sequence[str]

    def field(self, i: int, /) -> object: ...


@runtime_checkable
class _Whole(Protocol):
    """A table or a dataset."""

    def to_batches(self) -> Iterable[_Batch]: ...


@runtime_checkable
class _Reader(Protocol):
    def read_next_batch(self) -> _Batch: ...

    def __iter__(self) -> Iterator[_Batch]: ...


class PyArrowRows(Protocol):
    """A table, record batch, reader or dataset of pyarrow."""

    schema: _Schema


def is_pyarrow(rows: object) -> TypeGuard[PyArrowRows]:
    """Whether this is rows of pyarrow."""
    packages = {kind.__module__.partition(".")[0] for kind in type(rows).__mro__}
    return "pyarrow" in packages and hasattr(rows, "schema")


def is_stream(rows: object) -> TypeGuard[Exportable]:
    """Whether this hands itself over as an Arrow stream."""
    return hasattr(rows, "__arrow_c_stream__")


def pyarrow_parts(rows: PyArrowRows) -> Iterator[pl.DataFrame]:
    """The rows; a reader is consumed. A column of a type that Polars lacks is not profiled."""
    names = check_names(rows.schema.names)
    none = [_empty(name, rows.schema.field(place)) for place, name in enumerate(names)]
    known = [series.name for series in none if series.dtype != pl.Object]
    empty = True
    for batch in _batches(rows):
        for part in _frame(batch, names, known).iter_slices(PART):
            empty = False
            yield part
    if empty:
        yield pl.DataFrame(none)


def _empty(name: str, field: object) -> pl.Series:
    """No rows of a column; of type ``Object`` when Polars has no type for it."""
    try:
        table = sys.modules["pyarrow"].schema([field]).empty_table()
        return pl.Series(name, pl.from_arrow(table.column(0)))
    except (*_FAULTS, NotImplementedError):
        return unusable(name, 0)


def _batches(rows: PyArrowRows) -> Iterable[_Batch]:
    if isinstance(rows, _Whole):
        return rows.to_batches()
    if isinstance(rows, _Reader):
        return rows
    return [rows] if isinstance(rows, _Batch) else []


def _frame(batch: _Batch, names: Sequence[str], known: Sequence[str]) -> pl.DataFrame:
    found = pl.DataFrame(batch.select(known))
    if len(known) == len(names):
        return found
    rows = batch.num_rows
    return pl.DataFrame([found[n] if n in known else unusable(n, rows) for n in names])


def stream_parts(rows: Exportable) -> Iterator[pl.DataFrame]:
    """Anything with ``__arrow_c_stream__``: read batch by batch where Polars can, else whole."""
    try:
        yield from _stream(rows)
    except _FAULTS as error:
        raise UnreadableData(
            f"the Arrow stream of a {type(rows).__name__} cannot be read",
            where=(str(error).strip().splitlines() or [type(error).__name__])[0][:200],
            fix="leave out the column it names, or cast it to a number, a text or an instant",
        ) from error


def _stream(rows: Exportable) -> Iterator[pl.DataFrame]:
    scan: Callable[[Exportable], pl.LazyFrame] | None = getattr(pl, "scan_arrow_c_stream", None)
    if scan is None:  # a Polars that cannot yet
        whole = pl.DataFrame(rows)
        yield from whole.iter_slices(PART) if whole.height else (whole,)
        return
    lazy = scan(rows)
    empty = True
    for part in lazy.collect_batches(chunk_size=PART, maintain_order=True):
        if part.height:
            empty = False
            yield part
    if empty:
        yield pl.DataFrame(schema=lazy.collect_schema())
