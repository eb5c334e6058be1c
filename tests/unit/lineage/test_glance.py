"""A project at a glance."""

from __future__ import annotations

from pathlib import Path

from mooring.lineage.catalog.engine import open_catalog
from mooring.lineage.deployments import override, promote
from mooring.lineage.glance import glance
from mooring.lineage.values import Alert, Decision, WindowScore
from tests.facts import AT, HOUR, NAME, Story, run, start, version


def test_an_empty_project_has_nothing_to_show(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    with catalog.read() as tx:
        found = glance(tx, NAME)
    assert (found["name"], found["model_versions"]) == (NAME, 0)
    assert (found["traffic"], found["alerts"]) == ([], [])
    assert (found["run"], found["window"], found["decision"]) == (None, None, None)
    catalog.close()


def test_the_newest_of_everything_is_shown(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    story = Story(catalog)
    story.made(1, "pass")
    story.later()
    story.made(2, "fail")
    story.later()
    story.ended(2, "rejected")
    with catalog.write() as tx:
        start(tx, run(1, name="other"))
        tx.append(version(1, name="other"))
        tx.append(override(story.change("the launch"), f"{NAME}/2", AT + 9 * HOUR))
    with catalog.write() as tx:
        traffic = promote(tx, story.change(), f"{NAME}/2")
        tx.append(traffic.revision, *traffic.arms)
        for hour in range(5):
            at = AT + hour * HOUR
            tx.append(Alert(f"a{hour}", NAME, "r", "page", f"alert {hour}", "", at))
            tx.append(Decision(f"d{hour}", NAME, "c", f"k{hour}", "wait", f"reason {hour}", at))
            window = (f"w{hour}", NAME, f"{NAME}/1", at, at, at, 1234, 0)
            tx.append(
                WindowScore(*window, "unknown" if hour < 4 else "drift", hour / 8 or None, {})
            )
    with catalog.read() as tx:
        found = glance(tx, NAME)
    assert found["model_versions"] == 2, "another project's in the same catalog do not count"
    assert found["traffic"] == [
        {
            "model_version": f"{NAME}/2",
            "weight": 1.0,
            "role": "champion",
            "override": "override by ana until 2026-03-01 17:30 UTC: the launch",
        }
    ]
    assert found["run"] == "rejected at 2026-03-01 10:30 (by hand: a test)"
    assert found["window"] == "to 2026-03-01 12:30: drift, distance 0.500, 1,234 rows"
    assert found["decision"] == "wait at 2026-03-01 12:30 (c: reason 4)"
    alerts = found["alerts"]
    assert isinstance(alerts, list)
    assert [str(alert).rpartition(": ")[2] for alert in alerts] == ["alert 4", "alert 3", "alert 2"]
    catalog.close()


def test_a_pass_is_no_override_and_an_unknown_distance_is_unknown(tmp_path: Path) -> None:
    catalog = open_catalog(f"sqlite:///{tmp_path}/c.db")
    story = Story(catalog)
    story.made(1)
    with catalog.write() as tx:
        traffic = promote(tx, story.change(), f"{NAME}/1")
        tx.append(traffic.revision, *traffic.arms)
        tx.append(WindowScore("w", NAME, f"{NAME}/1", AT, AT, AT, 0, 0, "unknown", None, {}))
    with catalog.read() as tx:
        found = glance(tx, NAME)
    arms = found["traffic"]
    assert isinstance(arms, list)
    assert arms[0]["override"] is None
    assert found["window"] == "to 2026-03-01 08:30: unknown, distance unknown, 0 rows"
    catalog.close()
