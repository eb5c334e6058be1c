"""P2, FD-54: a running server follows the catalog, and drops nobody on the way."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
import urllib3

from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.catalog import queries
from mooring.lineage.loading import load_version
from tests.e2e.project import NAME, Project
from tests.e2e.server import ROW, Answer, Load, Server, load_on, new_pool, serving

pytestmark = pytest.mark.e2e

KEYS = tuple(f"bike {number}" for number in range(250))
SECONDS = 3.0
"""A second, on a machine that has other things to do."""


def test_p2_a_server_follows_every_change_without_dropping_a_request(two_versions: Project) -> None:
    says = predictions_of(two_versions)
    pool = new_pool()
    with serving(two_versions) as server, load_on(server, callers=2, pause=0.01) as load:
        load.reaches(20)
        before = ask_all(server, pool)
        assert {answer.version for answer in before} == {"rides/1"}

        change(two_versions, server, pool, "traffic", "v2=0.4", "--because", "a trial")
        split = ask_all(server, pool)
        assert versions(ask_all(server, pool)) == versions(split)  # sticky
        share = Counter(versions(split).values())["rides/2"] / len(KEYS)
        assert 0.36 < share < 0.44

        change(two_versions, server, pool, "promote", "v2")
        assert {answer.version for answer in ask_all(server, pool)} == {"rides/2"}

        change(two_versions, server, pool, "rollback")
        assert versions(ask_all(server, pool)) == versions(before)
        goes_on(load)
    assert not load.errors
    for answer in [*load.answers, *before, *split]:
        assert answer.status == 200
        assert answer.prediction == pytest.approx(says[answer.version], rel=1e-12)
    are_on_record(two_versions, [*load.answers, *before, *split])


def test_a_share_that_grows_moves_only_the_keys_it_takes(two_versions: Project) -> None:
    pool = new_pool()
    with serving(two_versions) as server:
        change(two_versions, server, pool, "traffic", "v2=0.1")
        few = versions(ask_all(server, pool))
        change(two_versions, server, pool, "traffic", "v2=0.4")
        more = versions(ask_all(server, pool))
    with serving(two_versions) as server:
        restarted = versions(ask_all(server, pool))
    moved = {key for key in KEYS if few[key] != more[key]}
    assert moved
    assert {more[key] for key in moved} == {"rides/2"}
    assert restarted == more


def test_fd_50_a_version_that_cannot_be_loaded_leaves_the_traffic_as_it_was(
    two_versions: Project,
) -> None:
    damage(two_versions, "rides/2")
    pool = new_pool()
    with serving(two_versions) as server:
        assert two_versions.mooring("traffic", "v2=0.4").code == 0
        said = wait_for_detail(server, pool)
        assert "was changed after it was written" in said
        assert server.revision(pool) == 1
        assert {answer.version for answer in ask_all(server, pool)} == {"rides/1"}
        change(two_versions, server, pool, "promote", "v1")


def wait_for_detail(server: Server, pool: urllib3.PoolManager) -> str:
    """What the server says of its traffic, once it has something to say."""
    started = time.monotonic()
    while time.monotonic() - started < SECONDS:
        ready = pool.request("GET", f"{server.url}/readyz").json()
        if "detail" in ready:
            return str(ready["detail"])
        time.sleep(0.02)
    pytest.fail("the server says nothing of a version that it cannot load")


def change(project: Project, server: Server, pool: urllib3.PoolManager, *words: str) -> None:
    """Changes the traffic, and waits until the server serves it."""
    started = time.monotonic()
    said = project.mooring(*words)
    assert said.code == 0, said.err
    revision = project.traffic().revision.number
    while server.revision(pool) != revision:
        assert time.monotonic() - started < SECONDS, "the server does not follow"
        time.sleep(0.02)


def ask_all(server: Server, pool: urllib3.PoolManager) -> list[Answer]:
    return [server.ask(pool, key) for key in KEYS]


def versions(answers: list[Answer]) -> Mapping[str | None, str]:
    return {answer.key: answer.version for answer in answers}


def goes_on(load: Load) -> None:
    load.reaches(len(load.answers) + 20)


def predictions_of(project: Project) -> dict[str, float]:
    """What each model version says about the row that everyone asks for."""
    store = ArtifactStore(project.root / ".mooring" / "artifacts")
    with project.catalog() as tx:
        found = {v.id: v.artifact for v in queries.latest_versions(tx, NAME, 9)}
    rows = pl.DataFrame([ROW])
    return {
        name: float(load_version(store, artifact).answers(rows).predictions[0])
        for name, artifact in found.items()
    }


def are_on_record(project: Project, answers: list[Answer]) -> None:
    """Each id stands in the log, with the version and the prediction that it went out with."""
    log = SqliteLog(project.root / ".mooring" / "predictions" / "log.db")
    meta = log.read(NAME).meta
    log.close()
    rows = meta.select("prediction_id", "model_version", "prediction", "key").rows()
    found = {name: rest for name, *rest in rows}
    for answer in answers:
        assert found[answer.id] == [answer.version, answer.prediction, answer.key]


def damage(project: Project, version: str) -> None:
    """Changes a byte of a model version's model."""
    with project.catalog() as tx:
        artifact = {v.id: v.artifact for v in queries.latest_versions(tx, NAME, 9)}[version]
    file: Path = ArtifactStore(project.root / ".mooring" / "artifacts").folder(artifact)
    model = file / "model.pickle"
    model.chmod(0o600)
    model.write_bytes(model.read_bytes()[:-1] + b"!")
