"""The identity of a table: a digest of its whole content that no layout can change.

Each value becomes a 64-bit word, each word is mixed with a key of its column's name and logical
type, the words of a row are summed, each row's sum is mixed twice more, and both are summed over
all rows: a multiset hash after Bellare and Micciancio, "A New Paradigm for Collision-Free
Hashing" (EUROCRYPT 1997). Sums do not depend on order or on where files, row groups or partitions
are cut. SHA-256 over the schema, the number of rows, these sums and those of each column ends it.
A cell that changes always changes its column's sum unless it is a text; otherwise two different
tables agree by accident with a chance of about 2^-64. It is no defence against someone who
constructs a collision.

Threads work on spans, and in blocks that stay in a processor's cache.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from operator import add
from pathlib import Path
from queue import SimpleQueue

import numpy as np
import polars as pl

from mooring.errors import UnreadableData
from mooring.lineage.words import Writer, word_writer
from mooring.reading.hashing import Words, mix, seed
from mooring.reading.logical import logical_type

VERSION = "t1"
_SPAN = 131_072
_BLOCK = 65_536
_THREADS = 2
_MASK = 2**64 - 1
_ROW, _FIRST, _SECOND = seed("row"), seed("row", "1"), seed("row", "2")

Schema = Mapping[str, str]
Keys = Mapping[str, Words]
Sums = tuple[int, ...]
"""Rows, two sums over the rows, then one for each column in the order of its name."""


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
    rows: Words


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
            pending = [pool.submit(_span_sums, span, keys, free) for span in _spans(frame)]
        return _finish(schema, _add(total, pending))


def _add(total: Sums, pending: Iterable[Future[Sums]]) -> Sums:
    parts = [future.result() for future in pending]
    return tuple(sum(sums) & _MASK for sums in zip(total, *parts, strict=True))


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
    found = np.empty(frame.height, dtype=np.uint64)

    def fill(start: int) -> None:
        _span_rows(frame.slice(start, _SPAN), keys, free, found[start : start + _SPAN])

    with _workers() as (pool, free):
        for _ in pool.map(fill, range(0, frame.height, _SPAN)):
            pass  # asked for, so that an error of a thread is raised here
    return found


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
        free.put(_Scratch(*(np.empty(_BLOCK, dtype=np.uint64) for _ in range(3))))
    with ThreadPoolExecutor(_THREADS) as pool:
        yield pool, free


def _schema(frame: pl.DataFrame) -> dict[str, str]:
    try:
        return {name: logical_type(frame.schema[name]) for name in sorted(frame.columns)}
    except UnreadableData as error:
        objects = [name for name, kind in frame.schema.items() if kind == pl.Object]
        where = f"columns {', '.join(objects)}" if objects else ""
        raise UnreadableData(error.what, where=where, fix=error.fix) from error


def _keys(schema: Schema) -> Keys:
    return {name: np.array(seed("column", name, kind)) for name, kind in schema.items()}


def _spans(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(_SPAN)


def _span_sums(span: pl.DataFrame, keys: Keys, free: SimpleQueue[_Scratch]) -> Sums:
    scratch = free.get()
    try:
        total: Sums = (0,) * (3 + len(keys))
        for n, columns in _mixed_blocks(span, keys, scratch):
            rows = _total(scratch.rows[:n]), _total(scratch.words[:n])
            total = tuple(map(add, total, (n, *rows, *columns)))
        return total
    finally:
        free.put(scratch)


def _span_rows(span: pl.DataFrame, keys: Keys, free: SimpleQueue[_Scratch], out: Words) -> None:
    scratch = free.get()
    try:
        start = 0
        for n, _ in _mixed_blocks(span, keys, scratch):
            out[start : start + n] = scratch.rows[:n]
            start += n
    finally:
        free.put(scratch)


def _mixed_blocks(
    span: pl.DataFrame, keys: Keys, scratch: _Scratch
) -> Iterator[tuple[int, list[int]]]:
    """Leave each row's words in the scratch; give a block's number of rows and column sums."""
    columns = [(word_writer(span.get_column(name)), key) for name, key in keys.items()]
    for start in range(0, span.height, _BLOCK):
        stop = min(start + _BLOCK, span.height)
        yield stop - start, _mix_rows(start, stop, columns, scratch)


def _mix_rows(
    start: int, stop: int, columns: Iterable[tuple[Writer, Words]], scratch: _Scratch
) -> list[int]:
    n = stop - start
    words, spare = scratch.words[:n], scratch.spare[:n]
    rows = scratch.rows[:n]
    rows.fill(_ROW)
    sums: list[int] = []
    for write, key in columns:
        write(start, stop, words, spare)
        mix(words, key, words, spare)
        np.add(rows, words, rows)
        sums.append(_total(words))
    mix(rows, _FIRST, rows, spare)
    mix(rows, _SECOND, words, spare)
    return sums


def _total(words: Words) -> int:
    return int(np.add.reduce(words))


def _finish(schema: Schema, total: Sums) -> TableDigest:
    rows, row_sums, sums = total[0], total[1:3], total[3:]
    columns = [
        (name, kind, found) for (name, kind), found in zip(schema.items(), sums, strict=True)
    ]
    return TableDigest(
        digest=f"{VERSION}:{_sha256([VERSION, rows, row_sums, columns])}",
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
