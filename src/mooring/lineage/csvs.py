"""Reading CSV: types over the whole file, and no row or column lost without a word."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import polars as pl

from mooring.errors import UnreadableData
from mooring.lineage.casting import iso_dates

_UNPARSED = re.compile(r"could not parse .* at column '(?P<column>.*)' \(column number")
_NEVER = "\x01"


def read_csv(path: Path, types: Mapping[str, str]) -> pl.DataFrame:
    """Read a CSV, plain or gzipped; tabs separate the fields of a ``.tsv``.

    Types are inferred from every row; ISO 8601 dates, times and instants are read as such.

    Parameters
    ----------
    path : Path
    types : mapping of str to str
        Columns whose type is declared: they are left as text.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    UnreadableData
        Repeated column names, rows with more or fewer fields than the header, or not UTF-8.
    """
    separator = "\t" if path.name.lower().endswith(".tsv") else ","
    names = _header(path, separator)
    as_text = {name: pl.String() for name in names if name in types}
    while True:
        try:
            frame = _parse(path, separator, as_text)
            break
        except pl.exceptions.ComputeError as error:
            unparsed = _UNPARSED.search(str(error))
            if unparsed is None or unparsed["column"] in as_text:
                raise _explain(path, separator, len(names), error) from error
            as_text[unparsed["column"]] = pl.String()
    if frame.height and frame.to_series(-1).null_count() and len(names) > 1:
        _check_short_rows(path, separator, len(names))
    return frame.with_columns(iso_dates(column) for column in frame if column.name not in types)


def _parse(path: Path, separator: str, as_text: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.read_csv(
        path,
        separator=separator,
        infer_schema_length=None,
        schema_overrides=dict(as_text),
        glob=False,
    )


def _header(path: Path, separator: str) -> list[str]:
    with _text(path) as lines:
        names = next(csv.reader(lines, delimiter=separator), [])
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise UnreadableData(
            f"two columns have the same name: {repeated[0]!r}",
            where=f"{path}, line 1",
            fix="rename one of them",
        )
    return names


def _check_short_rows(path: Path, separator: str, fields: int) -> None:
    """Polars fills the end of a short row with nulls; find out whether there was one."""
    lines = pl.read_csv(
        path, separator=_NEVER, quote_char=None, has_header=False, infer_schema=False, glob=False
    ).to_series(0)
    # a line without enough separators is short, or blank, or part of a quoted field
    suspects = (lines.str.count_matches(separator, literal=True) < fields - 1).any()
    if suspects:
        _find_ragged(path, separator, fields)


def _find_ragged(path: Path, separator: str, fields: int) -> None:
    with _text(path) as lines:
        reader = csv.reader(lines, delimiter=separator)
        for row in reader:
            if row and len(row) != fields:
                raise UnreadableData(
                    f"a row has {len(row)} fields and the header has {fields}",
                    where=f"{path}, line {reader.line_num}: {separator.join(row)[:60]!r}",
                    fix="quote fields that hold the separator, or complete the row",
                )


def _explain(path: Path, separator: str, fields: int, error: Exception) -> UnreadableData:
    try:
        _find_ragged(path, separator, fields)
    except UnreadableData as ragged:
        return ragged
    return UnreadableData(
        f"the file cannot be read as CSV: {str(error).splitlines()[0]}",
        where=str(path),
        fix="check the quotes and the separator",
    )


@contextmanager
def _text(path: Path) -> Iterator[Iterator[str]]:
    """Open as text; bytes that are not UTF-8 and fields without end become our own errors."""
    zipped = path.name.lower().endswith(".gz")
    with gzip.open(path) if zipped else path.open("rb") as file:
        try:
            yield _decoded(path, file)
        except (csv.Error, EOFError) as error:
            raise UnreadableData(
                f"the file cannot be read as CSV: {error}", where=str(path), fix="check the quotes"
            ) from error


def _decoded(path: Path, lines: Iterator[bytes]) -> Iterator[str]:
    first = next(lines, b"").removeprefix(b"\xef\xbb\xbf")
    for number, line in enumerate(chain([first], lines), start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise UnreadableData(
                f"the file is not UTF-8: byte 0x{line[error.start]:02x}",
                where=f"{path}, line {number}",
                fix="save it as UTF-8 (it may be Latin-1 or Windows-1252)",
            ) from error
