"""Reading one file into a frame, whatever is wrong with it said in our words."""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from mooring.errors import UnreadableData
from mooring.reading.csvs import read_csv
from mooring.reading.sources import format_of

_MAGIC = {
    b"PAR1": "Parquet",
    b"ARRO": "Arrow",
    b"FEA1": "Feather version 1",
    b"PK\x03\x04": "zip (or Excel)",
    b"\x1f\x8b": "gzip",
    b"SQLi": "SQLite",
}
_STREAM = b"\xff\xff\xff\xff"


def read_part(path: Path, types: Mapping[str, str]) -> pl.DataFrame:
    """Read one file whole.

    Parameters
    ----------
    path : Path
    types : mapping of str to str
        Columns of a CSV that must stay text until they are converted.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    UnreadableData
        The file is missing, empty, damaged, or not what its suffix says.
    """
    check_file(path)
    with polars_errors(path):
        if format_of(path) == "CSV":
            return read_csv(path, types)
        if _is_stream(path):
            return _plain(pl.read_ipc_stream(path))
        return _plain(_scan(path).collect())


def stream_part(
    path: Path, types: Mapping[str, str], rows: int, wanted: Collection[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Read one file in frames of about so many rows; a CSV and an Arrow stream are read whole.

    Of the columns only those wanted, when they are named; one at least, so that rows are counted.
    """
    if format_of(path) == "CSV" or _is_stream(path):
        yield from read_part(path, types).iter_slices(rows)
        return
    check_file(path)
    with polars_errors(path):
        scan = _scan(path)
        if wanted is not None:
            names = scan.collect_schema().names()
            scan = scan.select([name for name in names if name in wanted] or names[:1])
        for frame in scan.collect_batches(chunk_size=rows, maintain_order=True):
            yield _plain(frame)


def part_schema(path: Path, types: Mapping[str, str]) -> dict[str, pl.DataType]:
    """Find the columns of one file; a CSV column without any value has the type ``Null``."""
    check_file(path)
    with polars_errors(path):
        if format_of(path) != "CSV" and not _is_stream(path):
            return {name: _plain_type(kind) for name, kind in _scan(path).collect_schema().items()}
    return seen_schema(path, read_part(path, types))


def seen_schema(path: Path, frame: pl.DataFrame) -> dict[str, pl.DataType]:
    """Find the columns of a file that was read; as `part_schema`."""
    if format_of(path) != "CSV":
        return dict(frame.schema)
    return {
        name: pl.Null() if frame[name].null_count() == frame.height else kind
        for name, kind in frame.schema.items()
    }


def check_file(path: Path) -> None:
    """Look at the first and last bytes: is this what its suffix says, and is it all there?"""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            size = file.seek(0, 2)
            file.seek(max(0, size - 4))
            tail = file.read(4)
    except OSError as error:
        raise UnreadableData(
            f"cannot read the file: {error.strerror}", where=str(path), fix="check the path"
        ) from error
    if not head or (path.name.endswith(".gz") and not _unzips_to_something(path)):
        raise UnreadableData(
            "the file is empty", where=str(path), fix="write it again, or leave it out"
        )
    expected = format_of(path)
    actual = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if actual == "gzip" and path.name.endswith(".gz"):
        return
    if (actual or expected) != expected or (expected != "CSV" and not actual and not _framed(head)):
        raise UnreadableData(
            f"the file is not {expected}" + (f" but {actual}" if actual else ""),
            where=str(path),
            fix="give it the suffix of what it is, or export it again",
        )
    if expected == "Parquet" and tail != b"PAR1":
        raise UnreadableData(
            "the Parquet file is cut short", where=str(path), fix="copy or write it again"
        )


@contextmanager
def polars_errors(path: Path) -> Iterator[None]:
    """Turn whatever Polars raises about a file into an error a person can act on."""
    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        said = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if "assertion `left == right` failed" in said:
            # what Polars 2 makes of an Arrow file with repeated column names
            said = "it is damaged, or two of its columns share a name"
        raise UnreadableData(
            f"the file cannot be read as {format_of(path)}: {said}",
            where=str(path),
            fix="write it again; it may be damaged or only partly copied",
        ) from error


def _scan(path: Path) -> pl.LazyFrame:
    if format_of(path) == "Parquet":
        return pl.scan_parquet(path, glob=False, hive_partitioning=False)
    return pl.scan_ipc(path, glob=False, hive_partitioning=False)


def _is_stream(path: Path) -> bool:
    with polars_errors(path), path.open("rb") as file:
        return format_of(path) == "Arrow" and file.read(4) == _STREAM


def _framed(head: bytes) -> bool:
    return head.startswith(_STREAM)


def _unzips_to_something(path: Path) -> bool:
    try:
        with gzip.open(path) as file:
            return bool(file.read(1))
    except (OSError, EOFError) as error:
        raise UnreadableData(
            f"the file is not gzip, or damaged: {error}", where=str(path), fix="write it again"
        ) from error


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Turn dictionary encodings, which are storage and not meaning, into text."""
    encoded = [n for n, t in frame.schema.items() if isinstance(t, (pl.Categorical, pl.Enum))]
    return frame.with_columns(pl.col(encoded).cast(pl.String)) if encoded else frame


def _plain_type(kind: pl.DataType) -> pl.DataType:
    return pl.String() if isinstance(kind, (pl.Categorical, pl.Enum)) else kind
