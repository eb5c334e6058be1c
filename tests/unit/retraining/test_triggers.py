"""Each kind of trigger, and what it says when it cannot say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.lineage.values import Json, WindowScore
from mooring.retraining.evidence import Evidence, PastRun
from mooring.retraining.triggers import Reading, read_triggers
from mooring.settings.model import Trigger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def score(days_ago: float, detail: Json) -> WindowScore:
    """A window of the champion with that detail."""
    end = NOW - days_ago * DAY
    return WindowScore(
        f"w{days_ago}", "bikes", "bikes/1", end - 7 * DAY, end, end, 500, 0, "ok", 0.1, detail
    )


def drifted(*names: str) -> Json:
    """What monitoring keeps of a window's drift."""
    return {"drift": "drift" if names else "ok", "drifted": list(names)}


def performed(loss: float | None) -> Json:
    """What monitoring keeps of a window's performance."""
    found = {"metric": "mae", "value": 1.5, "baseline": 1.0, "loss": loss}
    return {"performance": found, "drift": "ok"}


UNKNOWN: Json = {"drift": "unknown", "drifted": [], "performance": {"loss": None}}


def evidence(
    *windows: WindowScore, runs: tuple[PastRun, ...] = (), rows: int | None = None
) -> Evidence:
    """Evidence as of ``NOW``."""
    return Evidence(NOW, NOW - 30 * DAY, runs, windows, rows)


def ran(days_ago: float, rows: int | None = None, ended: str = "succeeded") -> PastRun:
    """A run some days ago."""
    return PastRun(NOW - days_ago * DAY, ended, rows)


def reading(trigger: Trigger, found: Evidence) -> Reading:
    """What one trigger says."""
    (said,) = read_triggers((trigger,), found)
    assert said.trigger == trigger.name
    assert said.because
    return said


EVERY = Trigger(name="weekly", kind="schedule", every="7d")
CRON = Trigger(name="nightly", kind="schedule", cron="30 3 * * *")
FRESH = Trigger(name="fresh", kind="new_data", rows=100)
DRIFT = Trigger(name="drifted", kind="drift", features=2, windows="2 of 3")
WORSE = Trigger(name="worse", kind="performance", degraded=0.2)


@pytest.mark.parametrize("trigger", [EVERY, CRON])
def test_a_schedule_fires_when_nothing_has_been_trained(trigger: Trigger) -> None:
    said = reading(trigger, evidence())
    assert (said.fires, said.window_key) == (True, "first")


@pytest.mark.parametrize(("days_ago", "fires"), [(6.9, False), (7, True), (8, True)])
def test_a_span_is_counted_from_the_last_run(days_ago: float, fires: bool) -> None:
    assert reading(EVERY, evidence(runs=(ran(days_ago), ran(50)))).fires is fires


def test_a_cron_expression_is_read_in_utc() -> None:
    said = reading(CRON, evidence(runs=(ran(1),)))
    assert (said.fires, said.window_key) == (True, "2026-03-01T03:30:00+00:00")
    said = reading(CRON, evidence(runs=(ran(0.1),)))
    assert (said.fires, said.window_key) == (False, "2026-03-02T03:30:00+00:00")


def test_fd_43_nine_hours_down_are_one_run() -> None:
    hourly = Trigger(name="hourly", kind="schedule", cron="0 * * * *")
    last = NOW - timedelta(hours=9)
    fired = []
    for minute in range(121):
        now = NOW + timedelta(minutes=minute)
        said = reading(hourly, Evidence(now, None, (PastRun(last, "succeeded", None),), ()))
        if said.fires:
            fired.append(now)
            last = now
    hours = [NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2)]
    assert fired == hours, "one run catches up with nine slots; then the slots go on"


ZONES = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe"]


@settings(max_examples=12)
@given(st.sampled_from(ZONES), st.integers(2020, 2040), st.sampled_from([3, 4, 9, 10, 11]))
def test_fd_42_a_change_of_clocks_neither_skips_nor_repeats_a_slot(
    zone: str, year: int, month: int
) -> None:
    """Every half hour of a month with a change, seen by a process in that zone."""
    half_hourly = Trigger(name="s", kind="schedule", cron="*/30 * * * *")
    now = datetime(year, month, 1, tzinfo=UTC)
    last, slots = now, 0
    while now.month == month:
        now += timedelta(minutes=30)
        local = now.astimezone(ZoneInfo(zone))
        said = reading(half_hourly, Evidence(local, None, (PastRun(last, "succeeded", None),), ()))
        assert said.fires
        assert datetime.fromisoformat(said.window_key) == now
        slots, last = slots + 1, now
    assert slots == 48 * ((now - datetime(year, month, 1, tzinfo=UTC)).days)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_fd_42_a_daily_slot_comes_once_in_any_day(last: datetime) -> None:
    due = datetime.fromisoformat(
        reading(CRON, Evidence(NOW, None, (PastRun(last, "succeeded", None),), ())).window_key
    )
    assert due.utcoffset() == timedelta()
    assert (due.hour, due.minute, due.second, due.microsecond) == (3, 30, 0, 0)
    assert timedelta() < due - last <= DAY


@pytest.mark.parametrize(("rows", "fires"), [(1099, False), (1100, True), (900, False)])
def test_new_data_is_what_has_come_since_the_last_run_that_counted(rows: int, fires: bool) -> None:
    runs = (ran(1, None, "rejected"), ran(2, 1000), ran(3, 100))
    assert reading(FRESH, evidence(runs=runs, rows=rows)).fires is fires


