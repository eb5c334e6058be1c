"""Dividing rows by time: whole, in order, and no instant on both sides."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Literal

import msgspec
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError
from mooring.pipeline.splitting import labelled_rows, newest_instant, recent_rows, split_by_time
from mooring.settings.model import Data, Split

DATA = Data(source="x.csv", target="y", task="regression", time="t")
TIMELESS = Data(source="x.csv", target="y", task="regression")
START = datetime(2026, 1, 1)  # noqa: DTZ001 - as a CSV without a zone is read
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def frame(hours: list[int]) -> pl.DataFrame:
    """Rows at some hours; their place is their label."""
    instants = [START + timedelta(hours=hour) for hour in hours]
    return pl.DataFrame({"t": instants, "y": range(len(hours))}, schema_overrides={"y": pl.Float64})


HOURS = st.lists(st.integers(0, 40), min_size=3, max_size=60).map(sorted)
SHARES = st.floats(0.01, 0.45)


@given(HOURS, SHARES | st.just("5h"), SHARES | st.just("1d"), st.booleans())
def test_fd_22_every_row_has_one_role_and_no_instant_has_two(
    hours: list[int], validation: float | str, holdout: float | str, timeless: bool
) -> None:
    if timeless and not (isinstance(validation, float) and isinstance(holdout, float)):
        return
    rows = frame(hours)
    split = Split(validation=validation, holdout=holdout)
    try:
        found = split_by_time(rows, TIMELESS if timeless else DATA, split)
    except DataError:
        return  # the test below says when
    parts = [found.training, found.validation, found.holdout]
    assert pl.concat(parts).equals(rows)
    assert all(part.height for part in parts)
    if not timeless:
        for older, newer in pairwise(parts):
            assert older["t"].to_list()[-1] < newer["t"].to_list()[0]


def test_shares_are_of_all_rows() -> None:
    found = split_by_time(frame(list(range(100))), DATA, Split(validation=0.1, holdout=0.2))
    assert (found.training.height, found.validation.height, found.holdout.height) == (70, 10, 20)


def test_spans_are_measured_back_from_the_newest_row() -> None:
    rows = frame(list(range(100)))
    found = split_by_time(rows, DATA, Split(validation="12h", holdout="1d"))
    assert (found.training.height, found.validation.height, found.holdout.height) == (64, 12, 24)


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Madrid"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_spans_do_not_depend_on_how_instants_are_kept(
    zone: str | None, unit: Literal["ms", "us", "ns"]
) -> None:
    rows = frame(list(range(100)))
    kept = rows.with_columns(pl.col("t").dt.replace_time_zone(zone).cast(pl.Datetime(unit, zone)))
    found = split_by_time(kept, DATA, Split(validation="12h", holdout="1d"))
    assert (found.validation.height, found.holdout.height) == (12, 24)


def test_dates_have_spans_too() -> None:
    rows = pl.DataFrame({"t": [date(2026, 1, day) for day in range(1, 31)], "y": [1.0] * 30})
    found = split_by_time(rows, DATA, Split(validation="3d", holdout="36h"))
    assert (found.validation.height, found.holdout.height) == (3, 2)
    weeks = Data(source="x.csv", target="y", task="regression", time="t", window="1w")
    assert recent_rows(rows, weeks).height == 7


@given(st.integers(3, 300), st.floats(0.01, 0.3), st.floats(0.01, 0.3))
def test_distinct_instants_can_always_be_divided(rows: int, first: float, second: float) -> None:
    split_by_time(frame(list(range(rows))), DATA, Split(validation=first, holdout=second))


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_fd_33_too_few_rows_are_an_error(rows: int) -> None:
    for data in (DATA, TIMELESS):
        with pytest.raises(DataError, match="no rows are left for"):
            split_by_time(frame(list(range(rows))), data, Split())


def test_fd_33_rows_of_one_instant_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="no rows are left for"):
        split_by_time(frame([5] * 50), DATA, Split())


@pytest.mark.parametrize("time", [[1, 2, 3], ["2026-01-01", "2026-01-02", "2026-01-03"]])
def test_a_span_of_what_are_no_instants_is_an_error(time: list[object]) -> None:
    rows = pl.DataFrame({"t": time, "y": [1.0, 2.0, 3.0]})
    with pytest.raises(DataError, match="holds no instants") as caught:
        split_by_time(rows, DATA, Split(holdout="1d"))
    assert "[data.types]" in caught.value.fix
    weeks = Data(source="x.csv", target="y", task="regression", time="t", window="1w")
    with pytest.raises(DataError, match="holds no instants"):
        recent_rows(rows, weeks)


def test_a_span_without_a_time_column_is_an_error() -> None:
    with pytest.raises(DataError, match="no time column"):
        split_by_time(frame([1, 2, 3]), TIMELESS, Split(holdout="1d"))


def test_the_most_recent_window_is_kept() -> None:
    rows = frame(list(range(100)))
    day = Data(source="x.csv", target="y", task="regression", time="t", window="1d")
    assert recent_rows(rows, day).equals(rows[76:])
    assert recent_rows(rows, DATA).equals(rows)
    assert recent_rows(rows.drop("t"), day).height == 100, "what is missing is the gate's to say"
    assert recent_rows(rows.clear(), day).height == 0


def test_labelled_rows_are_ordered_and_what_has_no_label_or_instant_is_left_out() -> None:
    at = START.replace(tzinfo=UTC)
    rows = pl.DataFrame(
        {"t": [at + timedelta(hours=2), at, None, at, at], "y": [1.0, 2.0, 3.0, None, float("nan")]}
    )
    assert labelled_rows(rows, DATA, NOW)["y"].to_list() == [2.0, 1.0]
    assert labelled_rows(rows, TIMELESS, NOW)["y"].to_list() == [1.0, 2.0, 3.0]
    words = pl.DataFrame({"y": ["a", None, ""], "t": [3, 2, 1]})
    assert labelled_rows(words, DATA, NOW)["y"].to_list() == ["", "a"]


def test_rows_of_one_instant_keep_their_order() -> None:
    rows = frame([7] * 20)
    assert labelled_rows(rows, DATA, NOW).equals(rows)


def test_fd_20_labels_that_may_still_change_are_not_used() -> None:
    rows = frame(list(range(100)))
    late = Data(source="x.csv", target="y", task="regression", time="t", label_delay="1d")
    now = (START + timedelta(hours=50)).replace(tzinfo=UTC)
    assert labelled_rows(rows, late, now).equals(rows[:27])
    assert labelled_rows(rows, late, NOW).equals(rows)
    assert labelled_rows(rows, DATA, now).equals(rows), "no delay is declared"


def test_fd_22_training_rows_whose_labels_came_after_the_holdout_began_are_left_out() -> None:
    late = Data(source="x.csv", target="y", task="regression", time="t", label_delay="12h")
    rows = frame(list(range(100)))
    found = split_by_time(rows, late, Split(validation=0.05, holdout=0.2))
    assert found.training["t"].max() == START + timedelta(hours=80 - 12)
    assert (found.purged, found.validation.height, found.holdout.height) == (6, 5, 20)
    with pytest.raises(DataError, match="no rows are left for training") as caught:
        split_by_time(rows, msgspec.structs.replace(late, label_delay="4d"), Split(validation=0.1))
    assert "known too late to train on" in caught.value.where


@pytest.mark.parametrize(
    ("column", "newest"),
    [
        (pl.Series("t", [date(2026, 1, 1), None]), START + timedelta(days=1, microseconds=-1)),
        (pl.Series("t", [START, START + timedelta(hours=1)]), START + timedelta(hours=1)),
        (pl.Series("t", [START]).dt.replace_time_zone("Europe/Berlin"), START - timedelta(hours=1)),
    ],
)
def test_the_newest_instant_is_told_in_utc_and_a_date_lasts_all_day(
    column: pl.Series, newest: datetime
) -> None:
    assert newest_instant(column.to_frame(), "t") == newest.replace(tzinfo=UTC)
    assert newest_instant(column.to_frame(), None) is None
    assert newest_instant(pl.DataFrame({"t": [1]}), "t") is None
