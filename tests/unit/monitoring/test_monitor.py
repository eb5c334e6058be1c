"""The use case over a real project: a trained version, a prediction log, a catalog."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from mooring.clock import Window
from mooring.errors import CatalogError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import Alert, Fact
from mooring.monitoring.detail import read_detail
from mooring.monitoring.history import newest_of_each
from mooring.monitoring.monitor import monitor, monitor_due, rescore
from tests.unit.monitoring.conftest import DAY, DEPLOYED, Living, living, rides


def look(project: Living) -> list[tuple[str, int]]:
    """Monitors the latest window; the statuses and rows found."""
    found = monitor(project.context, project.log, versions=project.versions)
    return [(score.status, score.rows) for score in found]


def serve_a_day(project: Living, rows: int = 300, seed: int = 1, **moved: float) -> None:
    """A day of predictions, and then it is the next day."""
    project.serve(rides(rows, seed, **moved))
    project.sleep(DAY)


def test_a_day_like_the_training_data_is_ok(project: Living) -> None:
    serve_a_day(project)
    assert look(project) == [("ok", 300)]
    assert not project.alerts()


def test_a_warmer_day_is_drift_and_names_the_feature(project: Living) -> None:
    serve_a_day(project, warmer=1.5)
    assert look(project) == [("drift", 300)]
    (score,) = project.scores()
    assert read_detail(score).drifted == ("temp",)
    assert [column.name for column in read_detail(score).others] == ["noise"]
    assert read_detail(score).predictions[0].status == "drift"
    assert [alert.rule for alert in project.alerts()] == ["drift"]


def test_the_first_day_is_looked_at_while_it_is_under_way(project: Living) -> None:
    project.serve(rides(600, 1, warmer=1.5))
    project.sleep(DAY / 2)
    assert look(project) == [("drift", 300)]
    assert [alert.rule for alert in project.alerts()] == ["drift"]
    (score,) = project.scores()
    assert score.end - score.start < DAY


def test_the_number_grows_with_the_shift(project: Living) -> None:
    distances = []
    for day, warmer in enumerate((0.0, 0.5, 2.0)):
        serve_a_day(project, seed=day, warmer=warmer)
        look(project)
        distances.append(project.scores()[0].distance or 0.0)
    assert distances == sorted(distances)
    assert 0 <= distances[0] < 0.2 < distances[-1] <= 1


def test_late_labels_append_a_second_score_of_the_same_window(project: Living) -> None:
    serve_a_day(project, harder=30.0)
    look(project)
    assert read_detail(project.scores()[0]).performance.status == "unknown"
    project.sleep(DAY)
    project.label()
    (changed,) = rescore(project.context, project.log, versions=project.versions)
    performance = read_detail(changed).performance
    assert changed.status == performance.status == "degraded"
    assert performance.value == pytest.approx(30, rel=0.1)
    assert performance.loss is not None
    assert performance.loss > 1
    assert len(project.scores()) == 2
    assert newest_of_each(project.scores()) == (changed,)
    assert [(alert.rule, alert.severity) for alert in project.alerts()] == [("performance", "page")]


def test_performance_without_degradation_becomes_known_too(project: Living) -> None:
    serve_a_day(project)
    look(project)
    project.sleep(DAY)
    project.label()
    (changed,) = rescore(project.context, project.log, versions=project.versions)
    assert (changed.status, changed.labelled) == ("ok", 300)
    assert read_detail(changed).performance.status == "ok"


def test_fd_12_a_fifth_of_the_labels_is_not_enough(project: Living) -> None:
    serve_a_day(project, harder=30.0)
    project.sleep(DAY)
    project.label(share=0.2)
    (score,) = monitor(project.context, project.log, window=Window(DEPLOYED, DEPLOYED + DAY))
    performance = read_detail(score).performance
    assert performance.status == "unknown"
    assert "60 of 300 rows are labelled" in performance.reason
    assert performance.loss is None


def test_fd_14_a_day_without_predictions_pages(project: Living) -> None:
    serve_a_day(project)
    look(project)
    project.sleep(DAY)
    assert look(project) == [("unknown", 0)]
    assert [(alert.rule, alert.severity) for alert in project.alerts()] == [("no-data", "page")]


def test_fd_64_a_few_rows_are_unknown_and_never_ok(project: Living) -> None:
    serve_a_day(project, rows=49)
    assert look(project) == [("unknown", 49)]
    assert project.scores()[0].distance is None
    assert "49 rows, 50 are needed" in read_detail(project.scores()[0]).reason


def test_p3_a_version_that_cannot_be_loaded_is_unknown_with_the_reason(project: Living) -> None:
    serve_a_day(project)
    (damaged,) = project.context.store.root.glob("*/baseline.profile")
    damaged.chmod(0o600)
    damaged.write_bytes(b"changed")
    project.versions = type(project.versions)(project.context.store)
    assert look(project) == [("unknown", 300)]
    assert "could not be scored" in read_detail(project.scores()[0]).reason


def test_fd_70_looking_again_records_nothing_twice(project: Living) -> None:
    serve_a_day(project, warmer=1.5)
    look(project)
    look(project)
    monitor_due(project.context, project.log, versions=project.versions)
    assert len(project.scores()) == 1
    assert len(project.alerts()) == 1


def test_fd_70_a_monitor_that_was_killed_catches_up(project: Living) -> None:
    for day in range(4):
        serve_a_day(project, seed=day)
    found = monitor_due(project.context, project.log, versions=project.versions)
    assert [score.end for score in found] == [DEPLOYED + DAY * day for day in (1, 2, 3, 4)]
    assert not monitor_due(project.context, project.log, versions=project.versions)


def test_fd_70_score_and_alert_are_recorded_together_or_not_at_all(
    project: Living, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_a_day(project, warmer=1.5)
    whole = Transaction.append

    def killed(self: Transaction, *facts: Fact) -> None:
        if any(isinstance(fact, Alert) for fact in facts):
            raise CatalogError("killed here")
        whole(self, *facts)

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "append", killed)
        with pytest.raises(CatalogError):
            look(project)
    assert not project.scores()
    assert look(project) == [("drift", 300)]
    assert len(project.alerts()) == 1


def test_before_the_first_deployment_nothing_is_scored(project: Living) -> None:
    assert look(project) == []


def test_a_window_that_is_only_looked_at_leaves_no_trace(project: Living) -> None:
    serve_a_day(project, warmer=1.5)
    window = Window(DEPLOYED, DEPLOYED + DAY / 2)
    (score,) = monitor(project.context, project.log, window=window, record=False)
    assert (score.status, score.rows) == ("drift", 150)
    assert not project.scores()
    assert not project.alerts()


def test_a_later_look_does_not_see_labels_that_were_not_known(project: Living) -> None:
    serve_a_day(project)
    project.label()  # known a day after each prediction, and it is only now the end of the window
    look(project)
    assert project.scores()[0].labelled == 1


def test_what_is_recorded_survives_a_new_process(project_folder: Path) -> None:
    clock = [DEPLOYED]
    with living(project_folder, clock, 3) as first:
        serve_a_day(first, warmer=1.5)
        look(first)
    with living(project_folder, clock, 4) as second:
        look(second)
        assert len(second.scores()) == 1


def test_the_detail_has_the_keys_that_triggers_read(project: Living) -> None:
    serve_a_day(project)
    look(project)
    detail = project.scores()[0].detail
    assert set(detail) == {
        *("watched", "others", "predictions", "drifted", "drift", "performance", "reason"),
        "feature_age",
    }
    watched = detail["watched"]
    assert isinstance(watched, Iterable)
    for column in watched:
        assert set(column) == {
            *("name", "importance", "status", "reason", "psi", "ks", "jensenshannon"),
            *("wasserstein", "level", "p_value", "null_rate", "unseen_rate", "moved", "bins"),
        }
    performance = detail["performance"]
    assert isinstance(performance, dict)
    assert set(performance) == {"status", "metric", "value", "baseline", "loss", "rows", "reason"}


def test_the_catalog_says_which_deployment_a_score_is_of(project: Living) -> None:
    serve_a_day(project)
    look(project)
    with project.context.catalog.read() as tx:
        assert queries.window_scores(tx, "bikes", 1)[0].model_version == "bikes/1"
