"""The identity of a table: a digest of its whole content that no layout can change.

Each value becomes a 64-bit word, each word is mixed with a key of its column's name and logical
type, the words of a row are summed in two lanes, each row's lanes are mixed again and summed over
all rows: a multiset hash after Bellare and Micciancio, "A New Paradigm for Collision-Free
Hashing" (EUROCRYPT 1997). Sums do not depend on order or on where files, row groups or partitions
are cut. SHA-256 over the schema, the number of rows and all sums ends it. Two different tables
agree by accident with a chance of about 2^-128 (2^-64 when they differ in one text only); it is
no defence against someone who constructs a collision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import polars as pl

from mooring.errors import UnreadableData
from mooring.lineage.hashing import M3, Words, mix, seed
from mooring.lineage.logical import logical_type
from mooring.lineage.words import write_words

VERSION = "t1"
_BLOCK = 131_072
_THREADS = 2
_MASK = 2**64 - 1
_ROW_1, _ROW_2 = seed("row", "1"), seed("row", "2")

Schema = Mapping[str, str]
Sums = tuple[int, ...]
"""Rows, the two lanes of the rows, then one lane for each column in the order of its name."""


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The identity of a table.

    Parameters
    ----------
    digest : str
        ``t1:`` and 64 hex digits, over everything.
    rows : int
        Number of rows.
    schema : tuple of (str, str)
        Names and logical types, sorted by name.
    columns : tuple of (str, str)
        Names and digests of the columns' values (``c1:`` and 64 hex digits), sorted by name: they
        tell which columns changed, as long as rows were not only reordered within one.
    """

    digest: str
    rows: int
    schema: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Scratch:
    """Buffers for one thread: one block each."""

    words: Words
    spare: Words
    lane_1: Words
    lane_2: Words


def digest_table(frame: pl.DataFrame) -> TableDigest:
    """Digest a table in memory.

    Parameters
    ----------
    frame : polars.DataFrame, shape (rows, columns)

    Returns
    -------
    TableDigest

    Raises
    ------
    UnreadableData
        A column holds Python objects.

    Examples
    --------
    >>> a = pl.DataFrame({"x": [1, 2], "y": ["u", None]})
    >>> digest_table(a).digest == digest_table(a.reverse().select("y", "x")).digest
    True
    """
    return digest_frames((frame,))


def digest_frames(frames: Iterable[pl.DataFrame]) -> TableDigest:
    """Digest a table that comes in parts, in any order; one part is in memory at a time.

    Parameters
    ----------
    frames : iterable of polars.DataFrame
        Parts with the same columns, in any order, of the same logical types.

    Returns
    -------
    TableDigest

    Raises
    ------
    UnreadableData
        A part has other columns or types than the first, or a column holds Python objects.
    """
    schema: dict[str, str] = {}
    total: Sums = (0, 0, 0)
    pending: list[Future[Sums]] = []
    with _workers() as (pool, free):
        for number, frame in enumerate(frames):
            found = _schema(frame)
            if number == 0:
                schema, total = found, (0,) * (3 + len(found))
            elif found != schema:
                raise _mixed_parts(number, schema, found)
            keys = _keys(schema)
            total = _add(total, pending)
            # hashed while the next part is being read
            pending = [pool.submit(_block_sums, block, keys, free) for block in _blocks(frame)]
        return _finish(schema, _add(total, pending))


def _add(total: Sums, pending: Iterable[Future[Sums]]) -> Sums:
    parts = [future.result() for future in pending]
    return tuple(sum(lane) & _MASK for lane in zip(total, *parts, strict=True))


