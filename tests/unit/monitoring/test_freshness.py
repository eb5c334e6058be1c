"""FD-18: how old features were when they were answered; what is unknown is never fresh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.cli.monitor import _exit_code
from mooring.lineage.values import WindowScore
from mooring.monitoring.alerts import AlertRules, alerts_for
from mooring.monitoring.detail import FeatureAge, read_detail
from mooring.monitoring.freshness import judge_age
from mooring.monitoring.monitor import monitor_due
from mooring.monitoring.report import write_report
from mooring.monitoring.words import headline, span_words
from mooring.pipeline.feature_age import ages_in
from mooring.pipeline.run import Reason, run_pipeline
from tests.unit.monitoring.conftest import CODE, DAY, DEPLOYED, TOML, Living, living, rides
from tests.unit.monitoring.support import score

LIMIT = 'max_feature_age = "2h"\n[serving]\nfeatures_at = "computed_at"\n'


def with_ages(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows an hour apart; their features were computed ten minutes before."""
    hours = pl.int_range(pl.len()) * timedelta(hours=1)
    at = pl.lit(DEPLOYED.replace(tzinfo=None)) - timedelta(days=100) + hours
    return frame.with_columns(at=at, computed_at=at - timedelta(minutes=10))


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A project whose rows say when their features were computed, at the instant it deployed."""
    folder = tmp_path_factory.mktemp("dated")
    columns = 'time = "at"\nexclude = ["computed_at"]\n[monitoring]'
    (folder / "mooring.toml").write_text(TOML.replace("[monitoring]", columns) + LIMIT)
    (folder / "pipeline.py").write_text(CODE)
    with_ages(rides(1500, 0)).write_parquet(folder / "rides.parquet")
    with living(folder, [DEPLOYED], 1) as made:
        run_pipeline(made.context, Reason("by hand", "the first"))
        yield made


def serve(project: Living, ages: Sequence[timedelta | None]) -> FeatureAge:
    """A day of answers whose features are so old; what the monitor says of them."""
    project.serve(rides(len(ages), 7), ages)
    project.sleep(DAY)
    scores = monitor_due(project.context, project.log, versions=project.versions)
    age = read_detail(max(scores, key=lambda one: one.end)).feature_age
    assert age is not None
    return age


def test_fd_18_a_window_is_fresh_stale_or_unknown_beside_what_training_had(dated: Living) -> None:
    minutes, hours = timedelta(minutes=20), timedelta(hours=5)
    fresh = serve(dated, [minutes] * 97 + [hours] * 3)
    assert (fresh.status, fresh.window.median, fresh.window.longest) == ("ok", 1200.0, 18000.0)
    assert fresh.training is not None
    assert fresh.training.p95 == 600.0
    assert "median 20 min" in fresh.reason
    assert "in training median 10 min" in fresh.reason
    stale = serve(dated, [minutes] * 80 + [hours] * 20)
    assert (stale.status, stale.window.p95) == ("stale", 18000.0)
    unknown = serve(dated, [minutes] * 80 + [-hours] * 10 + [None] * 10)
    assert (unknown.status, unknown.window.unknown) == ("unknown", 20)
    assert "(10 future, 10 missing)" in unknown.reason
    [alert] = [alert for alert in dated.alerts() if alert.rule == "stale"]
    assert "over 5 h old, 2 h allowed" in alert.title
    assert "mooring skew --from" in alert.body
    assert alert.severity == "notify"
    with dated.context.catalog.read():
        page = write_report(dated.context, dated.context.settings.root / "page.html")
    assert "Feature age" in page.read_text()


@given(st.integers(0, 500), st.data())
def test_rows_of_unknown_age_never_count_as_fresh(rows: int, data: st.DataObject) -> None:
    known = data.draw(st.integers(0, rows))
    old = data.draw(st.integers(0, known))
    said = judge_age(rows, known, old, 50)
    if said == "ok":
        assert judge_age(rows, rows, old + rows - known, 50) == "ok"
    if rows < 50:
        assert said == "unknown"


def test_a_stale_window_leads_the_headline_and_ends_with_a_record() -> None:
    stale, fine = (_with_age(score(n), status) for n, status in ((0, "stale"), (1, "ok")))
    assert headline(stale).startswith("Stale features; no drift")
    assert headline(fine).startswith("No drift")
    rules = AlertRules(news=timedelta(days=3))
    first = alerts_for(stale, [], known=set(), rules=rules, at=stale.at)
    known = {alert.id for alert in first}
    after = alerts_for(fine, [stale], known=known, rules=rules, at=fine.at)
    assert [alert.rule for alert in (*first, *after)] == ["stale", "stale-resolved"]


def _with_age(one: WindowScore, status: str) -> WindowScore:
    window = {"rows": 500, "unknown": 0, "median": 60.0, "p95": 7200.0, "longest": 9000.0}
    age = {"status": status, "reason": "some", "window": window, "limit": 3600.0}
    return replace(one, detail={**one.detail, "feature_age": age})


def test_scores_of_before_there_were_ages_are_still_read() -> None:
    old = score()
    detail = {key: value for key, value in old.detail.items() if key != "feature_age"}
    assert read_detail(replace(old, detail=detail)).feature_age is None


def test_training_rows_from_a_csv_say_their_ages_and_the_future_is_unknown() -> None:
    frame = pl.DataFrame(
        {
            "at": pl.Series(["2026-03-01T10:00", "2026-03-01T11:00", "2026-03-01T12:00"]),
            "computed_at": ["2026-03-01T09:00:00", "2026-03-01T11:30:00", None],
        }
    ).with_columns(pl.col("at").str.to_datetime())
    ages = ages_in(frame, "at", "computed_at")
    assert ages is not None
    assert (ages.rows, ages.unknown, ages.longest) == (3, 2, 3600.0)
    assert ages_in(frame, "at", None) is None
    assert ages_in(frame, None, "computed_at") is None
    assert ages_in(frame.drop("computed_at"), "at", "computed_at") is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (90, "90 s"), (120, "2 min"), (3600, "1 h"), (200000, "2.31 d")],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, said: str) -> None:
    assert span_words(seconds) == said


@pytest.mark.parametrize(("age", "code"), [("ok", 0), ("told", 0), ("stale", 1), ("unknown", 3)])
def test_fd_18_monitor_ends_with_what_the_feature_age_says(age: str, code: int) -> None:
    assert _exit_code([_with_age(score(), age)]) == code
    assert _exit_code([_with_age(score(0, "drift"), age)]) == 1
