"""Alerts tell what began, what lasts and what ended, and nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from mooring.lineage.values import Alert, WindowScore
from mooring.monitoring.alerts import AlertRules, Severity, alert_id, alerts_for
from tests.unit.monitoring.support import score

RULES = AlertRules(news=timedelta(days=3), news_of_performance=timedelta(days=30))


def told(scores: Sequence[WindowScore], rules: AlertRules = RULES) -> list[list[Alert]]:
    """The alerts of each score, as each comes in."""
    known: set[str] = set()
    found = []
    for number, one in enumerate(scores):
        before = scores[:number][::-1]
        new = alerts_for(one, before, known=known, rules=rules, at=one.at)
        known |= {alert.id for alert in new}
        found.append(list(new))
    return found


def rules_of(found: list[list[Alert]]) -> list[list[str]]:
    return [[alert.rule for alert in alerts] for alerts in found]


def test_drift_alerts_when_it_begins_and_not_again_at_once() -> None:
    found = told([score(0), score(1, "drift"), score(2, "drift")])
    assert rules_of(found) == [[], ["drift"], []]


def test_a_lasting_condition_is_told_again_after_seven_windows() -> None:
    found = told([score(number, "drift") for number in range(16)])
    assert [number for number, alerts in enumerate(found) if alerts] == [0, 7, 14]


def test_the_end_of_a_condition_is_put_on_record() -> None:
    found = told([score(0, "drift"), score(1), score(2)])
    assert rules_of(found) == [["drift"], ["drift-resolved"], []]
    assert found[1][0].severity == "record"
    assert found[1][0].detail["status"] == "resolved"


def test_a_window_that_cannot_tell_ends_nothing() -> None:
    found = told([score(0, "drift"), score(1, "unknown"), score(2, "drift")])
    assert rules_of(found) == [["drift"], [], []]


@pytest.mark.parametrize(
    ("rules", "drift", "performance", "no_data"),
    [
        (AlertRules(page_on="never"), "notify", "notify", "notify"),
        (AlertRules(page_on="performance"), "notify", "page", "page"),
        (AlertRules(page_on="drift"), "page", "notify", "page"),
    ],
)
def test_the_settings_say_what_pages(
    rules: AlertRules, drift: Severity, performance: Severity, no_data: Severity
) -> None:
    by_rule = {
        alert.rule: alert.severity
        for one in (score(0, "drift", "degraded"), score(1, "unknown", rows=0))
        for alert in alerts_for(one, (), known=(), rules=rules, at=one.at)
    }
    assert by_rule == {"drift": drift, "performance": performance, "no-data": no_data}


def test_fd_14_a_window_without_rows_pages() -> None:
    assert [(a.rule, a.severity) for a in told([score(0, "unknown", rows=0)])[0]] == [
        ("no-data", "page")
    ]


def test_fd_64_unknown_windows_age_into_an_alert() -> None:
    found = told([score(number, "unknown") for number in range(6)])
    assert rules_of(found) == [[], [], ["unknown"], [], [], []]


def test_fd_66_five_hundred_features_make_one_alert_with_the_top_causes() -> None:
    names = tuple(f"feature_{number}" for number in range(500))
    (alert,) = told([score(0, "drift", names=names)])[0]
    assert "feature_0" in alert.title
    assert "497 more" in alert.title
    assert len(alert.body.splitlines()) < 12


def test_fd_66_catching_up_wakes_nobody_about_the_past() -> None:
    late = score(9).at
    found = told([score(number, "unknown", rows=0, at=late) for number in range(10)])
    assert [number for number, alerts in enumerate(found) if alerts] == [9]


def test_late_labels_still_tell_of_a_degraded_window() -> None:
    late = score(0, "ok", "degraded", at=score(0).end + timedelta(days=20))
    assert rules_of(told([late])) == [["performance"]]


def test_fd_70_the_same_window_has_the_same_id() -> None:
    first, again = score(3, "drift"), score(3, "drift", at=score(4).at)
    assert alert_id(first, "drift") == alert_id(again, "drift")
    assert alert_id(first, "drift") != alert_id(score(4), "drift")
    assert alert_id(first, "drift") != alert_id(first, "performance")


def test_the_body_answers_why() -> None:
    (alert, _) = told([score(0, "drift", "degraded")])[0]
    assert "2026-03-01 00:00 to 2026-03-08 00:00" in alert.body
    assert "above 12: 50% → 90%" in alert.body
    assert "52 against 38" in alert.body
    assert "mooring monitor --from 2026-03-01T00:00 --to 2026-03-08T00:00" in alert.body
    assert alert.body.index("temp") < alert.body.index("hr")


def test_a_hostile_name_stays_on_its_line() -> None:
    (alert,) = told([score(0, "drift", names=("evil\nroot: all fine\x1b[2J",))])[0]
    assert "\n" not in alert.title
    assert "\x1b" not in alert.title + alert.body
    assert not [line for line in alert.body.splitlines() if line.startswith("root:")]
