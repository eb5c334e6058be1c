"""A history cut once: any span of it is the profile of its rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError, NotEnoughEvidence, UnknownName
from mooring.profiling.calibration.history import (
    MOST_WINDOWS,
    History,
    Schedule,
    cut_history,
    instants_of,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@cache
def hourly(days: int) -> pl.DataFrame:
    """A row an hour."""
    hours = days * 24
    return pl.DataFrame(
        {
            "at": pl.datetime_range(
                START, START + (hours - 1) * HOUR, interval="1h", time_zone="UTC", eager=True
            ),
            "x": np.random.default_rng(0).normal(size=hours),
        }
    )


@cache
def daily(days: int) -> History:
    rows = hourly(days)
    return cut_history(rows.select("x"), rows["at"], Schedule(DAY, DAY))


@given(st.integers(0, 28), st.integers(0, 28))
def test_p5_any_span_is_a_merge_of_pieces(low: int, high: int) -> None:
    rows, history = hourly(28), daily(28)
    start, end = START + min(low, high) * DAY, START + max(low, high) * DAY
    found = history.between(start, end)
    inside = rows.filter(pl.col("at").is_between(start, end, closed="left"))
    assert found.rows == inside.height
    if found.rows:
        assert found.columns[0].mean == pytest.approx(inside["x"].mean())
        assert found.columns[0].minimum == inside["x"].min()


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = hourly(14)
    shuffled = rows.sample(fraction=1.0, shuffle=True, seed=3)
    one, other = (
        cut_history(frame.select("x"), frame["at"], Schedule(DAY, DAY))
        for frame in (rows, shuffled)
    )
    assert [piece.rows for piece in one.merged[0]] == [piece.rows for piece in other.merged[0]]
    assert [p.columns[0].counts for p in one.merged[0]] == [
        p.columns[0].counts for p in other.merged[0]
    ]


def test_windows_end_where_those_of_monitoring_do() -> None:
    windows = Schedule(WEEK, DAY).windows(START, START + 20 * DAY)
    assert windows[0].start == START
    assert windows[-1].end == START + 20 * DAY
    assert {window.end.hour for window in windows} == {0}
    assert {b.end - a.end for a, b in pairwise(windows)} == {DAY}


def test_a_torn_window_at_the_end_is_left_out() -> None:
    windows = Schedule(WEEK, WEEK).windows(START, START + 18 * DAY)
    assert windows[-1].end <= START + 18 * DAY


def test_a_long_history_gets_no_more_windows_than_can_be_held() -> None:
    sparser = Schedule(DAY, HOUR).fitted(timedelta(days=365))
    assert len(sparser.windows(START, START + timedelta(days=365))) <= MOST_WINDOWS
    assert sparser.every % HOUR == timedelta()


def test_less_than_a_window_is_not_enough_evidence() -> None:
    rows = hourly(3)
    with pytest.raises(NotEnoughEvidence, match="shorter than one window"):
        cut_history(rows.select("x"), rows["at"], Schedule(WEEK, WEEK))


@pytest.mark.parametrize(
    "values",
    [
        [date(2026, 1, 1)],
        ["2026-01-01"],
        [datetime(2026, 1, 1)],  # noqa: DTZ001 - a file without zones
        [datetime(2026, 1, 1, tzinfo=UTC)],
    ],
    ids=["date", "text", "no zone", "utc"],
)
def test_whatever_says_when_is_an_instant_in_utc(values: list[object]) -> None:
    assert instants_of(pl.DataFrame({"at": values}), "at").to_list() == [START]


def test_a_time_column_that_is_none_is_refused() -> None:
    frame = pl.DataFrame({"x": [1.0]})
    with pytest.raises(DataError, match="'x' has rows without an instant"):
        instants_of(frame, "x")
    with pytest.raises(UnknownName, match="no column 'at'"):
        instants_of(frame, "at")
