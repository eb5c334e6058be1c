"""Where a fault can be put: columns in which it would be a fault, and not the data as it is."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import polars as pl

from mooring.gates.contract import as_numbers, describe, type_of
from mooring.gates.data.past import SLICES
from mooring.profiling.comparing import compare
from mooring.profiling.counting.making import profile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mooring.drills.delivery import Delivery

    Places = Callable[[Delivery], Iterator[str]]

DIFFERENT = 0.6
"""Total variation from which two columns are worth swapping."""
MANY = 20
"""A number of fewer distinct values is a code."""
_HOURS = 12


def table(_rows: Delivery) -> Iterator[str]:
    """The table as a whole."""
    yield ""


def features(rows: Delivery) -> Iterator[str]:
    """Columns that hold more than one value."""
    hidden = rows.case.hidden | {rows.data.time}
    for name in rows.case.features:
        if name not in hidden and rows.new.get_column(name).drop_nulls().n_unique() > 1:
            yield name


def filled(rows: Delivery) -> Iterator[str]:
    """Features that hardly lack a value."""
    for name in features(rows):
        if describe(rows.accepted.get_column(name), hidden=True).null_rate < 0.01:  # noqa: PLR2004
            yield name


def numbers(rows: Delivery) -> Iterator[str]:
    """Features that are numbers."""
    return (n for n in features(rows) if type_of(rows.accepted.schema[n]) in {"integer", "float"})


def measured(rows: Delivery) -> Iterator[str]:
    """Numbers of many values, of which most are not zero: a unit matters there."""
    for name in numbers(rows):
        values = rows.new.get_column(name).drop_nulls()
        used = 2 * int((values != 0).sum()) > values.len()
        if used and values.n_unique() > MANY and not rows.case.follows_time(name):
            yield name


def floats(rows: Delivery) -> Iterator[str]:
    """Numbers of 64 bits with fractions."""
    return (n for n in measured(rows) if rows.accepted.schema[n] == pl.Float64)


def integers(rows: Delivery) -> Iterator[str]:
    """Numbers without fractions."""
    return (n for n in numbers(rows) if type_of(rows.accepted.schema[n]) == "integer")


def without(value: float) -> Places:
    """Numbers that hardly ever have a value."""

    def places(rows: Delivery) -> Iterator[str]:
        for name in measured(rows):
            if (rows.accepted.get_column(name).cast(pl.Float64) == value).mean() in {0.0, None}:
                yield name

    return places


def categories(rows: Delivery) -> Iterator[str]:
    """Texts that are categories."""
    for name in features(rows):
        known = describe(rows.accepted.get_column(name)).categories
        if known is not None and len(known) > 1:
            yield name


def lettered(rows: Delivery) -> Iterator[str]:
    """Categories whose most frequent one has letters."""
    for name in categories(rows):
        if any(
            c.isalpha() for c in str(rows.new.get_column(name).cast(pl.String).mode().sort()[0])
        ):
            yield name


def pairs(rows: Delivery) -> Iterator[str]:
    """Two numbers of one type that are unlike: ``a/b``."""
    for a, b in combinations(measured(rows), 2):
        if rows.accepted.schema[a] == rows.accepted.schema[b] and _unlike(rows, a, b):
            yield f"{a}/{b}"


def sliced(rows: Delivery) -> Iterator[str]:
    """A number and a group: ``column/group``."""
    groups = [n for n in categories(rows) if rows.accepted.get_column(n).n_unique() <= SLICES]
    for group in groups[:3]:
        for name in measured(rows):
            yield f"{name}/{group}"


def time(rows: Delivery) -> Iterator[str]:
    """The column of instants."""
    if rows.case.time is not None:
        yield rows.case.time


def clock(rows: Delivery) -> Iterator[str]:
    """The column of instants, when they are spread over the day."""
    name = rows.case.time
    if name is None or not isinstance(rows.accepted.schema[name], pl.Datetime):
        return
    hours = as_numbers(rows.accepted.get_column(name)) // 3600 % 24
    if hours.n_unique() >= _HOURS:
        yield name


def moving(rows: Delivery) -> Iterator[str]:
    """A number that moves, and the time: ``column/time``."""
    return (f"{name}/{time}" for time in clock(rows) for name in measured(rows))


def days(rows: Delivery) -> Iterator[str]:
    """The time, and numbers of one type that a broken day may confuse: ``time/a,b,c``."""
    for name in clock(rows):
        of = list(measured(rows))
        if len(of) > 1:
            yield f"{name}/{','.join(of)}"


def _unlike(rows: Delivery, a: str, b: str) -> bool:
    base = profile(rows.accepted.select(a))
    taken = profile(rows.accepted.select(pl.col(b).alias(a)), base)
    return compare(base, taken).columns[0].score("tvd") >= DIFFERENT
