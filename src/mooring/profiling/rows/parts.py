"""Rows from wherever they are: files, frames, arrays and streams, as parts of bounded size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from mooring.errors import UnreadableData, UsageError
from mooring.profiling.rows.arrays import PART, array_parts, array_slices, check_names
from mooring.profiling.rows.arrow import is_pyarrow, is_stream, pyarrow_parts, stream_parts
from mooring.profiling.rows.objects import from_objects, from_records, guarded
from mooring.profiling.rows.pandas import is_pandas, pandas_parts
from mooring.reading.tables import stream_table

Rows: TypeAlias = object
"""See `parts_of`."""

_KNOWN = (
    "a path, a Polars or pandas frame, a NumPy array, a mapping of columns, an Arrow table or "
    "stream, or several of these"
)


def parts_of(rows: Rows, wanted: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    """The rows as frames of at most some 262,144 rows; at least one frame.

    Parameters
    ----------
    rows : object
        A path (of a file, a folder or a glob of Parquet, CSV or Arrow files); a frame, lazy frame
        or series of Polars; a frame or series of pandas (its index is left out); a NumPy array of
        one or two dimensions, or a structured one; a mapping of names to columns; a table, record
        batch, reader or dataset of pyarrow; anything with ``__arrow_c_stream__``, such as a DuckDB
        relation; mappings that are rows; or an iterable of any of these, read one after another.
        Streams, readers and iterators are consumed.
    wanted : collection of str, optional
        Columns that are looked at: of files and lazy frames, others are not read.

    Yields
    ------
    polars.DataFrame
        A column without a type in common has the type ``Object``, which is not profiled.

    Raises
    ------
    UnreadableData
        A file is missing or damaged, or a stream cannot be read.
    UsageError
        The rows are of no kind that is known here, have no columns, or two of one name.

    Examples
    --------
    >>> [part.shape for part in parts_of({"x": [1, 2], "s": ["a", None]})]
    [(2, 2)]
    """
    for part in _parts(rows, wanted):
        if not part.width:
            raise UsageError(f"these rows have no columns: {_said(rows)}", fix=f"give {_KNOWN}")
        yield part


def _parts(rows: Rows, wanted: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
    if isinstance(rows, pl.LazyFrame):
        return _lazy_parts(rows, wanted)
    if isinstance(rows, (str, Path)):
        return _file_parts(str(rows), wanted)
    if isinstance(rows, pl.Series):
        rows = rows.to_frame() if rows.name else rows.to_frame("column_0")
    if isinstance(rows, pl.DataFrame):
        return rows.iter_slices(PART) if rows.height else iter((rows,))
    return _foreign_parts(rows, wanted)


def _foreign_parts(rows: Rows, wanted: Collection[str] | None) -> Iterator[pl.DataFrame]:
    found: Iterator[pl.DataFrame] | None = None
    if is_pandas(rows):
        found = pandas_parts(rows)
    elif isinstance(rows, np.ndarray):
        found = array_parts(rows)
    elif is_pyarrow(rows):
        found = pyarrow_parts(rows)
    elif is_stream(rows):
        found = stream_parts(rows)
    elif isinstance(rows, Mapping):
        found = _mapping_parts(rows)
    elif isinstance(rows, Iterable) and not isinstance(rows, (bytes, bytearray, memoryview)):
        found = _many(rows, wanted)
    if found is None:
        raise _unknown(rows)
    return found


def _file_parts(path: str, wanted: Collection[str] | None) -> Iterator[pl.DataFrame]:
    if not path.strip():
        raise UsageError("an empty path", fix="name a file, a folder or a glob")
    return stream_table(path, Path(), rows=PART, wanted=wanted)


def _lazy_parts(rows: pl.LazyFrame, wanted: Collection[str] | None) -> Iterator[pl.DataFrame]:
    empty = True
    try:
        if wanted is not None:
            names = rows.collect_schema().names()
            rows = rows.select([name for name in names if name in wanted] or names[:1])
        for part in rows.collect_batches(chunk_size=PART, maintain_order=True):
            if part.height:
                empty = False
                yield part
        if empty:
            yield pl.DataFrame(schema=rows.collect_schema())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UnreadableData(
            "the lazy frame could not be computed",
            where=(str(error).strip().splitlines() or [""])[0][:200],
            fix="look at what rows.collect() says",
        ) from error


def _mapping_parts(rows: Mapping[object, object]) -> Iterator[pl.DataFrame]:
    """Columns by their names; what is no column is one value, the same in every row."""
    check_names([str(name) for name in rows])
    columns = {str(name): _column(str(name), values) for name, values in rows.items()}
    lengths = {name: found.len() for name, found in columns.items() if found is not None}
    height = next(iter(lengths.values()), 1)
    unlike = next((name for name, length in lengths.items() if length != height), None)
    if unlike is not None:
        raise UsageError(
            "the columns have different lengths",
            where=f"{next(iter(lengths))!r} has {height} values, {unlike!r} {lengths[unlike]}",
            fix="give every column a value for each row",
        )
    series = [
        from_objects(str(name), [value] * height) if found is None else found
        for (name, value), found in zip(rows.items(), columns.values(), strict=True)
    ]
    return _parts(pl.DataFrame(series))


def _column(name: str, values: object) -> pl.Series | None:
    """A column from whatever holds its values; None for a single value."""
    if isinstance(values, pl.Series):
        return values.alias(name)
    if isinstance(values, np.ndarray) and values.ndim:
        return array_slices(name, values)(0, len(values))
    if is_pandas(values):
        return pl.concat(pandas_parts(values)).to_series(0).alias(name)
    if is_stream(values):
        return guarded(name, 0, lambda: pl.Series(name, values))
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        return None
    return from_objects(name, list(values))


def _many(rows: Iterable[object], wanted: Collection[str] | None) -> Iterator[pl.DataFrame]:
    """Frames one after another, or mappings that are rows."""
    items = iter(rows)
    head = list(islice(items, 1))
    if not head:
        raise UsageError(f"these rows are empty: {_said(rows)}", fix=f"give {_KNOWN}")
    everything = chain(head, items)
    if _is_record(head[0]):
        yield from _record_parts(everything)
        return
    for item in everything:
        if not isinstance(item, (str, Path)) and not _is_table(item):
            raise _unknown(rows, f"it holds {_said(item)}")
        yield from parts_of(item, wanted)


def _is_record(item: object) -> bool:
    """Whether this is a mapping whose values are single ones: a row."""
    return isinstance(item, Mapping) and all(_column("", v) is None for v in item.values())


def _is_table(item: object) -> bool:
    frames = (pl.DataFrame, pl.LazyFrame, pl.Series, np.ndarray, Mapping)
    known = isinstance(item, frames) or is_pandas(item) or is_pyarrow(item)
    return known or is_stream(item)


def _record_parts(rows: Iterator[object]) -> Iterator[pl.DataFrame]:
    while found := list(islice(rows, PART)):
        records: Sequence[Mapping[object, object]] = [r for r in found if isinstance(r, Mapping)]
        if len(records) < len(found):
            strange = next(item for item in found if not isinstance(item, Mapping))
            raise _unknown(rows, f"a {type(strange).__name__} among mappings")
        yield from_records(records)


def _said(rows: object) -> str:
    kind = type(rows)
    place = "" if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}."
    return f"{place}{kind.__name__}"


def _unknown(rows: object, more: str = "") -> UsageError:
    return UsageError(
        f"rows of type {_said(rows)} cannot be profiled{': ' if more else ''}{more}",
        fix=f'give {_KNOWN}; a list of values needs a name: {{"x": [...]}}',
    )
