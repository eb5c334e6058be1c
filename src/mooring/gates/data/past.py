"""What accepted rows were like over time: by period, by hour, by slice, and how often they repeat.

A profile says what all rows together are like; a fault in a day, in one shop's rows or in the
clock is lost in it. So accepted rows leave a summary of each partition behind, which new
partitions are held against (after Shankar, Fawaz, Gyllstrom and Parameswaran, "Automatic and
Precise Data Validation for Machine Learning", CIKM 2023). No row is in it, and no key: only
numbers, names of categories, and fingerprints.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from mooring.errors import ArtifactError, UnreadableData
from mooring.gates.contract import INSTANTS, as_numbers, type_of
from mooring.gates.data.partitions import (
    DAY,
    Measure,
    Partition,
    as_text,
    by_hour,
    by_period,
    measures_of,
    partitions,
)
from mooring.lineage.digest import row_fingerprints
from mooring.reading.logical import logical_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mooring.gates.contract import Contract
    from mooring.gates.data.case import Case
    from mooring.reading.hashing import Words

VERSION = 1
MOST_PERIODS = 120
"""Periods kept, the latest: a season of days, which holds every day of the week 17 times."""
MARKS = 4096
"""Fingerprints kept, the lowest: a share among rows is then known to about one point."""
STEPS = (DAY, 7 * DAY, 30 * DAY)
LEAST_ROWS = 20
"""A mean of fewer rows says little of a period; a longer one is taken."""
SLICES = 50
"""A column of more values is not cut into slices."""
_MOST_SLICED = 8
MANY_ECHOES = 0.5
"""A share of rows that come again by nature, from which more columns are looked at."""
_LARGEST = 1 << 28
_HOURS = 12
"""Rows of fewer hours of the day say nothing of a clock."""


@dataclass(frozen=True, slots=True)
class Past:
    """What accepted rows were like.

    Parameters
    ----------
    measures : tuple of Measure
        What the numbers of each partition are of.
    types : dict of str to str
        Exact types, such as ``Datetime(time_unit='us', time_zone='UTC')``.
    step : float
        Length of a period in seconds; 0 when there is no time to divide by.
    periods : tuple of Partition
        Whole periods, oldest first.
    hours : tuple of Partition
        By hour of the day; empty when rows are of a few hours only.
    slices : dict of str to tuple of Partition
        By the values of a column that names a group; of a key by their fingerprints.
    runs : dict of str to int
        The longest run of one value unchanged, in rows.
    widest : float
        The longest time without a row, in seconds.
    copies : float
        Share of rows that are a copy of another row.
    marked : tuple of str
        Columns that fingerprints are of: no time, and nothing that follows it.
    marks : tuple of int
        The lowest fingerprints, ascending.
    echoes : float
        Share of the latest third whose fingerprints had been there before.
    identity : str
        Of the rows altogether.
    """

    measures: tuple[Measure, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    step: float = 0.0
    periods: tuple[Partition, ...] = ()
    hours: tuple[Partition, ...] = ()
    slices: dict[str, tuple[Partition, ...]] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    widest: float = 0.0
    copies: float = 0.0
    marked: tuple[str, ...] = ()
    marks: tuple[int, ...] = ()
    echoes: float = 0.0
    identity: str = ""


class _Envelope(msgspec.Struct, frozen=True):
    version: int
    past: msgspec.Raw


def to_bytes(past: Past) -> bytes:
    """What was remembered as bytes, always the same for the same."""
    envelope = _Envelope(VERSION, msgspec.Raw(msgspec.msgpack.encode(past, order="deterministic")))
    return zlib.compress(msgspec.msgpack.encode(envelope))


def from_bytes(data: bytes) -> Past:
    """What ``to_bytes`` wrote.

    Raises
    ------
    ArtifactError
        When the bytes are something else, or were written by a newer version of Mooring.
    """
    try:
        packed = zlib.decompressobj().decompress(data, _LARGEST)
        envelope = msgspec.msgpack.decode(packed, type=_Envelope)
        if envelope.version > VERSION:
            raise ArtifactError(
                f"this summary of accepted rows has format {envelope.version}; the newest known "
                f"here is {VERSION}",
                fix="upgrade mooring",
            )
        return msgspec.msgpack.decode(envelope.past, type=Past)
    except (zlib.error, msgspec.DecodeError) as error:
        raise ArtifactError(
            "these bytes are not a summary of accepted rows",
            where=str(error),
            fix="run again to make a new one",
        ) from error


def remember(case: Case, contract: Contract) -> Past:
    """Sum up rows that may be accepted; their order does not matter.

    Parameters
    ----------
    case : Case
    contract : Contract
        Of these rows.
    """
    frame, time = case.frame, case.time
    measures = measures_of(frame, contract, case.judged)
    full = fingerprints(frame, readable(frame))
    past = Past(
        measures=measures,
        types={name: str(dtype) for name, dtype in frame.schema.items()},
        slices=dict(_slices(case, contract, measures)),
        copies=copies(full),
        identity=f"{frame.height}:{int(full.sum(dtype=np.uint64)):016x}",
    )
    if time is None or not frame.height or frame.get_column(time).drop_nulls().is_empty():
        return past
    return _over_time(case, contract, time, past)


def _over_time(case: Case, contract: Contract, time: str, past: Past) -> Past:
    frame = case.frame.filter(pl.col(time).is_not_null())
    seconds = as_numbers(frame.get_column(time)).to_numpy()
    step = _step(seconds)
    hours = by_hour(frame, time, past.measures)
    late = seconds > np.quantile(seconds, 2 / 3)
    marked, marks, echoes = _marks(case, contract, frame, late)
    return replace(
        past,
        step=step,
        periods=whole(by_period(frame, time, step, past.measures))[-MOST_PERIODS:],
        hours=hours if len(hours) >= _HOURS else (),
        runs={name: longest_run(case, frame, name) for name in running(case)},
        widest=float(np.diff(np.unique(seconds)).max(initial=0.0)),
        marked=marked,
        marks=tuple(np.unique(marks)[:MARKS].tolist()),
        echoes=echoes,
    )


def whole(periods: Sequence[Partition]) -> tuple[Partition, ...]:
    """Without the first and the last, which may be cut off."""
    return tuple(periods[1:-1])


def _step(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """The shortest period that usually has enough rows."""
    for step in STEPS:
        _, counts = np.unique(seconds // step, return_counts=True)
        if np.median(counts) >= LEAST_ROWS:
            return float(step)
    return float(STEPS[-1])


def readable(frame: pl.DataFrame) -> tuple[str, ...]:
    """Columns that a fingerprint can be made of."""
    found = []
    for name, dtype in frame.schema.items():
        try:
            logical_type(dtype)
        except UnreadableData:  # swallow: the rule about idle columns tells of such types
            continue
        found.append(name)
    return tuple(found)


def fingerprints(frame: pl.DataFrame, names: Sequence[str]) -> Words:
    """One for each row, of some columns; of a column that is not there, nothing is in it."""
    there = [name for name in names if name in frame.columns]
    return row_fingerprints(frame.select(there)) if there else np.zeros(frame.height, np.uint64)


def copies(marks: Words) -> float:
    """Share of rows that are a copy of another one."""
    return 1 - np.unique(marks).size / marks.size if marks.size else 0.0


def running(case: Case) -> Iterator[str]:
    """Columns whose values can stand still: numbers that take many values."""
    for name in case.judged:
        if case.frame.schema[name].is_numeric() and name != case.data.target:
            yield name


def longest_run(case: Case, frame: pl.DataFrame, name: str) -> int:
    """Rows of the longest run of one value; rows of one instant in the order of their values."""
    ordered = frame.select(at=pl.col(str(case.time)), value=pl.col(name)).sort("at", "value")
    runs = ordered.get_column("value").rle().struct.unnest().drop_nulls("value")
    longest = runs.get_column("len").max()
    return longest if isinstance(longest, int) else 0


def _marks(
    case: Case, contract: Contract, frame: pl.DataFrame, late: NDArray[np.bool_]
) -> tuple[tuple[str, ...], Words, float]:
    """Columns whose values tell rows apart, the fingerprints, and how often they come again.

    Where rows of numbers and categories come again by nature, names and what is excluded are looked
    at as well: a replayed batch repeats them too.
    """
    names: tuple[str, ...] = ()
    marks, echoes = fingerprints(frame, names), 1.0
    for more in _candidates(case, contract):
        names = (*names, *more)
        marks = fingerprints(frame, names)
        echoes = float(np.isin(marks[late], marks[~late]).mean()) if late.any() else 0.0
        if echoes <= MANY_ECHOES:
            break
    return names, marks, echoes


def _candidates(case: Case, contract: Contract) -> Iterator[tuple[str, ...]]:
    """Columns for fingerprints: numbers and categories; other texts; what is excluded.

    None that only says when, and none that is new in most rows as a number of the row is.
    """
    able, schema = set(readable(case.frame)), case.frame.schema

    def telling(name: str) -> bool:
        if name not in able or schema[name].is_nested() or type_of(schema[name]) in INSTANTS:
            return False
        return not (schema[name].is_numeric() and case.follows_time(name))

    def repeating(name: str) -> bool:
        return telling(name) and 2 * case.frame.get_column(name).n_unique() <= case.frame.height

    def known(name: str) -> bool:
        column = contract.column(name)
        return type_of(schema[name]) != "string" or bool(column and column.categories is not None)

    yield tuple(name for name in case.judged if telling(name) and known(name))
    yield tuple(name for name in case.judged if not known(name) and repeating(name))
    yield tuple(name for name in case.data.exclude if name in schema and repeating(name))


def _slices(
    case: Case, contract: Contract, measures: Sequence[Measure]
) -> Iterator[tuple[str, tuple[Partition, ...]]]:
    for name in slicing(case, contract):
        found = partitions(case.frame, slice_key(case, name, case.frame), measures)
        if 1 < len(found) <= SLICES:
            yield name, found


def slicing(case: Case, contract: Contract) -> tuple[str, ...]:
    """Columns that name a group: keys, and categories that are not too many."""
    columns = [contract.column(name) for name in case.judged]
    named = [c.name for c in columns if c is not None and 1 < len(c.categories or ()) <= SLICES]
    able, frame = set(readable(case.frame)), case.frame
    keys = [n for n in case.data.keys if n in able and 1 < frame.get_column(n).n_unique() <= SLICES]
    return tuple([*keys, *named][:_MOST_SLICED])


def slice_key(case: Case, name: str, frame: pl.DataFrame) -> pl.Expr:
    """What slices of a column are named by: its categories; a key's fingerprints."""
    if name in case.hidden:
        return pl.lit(pl.Series(row_fingerprints(frame.select(name)))).cast(pl.String)
    return as_text(name, frame.schema[name])
