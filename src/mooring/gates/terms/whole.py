"""The rules of a contract that are about the table as a whole: volume and freshness."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mooring.clock import parse_duration
from mooring.gates.contract import INSTANTS, as_numbers, type_of
from mooring.gates.data.finding import Finding, instant
from mooring.gates.terms.model import FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from mooring.gates.terms.model import Terms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def volume(rows: int, terms: Terms) -> Iterator[Finding]:
    """The number of rows is between the least and the most."""
    least, most = terms.table.min_rows, terms.table.max_rows
    wrong = ""
    if least is not None and rows < least:
        wrong, cure = f"at least {least:,} rows", "look for a part that is not there"
    elif most is not None and rows > most:
        wrong, cure = f"at most {most:,} rows", "look for a join that multiplies rows"
    if wrong:
        expected = f"{wrong}, as {FILE} says"
        yield Finding("", "volume", terms.severity.volume, expected, f"{rows:,}", rows, cure=cure)


def fresh_enough(frame: pl.DataFrame, terms: Terms, now: datetime) -> Iterator[Finding]:
    """The newest instant of each column with a ``max_age`` is no older than that (FD-14, FD-15).

    Parameters
    ----------
    frame : polars.DataFrame
    terms : Terms
    now : datetime
        With a zone; instants without one are in UTC.
    """
    for name, column in terms.columns.items():
        if column.max_age is None or name not in frame.columns:
            continue
        series = frame.get_column(name)
        if type_of(series.dtype) not in INSTANTS:
            continue  # its type is found to be wrong already
        newest = as_numbers(series).max()
        oldest = (now - parse_duration(column.max_age) - _EPOCH).total_seconds()
        if isinstance(newest, float) and newest >= oldest:
            continue
        found = f"{instant(newest)}" if isinstance(newest, float) else "no instant at all"
        yield Finding(
            name,
            "freshness",
            "warn" if terms.severity_of("freshness", name) == "warn" else "stop",
            f"a newest row of the last {column.max_age} before {now:%Y-%m-%d %H:%M}, as {FILE} "
            "says",
            found,
            frame.height,
            cure="look whether the feed has stopped",
        )
