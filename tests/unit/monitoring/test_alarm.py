"""P6: the alert demands N windows out of M; the status of each window stays what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from mooring.clock import Window
from mooring.errors import SettingsError
from mooring.lineage.values import Alert, WindowScore
from mooring.monitoring.alerts import AlertRules, alerts_for
from mooring.monitoring.detail import Drift, Scored, read_detail
from mooring.monitoring.monitor import monitor
from mooring.monitoring.score import check_thresholds, drift_rules
from mooring.settings.model import Data, Monitoring, Project, Settings
from tests.unit.monitoring.conftest import DAY, DEPLOYED, living, rides
from tests.unit.monitoring.support import WEEK, score

TWO_OF_THREE = AlertRules(news=timedelta(days=3), alarm=(2, 3))


def told(scores: Sequence[WindowScore], rules: AlertRules = TWO_OF_THREE) -> list[list[Alert]]:
    """The drift alerts of each score, as each comes in."""
    known: set[str] = set()
    found = []
    for number, one in enumerate(scores):
        new = alerts_for(one, scores[:number][::-1], known=known, rules=rules, at=one.at)
        known |= {alert.id for alert in new}
        found.append([alert for alert in new if alert.rule.startswith("drift")])
    return found


def weeks(*drifts: Drift) -> list[WindowScore]:
    return [score(number, drift) for number, drift in enumerate(drifts)]


def rules_of(found: list[list[Alert]]) -> list[str]:
    return [alerts[0].rule if alerts else "" for alerts in found]


def test_p6_one_window_of_three_is_no_alert() -> None:
    assert rules_of(told(weeks("ok", "drift", "ok", "ok", "drift", "ok"))) == [""] * 6


def test_p6_the_second_of_three_is_and_says_so() -> None:
    found = told(weeks("drift", "ok", "drift"))
    assert rules_of(found) == ["", "", "drift"]
    (alert,) = found[2]
    assert alert.title == "bikes: drift in temp and hr, 2 of the last 3 windows"
    assert alert.body.startswith("2 of the last 3 windows drift, 2 of 3 are demanded\n")


def test_p6_two_in_a_row_need_not_wait_for_a_third() -> None:
    found = told(weeks("drift", "drift"))
    assert rules_of(found) == ["", "drift"]
    assert found[1][0].title.endswith("2 of the last 2 windows")


def test_one_of_one_says_nothing_of_windows() -> None:
    found = told(weeks("drift"), AlertRules(news=timedelta(days=3)))
    assert found[0][0].title == "bikes: drift in temp and hr"
    assert "demanded" not in found[0][0].body


def test_the_alert_is_over_when_fewer_than_n_are_left() -> None:
    found = told(weeks("drift", "drift", "ok", "ok"))
    assert rules_of(found) == ["", "drift", "", "drift-resolved"]


def test_p3_unknown_windows_neither_begin_nor_end_one() -> None:
    found = told(weeks("drift", "unknown", "ok", "drift", "drift", "unknown", "ok"))
    assert rules_of(found) == ["", "", "", "", "drift", "", ""]
    found = told(weeks("drift", "unknown", "drift"))
    assert rules_of(found) == ["", "", "drift"]


def test_a_repeat_names_what_drifted_though_the_newest_window_is_fine() -> None:
    thrice: tuple[Drift, ...] = ("drift", "drift", "ok")
    found = told(weeks(*thrice, *thrice, *thrice, *thrice))
    repeats = [alerts[0] for alerts in found[2:] if alerts]
    assert [alert.rule for alert in repeats] == ["drift"]
    assert "temp and hr" in repeats[0].title


def test_a_window_under_way_is_not_counted_with_complete_ones() -> None:
    young = [
        replace(score(0, "drift"), id=f"young-{days}", end=score(0).start + timedelta(days=days))
        for days in (1, 2, 3)
    ]
    complete = score(0, "drift")
    assert rules_of(told([*young, complete])) == ["", "", "", ""]
    assert rules_of(told([*young, complete, score(1, "drift")]))[-1] == "drift"


def test_p6_settings_become_rules() -> None:
    rules = drift_rules(
        Monitoring(thresholds={"temp": 0.3}, inflation=3.2, min_unseen=0.2, min_missing=0.05)
    )
    assert (rules.floor("temp"), rules.floor("hum"), rules.inflation) == (0.3, 0.1, 3.2)
    assert (rules.null_rate_floor, rules.unseen_rate_floor) == (0.05, 0.2)


def scored(*names: str) -> Scored:
    one = score(0, "drift", names=names)
    status = read_detail(one)
    return Scored(Window(one.start, one.start + WEEK), "bikes/1", 500, 0, "drift", 0.2, status)


def settings(tmp_path: Path, **thresholds: float) -> Settings:
    return Settings(
        project=Project(name="bikes"),
        data=Data(source="d", target="y", task="regression"),
        monitoring=Monitoring(thresholds=thresholds),
        root=tmp_path,
    )


def test_a_threshold_for_no_column_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    check_thresholds(settings(tmp_path, temp=0.3, wind=0.2, prediction=1.0), [scored("temp", "hr")])
    with pytest.raises(SettingsError) as caught:
        check_thresholds(settings(tmp_path, tmep=0.3), [scored("temp", "hr")])
    assert "'tmep'" in caught.value.what
    assert caught.value.fix == "did you mean 'temp'?"


def test_an_inflation_for_no_column_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    rules = Monitoring(inflations={"tmep": 4.0})
    assert drift_rules(rules).of("tmep").inflation == 4
    with pytest.raises(SettingsError) as caught:
        check_thresholds(
            msgspec.structs.replace(settings(tmp_path), monitoring=rules), [scored("temp")]
        )
    assert "monitoring.inflations: no model version has a column 'tmep'" in caught.value.what
    assert caught.value.fix == "did you mean 'temp'?"


def test_a_threshold_may_be_for_a_column_of_another_version(tmp_path: Path) -> None:
    check_thresholds(settings(tmp_path, hum=0.3), [scored("temp"), scored("hum")])


def test_a_version_that_could_not_be_scored_may_have_the_column(tmp_path: Path) -> None:
    check_thresholds(settings(tmp_path, hum=0.3), [scored()])


def test_p6_the_alarm_of_the_settings_is_counted_in_the_catalog(project_folder: Path) -> None:
    file = project_folder / "mooring.toml"
    file.write_text(file.read_text() + 'alarm = "2 of 3"\n')
    rules, statuses = [], []
    with living(project_folder, [DEPLOYED], 2) as project:
        for day, warmer in enumerate((1.5, 0.0, 1.5)):
            project.serve(rides(300, day, warmer=warmer))
            project.sleep(DAY)
            (found,) = monitor(project.context, project.log, versions=project.versions)
            statuses.append(found.status)
            rules.append([alert.rule for alert in project.alerts()])
    assert statuses == ["drift", "ok", "drift"]
    assert rules == [[], [], ["drift"]]


def test_p6_a_threshold_of_the_settings_is_a_floor(project_folder: Path) -> None:
    file = project_folder / "mooring.toml"
    file.write_text(
        file.read_text() + "min_unseen = 0.5\n[monitoring.thresholds]\ntemp = 50\nwind = 50\n"
    )
    with living(project_folder, [DEPLOYED], 2) as project:
        project.serve(rides(300, 1, warmer=1.5))
        project.sleep(DAY)
        (found,) = monitor(project.context, project.log, versions=project.versions)
    assert found.status == "ok"
    (temp, *_) = read_detail(found).watched
    assert temp.psi is not None
    assert temp.psi > 1


def test_a_threshold_for_no_feature_stops_the_monitor(project_folder: Path) -> None:
    file = project_folder / "mooring.toml"
    file.write_text(file.read_text() + "[monitoring.thresholds]\ntmep = 1\n")
    with living(project_folder, [DEPLOYED], 2) as project:
        project.serve(rides(300, 1))
        project.sleep(DAY)
        with pytest.raises(SettingsError, match="'tmep'"):
            monitor(project.context, project.log, versions=project.versions)
