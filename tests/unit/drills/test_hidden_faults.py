"""Faults that a season, a small table or a quiet night would hide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from msgspec import structs

from mooring.drills.delivery import Delivery, deliver
from mooring.drills.drills import DRILLS
from mooring.drills.judges import judge_clean
from mooring.drills.run import Exercise, exercise
from mooring.settings.model import Data, DataGate

RULES = DataGate()
SEED = 3
TIMED = Data(source="", target="y", task="regression", time="at")
ALONE = Data(source="", target="y", task="regression")


def put(rows: Delivery, name: str, place: str) -> Exercise:
    """One fault in one place of rows that pass as they are."""
    clean = judge_clean(rows, RULES)
    assert clean.judged.outcome == "pass", [str(f) for f in clean.judged.stops]
    assert not [f for f in clean.judged.findings if f.rule not in {"idle", "distribution"}]
    drill = next(drill for drill in DRILLS if drill.name == name)
    done = exercise(rows, [drill], RULES, seed=SEED, most=50, clean=clean)
    return next(one for one in done if one.place == place)


def weather(days: int = 350) -> pl.DataFrame:
    """Hours by day, none by night, until the depth of winter; warmth has a season."""
    random = np.random.default_rng(5)
    at = [
        datetime(2025, 1, 15, tzinfo=UTC) + timedelta(days=day, hours=hour)
        for day in range(days)
        for hour in range(5, 20)
    ]
    day, hour = np.repeat(np.arange(days), 15), np.tile(np.arange(5, 20), days)
    mild = np.repeat(random.normal(0, 1.5, days), 15)
    warmth = 55 - 22 * np.cos(2 * np.pi * day / 365) + 6 * np.sin((hour - 8) / 24 * 2 * np.pi)
    n = day.size
    return pl.DataFrame(
        {
            "at": at,
            "warmth": warmth + mild + random.normal(0, 2, n),
            "wind": random.gamma(4, 2, n),
            "y": random.normal(0, 1, n),
        }
    )


def small(rows: int = 700) -> pl.DataFrame:
    """A small table without a time, its numbers around zero as a clinic would standardise them."""
    random = np.random.default_rng(9)
    common = random.choice([-0.04, 0.0, 0.06], rows, p=[0.45, 0.25, 0.3])
    stepped = np.where(random.random(rows) < 0.8, common, random.normal(0, 0.05, rows))
    return pl.DataFrame(
        {
            "bmi": random.gamma(3, 0.02, rows) - 0.06,
            "age": random.normal(0, 0.05, rows),
            "lipid": stepped,
            "smoker": random.choice(["no", "yes", "was"], rows, p=[0.85, 0.1, 0.05]),
            "ward": random.choice(["a", "b", "c"], rows),
            **{f"s{k}": random.normal(0, 0.05, rows) for k in range(5)},
            "y": random.normal(0, 1, rows),
        }
    )


def halves() -> Delivery:
    frame = small()
    return Delivery(frame[:350], frame[350:], ALONE, kept=False)


def routes(days: int = 90) -> pl.DataFrame:
    """Trips of which most are like many others: the line, the length, and how late."""
    random = np.random.default_rng(2)
    n = 24 * 20 * days
    line = random.integers(0, 260, n)
    at = [datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=3 * k) for k in range(n)]
    return pl.DataFrame(
        {
            "at": at,
            "length": 10.0 * (line % 40),
            "line": [f"L{k}" for k in line],
            "delay": random.integers(-9, 90, n),
            "y": random.integers(0, 2, n).astype(float),
        }
    )


def test_fd_01_a_conversion_is_named_though_summer_was_as_warm() -> None:
    one = put(deliver(weather(), TIMED), "unit: \N{DEGREE SIGN}C to \N{DEGREE SIGN}F", "warmth")
    assert (one.caught, one.stopped) == (True, True), one
    assert "Celsius to Fahrenheit" in one.said
    assert "times as wide as any before" in one.said


def test_fd_01_a_number_around_zero_is_told_to_be_stretched() -> None:
    one = put(halves(), "unit: kg to lb", "s0")
    assert (one.caught, one.stopped) == (True, False), one
    assert "kilograms to pounds" in one.said


def test_fd_07_columns_around_zero_are_found_swapped() -> None:
    one = put(halves(), "columns swapped", "lipid/s0")
    assert (one.caught, one.stopped) == (True, True), one


def test_fd_10_a_shift_is_found_where_the_nights_have_no_rows() -> None:
    for name, told in (("clock 5 hours off", "by +5 h"), ("clock 8 hours back", "by -8 h")):
        one = put(deliver(weather(), TIMED), name, "at")
        assert (one.caught, one.stopped) == (True, True), one
        assert told in one.said


def around_the_clock(phase: float) -> pl.DataFrame:
    """Every hour of eleven months; in the last the day's course comes some hours later."""
    random = np.random.default_rng(4)
    days = 330
    day, hour = np.repeat(np.arange(days), 24), np.tile(np.arange(24), days)
    at = [datetime(2025, 1, 15, tzinfo=UTC) + timedelta(hours=k) for k in range(24 * days)]
    later = np.where(day >= 0.9 * days, phase, 0)
    course = 14 * np.sin((hour - later - 8) / 24 * 2 * np.pi)
    season = -22 * np.cos(2 * np.pi * day / 365)
    return pl.DataFrame(
        {
            "at": at,
            "warmth": 55 + season + course + random.normal(0, 1, day.size),
            "y": random.normal(0, 1, day.size),
        }
    )


