"""The sides of a report: half-open spans, chosen columns, samples that are uniform."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mooring.errors import UsageError
from mooring.profiling.reporting.sides import Side, Span, check_columns, parse_span

START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = pl.DataFrame({"at": [START + timedelta(hours=k) for k in range(48)], "x": range(48)})


def side(rows: object, text: str = "2026-01-01..2026-01-02") -> Side:
    return Side("rides", rows, "at", parse_span(text))


def kept(found: Side) -> list[object]:
    return pl.concat(found.parts())["x"].to_list()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026-01-01..2026-01-02", 0, 23),
        ("2026-01-02..", 24, 47),
        ("..2026-01-01T05:00", 0, 4),
        ("2026-01-01T02:00+02:00..2026-01-01T03:00+02:00", 0, 0),
    ],
)
def test_a_span_is_half_open_and_in_utc(text: str, first: int, last: int) -> None:
    assert kept(side(HOURS, text)) == list(range(first, last + 1))


def test_a_time_without_a_zone_is_utc_and_one_with_a_zone_is_converted() -> None:
    naive = HOURS.with_columns(pl.col("at").dt.replace_time_zone(None))
    zoned = HOURS.with_columns(pl.col("at").dt.convert_time_zone("Asia/Tokyo"))
    coarse = HOURS.with_columns(pl.col("at").dt.cast_time_unit("ms"))
    for rows in (naive, zoned, coarse):
        assert kept(side(rows)) == list(range(24))


def test_dates_are_midnights_and_rows_without_an_instant_lie_in_no_span() -> None:
    days = pl.DataFrame({"at": [date(2026, 1, 1), None, date(2026, 1, 2)], "x": [0, 1, 2]})
    assert kept(side(days)) == [0]
    assert kept(side(days, "2026-01-01..")) == [0, 2]


def test_the_time_column_is_not_compared() -> None:
    assert list(side(HOURS).columns()) == ["x"]
    assert next(side(HOURS).parts()).columns == ["x"]


def test_an_empty_span_keeps_the_columns() -> None:
    (part,) = side(HOURS, "2030-01-01..").parts()
    assert part.shape == (0, 1)


@pytest.mark.parametrize("text", ["2026", "..", "", "2026-02-01..2026-01-01", "x..y", "2026-01-01"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_span(text)
    assert refused.value.fix


def test_a_span_says_itself() -> None:
    assert str(parse_span("2026-01-01..2026-02-01T05:00")) == "from 2026-01-01 to 2026-02-01 05:00"
    assert str(Span(START, None)) == "from 2026-01-01"
    assert str(Span(None, START)) == "to 2026-01-01"


@pytest.mark.parametrize("dtype", [pl.String, pl.Int64])
def test_a_time_column_that_holds_no_time_is_refused(dtype: type[pl.DataType]) -> None:
    rows = pl.DataFrame({"at": pl.Series([None, "1"]).cast(dtype), "x": [1, 2]})
    with pytest.raises(UsageError, match="not dates or instants"):
        list(side(rows).parts())


def test_a_misspelt_column_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no time column 'att'") as refused:
        list(Side("rides", HOURS, "att", Span(START, None)).parts())
    assert refused.value.fix == "did you mean 'at'?"
    rows = {"temperature": [1], "y": [2]}
    for asked in (Side("a", rows, only=("temprature",)), Side("a", rows, without=("temprature",))):
        with pytest.raises(UsageError) as refused:
            check_columns((asked, asked))
        assert refused.value.fix == "did you mean 'temperature'?"


def test_nothing_left_to_compare_is_refused() -> None:
    with pytest.raises(UsageError, match="no column is left"):
        check_columns((Side("a", {"x": [1]}, without=("x",)),) * 2)


def test_a_sample_is_uniform_over_all_parts_and_follows_from_its_seed() -> None:
    parts = [
        pl.DataFrame({"x": np.arange(start, start + 1000)}) for start in range(0, 20_000, 1000)
    ]
    found = Side("a", parts).sample(2000, seed=1)
    assert found.height == found["x"].n_unique() == 2000
    assert found.equals(Side("a", parts).sample(2000, seed=1))
    assert not found.equals(Side("a", parts).sample(2000, seed=2))
    expected = 2000 / 20
    per_part = np.bincount(found["x"].to_numpy() // 1000, minlength=20)
    assert float(((per_part - expected) ** 2 / expected).sum()) < 50  # chi-square, 19 degrees
    assert Side("a", parts).sample(50_000, seed=1).height == 20_000
