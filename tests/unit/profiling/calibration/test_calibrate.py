"""Calibration on histories whose normal drift is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import numpy as np
import polars as pl
import pytest

from mooring.demo.rides import load_rides
from mooring.errors import NotEnoughEvidence
from mooring.profiling import Profile, profile
from mooring.profiling.alarms import n_of_m
from mooring.profiling.calibration.calibrate import calibrate
from mooring.profiling.calibration.history import Schedule, cut_history, instants_of
from mooring.profiling.calibration.lines import settings_lines
from mooring.profiling.calibration.plan import LEAST_WINDOWS, Calibration, Plan, Training
from mooring.profiling.calibration.proposing import rounded_up
from mooring.profiling.findings import DriftRules

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WEATHER = ["weathersit", "temp", "hum"]


def history(days: int, memory: float, seed: int = 0, per_day: int = 96) -> pl.DataFrame:
    """Rows that remember the one before (an autoregression), and a column that does not."""
    random = np.random.default_rng(seed)
    count = days * per_day
    noise = random.normal(size=count) * (1 - memory**2) ** 0.5
    noise[0] = random.normal()
    slow = np.array([*accumulate(noise, lambda before, new: memory * before + new)])
    step = DAY / per_day
    at = pl.datetime_range(
        START, START + (count - 1) * step, interval=step, time_zone="UTC", eager=True
    )
    return pl.DataFrame({"at": at, "slow": slow, "free": random.normal(size=count)})


def calibrated(frame: pl.DataFrame, plan: Plan | None = None) -> Calibration:
    return calibrate(frame.drop("at"), frame["at"], plan or Plan(DAY, DAY))


def test_p6_independent_rows_ask_for_nothing_above_the_floor() -> None:
    found = calibrated(history(120, memory=0.0))
    assert found.enough
    for column in found.columns:
        assert column.inflation < 1.5
        assert column.thresholds["notify"] <= max(0.3, 1.3 * column.level)
    assert found.today.drifted <= 0.05 * found.windows
    assert found.rises["notify"] <= (0.06, 0.06)


def test_p6_rows_that_remember_are_found_out_and_cost_no_alarms() -> None:
    frame = history(160, memory=0.97)
    found = calibrated(frame)
    slow, free = found.columns
    assert slow.inflation > 4
    assert free.inflation < 1.5
    assert found.today.drifted > 0.5 * found.windows
    assert found.hindsight["notify"].drifted <= 0.05 * found.windows
    assert slow.thresholds["notify"] > 3 * free.thresholds["notify"]


def test_p6_a_last_fifth_unlike_the_others_alarms_when_it_is_held_back() -> None:
    """On their own windows thresholds raise as few alarms as they were set to raise."""
    moved = (pl.int_range(pl.len()) >= 102 * 96).cast(pl.Float64) * 2
    found = calibrated(history(120, memory=0.0).select("at", pl.col("free") + moved))
    seen, back = found.hindsight["record"], found.held_back["record"]
    assert seen.drifted <= 5
    assert back.drifted >= 10
    assert back.begun > seen.begun


def test_too_few_windows_to_hold_some_back_say_so() -> None:
    found = calibrated(history(18, memory=0.0))
    assert found.enough
    assert found.hindsight
    assert found.held_back == {}


def test_each_column_has_an_inflation_of_its_own() -> None:
    found = calibrated(history(100, memory=0.9))
    slow, free = found.columns
    rules = found.rules("notify")
    assert rules.of("slow").inflation == slow.inflation > 3 * free.inflation
    assert rules.of("free").inflation == free.inflation == rules.inflation
    assert rules.of("said").inflation == rules.inflation, "what was not calibrated has the least"
    lines = settings_lines(found, "notify")
    assert f"slow = {slow.inflation:g}" in lines[lines.index("[monitoring.inflations]") :]


def test_p6_a_calibrated_column_is_beyond_its_level_as_often_as_alpha_says() -> None:
    beyond = []
    for seed in range(2):
        frame = history(200, memory=0.8, seed=20 + seed).select("at", "slow")
        inflation = calibrated(frame.head(100 * 96)).columns[0].inflation
        base = profile(frame.head(100 * 96).drop("at"))
        for day in range(100, 200):
            now = profile(frame[day * 96 : (day + 1) * 96].drop("at"), baseline=base)
            found = now.compare(base, rules=DriftRules(inflation=inflation)).columns[0]
            beyond.append(found.p_value <= 0.01)
    assert np.mean(beyond) <= 0.025


def test_p6_thresholds_hold_on_the_months_that_follow() -> None:
    frame = history(280, memory=0.97, seed=5)
    found = calibrated(frame.head(140 * 96))
    later = frame.tail(140 * 96)
    cut = cut_history(later.drop("at"), later["at"], Schedule(DAY, DAY))
    base = profile(frame.head(140 * 96).drop("at"))
    windows = [cut.of(window) for window in cut.windows]
    rules = found.rules("notify")
    drifted = [window.compare(base, rules=rules).drifted for window in windows]
    assert np.mean(drifted) < 0.04
    plain = [window.compare(base, rules=found.plan.rules).drifted for window in windows]
    assert np.mean(plain) > 0.5


def test_a_real_shift_is_still_drift_after_calibration() -> None:
    frame = history(160, memory=0.9)
    found = calibrated(frame)
    cut = cut_history(frame.drop("at"), frame["at"], Schedule(DAY, DAY))
    base = cut.between(START, START + 150 * DAY)
    moved = frame.tail(5 * 96).with_columns(pl.col("slow") + 3, pl.col("free") + 2)
    rules = found.rules("page")
    drift = profile(moved.drop("at"), baseline=base).compare(base, rules=rules)
    assert {c.name for c in drift.columns if c.status == "drift"} == {"slow", "free"}


def test_few_windows_are_not_enough_evidence() -> None:
    found = calibrated(history(LEAST_WINDOWS, memory=0.0))
    assert not found.enough
    assert found.disjoint < LEAST_WINDOWS
    assert not found.hindsight
    assert settings_lines(found, "notify") == ()


def test_overlapping_windows_are_no_more_evidence() -> None:
    frame = history(60, memory=0.0)
    found = calibrated(frame, Plan(WEEK, DAY))
    assert found.windows > 4 * found.disjoint
    assert not found.enough


def test_windows_without_rows_leave_nothing_to_compare() -> None:
    frame = history(30, memory=0.0, per_day=4)
    with pytest.raises(NotEnoughEvidence, match=f"0 windows, {LEAST_WINDOWS} wanted"):
        calibrated(frame)


def test_keys_and_clocks_are_left_out() -> None:
    frame = history(60, memory=0.0).with_columns(
        pl.int_range(pl.len()).alias("id"), pl.col("at").cast(pl.Date).cast(pl.String).alias("day")
    )
    found = calibrated(frame)
    assert set(found.never_again) == {"id", "day"}
    assert [column.name for column in found.columns] == ["slow", "free"]


def test_a_constant_an_empty_and_a_missing_column_disturb_nobody() -> None:
    frame = history(60, memory=0.0).with_columns(
        pl.lit(2013).alias("year"),
        pl.lit(None, dtype=pl.Float64).alias("empty"),
        pl.when(pl.col("free") > 1).then(None).otherwise(pl.col("free")).alias("holes"),
    )
    found = calibrated(frame)
    by_name = {column.name: column for column in found.columns}
    alone = calibrated(frame.select("at", "slow", "free")).columns[0]
    assert by_name["slow"].spreads == alone.spreads
    assert by_name["slow"].inflation == alone.inflation
    assert by_name["year"].thresholds["page"] == 0.1
    assert found.hindsight["notify"].drifted <= 3


def test_a_window_is_held_against_what_a_model_would_have_been_trained_on() -> None:
    frame = history(80, memory=0.0).select("at", pl.col("free") + pl.int_range(pl.len()) / 96 * 0.1)
    plans = {
        "short": Training(span=14 * DAY),
        "all": Training(),
        "held": Training(held_share=0.3),
        "late": Training(held_share=0.3, held_span=7 * DAY),
    }
    found = [calibrated(frame, Plan(DAY, DAY, training=one)) for one in plans.values()]
    apart = [one.columns[0].spreads["before", "psi"].median for one in found]
    assert apart == sorted(apart)
    assert len(set(apart)) == 4


def test_the_same_history_gives_the_same_proposals() -> None:
    frame = history(60, memory=0.5)
    assert calibrated(frame) == calibrated(frame.sample(fraction=1.0, shuffle=True, seed=1))


def test_weekdays_are_a_season_of_days() -> None:
    frame = history(90, memory=0.0)
    weekend = pl.col("at").dt.weekday() > 5
    found = calibrated(frame.with_columns(pl.col("free") + weekend.cast(pl.Float64) * 2))
    free = found.columns[1]
    assert free.spreads["weekday", "psi"].high < 0.5 * free.spreads["before", "psi"].high
    assert free.seasonal["notify"] < free.thresholds["notify"]


def test_a_season_that_the_history_knows_too_seldom_gives_no_thresholds() -> None:
    found = calibrated(history(120, memory=0.0), Plan(WEEK, WEEK))
    assert found.enough
    assert not any(column.seasonal for column in found.columns)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.1432, 0.15), (31.2, 32.0), (0.3, 0.3), (0.30000000000000004, 0.3), (0.0, 0.0), (101, 110)],
)
def test_thresholds_are_rounded_up_to_two_digits(value: float, expected: float) -> None:
    assert rounded_up(value) == expected


Pairs = list[tuple[Profile, Profile]]


def weeks_of(frame: pl.DataFrame, time: str) -> Pairs:
    """All rows before each week, and that week, done the long way."""
    cut = cut_history(frame.drop(time), instants_of(frame, time), Schedule(WEEK, WEEK))
    quarter = cut.edges[0] + (cut.edges[-1] - cut.edges[0]) / 4
    windows = [window for window in cut.windows if window.start >= quarter]
    return [(cut.between(cut.edges[0], window.start), cut.of(window)) for window in windows]


def in_alarm(pairs: Pairs, rules: DriftRules, alarm: tuple[int, int]) -> float:
    """The share of windows in alarm."""
    drifted = [now.compare(base, rules=rules).drifted for base, now in pairs]
    alarming = [n_of_m(drifted[: place + 1], *alarm) for place in range(len(drifted))]
    return sum(alarming) / len(alarming)


def test_p6_weeks_of_rides_alarm_nearly_always_and_after_calibration_as_printed() -> None:
    frame = load_rides().select("event_time", *WEATHER)
    plan = Plan(WEEK, WEEK)
    found = calibrate(frame.select(WEATHER), instants_of(frame, "event_time"), plan)
    weeks = weeks_of(frame, "event_time")
    assert in_alarm(weeks, DriftRules(), (1, 1)) > 0.9
    for severity in ("record", "notify", "page"):
        share = in_alarm(weeks, found.rules(severity), plan.proposed)
        assert share == pytest.approx(found.hindsight[severity].alarming / found.windows)
        assert share < 0.2
    assert found.hindsight["notify"].begun <= 1 / 3


def test_p6_thresholds_of_the_first_rides_hold_on_the_next() -> None:
    rides = load_rides().select("event_time", "hum", "windspeed", "weathersit")
    middle = datetime(2012, 1, 1)  # noqa: DTZ001 - the rides have no zone
    first = rides.filter(pl.col("event_time") < middle)
    found = calibrate(first.drop("event_time"), instants_of(first, "event_time"), Plan(WEEK, WEEK))
    weeks = weeks_of(rides, "event_time")
    assert in_alarm(weeks, found.rules("notify"), (2, 3)) < 0.1
    assert in_alarm(weeks, found.plan.rules, (2, 3)) > 0.7


def test_p6_weeks_of_flights_weather_alarm_as_printed(shared_data: object) -> None:
    columns = ["temp", "humid", "pressure"]
    path = f"{shared_data}/nycflights13/nycflights13.parquet"
    frame = pl.read_parquet(path, columns=["event_time", *columns])
    found = calibrate(frame.select(columns), instants_of(frame, "event_time"), Plan(WEEK, WEEK))
    assert found.enough
    assert found.today.alarming > 0.95 * found.windows
    weeks = weeks_of(frame, "event_time")
    for severity in ("record", "notify", "page"):
        share = in_alarm(weeks, found.rules(severity), (2, 3))
        assert share == pytest.approx(found.hindsight[severity].alarming / found.windows)
    assert found.hindsight["notify"].begun <= 1 / 3