def test_p3_a_source_that_cannot_be_counted_is_unknown() -> None:
    assert reading(FRESH, evidence(runs=(ran(1, 1000),), rows=None)).fires is None


def test_new_data_fires_again_after_a_run_that_ended_too_soon_to_count_it() -> None:
    def key(rows: int) -> str:
        return reading(FRESH, evidence(runs=(ran(2, 1000),), rows=rows)).window_key

    assert key(1100) == key(1199), "the same reason"
    assert len({key(1099), key(1100), key(1200)}) == 3
    assert reading(FRESH, evidence(rows=100)).fires is True, "nothing trained yet"


@pytest.mark.parametrize(
    ("details", "fires"),
    [
        pytest.param([], None, id="no window yet"),
        pytest.param([drifted("a", "b")], None, id="one of one, and two are wanted"),
        pytest.param([drifted("a", "b"), drifted("b", "c")], True, id="two of two"),
        pytest.param([drifted("a", "b"), drifted(), drifted("a", "b")], True, id="two of three"),
        pytest.param([drifted(), drifted(), drifted("a", "b"), drifted("a", "b")], False, id="old"),
        pytest.param([drifted("a"), drifted("a"), drifted("a")], False, id="too few features"),
        pytest.param(
            [drifted("a", "b"), UNKNOWN, drifted()], None, id="an unknown one could be it"
        ),
        pytest.param([UNKNOWN, UNKNOWN, UNKNOWN], None, id="all unknown"),
        pytest.param([UNKNOWN, drifted(), drifted()], False, id="even so it could not be two"),
        pytest.param([{}, {}, {}], False, id="nothing kept"),
    ],
)
def test_drift_is_wanted_in_n_of_the_latest_m_windows(
    details: list[Json], fires: bool | None
) -> None:
    windows = [score(days, detail) for days, detail in enumerate(details)]
    said = reading(DRIFT, evidence(*windows))
    assert said.fires is fires
    if windows:
        assert said.window_key == windows[0].end.isoformat()
    if fires:
        assert "a, b" in said.because


@pytest.mark.parametrize(
    ("details", "fires"),
    [
        pytest.param([], None, id="no window yet"),
        pytest.param([UNKNOWN, UNKNOWN], None, id="no labels yet"),
        pytest.param([performed(None)], None, id="no loss yet"),
        pytest.param([performed(float("nan"))], None, id="a loss that is no number"),
        pytest.param([{}], None, id="nothing kept"),
        pytest.param([performed(0.19)], False, id="fine"),
        pytest.param([performed(0.2)], False, id="at the limit"),
        pytest.param([performed(0.21)], True, id="degraded"),
        pytest.param([UNKNOWN, performed(0.5)], True, id="the labelled one behind the unlabelled"),
        pytest.param([performed(0.0), performed(0.5)], False, id="it has recovered"),
    ],
)
def test_fd_20_late_labels_mean_unknown_and_not_fine(
    details: list[Json], fires: bool | None
) -> None:
    windows = [score(days, detail) for days, detail in enumerate(details)]
    said = reading(WORSE, evidence(*windows))
    assert said.fires is fires
    if fires:
        assert "mae 1.5, +" in said.because
        assert "the holdout's 1" in said.because


def test_degraded_performance_is_wanted_in_n_of_m_labelled_windows() -> None:
    twice = Trigger(name="worse", kind="performance", degraded=0.2, windows="2 of 3")
    bad, good = performed(0.5), performed(0.0)

    def fires(*details: Json) -> bool | None:
        return reading(twice, evidence(*(score(d, x) for d, x in enumerate(details)))).fires

    assert fires(UNKNOWN, bad, UNKNOWN, good, bad) is True
    assert fires(bad, good, good, bad) is False
    assert fires(bad) is None


def test_triggers_that_count_together_need_each_other() -> None:
    both = Trigger(name="both", kind="all", of=("drifted", "weekly"))
    parts = [
        Trigger(name="drifted", kind="drift", alone=False),
        Trigger(name="weekly", kind="schedule", every="7d", alone=False),
    ]

    def joined(days_ago: float, *details: Json) -> bool | None:
        found = evidence(*(score(d, x) for d, x in enumerate(details)), runs=(ran(days_ago),))
        (said,) = read_triggers([both, *parts], found)
        assert said.trigger == "both"
        return said.fires

    assert joined(8, drifted("a")) is True
    assert joined(6, drifted("a")) is False
    assert joined(8, drifted()) is False
    assert joined(8) is None, "P3: what is unknown is not fine"
    assert joined(6) is False, "whatever the unknown one turns out to be"


def test_what_joined_triggers_say_is_about_both_of_their_windows() -> None:
    both = Trigger(name="both", kind="all", of=("drifted", "weekly"))
    parts = [
        Trigger(name="drifted", kind="drift"),
        Trigger(name="weekly", kind="schedule", every="7d"),
    ]
    found = evidence(score(0, drifted("a")), runs=(ran(8),))
    first, second, third = read_triggers([*parts, both], found)
    assert [first.trigger, second.trigger, third.trigger] == ["drifted", "weekly", "both"]
    assert third.window_key == f"{first.window_key}+{second.window_key}"
    assert third.because == f"{first.because} and {second.because}"


def test_readings_come_in_the_order_declared() -> None:
    found = read_triggers([WORSE, EVERY, DRIFT], evidence())
    assert [said.trigger for said in found] == ["worse", "weekly", "drifted"]
