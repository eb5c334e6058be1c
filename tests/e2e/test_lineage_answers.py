"""P1: what data and what code made the model that has this share of the traffic?"""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.blobs import BlobStore
from mooring.lineage.catalog import queries
from mooring.lineage.digest import digest_table
from mooring.lineage.loading import load_version
from mooring.lineage.values import CodeVersion
from mooring.reading.tables import read_table
from tests.e2e.project import ME, NAME, STRONG, WEAK, Project

pytestmark = pytest.mark.e2e

ROWS = {"source": (0, 400), "training": (0, 280), "validation": (280, 320), "holdout": (320, 400)}
"""Which rows of the data each role has: a tenth of all validates, the newest fifth judges."""
HELPER = """
import polars as pl


def inputs():
    return [pl.col("temp", "hum").cast(pl.Float64)]
"""


@pytest.fixture
def divided(two_versions: Project) -> Project:
    """A project whose v2 has 40 % of the traffic."""
    assert two_versions.mooring("traffic", "v2=0.4", "--because", "a trial").code == 0
    return two_versions


def answer(project: Project, *words: str) -> Any:
    said = project.mooring("lineage", "--json", *words)
    assert said.code == 0, said.err
    return json.loads(said.out)


def arms(project: Project, *words: str) -> dict[str, Any]:
    (deployment,) = answer(project, *words)["deployments"]
    assert deployment["name"] == NAME
    return {arm["model_version"]: arm for arm in deployment["arms"]}


def test_p1_the_answer_names_data_code_metrics_and_verdicts(divided: Project) -> None:
    found = arms(divided)
    assert {name: arm["weight"] for name, arm in found.items()} == {"rides/1": 0.6, "rides/2": 0.4}
    assert [arm["role"] for arm in found.values()] == ["champion", "challenger"]
    frame = read_table("data.csv", divided.root)
    for arm in found.values():
        promised = {"model_version", "weight", "run", "code", "data", "metrics", "verdicts"}
        assert promised <= arm.keys()
        digests = {used["role"]: used["digest"] for used in arm["data"]}
        assert digests == {
            role: digest_table(frame[first:last]).digest for role, (first, last) in ROWS.items()
        }
        assert {used["dataset"] for used in arm["data"]} == {"data.csv"}
    outcomes = [
        [(verdict["gate"], verdict["outcome"]) for verdict in arm["verdicts"]]
        for arm in found.values()
    ]
    assert outcomes[0] == [("data", "pass"), ("model", "pass")]
    assert outcomes[1] == [("data", "pass"), ("model", "fail"), ("override", "override")]
    assert found["rides/2"]["verdicts"][1]["opponent"] == "rides/1"
    assert found["rides/2"]["params"] == {"alpha": 60.0}


def test_p1_the_metrics_are_those_of_the_holdout_rows(divided: Project) -> None:
    holdout = read_table("data.csv", divided.root)[320:]
    for arm in arms(divided).values():
        store = ArtifactStore(divided.root / ".mooring" / "artifacts")
        said = load_version(store, arm["artifact"]).answers(holdout.drop("cnt")).predictions
        error = np.abs(said - holdout["cnt"].to_numpy()).mean()
        assert arm["metrics"]["holdout"]["mae"] == pytest.approx(float(error))


def test_p1_the_answer_is_as_of_any_instant(divided: Project) -> None:
    (now,) = answer(divided)["deployments"]
    changed = datetime.fromisoformat(now["since"])
    before = (changed - timedelta(microseconds=1)).isoformat()
    assert {n: a["weight"] for n, a in arms(divided, "--at", before).items()} == {"rides/1": 1.0}
    assert arms(divided, "--at", now["since"]).keys() == {"rides/1", "rides/2"}
    assert answer(divided, "--at", "2020-01-01")["deployments"] == []


def test_p1_a_dataset_names_what_was_made_of_it_and_where_that_serves(divided: Project) -> None:
    (used,) = [d for d in arms(divided)["rides/1"]["data"] if d["role"] == "holdout"]
    for beginning in (used["digest"], used["digest"][:12], used["digest"].partition(":")[2][:8]):
        found = answer(divided, "--dataset", beginning)
        assert (found["dataset"], found["rows"]) == (used["digest"], 80)
        assert [use["role"] for use in found["used_by"]] == ["holdout", "holdout"]
        serving = {use["model_version"]: use["serving"] for use in found["used_by"]}
        assert serving["rides/1"] == {"deployment": NAME, "weight": 0.6, "role": "champion"}
        assert serving["rides/2"] == {"deployment": NAME, "weight": 0.4, "role": "challenger"}
    assert divided.mooring("lineage", "--dataset", "t1:0000").code == 2


