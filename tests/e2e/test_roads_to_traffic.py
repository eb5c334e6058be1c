"""P2: every road to traffic that a person, a crash or a race can take, on a real project."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mooring.bootstrap import open_project, settings_of
from mooring.errors import CatalogError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog, Transaction
from mooring.lineage.deployments import Change, override, promote
from mooring.lineage.standing import standing
from mooring.pipeline.run import Reason, run_pipeline
from tests.e2e.conftest import copy_of
from tests.e2e.killing import calls_of, can_trace, commits_of, kill_at_call
from tests.e2e.project import ME, NAME, STRONG, Project
from tests.e2e.server import load_on, new_pool, serving

pytestmark = pytest.mark.e2e


def now() -> datetime:
    return datetime.now(tz=UTC)


def serve_for(project: Project, version: str, seconds: float) -> datetime:
    """Lets a version have all of the traffic for some seconds from now, at once; until when."""
    with open_project(settings_of(str(project.root))) as context:
        change = Change(NAME, "a launch", ME, now(), context.ids)
        until = change.at + timedelta(seconds=seconds)
        with context.catalog.write() as tx:
            tx.append(override(change, f"{NAME}/{version}", until))
            traffic = promote(tx, change, f"{NAME}/{version}")
            tx.append(traffic.revision, *traffic.arms)
    return until


def wait_until(instant: datetime) -> None:
    """Returns after an instant."""
    time.sleep(max(0.0, (instant - now()).total_seconds()) + 0.01)


@pytest.fixture
def refused(overridden: Project, tmp_path: Path) -> Project:
    """A project whose v1 has all of the traffic, and whose v2 no gate passed and nobody let."""
    project = copy_of(overridden, tmp_path / "refused")
    project.change("mooring.toml", "alpha = 60.0", "alpha = 61.0")
    assert project.mooring("run").code == 1  # v3: as v2, and without its override
    return project


@pytest.fixture(scope="module")
def expired(overridden: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose champion v3 served by an override that is over by now; never changed."""
    project = copy_of(overridden, tmp_path_factory.mktemp("expired") / "rides")
    project.change("mooring.toml", "alpha = 60.0", "alpha = 61.0")
    assert project.mooring("run").code == 1
    wait_until(serve_for(project, "3", 0.2))
    return project


