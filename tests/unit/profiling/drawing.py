"""Tables of every kind of column, drawn by hypothesis, and profiles without their rounding."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import strategies as st

from mooring.profiling import ColumnProfile, Profile, profile
from mooring.profiling.counting.moments import Moments

SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "number": pl.Float64,
    "count": pl.Int64,
    "word": pl.String,
    "code": pl.Categorical,
    "flag": pl.Boolean,
    "instant": pl.Datetime("us", "UTC"),
    "vector": pl.List(pl.Float64),
}
Row = tuple[object, ...]

ODD = (0.0, -0.0, 5e-324, -5e-324, 1e-310, 1e9, -1e9, 1e12 + 1, 2.0**53)
NO_NUMBER = (float("nan"), float("inf"), float("-inf"))
START = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = ("", "a", "b", "twelve bytes", "thirteen byte", "é" * 9, "long " * 60, "new")
LARGEST = 2.0**53

numbers = st.one_of(
    st.none(),
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6),
    st.sampled_from(ODD),
    st.sampled_from(NO_NUMBER),
)
words = st.one_of(st.none(), st.sampled_from(WORDS))
coordinates = st.floats(-10, 10)
rows = st.lists(
    st.tuples(
        numbers,
        st.one_of(st.none(), st.integers(-5, 60), st.integers(-(2**52), 2**52)),
        words,
        words,
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.integers(0, 10**9).map(lambda s: START + timedelta(seconds=s))),
        st.one_of(st.none(), st.lists(coordinates, min_size=2, max_size=2)),
    ),
    max_size=40,
)


def table(data: list[Row]) -> pl.DataFrame:
    """Rows as a frame, whatever they hold."""
    return pl.DataFrame(data, schema=SCHEMA, orient="row")


def chunked(data: list[Row], cuts: list[int]) -> list[list[Row]]:
    """The rows in parts, some of which may be empty."""
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[start:stop] for start, stop in pairwise(places)]


def baseline_rows() -> list[Row]:
    """Some hundred rows that hold every kind of value."""
    return [
        (
            None if i % 11 == 0 else i * 0.37,
            i % 13,
            WORDS[i % 7],
            WORDS[i % 3],
            i % 3 == 0,
            START + timedelta(hours=i),
            [i * 0.1, 1.0],
        )
        for i in range(200)
    ]


BASE = profile(table(baseline_rows()))


def unrounded(whole: Profile) -> Profile:
    """The profile without what may differ in its last digits: means and squared deviations."""
    return replace(whole, columns=tuple(_unrounded(column) for column in whole.columns))


def _unrounded(column: ColumnProfile) -> ColumnProfile:
    return replace(
        column,
        moments=_counts(column.moments),
        dimensions=tuple(_counts(each) for each in column.dimensions),
    )


def _counts(found: Moments) -> Moments:
    higher = None if found.m4 is None else 0.0
    return replace(found, mean=0.0, m2=0.0, lost=0.0, m3=higher, m4=higher)


def near(one: Profile, two: Profile) -> bool:
    """Whether all means and squared deviations agree to 1e-12 of the numbers' scale."""
    pairs = [
        pair
        for a, b in zip(one.columns, two.columns, strict=True)
        for pair in zip((a.moments, *a.dimensions), (b.moments, *b.dimensions), strict=True)
    ]
    return all(_near(a, b) for a, b in pairs)


def _near(a: Moments, b: Moments) -> bool:
    scale = max(abs(a.minimum or 0.0), abs(a.maximum or 0.0))
    one, two = ((each.mean, each.m2, each.m3 or 0.0, each.m4 or 0.0) for each in (a, b))
    rounding = (1e-12 * scale, *(1e-12 * scale**power * a.count for power in (2, 3, 4)))
    return all(abs(x - y) <= most for x, y, most in zip(one, two, rounding, strict=True))
