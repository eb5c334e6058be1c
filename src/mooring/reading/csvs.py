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
from mooring.reading.casting import iso_dates

_UNPARSED = re.compile(r"could not parse .* at column '(?P<column>.*)' \(column number")
_NEVER = "\x01"
_OTHER_SEPARATORS = (";", "\t", "|")
_AMOUNTS = (None, "float", "integer")
_DECIMAL_COMMA = r"^\s*[+-]?\d+(,\d+)?([eE][+-]?\d+)?\s*$"


def read_csv(path: Path, types: Mapping[str, str]) -> pl.DataFrame:
    """Read a CSV, plain or gzipped; tabs separate the fields of a ``.tsv``.

    A header without a comma may have semicolons, tabs or bars in its place. Where semicolons
    separate, decimals may have a comma (RFC 4180 has neither; spreadsheets of half of Europe do).
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
    separator = _separator(path)
    names = _header(path, separator)
    # Polars leaves the doubled quotes of a quoted name as they are.
    spelled = [s for name in names if name in types for s in {name, name.replace('"', '""')}]
    as_text = {name: pl.String() for name in spelled}
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
    if frame.width == len(names):
        frame.columns = names
    if separator == ";":
        frame = frame.with_columns(
            _decimal_commas(c) for c in frame if types.get(c.name) in _AMOUNTS
        )
    return frame.with_columns(iso_dates(column) for column in frame if column.name not in types)


def _parse(path: Path, separator: str, as_text: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.read_csv(
        path,
        separator=separator,
        infer_schema_length=None,
        schema_overrides=dict(as_text),
        glob=False,
    )


def _separator(path: Path) -> str:
    if path.name.lower().endswith(".tsv"):
        return "\t"
    with _text(path) as lines:
        names = next(csv.reader(lines), [])
    if len(names) != 1:
        return ","
    counts = {separator: names[0].count(separator) for separator in _OTHER_SEPARATORS}
    most = max(_OTHER_SEPARATORS, key=lambda separator: counts[separator])
    return most if counts[most] else ","


def _decimal_commas(column: pl.Series) -> pl.Series:
    """Read text as numbers when every value is one that is written with a decimal comma."""
    known = column.drop_nulls()
    if column.dtype != pl.String or known.is_empty():
        return column
    if not known.str.contains(_DECIMAL_COMMA).all():
        return column
    return column.str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64)


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
