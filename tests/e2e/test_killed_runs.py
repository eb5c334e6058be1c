"""P9: a run that is killed anywhere leaves nothing half done, and goes on or is marked."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.catalog import queries
from mooring.lineage.values import ModelVersion, StepResult, Verdict
from tests.e2e.conftest import copy_of
from tests.e2e.killing import (
    COMMITS,
    STEPS,
    Call,
    Place,
    calls_of_a_run,
    can_trace,
    commits_of,
    find_call,
    kill_at_call,
    kill_near,
)
from tests.e2e.project import NAME, STRONG, WEAK, Project

pytestmark = pytest.mark.e2e

PLACES = (
    *(Place("before", what) for what in ("start", "validate", "register", "deploy", "end")),
    *(Place("after", what) for what in ("start", "features", "judge", "register", "deploy")),
    Place("inside", "rename .mooring/runs/"),  # train: the model kept for a resumption
    Place("inside", "fsync golden.json"),  # register: a part of the model version
    Place("inside", "rename .mooring/artifacts/.unfinished"),  # register: the whole of it
)
HOOKS = """
import os
import signal
import time
from pathlib import Path


def train(X, y, params):
    if os.environ.get("DIE"):
        os.kill(os.getpid(), signal.SIGKILL)
    if os.environ.get("WAIT"):
        Path("training").touch()
        while not Path("go").exists():
            time.sleep(0.01)
    return fit(X, y, params)
"""


@pytest.fixture(scope="module")
def calls(template: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Call, ...]:
    """What a run that gets to its end writes, in order; nothing where strace cannot say."""
    project = copy_of(template, tmp_path_factory.mktemp("traced") / "rides")
    project.change("mooring.toml", WEAK, STRONG)
    return calls_of_a_run(project) if can_trace() else ()


@pytest.fixture(scope="module")
def killed(template: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose second run was killed while it trained; never changed."""
    project = copy_of(template, tmp_path_factory.mktemp("killed") / "rides")
    with_hooks(project)
    assert project.child("run", DIE="1").code == -signal.SIGKILL
    return project


@pytest.fixture
def interrupted(killed: Project, tmp_path: Path) -> Project:
    """A copy of the project whose second run was killed while it trained."""
    return copy_of(killed, tmp_path / "interrupted")


def with_hooks(project: Project) -> None:
    """Lets the environment say that training dies or waits; the code stays the same."""
    project.change("mooring.toml", WEAK, STRONG)
    project.change("pipeline.py", "def train(", "def fit(")
    project.write("pipeline.py", (project.root / "pipeline.py").read_text() + HOOKS)


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_p9_a_run_killed_anywhere_leaves_nothing_half_done(
    place: Place, calls: tuple[Call, ...], improved: Project, tmp_path: Path
) -> None:
    if calls:
        said = kill_at_call(improved, find_call(calls, place))
        assert said.code == -signal.SIGKILL, said.err
    else:
        kill_near(improved, place)
    nothing_is_half_done(improved)
    resumed = copy_of(improved, tmp_path / "resumed")
    the_next_run_completes(improved)
    the_killed_run_goes_on(resumed)


def the_next_run_completes(project: Project) -> None:
    left, deployed = killed_run(project), "rides/2" in project.shares()
    said = project.mooring("run")
    assert said.code == (1 if deployed else 0), said.err  # once deployed, the same is no gain
    if left is not None:
        ended = "succeeded" if deployed else "crashed"
        assert project.events(left) == ["started", ended]
    assert list(project.shares().values()) == [1.0]
    assert "rides/1" not in project.shares()
    nothing_is_half_done(project)
    assert not list((project.root / ".mooring" / "artifacts").glob(".unfinished-*"))
    with project.catalog() as tx:
        assert not queries.unfinished_runs(tx, NAME)


def the_killed_run_goes_on(project: Project) -> None:
    left, deployed = killed_run(project), "rides/2" in project.shares()
    if left is None:
        assert project.mooring("run", "--resume", "01a2").code == 2
        return
    before = steps_of(project, left)
    said = project.mooring("run", "--resume", left)
    assert said.code == (1 if deployed else 0), said.err
    assert project.shares() == {"rides/2": 1.0}
    steps = steps_of(project, left)
    assert {**steps, **before} == steps
    assert [*steps] == [*STEPS]
    nothing_is_half_done(project)
    with project.catalog() as tx:
        versions = [v for v in queries.latest_versions(tx, NAME, 9) if v.run == left]
        gates = [verdict.gate for verdict in queries.verdicts_of_run(tx, left)]
    assert len(versions) == 1
    assert gates == ["data", "model"]
    resumed = ["started", "crashed", "resumed", "succeeded"]
    assert project.events(left) == (["started", "succeeded"] if deployed else resumed)
    assert deployed or not (project.root / ".mooring" / "runs" / left).exists()