def test_fd_10_a_shift_is_found_where_a_month_varies_less_than_the_year() -> None:
    one = put(deliver(around_the_clock(0), TIMED), "clock 5 hours off", "at")
    assert (one.caught, one.stopped) == (True, True), one


def test_fd_11_summer_time_and_a_later_dawn_together_do_not_stop() -> None:
    one = put(deliver(around_the_clock(0.6), TIMED), "summer time: no stop", "at")
    assert one.caught, one
    assert "by +2 h" in one.said


@pytest.mark.parametrize(
    ("weeks", "next_level", "severity"),
    [(16, 60.0, None), (16, 65.0, "warn"), (16, 80.0, "stop"), (8, 80.0, None)],
)
def test_fd_01_a_step_is_a_unit_only_beyond_all_steps_of_a_long_history(
    weeks: int, next_level: float, severity: str | None
) -> None:
    """Visits go from 10 to 25 and back each week, which is 15 more, and two and a half times."""
    random = np.random.default_rng(8)
    days = [10.0, *np.repeat([10.0, 25.0] * (weeks // 2), 7), 25.0]
    level = np.repeat([*days, *[next_level] * 14], 24)
    at = [datetime(2025, 1, 2, tzinfo=UTC) + timedelta(hours=k) for k in range(level.size)]
    visits = level * random.uniform(0.9, 1.1, level.size)
    frame = pl.DataFrame({"at": at, "visits": visits, "y": random.normal(0, 1, level.size)})
    cut = 24 * len(days)
    judged = judge_clean(Delivery(frame[:cut], frame[cut:], TIMED), RULES).judged
    assert [f.severity for f in judged.findings if f.rule == "scale"] == (
        [] if severity is None else [severity]
    )


def test_fd_13_a_replay_is_found_among_rows_that_repeat_by_nature() -> None:
    trips = routes()
    for data in (TIMED, structs.replace(TIMED, exclude=("delay",))):
        one = put(deliver(trips, data), "batch under a new time", "at")
        assert one.caught, one


def test_fd_16_one_group_only_is_found_without_a_time() -> None:
    for place, stops in (("smoker", False), ("ward", True)):
        one = put(halves(), "one group only", place)
        assert one.caught, one
        assert one.stopped == stops
        assert "expected rows of all" in one.said


def test_fd_17_a_default_is_found_in_a_small_table() -> None:
    for name in ("bmi", "age", "s1"):
        one = put(halves(), "default in 30 %", name)
        assert one.caught, one