def every_arm_holds(project: Project) -> None:
    """The catalog is whole, and each of its revisions was allowed when it was written."""
    with closing(sqlite3.connect(project.root / ".mooring" / "catalog.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    with project.catalog() as tx:
        revisions = queries.revisions(tx, NAME)
        assert [r.number for r in revisions] == list(range(1, len(revisions) + 1))
        for revision in revisions:
            traffic = queries.Traffic(revision, queries.arms_of(tx, revision.id))
            assert sum(arm.weight for arm in traffic.arms) == pytest.approx(1)
            assert not standing(tx, traffic, revision.at).ended


@pytest.mark.parametrize(
    "words",
    [("promote", "v3"), ("traffic", "v3=0.01"), ("traffic", "v1=0.5", "v3=0.5"), ("rollback",)],
    ids=" ".join,
)
def test_p2_no_command_gives_traffic_to_a_version_that_a_gate_refused(
    words: tuple[str, ...], refused: Project
) -> None:
    said = refused.mooring(*words)
    assert said.code == 1, said
    assert refused.shares() == {"rides/1": 1.0}
    assert "Traceback" not in said.err


def permit(project: Project, what: str) -> None:
    """Writes who may override into the project's file."""
    file = project.root / "mooring.toml"
    project.write("mooring.toml", f"{file.read_text()}\n[permissions]\noverride = {what}\n")


@pytest.mark.parametrize("withheld", ["false", "[]", '["somebody-else"]'])
def test_p2_the_file_can_withhold_the_override(withheld: str, refused: Project) -> None:
    permit(refused, withheld)
    words = ("override", "v3", "--because", "I must", "--until", "2100-01-01")
    said = refused.mooring(*words)
    assert said.code == 1
    assert "may not override a gate in this project" in said.err
    assert f"where: [permissions] override = {withheld}" in said.err
    assert refused.child(*words, LOGNAME="somebody-else", USER="somebody-else").code == 1
    said = refused.child(*words, MOORING_PERMISSIONS__OVERRIDE="true")
    assert said.code == 2
    assert "permissions stand only in mooring.toml" in said.err
    with refused.catalog() as tx:
        assert [v.outcome for v in queries.verdicts(tx, f"{NAME}/3")] == ["fail"]


def test_p2_an_override_names_the_account_and_not_a_variable(refused: Project) -> None:
    permit(refused, f'["{ME}"]')
    words = ("override", "v3", "--because", "a launch", "--until", "2100-01-01")
    assert refused.child(*words, LOGNAME="eve", USER="eve").code == 0
    with refused.catalog() as tx:
        assert queries.verdicts(tx, f"{NAME}/3")[-1].by == ME
    assert refused.mooring("override", "v3", "--because", " ", "--until", "2100-01-01").code == 2
    assert refused.mooring("override", "v3", "--because", "x", "--until", "2020-01-01").code == 2


def test_p2_an_override_is_shown_wherever_the_version_is(two_versions: Project) -> None:
    assert two_versions.mooring("promote", "v2").code == 0
    words = f"override by {ME} until 2100-01-01 00:00 UTC: a trial"
    for verb in ("status", "lineage"):
        assert words in " ".join(two_versions.mooring(verb).out.split()), verb
    pool = new_pool()
    with serving(two_versions) as server:
        answer = server.ask(pool)
        assert answer.body["overrides"] == {
            "rides/2": {
                "by": ME,
                "because": "a trial",
                "until": "2100-01-01T00:00:00Z",
            }
        }
        version = pool.request("GET", f"{server.url}/version")
        assert version.headers["X-Mooring-Override"].startswith("rides/2; by=")
        ready = pool.request("GET", f"{server.url}/readyz").json()
        assert ready["arms"][0]["override"]["because"] == "a trial"
    start = (now() - timedelta(hours=1)).isoformat()
    said = two_versions.mooring("monitor", "--from", start)
    assert words in " ".join(said.out.split())
    page = (two_versions.root / ".mooring" / "report.html").read_text()
    assert words in page
    found = json.loads(two_versions.mooring("monitor", "--from", start, "--json").out)
    assert [window["override"] for window in found["windows"]] == [words]


def test_p2_an_override_expires_under_load_and_drops_nobody(refused: Project) -> None:
    with serving(refused) as server, load_on(server, callers=2, pause=0.02) as load:
        load.reaches(5)
        until = serve_for(refused, "3", 6)
        while load.answers[-1].version != "rides/3":
            assert now() < until, "the server does not follow"
            time.sleep(0.02)
        wait_until(until + timedelta(seconds=1))
        load.reaches(len(load.answers) + 10)
        late = load.answers[-1]
    assert not load.errors
    assert {answer.status for answer in load.answers} == {200}
    assert (late.version, late.body.get("overrides")) == ("rides/1", None)
    assert refused.shares() == {"rides/1": 1.0}
    with refused.catalog() as tx:
        newest = queries.revisions(tx, NAME)[-1]
        (alert,) = queries.alerts(tx, NAME, 9)
    assert (newest.by, newest.action) == ("mooring", "rollback")
    assert "has expired" in newest.because
    assert alert.rule == "override-expired"
    every_arm_holds(refused)


@pytest.mark.parametrize("words", [("watch", "--once"), ("monitor",), ("promote", "v1")])
def test_p2_an_expired_override_is_recorded_without_a_server_too(
    words: tuple[str, ...], expired: Project, tmp_path: Path
) -> None:
    project = copy_of(expired, tmp_path / "rides")
    assert "(EXPIRED)" in " ".join(project.mooring("status").out.split())
    project.mooring(*words)
    with project.catalog() as tx:
        recorded = [r for r in queries.revisions(tx, NAME) if r.by == "mooring"]
    assert [revision.action for revision in recorded] == ["rollback"]
    assert project.shares() == {"rides/1": 1.0}
    every_arm_holds(project)


CHANGES: dict[str, tuple[str, ...]] = {
    "override": ("override", "v3", "--because", "again", "--until", "2100-01-01"),
    "promote": ("promote", "v2"),
    "expiry": ("promote", "v1"),
}
"""The first word of each is what is swept; the last records an expiry before it promotes."""


@pytest.mark.parametrize("change", CHANGES)
def test_rel_02_a_change_of_traffic_killed_around_its_commit_is_whole_or_not_there(
    change: str, expired: Project, overridden: Project, tmp_path: Path
) -> None:
    if not can_trace():
        pytest.skip("strace is missing, or may not trace here")
    template = overridden if change == "promote" else expired
    words = CHANGES[change]
    ended = copy_of(template, tmp_path / "ended")
    commits = commits_of(calls_of(ended, *words))
    assert len(commits) == (2 if change == "expiry" else 1)
    calls = [call for commit in commits for call in commit]
    before, after = template.shares(), ended.shares()
    seen = set()
    for call in calls:
        project = copy_of(template, tmp_path / f"{call.name}-{call.number}")
        assert kill_at_call(project, call, *words).code == -signal.SIGKILL
        every_arm_holds(project)
        assert project.shares() in (before, after)
        seen.add(len(_verdicts(project)))
        assert project.mooring(*words).code == 0
        assert project.shares() == after
        every_arm_holds(project)
    assert seen <= {len(_verdicts(template)), len(_verdicts(ended))}


def _verdicts(project: Project) -> list[str]:
    with project.catalog() as tx:
        found = queries.latest_versions(tx, NAME, 9)
        return [verdict.id for one in found for verdict in queries.verdicts(tx, one.id)]


def test_of_promotions_that_race_each_is_whole_and_the_last_one_serves(
    two_versions: Project,
) -> None:
    racing = [two_versions.start("promote", f"v{1 + turn % 2}") for turn in range(4)]
    ended = [process.communicate(timeout=60) for process in racing]
    assert [process.returncode for process in racing] == [0] * 4, ended
    every_arm_holds(two_versions)
    with two_versions.catalog() as tx:
        assert len(queries.revisions(tx, NAME)) == 5
    with serving(two_versions) as server:
        assert {server.ask(new_pool()).version} == set(two_versions.shares())


def test_a_promotion_between_judging_and_deploying_wins_over_the_run(
    two_versions: Project,
) -> None:
    """The verdict is about the champion of then, so the run does not deploy over the new one."""
    two_versions.change("mooring.toml", "alpha = 60.0", STRONG)
    settings = settings_of(str(two_versions.root))

    def meanwhile(step: str, _number: int, _of: int) -> None:
        if step == "deploy":
            assert two_versions.mooring("promote", "v2").code == 0

    with (
        open_project(settings) as context,
        pytest.raises(CatalogError, match="champion changed while this candidate was judged"),
    ):
        run_pipeline(context, Reason("by hand", "a race"), meanwhile)
    assert two_versions.shares() == {"rides/2": 1.0}
    every_arm_holds(two_versions)


def test_a_promotion_at_the_very_moment_of_deploying_leaves_one_of_the_two(
    improved: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the run's reading and its writing; the database takes only one of the revisions."""
    settings = settings_of(str(improved.root))
    with open_project(settings) as context:
        write: Callable[[Catalog], AbstractContextManager[Transaction]] = Catalog.write

        def late(catalog: Catalog) -> AbstractContextManager[Transaction]:
            if _step_under_way(improved) == "deploy":
                monkeypatch.undo()
                assert improved.mooring("promote", "v1").code == 0
            return write(catalog)

        monkeypatch.setattr(Catalog, "write", late)
        with pytest.raises(CatalogError, match="another revision of the traffic"):
            run_pipeline(context, Reason("by hand", "a race"))
    assert improved.shares() == {"rides/1": 1.0}
    every_arm_holds(improved)


def _step_under_way(project: Project) -> str:
    with project.catalog() as tx:
        steps = [
            one.step for one in queries.step_results(tx, queries.latest_runs(tx, NAME, 1)[0].id)
        ]
    return "deploy" if steps and steps[-1] == "register" else ""


def test_p2_a_restored_old_catalog_takes_back_nothing_by_itself(
    two_versions: Project, tmp_path: Path
) -> None:
    """v2 served, and was taken back; the backup from before is put under the same project."""
    catalog = two_versions.root / ".mooring" / "catalog.db"
    assert two_versions.mooring("promote", "v2").code == 0
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(catalog)) as live, closing(sqlite3.connect(backup)) as kept:
        live.backup(kept)
    assert two_versions.mooring("rollback", "--because", "v2 was harmful").code == 0
    with serving(two_versions) as server:
        assert server.ask(new_pool()).version == "rides/1"
    for file in catalog.parent.glob("catalog.db*"):
        file.unlink()
    backup.rename(catalog)
    pool = new_pool()
    with serving(two_versions) as server:
        assert server.ask(pool).status == 503
        detail = pool.request("GET", f"{server.url}/readyz").json()["detail"]
        assert "it is older than that, such as a restored backup" in detail
        assert two_versions.mooring("promote", "v1", "--because", "after the restore").code == 0
        deadline = time.monotonic() + 5
        while server.ask(pool).status == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert server.ask(pool).version == "rides/1"
