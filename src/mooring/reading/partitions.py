"""Many files as one table: the columns that folders spell, and the types that parts share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from mooring.errors import UnreadableData
from mooring.reading.casting import iso_dates
from mooring.reading.logical import logical_type
from mooring.reading.sources import hive_base

Columns = dict[str, pl.DataType]

_NULL = "__HIVE_DEFAULT_PARTITION__"


def partition_columns(source: str, root: Path, paths: Sequence[Path]) -> pl.DataFrame:
    """Read the columns that folders named ``key=value`` spell, as Hive and Spark write them.

    Returns
    -------
    polars.DataFrame, shape (files, keys)
        One row for each file; integers, numbers and ISO dates are recognised when every folder's
        value is one.

    Raises
    ------
    UnreadableData
        Some files are below a folder for a key and others are not.
    """
    base = hive_base(source, root)
    pairs = [_pairs(path, base) for path in paths]
    for path, found in zip(paths, pairs, strict=True):
        if odd := set(found) ^ set(pairs[0]):
            key = min(odd)
            raise UnreadableData(
                f"not every file is below a folder {key}=…",
                where=f"{paths[0]} and {path}",
                fix="put every file below one, or narrow the source",
            )
    columns = [pl.Series(name, [p[name] for p in pairs], dtype=pl.String) for name in pairs[0]]
    if not columns:
        # a frame without columns has no rows to select
        return pl.DataFrame()
    return pl.DataFrame([_guess(column) for column in columns])


def common_columns(paths: Sequence[Path], schemas: Sequence[Columns]) -> Columns:
    """Find types that every part of a table fits, in the order of the first part's columns.

    Integers beside floats become floats; widths and units widen; a part without any value in a
    column takes the others' type.

    Raises
    ------
    UnreadableData
        A column is absent from a part, or its types do not go together.
    """
    first = schemas[0]
    for path, schema in zip(paths, schemas, strict=True):
        if odd := set(schema) ^ set(first):
            name = min(odd)
            has, lacks = (paths[0], path) if name in first else (path, paths[0])
            raise UnreadableData(
                f"the files do not have the same columns: {name!r} is in one only",
                where=f"{has} has it, {lacks} does not",
                fix="write the files with the same columns, or narrow the source",
            )
    return {name: _common_type(name, paths, [schema[name] for schema in schemas]) for name in first}


def _common_type(name: str, paths: Sequence[Path], kinds: Sequence[pl.DataType]) -> pl.DataType:
    known = [(path, kind) for path, kind in zip(paths, kinds, strict=True) if kind != pl.Null]
    if not known:
        return pl.String()
    logical = {logical_type(kind): path for path, kind in reversed(known)}
    if set(logical) == {"integer", "float"}:
        return pl.Float64()
    if len(logical) > 1:
        (one, there), (other, here), *_ = sorted(logical.items())
        raise UnreadableData(
            f"column {name!r} is {one} in one file and {other} in another",
            where=f"{there} ({one}) and {here} ({other})",
            fix=f'say which under data.types, for instance {name} = "string"',
        )
    return _widest([kind for _, kind in known])


def _widest(kinds: Sequence[pl.DataType]) -> pl.DataType:
    if pl.UInt64() in kinds and any(kind.is_signed_integer() for kind in kinds):
        # the usual answer, a float, would lose digits
        return pl.Int128()
    empty = [pl.Series("a", [], dtype=kind).to_frame() for kind in dict.fromkeys(kinds)]
    return pl.concat(empty, how="vertical_relaxed").schema["a"]


def _pairs(path: Path, base: Path | None) -> dict[str, str | None]:
    if base is None or not path.is_relative_to(base):
        return {}
    pairs = (part.partition("=") for part in path.parent.relative_to(base).parts)
    return {
        unquote(key): None if value == _NULL else unquote(value) for key, eq, value in pairs if eq
    }


def _guess(column: pl.Series) -> pl.Series:
    """Read text as integers or numbers when all of it is."""
    for kind in (pl.Int64, pl.Float64):
        numbers = column.cast(kind, strict=False)
        if numbers.null_count() == column.null_count():
            return numbers if column.null_count() < len(column) else column
    return iso_dates(column)
