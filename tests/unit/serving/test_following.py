from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mooring.errors import ArtifactError, CatalogError, NoVerdict, RequestError
from mooring.lineage import loading
from mooring.lineage.catalog import queries
from mooring.lineage.standing import record_expiry
from mooring.lineage.values import Verdict
from mooring.serving.answering import Service
from mooring.serving.batching import Batcher
from mooring.serving.following import Following
from mooring.serving.metrics import Metrics
from mooring.serving.remembering import FileMemory
from mooring.serving.server import loader
from mooring.serving.versions import Loaded
from tests.unit.serving.project import AT, NAME, Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.catalog.close()


class Loading:
    """Loads for real, remembers what, and fails while it is told to."""

    def __init__(self, project: Project) -> None:
        self._load = loader(project.store)
        self.loads: list[str] = []
        self.broken: set[str] = set()

    def __call__(self, digest: str) -> Loaded:
        """Loads an artifact."""
        self.loads.append(digest)
        if digest in self.broken:
            raise ArtifactError("a golden row differs")
        return self._load(digest)


class Watch:
    """A following that only looks when it is told to, at a time that the test sets."""

    def __init__(self, project: Project) -> None:
        self.now = AT
        self.loading = Loading(project)
        self.metrics = Metrics()
        self.memory = FileMemory(project.settings.state / "predictions" / "served.json")
        self.following = Following(
            *(project.catalog, NAME, self.loading, self.metrics, self._clock),
            memory=self.memory,
            record_expiry=lambda: record_expiry(project.catalog, NAME, self.now, project.ids),
        )

    def _clock(self) -> datetime:
        return self.now

    def look(self) -> dict[str, float]:
        """Looks once; the weights that are served then."""
        self.following.look()
        split = self.following.split
        return {arm.version.id: arm.weight for arm in split.arms} if split else {}

    def refusal(self) -> CatalogError:
        """Why the catalog is not followed."""
        with pytest.raises(CatalogError) as refused:
            self.following._see()  # noqa: SLF001 - what `look` says only the beginning of
        return refused.value

    def says(self, temp: float = 1.0) -> list[float]:
        """What each arm answers for a temperature."""
        split = self.following.split
        assert split is not None
        rows = pl.DataFrame({"temp": [temp]})
        answers = [arm.version.loaded.model.answers(rows).predictions[0] for arm in split.arms]
        return [round(float(answer), 6) for answer in answers]


@pytest.fixture
def watch(project: Project) -> Watch:
    return Watch(project)


def test_before_the_first_deployment_nothing_is_served(watch: Watch) -> None:
    assert watch.look() == {}
    assert watch.following.detail == "no model version has traffic yet: mooring run"


