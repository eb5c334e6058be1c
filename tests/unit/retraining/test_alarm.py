"""P6, P7: a drift trigger demands as many windows as the alarm does, unless it says its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mooring.lineage.values import Json, WindowScore
from mooring.retraining.evidence import Evidence
from mooring.retraining.triggers import read_triggers
from mooring.settings.model import Trigger

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DRIFT = Trigger(name="drifted", kind="drift")
WORSE = Trigger(name="worse", kind="performance", degraded=0.2)


def window(days_ago: int, *names: str, loss: float = 0.0) -> WindowScore:
    end = NOW - days_ago * DAY
    performance = {"metric": "mae", "value": 1.5, "baseline": 1.0, "loss": loss}
    detail: Json = {
        "drift": "drift" if names else "ok",
        "drifted": list(names),
        "performance": performance,
    }
    return WindowScore(
        f"w{days_ago}", "bikes", "bikes/1", end - 7 * DAY, end, end, 500, 0, "ok", 0.1, detail
    )


def fires(trigger: Trigger, *windows: WindowScore, alarm: str) -> bool | None:
    evidence = Evidence(NOW, NOW - 30 * DAY, (), windows, None, alarm)
    return read_triggers((trigger,), evidence)[0].fires


@pytest.mark.parametrize(("alarm", "expected"), [("1 of 1", True), ("2 of 3", False)])
def test_p6_one_drifted_window_fires_only_when_one_is_enough(alarm: str, expected: bool) -> None:
    assert fires(DRIFT, window(0, "temp"), window(1), window(2), alarm=alarm) is expected


def test_p6_two_of_three_fire_though_the_newest_is_fine_and_name_what_drifted() -> None:
    windows = (window(0), window(1, "temp"), window(2, "hum"))
    evidence = Evidence(NOW, NOW - 30 * DAY, (), windows, None, "2 of 3")
    (reading,) = read_triggers((DRIFT,), evidence)
    assert reading.fires is True
    assert reading.because.startswith("2 of the latest 3 windows")
    assert reading.because.endswith("temp")


def test_p3_a_single_window_cannot_say_yet() -> None:
    assert fires(DRIFT, window(0, "temp"), alarm="2 of 3") is None


def test_what_a_trigger_says_itself_counts() -> None:
    own = Trigger(name="drifted", kind="drift", windows="1 of 1")
    assert fires(own, window(0, "temp"), window(1), window(2), alarm="2 of 3") is True


def test_performance_does_not_wait_for_the_alarm_of_drift() -> None:
    assert fires(WORSE, window(0, loss=0.5), window(1), window(2), alarm="2 of 3") is True


def test_one_of_one_is_what_it_was() -> None:
    assert replace(Evidence(NOW, None, (), ()), alarm="1 of 1") == Evidence(NOW, None, (), ())
