from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from mooring.errors import ArtifactError
from mooring.lineage.catalog import queries
from mooring.lineage.values import Verdict
from mooring.serving.following import Following
from mooring.serving.metrics import Metrics
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
        self.following = Following(project.catalog, NAME, self.loading, self.metrics, self._clock)

    def _clock(self) -> datetime:
        return self.now

    def look(self) -> dict[str, float]:
        """Looks once; the weights that are served then."""
        self.following.look()
        split = self.following.split
        return {arm.version.id: arm.weight for arm in split.arms} if split else {}

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
    assert split.arms[0].until == AT + timedelta(hours=1)


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
    assert watch.following.detail == "bikes/1 has traffic and no passing verdict"


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
