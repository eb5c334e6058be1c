"""Reading a column as the type a project declared, or as the type its text plainly is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Literal

import polars as pl

from mooring.errors import UnreadableData
from mooring.reading.logical import FROM_NAME, logical_type

_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d+)?$")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}


def check_types(types: Mapping[str, str], columns: list[str], where: str) -> None:
    """Refuse a declared type that is not one, or that names no column.

    Raises
    ------
    UnreadableData
    """
    for column, kind in types.items():
        if column not in columns:
            near = get_close_matches(column, columns, n=1)
            raise UnreadableData(
                f"data.types names column {column!r}, which the data does not have",
                where=where,
                fix=f"did you mean {near[0]!r}?" if near else f"columns: {', '.join(columns)}",
            )
        if kind not in FROM_NAME:
            raise UnreadableData(
                f"{kind!r} is not a type a column can be read as",
                where=f"data.types, column {column!r}",
                fix=f"use one of {', '.join(FROM_NAME)}",
            )


def as_type(column: pl.Series, kind: str, where: str) -> pl.Series:
    """Convert a column to a logical type.

    Raises
    ------
    UnreadableData
        A value cannot be converted; the first one is named with its row.
    """
    if logical_type(column.dtype) == kind:
        return column
    try:
        converted = _convert(column, kind)
    except pl.exceptions.PolarsError as error:
        raise UnreadableData(
            f"column {column.name!r} of type {logical_type(column.dtype)} cannot be read as {kind}",
            where=where,
            fix=f"change its type under data.types, or the column ({str(error).splitlines()[0]})",
        ) from error
    lost = converted.is_null() & column.is_not_null()
    if lost.any():
        row = lost.arg_true()[0]
        raise UnreadableData(
            f"column {column.name!r} has a value that is not {_article(kind)}: {column[row]!r}",
            where=f"{where}, data row {row + 1} ({lost.sum()} such rows)",
            fix="correct the data, or change the column's type under data.types",
        )
    return converted


def iso_dates(column: pl.Series) -> pl.Series:
    """Read text as dates, times or instants when every value is written in ISO 8601."""
    first = column.drop_nulls().head(1)
    if column.dtype != pl.String or first.is_empty():
        return column
    sample = str(first[0])
    if not (_DATE.match(sample) or _TIME.match(sample) or _DATETIME.match(sample)):
        return column
    try:
        parsed = _parse_iso(column, sample)
    except pl.exceptions.PolarsError:
        return column
    return parsed if parsed.null_count() == column.null_count() else column


def _convert(column: pl.Series, kind: str) -> pl.Series:
    if column.dtype == pl.String:
        if kind == "boolean":
            return column.str.to_lowercase().replace_strict(
                _BOOLEANS, default=None, return_dtype=pl.Boolean
            )
        if kind in {"date", "datetime"}:
            return _text_to_time(column, kind)
        if kind == "integer":
            return _text_to_integer(column)
    elif kind == "integer" and column.dtype.is_float():
        whole = column.is_null() | (column == column.round(0))
        converted = column.cast(pl.Int64, strict=False)
        return converted.to_frame("a").select(pl.when(whole).then("a"))["a"].alias(column.name)
    return column.cast(FROM_NAME[kind], strict=False)


def _text_to_integer(column: pl.Series) -> pl.Series:
    converted = column.str.strip_chars().cast(pl.Int64, strict=False)
    if converted.null_count() == column.null_count():
        return converted
    wide = column.str.strip_chars().cast(pl.Int128, strict=False)
    return wide if wide.null_count() == column.null_count() else converted


def _text_to_time(column: pl.Series, kind: str) -> pl.Series:
    """Parse ISO text; a date may be given as a datetime at midnight, and the reverse."""
    first = column.drop_nulls().head(1)
    sample = str(first[0]) if len(first) else ""
    if _DATETIME.match(sample):
        parsed = _parse_iso(column, sample)
    else:
        parsed = column.str.to_date("%Y-%m-%d", strict=False)
    if kind == "datetime":
        return parsed if isinstance(parsed.dtype, pl.Datetime) else parsed.cast(pl.Datetime("us"))
    days = parsed.cast(pl.Date)
    midnight = (days.cast(parsed.dtype) == parsed).fill_null(True)
    return days.to_frame("a").select(pl.when(midnight).then("a"))["a"].alias(column.name)


def _parse_iso(column: pl.Series, sample: str) -> pl.Series:
    if _DATE.match(sample):
        return column.str.to_date("%Y-%m-%d", strict=False, exact=True)
    if _TIME.match(sample):
        return column.str.to_time("%H:%M:%S%.f", strict=False)
    match = _DATETIME.match(sample)
    separator, seconds, fraction, zone = match.groups() if match else ("T", "", "", "")
    form = f"%Y-%m-%d{separator}%H:%M" + (":%S%.f" if seconds else "") + ("%#z" if zone else "")
    text = column.str.replace("Z$", "+00:00") if zone else column
    unit: Literal["ns", "us"] = "ns" if fraction and len(fraction) > 7 else "us"  # noqa: PLR2004 a dot and 6 digits
    return text.str.to_datetime(form, time_unit=unit, strict=False)


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
