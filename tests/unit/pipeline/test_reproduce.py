"""What two trainings came to, judged; and the parts of putting one together again."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mooring.errors import RunError
from mooring.lineage import git
from mooring.lineage.answers import Answers
from mooring.lineage.environment import differences
from mooring.lineage.values import Environment
from mooring.pipeline.reproduce.child import compare
from mooring.pipeline.reproduce.judging import judge
from mooring.pipeline.reproduce.order import Compared, Trained
from mooring.pipeline.reproduce.placing import place_environment

AT = datetime(2026, 3, 1, tzinfo=UTC)
WAS = {"holdout": {"mae": 10.0, "r2": 0.5}}
SAME = Compared(rows=80, beyond=0, largest=1e-9)
OTHER = Compared(rows=80, beyond=3, largest=0.25)


def trained(
    mae: float = 10.0, predictions: Compared | None = SAME, artifact: str = "sha256:b"
) -> Trained:
    """A training that came to another artifact than the version's."""
    metrics = {"holdout": {"mae": mae, "r2": 0.5}}
    return Trained(
        artifact=artifact, parts=("model.skops",), metrics=metrics, predictions=predictions
    )


def test_equal_bytes_need_no_other_look() -> None:
    found = judge("sha256:b", WAS, trained(), None, 1e-6)
    assert (found.outcome, found.reasons[0][:13]) == ("same", "byte for byte")


def test_other_bytes_with_the_same_answers_are_the_same_and_it_is_said_where() -> None:
    found = judge("sha256:a", WAS, trained(mae=10.0 + 1e-8), trained(), 1e-6)
    assert found.outcome == "same"
    assert "the bytes differ in model.skops" in found.reasons


def test_a_metric_that_moved_differs_though_the_answers_do_not_say_so() -> None:
    found = judge("sha256:a", WAS, trained(mae=10.1), None, 1e-6)
    assert found.outcome == "differs"
    assert found.reasons[0] == "holdout mae was 10, is 10.1 (+0.1)"


@pytest.mark.parametrize("mae", [float("nan"), float("inf")])
def test_a_metric_that_is_no_number_is_never_the_same(mae: float) -> None:
    assert judge("sha256:a", WAS, trained(mae=mae), None, 1e-6).outcome == "differs"
    assert judge("sha256:a", {"holdout": {"mae": mae}}, trained(), None, 1e-6).outcome == "differs"


def test_a_metric_that_only_one_side_has_differs() -> None:
    assert judge("sha256:a", {}, trained(), None, 1e-6).outcome == "differs"


def test_without_answers_to_compare_equal_metrics_do_not_suffice() -> None:
    assert judge("sha256:a", WAS, trained(predictions=None), None, 1e-6).outcome == "cannot_tell"


def test_nothing_to_train_on_cannot_tell() -> None:
    found = judge("sha256:a", WAS, Trained(missing="the rows are gone"), None, 1e-6)
    assert (found.outcome, found.reasons) == ("cannot_tell", ("the rows are gone",))


def test_fd_29_a_training_that_differs_from_itself_is_told_from_a_world_that_changed() -> None:
    itself = judge("sha256:a", WAS, trained(predictions=OTHER), trained(predictions=OTHER), 1e-6)
    world = judge("sha256:a", WAS, trained(predictions=OTHER), trained(), 1e-6)
    assert itself.outcome == world.outcome == "differs"
    assert "training differs from itself" in itself.reasons[-1]
    assert "params['seed']" in itself.reasons[-1]
    assert "something beyond what is recorded has changed" in world.reasons[-1]


def test_answers_are_compared_row_by_row_and_missing_equals_missing() -> None:
    one, two = np.array([1.0, 2.0, np.nan]), np.array([1.0, 2.5, np.nan])
    assert compare(Answers(one), Answers(two), 1e-6) == Compared(rows=3, beyond=1, largest=0.5)
    gone = compare(Answers(one), Answers(np.array([1.0, np.nan, np.nan])), 1e-6)
    assert gone.beyond == 1
    labels = Answers(np.array(["a", "b"])), Answers(np.array(["a", "c"]))
    assert compare(*labels, 1e-6) == Compared(rows=2, beyond=1, largest=None)


def test_a_probability_that_moved_counts_though_the_label_stays() -> None:
    label = np.array(["a"])
    one = Answers(label, np.array([[0.6, 0.4]]), ("a", "b"))
    two = Answers(label, np.array([[0.7, 0.3]]), ("a", "b"))
    found = compare(one, two, 1e-6)
    assert found.beyond == 1
    assert found.largest == pytest.approx(0.1)
    assert compare(one, Answers(label), 1e-6).beyond == 1, "and so does one that is not there"


def environment(python: str = "CPython 3.11.7", **packages: str) -> Environment:
    return Environment("e", python, "linux-x86_64", packages, AT)


def test_what_differs_between_environments_is_named() -> None:
    odd = differences(environment(polars="1.8", old="1"), environment(polars="1.9", new="2"))
    assert odd == ("new is 2, was not there", "old is missing, was 1", "polars is 1.9, was 1.8")
    assert differences(environment(), environment("CPython 3.12.1")) == (
        "Python is CPython 3.12.1, was CPython 3.11.7",
    )
    assert not differences(environment(polars="1"), environment(polars="1"))


@pytest.mark.parametrize("name", ["--index-url", "-r", "a b", "a;b", ""])
def test_sec_50_a_name_that_is_no_package_is_not_handed_to_uv(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent))
    recorded = environment(**{name: "1"})
    with pytest.raises(RunError, match="names what is no package"):
        place_environment(recorded, environment(), tmp_path, here=False, say=lambda _: None)
    assert not (tmp_path / "called").exists()


def test_a_commit_is_written_out_without_touching_the_repository(tmp_path: Path) -> None:
    root, into = tmp_path / "repository", tmp_path / "into"
    root.mkdir()
    into.mkdir()

    def run(*words: str) -> str:
        who = ("-c", "user.name=ana", "-c", "user.email=ana@example.org")
        program = shutil.which("git")
        assert program is not None
        command = [program, "-C", str(root), *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    run("init", "-q")
    (root / "a").mkdir()
    (root / "a" / "x.py").write_text("first\n")
    run("add", "-A")
    run("commit", "-qm", "first")
    commit = run("rev-parse", "HEAD").strip()
    (root / "a" / "x.py").write_text("second\n")
    run("add", "-A")
    (root / "b.py").write_text("loose\n")
    before = run("status", "--porcelain=v2", "--branch"), run("diff", "--cached")
    patch = git.patch_of(root)
    assert git.export(root, commit, into)
    assert (into / "a" / "x.py").read_text() == "first\n"
    assert not (into / "b.py").exists()
    assert (run("status", "--porcelain=v2", "--branch"), run("diff", "--cached")) == before
    assert patch is not None
    (tmp_path / "patch").write_bytes(patch.data)
    assert git.apply(into, tmp_path / "patch")
    assert (into / "a" / "x.py").read_text() == "second\n"
    assert not git.export(root, "0" * 40, into)
    assert not git.apply(into, tmp_path / "patch"), "it does not fit twice"
