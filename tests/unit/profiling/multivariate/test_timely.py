"""Which columns only move with time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mooring.profiling.multivariate.timely import only_time

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = 400


def frame(first: int, seed: int) -> pl.DataFrame:
    """An hour a row: what moves with time, and what does not."""
    rng = np.random.default_rng(seed)
    hours = [START + timedelta(hours=first + row) for row in range(ROWS)]
    born = [START - timedelta(days=int(days)) for days in rng.integers(7000, 30_000, ROWS)]
    return pl.DataFrame(
        {
            "at": hours,
            "until": [
                hour + timedelta(hours=float(h))
                for hour, h in zip(hours, rng.exponential(2, ROWS), strict=True)
            ],
            "born": born,
            "id": np.arange(first, first + ROWS) * 3 + 7,
            "epoch": [hour.timestamp() for hour in hours],
            "left": -np.arange(first, first + ROWS),
            "hour": [hour.hour for hour in hours],
            "x": rng.normal(size=ROWS),
            "moved": rng.normal(size=ROWS) + first,
            "switched": np.full(ROWS, float(first > 0)),
            "text": rng.choice(["a", "b"], ROWS),
        }
    )


def test_instants_running_numbers_and_clocks_are_left_out_with_the_reason() -> None:
    found = only_time(frame(0, 0), frame(ROWS, 1))
    assert found == {
        "at": "its instants on the two sides are apart",
        "until": "its instants on the two sides are apart",
        "id": "it rises row by row, from one side into the other",
        "epoch": "it rises row by row, from one side into the other",
        "left": "it falls row by row, from one side into the other",
    }


def test_the_time_column_orders_the_rows_and_is_left_out_itself() -> None:
    before, after = (
        frame(first, seed).sample(fraction=1, shuffle=True, seed=seed)
        for first, seed in ((0, 0), (ROWS, 1))
    )
    assert set(only_time(before, after)) == {"at", "until"}, "in this order nothing rises"
    found = only_time(before, after, "at")
    assert set(found) == {"at", "until", "id", "epoch", "left"}
    assert found["at"] == "it is the column of the windows"


def test_an_event_time_within_the_reference_follows_its_rows() -> None:
    found = only_time(frame(0, 0), frame(100, 1))
    assert found["at"] == "its instants follow the order of the rows"
    assert "born" not in found


@pytest.mark.parametrize("step", [1, -1])
def test_a_constant_of_either_side_is_time_when_it_is_an_instant_only(step: int) -> None:
    one, other = (
        pl.DataFrame({"day": [START + timedelta(days=day)] * 50, "flag": [day] * 50})
        for day in (0, step)
    )
    assert set(only_time(one, other)) == {"day"}
    assert only_time(one, one) == {}


def test_columns_without_values_disturb_nobody() -> None:
    empty = pl.DataFrame(
        {"at": [None] * 40, "x": [float("nan")] * 40}, schema={"at": pl.Datetime, "x": pl.Float64}
    )
    assert only_time(empty, empty) == {}
    assert only_time(empty.head(0), empty.head(0), "at") == {
        "at": "it is the column of the windows"
    }