def test_a_person_reads_the_same(divided: Project) -> None:
    said = divided.mooring("lineage").out
    for text in ("60.0%  rides/1  (champion)", "40.0%  rides/2  (challenger)", "because a trial"):
        assert text in said
    assert f"override gate: override by {ME} until 2100-01-01" in said
    for used in arms(divided)["rides/2"]["data"]:
        assert used["digest"][:19] in said


@pytest.fixture
def committed(fresh: Project) -> Project:
    """A project in a Git repository, all of it committed; it has not run yet."""
    if shutil.which("git") is None:
        pytest.skip("there is no git")
    git(fresh, "init", "--quiet", "--initial-branch", "main")
    commit(fresh)
    return fresh


def git(project: Project, *words: str) -> str:
    command = shutil.which("git")
    assert command
    who = (
        "-c",
        "user.name=a test",
        "-c",
        "user.email=test@localhost",
        "-c",
        "commit.gpgsign=false",
    )
    done = subprocess.run(
        [command, "-C", str(project.root), *who, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(project: Project) -> None:
    git(project, "add", "pipeline.py", "mooring.toml")
    git(project, "commit", "--quiet", "--message", "a state")


def code_of_a_run(project: Project) -> CodeVersion:
    """Runs, and gives the code version of what then serves."""
    said = project.mooring("run")
    assert said.code == 0, said.err
    (arm,) = arms(project).values()
    with project.catalog() as tx:
        code = queries.get(tx, CodeVersion, arm["code"]["digest"])
    assert arm["code"] == {"digest": code.digest, "commit": code.commit, "dirty": code.dirty}
    return code


def kept(project: Project, digest: str) -> str:
    return BlobStore(project.root / ".mooring" / "artifacts" / "blobs").get(digest).decode()


def test_a_clean_tree_is_its_commit(committed: Project) -> None:
    code = code_of_a_run(committed)
    assert (code.commit, code.branch) == (git(committed, "rev-parse", "HEAD"), "main")
    assert (code.dirty, code.patch, code.files) == (False, None, {})


def test_a_dirty_tree_is_its_commit_and_the_patch(committed: Project) -> None:
    committed.change("pipeline.py", "without a library", "by hand")
    code = code_of_a_run(committed)
    assert code.commit == git(committed, "rev-parse", "HEAD")
    assert code.dirty
    assert code.patch is not None
    assert '+"""Least squares by hand' in kept(committed, code.patch)
    assert "+ uncommitted changes" in committed.mooring("lineage").out


def test_a_detached_head_is_its_commit(committed: Project) -> None:
    first = git(committed, "rev-parse", "HEAD")
    committed.change("mooring.toml", WEAK, STRONG)
    commit(committed)
    git(committed, "checkout", "--quiet", "--detach", "HEAD~1")
    code = code_of_a_run(committed)
    assert (code.commit, code.branch, code.dirty) == (first, None, False)


def test_without_git_the_code_is_the_imported_files(fresh: Project) -> None:
    code = code_of_a_run(fresh)
    assert (code.commit, code.branch, code.dirty, code.patch) == (None, None, False, None)
    assert [*code.files] == ["pipeline.py"]
    text = kept(fresh, code.files["pipeline.py"])
    assert text == (fresh.root / "pipeline.py").read_text()


def test_p8_an_untracked_helper_is_captured_and_travels_with_the_model(committed: Project) -> None:
    committed.write("helpers.py", HELPER)
    committed.write("unused.py", "raise RuntimeError\n")
    committed.change("pipeline.py", 'frame.select(pl.col("temp", "hum").cast(pl.Float64))', SELECT)
    committed.change("pipeline.py", "import polars as pl", "from helpers import inputs")
    commit(committed)
    code = code_of_a_run(committed)
    assert code.dirty
    assert [*code.files] == ["helpers.py"]
    assert kept(committed, code.files["helpers.py"]) == HELPER

    (committed.root / "helpers.py").unlink()
    (arm,) = arms(committed).values()
    store = ArtifactStore(committed.root / ".mooring" / "artifacts")
    version = load_version(store, arm["artifact"])  # its golden rows answer as they did
    assert version.parts["code/helpers.py"].decode() == HELPER

    committed.write("helpers.py", HELPER + "# another helper\n")
    committed.change("mooring.toml", WEAK, STRONG)
    assert code_of_a_run(committed).files != code.files


SELECT = "frame.select(inputs())"