def nothing_is_half_done(project: Project) -> None:
    """Every revision is whole, allowed by a verdict, and made of versions that can be read."""
    with closing(sqlite3.connect(project.root / ".mooring" / "catalog.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert not connection.execute("PRAGMA foreign_key_check").fetchall()
    store = ArtifactStore(project.root / ".mooring" / "artifacts")
    with project.catalog() as tx:
        for version in queries.latest_versions(tx, NAME, 9):
            store.read(version.artifact)
            assert [v.gate for v in queries.verdicts(tx, version.id)] == ["model"]
        for revision in queries.revisions(tx, NAME):
            arms = queries.arms_of(tx, revision.id)
            assert [arm.weight for arm in arms] == [1.0]
            verdict = queries.get(tx, Verdict, arms[0].verdict)
            assert (verdict.model_version, verdict.outcome) == (arms[0].model_version, "pass")
            queries.get(tx, ModelVersion, arms[0].model_version)


def killed_run(project: Project) -> str | None:
    """The run after the one that made v1, if it came to be."""
    with project.catalog() as tx:
        runs = queries.latest_runs(tx, NAME, 9)
    return runs[0].id if len(runs) == 2 else None


def steps_of(project: Project, run: str) -> dict[str, StepResult]:
    with project.catalog() as tx:
        return {result.step: result for result in queries.step_results(tx, run)}


def test_every_transaction_of_a_run_is_a_place_to_be_killed_at(calls: tuple[Call, ...]) -> None:
    if not calls:
        pytest.skip("strace is missing, or may not trace here")
    assert len(commits_of(calls)) == len(COMMITS)


def test_c3_a_killed_run_goes_on_in_a_process_of_its_own(interrupted: Project) -> None:
    run = interrupted.latest_run().id
    assert [*steps_of(interrupted, run)] == ["extract", "validate", "features"]
    said = interrupted.child("run", "--resume", run)
    assert said.code == 0, said.err
    assert "rides v2 is the champion" in said.out


def _more_rows(project: Project) -> None:
    data = project.root / "data.csv"
    data.write_text(data.read_text() + "2026-03-01T00:00:00.000000,0.5,0.5,35.0\n")


CHANGES: dict[str, tuple[Callable[[Project], None], str]] = {
    "data": (_more_rows, "the data changed since"),
    "code": (lambda p: p.change("pipeline.py", "np.eye", "1.0 * np.eye"), "the code changed since"),
    "params": (lambda p: p.change("mooring.toml", STRONG, "alpha = 0.02"), "[params]"),
    "gate": (
        lambda p: p.write(
            "mooring.toml",
            (p.root / "mooring.toml").read_text() + "\n[gates.model]\nworthwhile = 0.0\n",
        ),
        "[gates]",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_p1_a_run_does_not_go_on_with_what_it_did_not_start_with(
    what: str, interrupted: Project
) -> None:
    change, names = CHANGES[what]
    run = interrupted.latest_run().id
    change(interrupted)
    said = interrupted.mooring("run", "--resume", run)
    assert said.code == 1
    assert names in said.err
    assert "fix:   start a new run: mooring run" in said.err
    assert interrupted.shares() == {"rides/1": 1.0}
    assert interrupted.mooring("run").code == 0


def test_a_run_that_ended_does_not_go_on(trained: Project) -> None:
    succeeded = trained.latest_run().id
    assert trained.mooring("run").code == 1
    rejected = trained.latest_run().id
    for run, ended in ((succeeded, "succeeded"), (rejected, "rejected")):
        said = trained.mooring("run", "--resume", run)
        assert said.code == 1
        assert f"run {run} has ended: {ended}" in said.err
    assert trained.events(succeeded) == ["started", "succeeded"]


@contextmanager
def training(project: Project) -> Iterator[tuple[int, Callable[[int], tuple[int, str]]]]:
    """A run that waits in its training; its process, and a way to signal it and to see it end."""
    with project.start("run", WAIT="1") as process:

        def end(number: int) -> tuple[int, str]:
            process.send_signal(number)
            _, err = process.communicate(timeout=30)
            return process.returncode, err

        try:
            wait_for(project.root / "training")
            yield process.pid, end
        finally:
            (project.root / "go").touch()
            process.communicate(timeout=30)


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} did not come"
        time.sleep(0.01)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C reaches children even where this process was started to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_fd_31_a_run_that_is_stopped_is_marked_failed_and_may_go_on(
    number: signal.Signals, trained: Project
) -> None:
    with_hooks(trained)
    with training(trained) as (_, end):
        code, err = end(number)
    assert code == 130
    assert "stopped" in err
    assert "Traceback" not in err
    run = trained.latest_run().id
    assert trained.events(run) == ["started", "failed"]
    assert trained.shares() == {"rides/1": 1.0}
    assert trained.mooring("run", "--resume", run).code == 0
    assert trained.shares() == {"rides/2": 1.0}


def test_a_second_run_beside_the_first_is_refused_and_names_it(trained: Project) -> None:
    with_hooks(trained)
    with training(trained) as (process, _):
        said = trained.mooring("run")
        assert said.code == 1
        assert "another run of this project is under way" in said.err
        assert f"process {process} holds" in said.err
        assert trained.events(trained.latest_run().id) == ["started"]
    assert trained.events(trained.latest_run().id) == ["started", "succeeded"]
    assert trained.shares() == {"rides/2": 1.0}