def row_fingerprints(frame: pl.DataFrame) -> Words:
    """Fingerprint each row: the same row has the same one in any table with the same columns.

    Parameters
    ----------
    frame : polars.DataFrame, shape (rows, columns)

    Returns
    -------
    ndarray of uint64, shape (rows,)
        In the order of the rows; the order of the columns does not matter, their names and
        logical types do.

    Raises
    ------
    UnreadableData
        A column holds Python objects.

    Examples
    --------
    >>> marks = row_fingerprints(pl.DataFrame({"x": [1, 2, 1]}))
    >>> bool(marks[0] == marks[2]), bool(marks[0] == marks[1])
    (True, False)
    """
    keys = _keys(_schema(frame))
    with _workers() as (pool, free):
        parts = list(pool.map(lambda block: _block_rows(block, keys, free), _blocks(frame)))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def digest_file_bytes(path: Path) -> str:
    """Digest a file that is not a table.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        ``sha256:`` and 64 hex digits.

    Raises
    ------
    UnreadableData
        The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        raise UnreadableData(
            f"cannot read the file: {error.strerror}", where=str(path), fix="check the path"
        ) from error


@contextmanager
def _workers() -> Iterator[tuple[ThreadPoolExecutor, SimpleQueue[_Scratch]]]:
    """Threads, with a set of buffers for each to take and put back."""
    free: SimpleQueue[_Scratch] = SimpleQueue()
    for _ in range(_THREADS):
        free.put(_Scratch(*(np.empty(_BLOCK, dtype=np.uint64) for _ in range(4))))
    with ThreadPoolExecutor(_THREADS) as pool:
        yield pool, free


def _schema(frame: pl.DataFrame) -> dict[str, str]:
    try:
        return {name: logical_type(frame.schema[name]) for name in sorted(frame.columns)}
    except UnreadableData as error:
        objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
        where = f"columns {', '.join(objects)}" if objects else ""
        raise UnreadableData(error.what, where=where, fix=error.fix) from error


def _keys(schema: Schema) -> dict[str, np.uint64]:
    return {name: seed("column", name, kind) for name, kind in schema.items()}


def _blocks(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(_BLOCK)


def _block_sums(
    block: pl.DataFrame, keys: Mapping[str, np.uint64], free: SimpleQueue[_Scratch]
) -> Sums:
    scratch = free.get()
    try:
        columns = _mix_rows(block, keys, scratch)
        rows = _total(scratch.lane_1[: block.height]), _total(scratch.lane_2[: block.height])
        return (block.height, *rows, *columns)
    finally:
        free.put(scratch)


def _block_rows(
    block: pl.DataFrame, keys: Mapping[str, np.uint64], free: SimpleQueue[_Scratch]
) -> Words:
    scratch = free.get()
    try:
        _mix_rows(block, keys, scratch)
        return scratch.lane_1[: block.height].copy()
    finally:
        free.put(scratch)


def _mix_rows(block: pl.DataFrame, keys: Mapping[str, np.uint64], scratch: _Scratch) -> list[int]:
    """Leave both lanes of each row in the scratch; return the sums of each column's."""
    n = block.height
    words, spare = scratch.words[:n], scratch.spare[:n]
    lane_1, lane_2 = scratch.lane_1[:n], scratch.lane_2[:n]
    lane_1.fill(_ROW_1)
    lane_2.fill(_ROW_2)
    sums: list[int] = []
    for name, key in keys.items():
        write_words(block.get_column(name), words, spare)
        mix(words, key, words, spare)
        np.add(lane_1, words, out=lane_1)
        np.bitwise_xor(lane_2, words, out=lane_2)
        np.multiply(lane_2, M3, out=lane_2)
        sums.append(_total(words))
    _finish_rows(scratch, n)
    return sums


def _finish_rows(scratch: _Scratch, n: int) -> None:
    """Mix each row's lanes once more, so that no sum over rows takes a row apart."""
    spare, lane_1, lane_2 = scratch.spare[:n], scratch.lane_1[:n], scratch.lane_2[:n]
    np.bitwise_xor(lane_2, lane_1, out=lane_2)
    mix(lane_2, _ROW_2, lane_2, spare)
    np.add(lane_1, lane_2, out=lane_1)
    mix(lane_1, _ROW_1, lane_1, spare)


def _total(words: Words) -> int:
    return int(np.add.reduce(words))


def _finish(schema: Schema, total: Sums) -> TableDigest:
    rows, row_lanes, lanes = total[0], total[1:3], total[3:]
    columns = [(name, kind, lane) for (name, kind), lane in zip(schema.items(), lanes, strict=True)]
    return TableDigest(
        digest=f"{VERSION}:{_sha256([VERSION, rows, row_lanes, columns])}",
        rows=rows,
        schema=tuple(schema.items()),
        columns=tuple((column[0], f"c1:{_sha256(['c1', rows, column])}") for column in columns),
    )


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()


def _mixed_parts(number: int, schema: Schema, found: Schema) -> UnreadableData:
    name = min(dict(schema.items() ^ found.items()))
    return UnreadableData(
        f"part {number + 1} of the table does not fit part 1",
        where=f"column {name!r}: {schema.get(name, 'absent')} in part 1, "
        f"{found.get(name, 'absent')} in part {number + 1}",
        fix="give every part the same columns and types",
    )