def test_a_promotion_is_taken_over(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.says() == [2.0]
    project.promote(project.version(3.0))
    assert watch.look() == {"bikes/2": 1.0}
    assert watch.says() == [3.0]
    assert b"mooring_split_revision 2.0" in watch.metrics.text()


def test_a_split_is_taken_over_with_its_weights(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    project.version(3.0)
    project.split(v2=0.25)
    assert watch.look() == {"bikes/1": 0.75, "bikes/2": 0.25}


def test_a_request_in_flight_keeps_the_split_it_began_with(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    watch.look()
    before = watch.following.split
    project.promote(project.version(3.0))
    watch.look()
    assert before is not None
    assert before.choose("any").id == "bikes/1"


def test_fd_50_a_version_that_cannot_be_loaded_leaves_the_old_split(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0))
    watch.look()
    watch.loading.broken.add(project.artifact_of(project.version(3.0)))
    project.promote("bikes/2")
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.following.detail == "a golden row differs"
    assert b"mooring_load_failures_total 1.0" in watch.metrics.text()
    attempts = len(watch.loading.loads)
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.following.detail == "a golden row differs"
    assert len(watch.loading.loads) == attempts  # it is left alone for a while


def test_fd_81_a_version_that_loads_again_is_taken_over(
    project: Project, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = project.artifact_of(project.version(2.0))
    project.promote("bikes/1")
    watch.loading.broken.add(artifact)
    assert watch.look() == {}
    watch.loading.broken.clear()
    assert watch.look() == {}
    monkeypatch.setattr("mooring.serving.following.monotonic", lambda: 1e12)
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.following.detail == ""


def test_sec_14_bytes_that_were_changed_are_not_served(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    model = project.store.folder(project.artifact_of("bikes/1")) / "model.skops"
    model.chmod(0o600)
    model.write_bytes(model.read_bytes() + b" ")
    assert watch.look() == {}
    assert "changed" in watch.following.detail


def test_p2_an_expired_override_is_not_loaded(project: Project, watch: Watch) -> None:
    project.version(2.0, "override", timedelta(hours=1))
    project.promote("bikes/1")
    watch.now = AT + timedelta(hours=2)
    assert watch.look() == {}
    assert "override that gave bikes/1 traffic has expired" in watch.following.detail
    watch.now = AT + timedelta(minutes=59)
    assert watch.look() == {"bikes/1": 1.0}
    split = watch.following.split
    assert split is not None
    override = split.arms[0].version.override
    assert override is not None
    assert (override.by, override.until) == ("a test", AT + timedelta(hours=1))
    assert b'mooring_override_expires_timestamp_seconds{model_version="bikes/1"}' in (
        watch.metrics.text()
    )


def test_p2_an_arm_whose_verdict_is_of_another_version_is_not_served(
    project: Project, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalog refuses such a row; the server does not take its word for it."""
    project.promote(project.version(2.0))
    real = queries.get

    def forged(tx: object, kind: type[object], key: str) -> object:
        found = real(tx, kind, key)  # type: ignore[arg-type, type-var]
        return replace(found, outcome="fail") if isinstance(found, Verdict) else found

    monkeypatch.setattr(queries, "get", forged)
    assert watch.look() == {}
    assert watch.following.detail.startswith("bikes/1 has traffic and no passing verdict")


def test_a_version_that_has_just_passed_is_loaded_ahead(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    watch.look()
    project.version(3.0)
    assert watch.look() == {"bikes/1": 1.0}
    assert len(watch.loading.loads) == 2
    project.promote("bikes/2")
    assert watch.look() == {"bikes/2": 1.0}
    assert len(watch.loading.loads) == 2


def test_a_version_without_a_passing_verdict_is_not_even_loaded(
    project: Project, watch: Watch
) -> None:
    project.version(2.0, None)
    project.version(3.0, "fail")
    watch.look()
    assert watch.loading.loads == []


def test_only_a_few_unused_versions_are_kept(project: Project, watch: Watch) -> None:
    for slope in range(1, 7):
        project.promote(project.version(float(slope)))
        watch.look()
    assert len(watch.following.held) == 3  # the champion and two spare ones
    loads = len(watch.loading.loads)
    project.promote("bikes/5")
    assert watch.look() == {"bikes/5": 1.0}
    assert len(watch.loading.loads) == loads


def test_fd_81_while_the_catalog_cannot_be_read_the_split_stays(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0))
    watch.look()
    project.break_catalog()
    assert watch.look() == {"bikes/1": 1.0}
    assert "catalog cannot be" in watch.following.detail
    assert b"mooring_poll_failures_total 1.0" in watch.metrics.text()
    project.mend_catalog()
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.following.detail == ""


def test_p2_an_override_that_expires_gives_its_traffic_to_the_last_champion_that_passed(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0))
    project.promote(project.version(3.0, "override", timedelta(hours=1)))
    assert watch.look() == {"bikes/2": 1.0}
    watch.now = AT + timedelta(hours=1)
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.says() == [2.0]
    with project.catalog.read() as tx:
        revisions = queries.revisions(tx, NAME)
        (alert,) = queries.alerts(tx, NAME, 9)
        traffic = queries.traffic(tx, NAME)
    assert traffic is not None
    assert [arm.model_version for arm in traffic.arms] == ["bikes/1"]
    newest = revisions[-1]
    assert (len(revisions), newest.action, newest.by) == (3, "rollback", "mooring")
    assert "bikes/2: the override by a test until 2026-03-01 01:00 UTC" in newest.because
    assert (alert.rule, alert.severity) == ("override-expired", "notify")
    for _ in range(3):
        assert watch.look() == {"bikes/1": 1.0}
    with project.catalog.read() as tx:
        assert len(queries.revisions(tx, NAME)) == 3, "recorded once"


def test_p2_an_override_ends_on_time_while_the_catalog_cannot_be_read(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0))
    project.version(3.0, "override", timedelta(hours=1))
    project.split(v2=0.25)
    assert watch.look() == {"bikes/1": 0.75, "bikes/2": 0.25}
    project.break_catalog()
    watch.now = AT + timedelta(hours=1)
    assert watch.look() == {"bikes/1": 1.0}
    assert "an override has expired: bikes/2" in watch.following.detail
    project.mend_catalog()
    assert watch.look() == {"bikes/1": 1.0}
    with project.catalog.read() as tx:
        assert len(queries.revisions(tx, NAME)) == 3, "and it is recorded once that can be done"


def test_p2_without_the_catalog_a_champion_by_override_is_followed_by_the_one_that_passed(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0))
    project.promote(project.version(3.0, "override", timedelta(hours=1)))
    watch.look()
    project.break_catalog()
    watch.now = AT + timedelta(hours=2)
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.says() == [2.0]


def test_p2_nothing_serves_when_an_override_expires_and_nothing_passed(
    project: Project, watch: Watch
) -> None:
    project.promote(project.version(2.0, "override", timedelta(hours=1)))
    assert watch.look() == {"bikes/1": 1.0}
    watch.now = AT + timedelta(hours=1)
    for _ in range(3):
        assert watch.look() == {}
    assert "the override that gave bikes/1 traffic has expired" in watch.following.detail
    with project.catalog.read() as tx:
        (alert,) = queries.alerts(tx, NAME, 9)
    assert alert.severity == "page"
    project.judge("bikes/1", "override", timedelta(days=3))
    assert watch.look() == {"bikes/1": 1.0}, "somebody extended it"


def test_p2_a_pass_that_the_run_did_not_record_is_not_served(
    project: Project, watch: Watch
) -> None:
    """A pass added by hand to a version that its run registered as refused."""
    version = project.version(2.0, "fail")
    project.registered(version, outcome="fail")
    project.judge(version, "pass")
    with pytest.raises(NoVerdict):
        project.promote(version)
    project.past_the_guards(version)
    assert watch.look() == {}
    assert "bikes/1 has traffic and no passing verdict" in watch.following.detail
    assert watch.loading.loads == []


def test_p2_the_bytes_of_another_version_are_not_served_under_a_name_that_passed(
    project: Project, watch: Watch
) -> None:
    passed = project.version(2.0)
    project.version(3.0, "fail")
    project.registered(passed, outcome="pass")
    project.promote(passed)
    project.without_guards(
        "UPDATE model_version SET artifact = (SELECT artifact FROM model_version "
        "WHERE id = 'bikes/2') WHERE id = 'bikes/1'"
    )
    assert watch.look() == {}
    assert "bikes/1 has traffic and no passing verdict" in watch.following.detail


@pytest.mark.parametrize(
    "edit",
    [
        "DELETE FROM verdict",
        "UPDATE verdict SET outcome = 'fail'",
        "UPDATE verdict SET gate = 'data'",
        "UPDATE arm SET verdict = 'none such'",
        "UPDATE arm SET model_version = 'bikes/3'",
        "DELETE FROM arm",
        "UPDATE verdict SET gate = 'override', outcome = 'override'",
        "UPDATE verdict SET gate = 'override', outcome = 'override', until = '2100-01-01', by = ''",
    ],
)
def test_p2_with_the_guards_dropped_the_server_still_refuses_and_keeps_what_it_has(
    project: Project, watch: Watch, edit: str
) -> None:
    project.promote(project.version(2.0))
    watch.look()
    project.promote(project.version(3.0))
    project.version(4.0, "fail")
    project.without_guards(f"{edit} WHERE model_version = 'bikes/2'")
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.following.detail
    assert Watch(project).look() == {}, "and one that starts serves nothing"


def test_a_revision_without_arms_takes_no_traffic_away(project: Project, watch: Watch) -> None:
    project.promote(project.version(2.0))
    watch.look()
    project.without_guards(
        "INSERT INTO deployment_revision SELECT 'bare', deployment, number + 1, action, because, "
        "by, at FROM deployment_revision"
    )
    assert watch.look() == {"bikes/1": 1.0}
    assert "has no champion" in watch.following.detail


def test_p2_a_restored_old_catalog_takes_back_nothing_by_itself(
    project: Project, watch: Watch
) -> None:
    """v2 was taken back; a backup from before would give it the traffic again."""
    project.promote(project.version(2.0))
    project.promote(project.version(3.0))
    with project.restored_later() as restore:
        project.promote("bikes/1")
        assert watch.look() == {"bikes/1": 1.0}
        restore()
    assert watch.look() == {"bikes/1": 1.0}, "the server that runs stays where it is"
    assert "does not know revision 3 of bikes" in watch.following.detail
    started = Watch(project)
    assert started.look() == {}, "and one that starts waits for somebody's word"
    assert "mooring promote" in str(started.refusal())
    project.now += timedelta(hours=1)
    project.promote("bikes/1")
    assert started.look() == watch.look() == {"bikes/1": 1.0}


def test_a_catalog_that_was_emptied_is_noticed_too(project: Project, watch: Watch) -> None:
    with project.restored_later() as restore:
        project.promote(project.version(2.0))
        watch.look()
        restore()
    assert watch.look() == {"bikes/1": 1.0}
    assert "does not know revision 1" in watch.following.detail


def test_a_memory_that_is_damaged_costs_only_itself(
    project: Project, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    project.promote(project.version(2.0))
    watch.look()
    path = project.settings.state / "predictions" / "served.json"
    path.write_bytes(b"{")
    assert Watch(project).look() == {"bikes/1": 1.0}
    assert "a restored catalog goes unnoticed" in caplog.text


def test_sec_14_a_file_that_is_swapped_after_the_check_is_not_what_is_loaded(
    project: Project, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the check and the load there is no second look at the disk."""
    project.promote(project.version(2.0))
    other = project.artifact_of(project.version(9.0, "fail"))
    model = project.store.folder(project.artifact_of("bikes/1")) / "model.skops"
    real = loading.load_model

    def swapping(data: bytes, *rest: Any) -> object:
        model.chmod(0o600)
        model.write_bytes((project.store.folder(other) / "model.skops").read_bytes())
        return real(data, *rest)

    monkeypatch.setattr(loading, "load_model", swapping)
    assert watch.look() == {"bikes/1": 1.0}
    assert watch.says() == [2.0]
    monkeypatch.undo()
    for _ in range(2):
        assert watch.look() == {"bikes/1": 1.0}
    assert watch.says() == [2.0], "what is in memory stays"
    assert Watch(project).look() == {}, "and is not loaded again from what is there now"


def test_sec_14_a_version_that_was_swapped_is_not_rolled_back_to(
    project: Project, watch: Watch
) -> None:
    for slope in range(1, 6):
        project.promote(project.version(float(slope)))
        watch.look()
    model = project.store.folder(project.artifact_of("bikes/1")) / "model.skops"
    model.chmod(0o600)
    model.write_bytes(model.read_bytes()[::-1])
    project.promote("bikes/1")
    assert watch.look() == {"bikes/5": 1.0}
    assert "was changed after it was written" in watch.following.detail


def test_p2_an_override_ends_on_time_though_nobody_looks(project: Project, watch: Watch) -> None:
    """The thread that follows may be loading a large model, or wait for a lock."""
    project.promote(project.version(2.0))
    project.promote(project.version(3.0, "override", timedelta(hours=1)))
    watch.look()
    split = watch.following.split
    assert split is not None
    batcher = Batcher(lambda _: None, watch.metrics, max_rows=9)
    service = Service(watch.following, batcher, lambda: watch.now, project.ids, None, 9)
    assert service.split is split
    watch.now = AT + timedelta(hours=1)
    assert [arm.version.id for arm in service.split.arms] == ["bikes/1"]
    watch.following.split = replace(split, heir=None)
    with pytest.raises(RequestError) as refused:
        service.split  # noqa: B018 - a property that refuses
    assert refused.value.kind == "busy"
