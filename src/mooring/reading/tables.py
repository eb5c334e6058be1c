"""Reading a data source, one file or many, as one table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from mooring.reading.casting import as_type, check_types
from mooring.reading.partitions import Columns, common_columns, partition_columns
from mooring.reading.parts import part_schema, read_part, seen_schema, stream_part
from mooring.reading.sources import resolve

__all__ = ["read_table", "resolve", "stream_table"]

_NO_TYPES: Mapping[str, str] = MappingProxyType({})
_ROWS = 262_144


def read_table(source: str, root: Path, types: Mapping[str, str] = _NO_TYPES) -> pl.DataFrame:
    """Read a data source as one table.

    Files are read in the order of their names. Folders named ``key=value`` become columns. Types
    of CSV are inferred over the whole file, and ISO 8601 dates are recognised.

    Parameters
    ----------
    source : str
        A file, glob or folder: see `resolve`.
    root : Path
        What a relative source is relative to.
    types : mapping of str to str
        Logical types to read columns as: ``string``, ``integer``, ``float``, ``boolean``,
        ``date`` or ``datetime``.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    UnreadableData
        No such file, a file that is damaged or not what its suffix says, parts whose columns
        differ, or a column that is not of its declared type.

    Examples
    --------
    >>> read_table("trips.csv", Path("data"), {"zip": "string"})  # doctest: +SKIP
    """
    paths = resolve(source, root)
    keys = partition_columns(source, root, paths)
    frames = [read_part(path, types) for path in paths]
    columns: Columns = {}
    if len(paths) > 1:
        found = [seen_schema(*part) for part in zip(paths, frames, strict=True)]
        columns = common_columns(paths, found)
    return pl.concat(
        _finish(frame, paths[number], keys.slice(number, 1), types, columns)
        for number, frame in enumerate(frames)
    )


def stream_table(
    source: str,
    root: Path,
    types: Mapping[str, str] = _NO_TYPES,
    rows: int = _ROWS,
    wanted: Collection[str] | None = None,
) -> Iterator[pl.DataFrame]:
    """Read a data source in parts: the same rows as `read_table`, in the same order.

    Memory is bounded by the rows asked for, except that a CSV (and an Arrow stream) is read one
    whole file at a time.

    Parameters
    ----------
    source, root, types
        As for `read_table`.
    rows : int
        About how many rows a part has.
    wanted : collection of str, optional
        Columns that are looked at: the others need not be read, and may be left out.

    Yields
    ------
    polars.DataFrame
        At least one, all with the same columns; empty only when the table is.

    Raises
    ------
    UnreadableData
        As for `read_table`; a fault further on shows only when it is reached.

    Examples
    --------
    >>> sum(part.height for part in stream_table("trips", Path("data")))  # doctest: +SKIP
    """
    paths = resolve(source, root)
    keys = partition_columns(source, root, paths)
    columns: Columns = {}
    if len(paths) > 1:
        columns = common_columns(paths, [part_schema(path, types) for path in paths])
    empty = True
    for number, path in enumerate(paths):
        for frame in stream_part(path, types, rows, wanted):
            if frame.height:
                empty = False
                yield _finish(frame, path, keys.slice(number, 1), types, columns)
    if empty:
        yield _finish(read_part(paths[0], types), paths[0], keys.slice(0, 1), types, columns)


def _finish(
    frame: pl.DataFrame, path: Path, keys: pl.DataFrame, types: Mapping[str, str], columns: Columns
) -> pl.DataFrame:
    """Give a part the table's types, the columns of its folders and the declared types."""
    if columns:
        kept = set(frame.columns)
        frame = frame.select(pl.col(n).cast(kind) for n, kind in columns.items() if n in kept)
    frame = frame.with_columns(pl.lit(key.item(), key.dtype).alias(key.name) for key in keys)
    check_types(types, frame.columns, str(path))
    return frame.with_columns(as_type(frame[name], kind, str(path)) for name, kind in types.items())
