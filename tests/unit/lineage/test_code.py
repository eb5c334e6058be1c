from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mooring.lineage import git
from mooring.lineage.code import capture_code
from mooring.lineage.values import CodeVersion

AT = datetime(2026, 3, 1, tzinfo=UTC)
SOURCE = {"pipeline.py": b"x = 1\n"}


def run(folder: Path, *words: str) -> None:
    name = ("-c", "user.name=n", "-c", "user.email=e@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *name, *words], check=True, capture_output=True)  # noqa: S607


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, {**SOURCE, "notes.txt": b"one\n"})
    run(tmp_path, "add", ".")
    run(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def capture(
    root: Path, files: dict[str, bytes] | None = None
) -> tuple[CodeVersion, dict[str, bytes]]:
    return capture_code(root, files or SOURCE, AT)


def test_p1_a_clean_tree_is_its_commit(repository: Path) -> None:
    code, blobs = capture(repository)
    assert code.commit is not None
    assert len(code.commit) == 40
    assert (code.branch, code.dirty, code.patch, code.files, blobs) == ("main", False, None, {}, {})


def test_p1_a_dirty_tree_is_captured_as_a_patch_that_git_can_apply(repository: Path) -> None:
    write(repository, {"pipeline.py": b"x = 2\n", "staged.bin": bytes(range(256))})
    run(repository, "add", "staged.bin")
    code, blobs = capture(repository, {"pipeline.py": b"x = 2\n"})
    assert code.dirty
    assert code.files == {}
    run(repository, "reset", "-q", "--hard")
    (repository.parent / "p.diff").write_bytes(blobs["patch.diff"])
    run(repository, "apply", str(repository.parent / "p.diff"))
    assert (repository / "pipeline.py").read_bytes() == b"x = 2\n"
    assert (repository / "staged.bin").read_bytes() == bytes(range(256))


def test_p1_imported_files_that_git_does_not_keep_are_captured(repository: Path) -> None:
    files = {**SOURCE, "helpers.py": b"y = 1\n", "ignored.py": b"z = 1\n"}
    write(repository, {**files, ".gitignore": b"ignored.py\n"})
    code, blobs = capture(repository, files)
    assert set(code.files) == {"helpers.py", "ignored.py"}
    assert blobs["files/helpers.py"] == b"y = 1\n"
    assert code.dirty


def test_p1_a_detached_head_has_a_commit_and_no_branch(repository: Path) -> None:
    run(repository, "checkout", "-q", "--detach")
    code, _ = capture(repository)
    assert code.commit
    assert code.branch is None


def test_p1_a_repository_without_a_commit_gives_all_imported_files(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, SOURCE)
    run(tmp_path, "add", ".")
    code, blobs = capture(tmp_path)
    assert (code.commit, code.branch, code.patch) == (None, "main", None)
    assert blobs == {"files/pipeline.py": b"x = 1\n"}


def test_p1_no_repository_gives_all_imported_files(tmp_path: Path) -> None:
    code, blobs = capture(tmp_path)
    assert (code.commit, code.branch, code.dirty) == (None, None, False)
    assert set(blobs) == {"files/pipeline.py"}


def test_p1_no_git_gives_all_imported_files(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    code, _ = capture(repository)
    assert code.commit is None
    assert set(code.files) == {"pipeline.py"}


def test_a_project_below_the_repository_has_the_changes_of_all_of_it(repository: Path) -> None:
    project = repository / "models" / "bikes"
    write(project, SOURCE)
    run(repository, "add", ".")
    run(repository, "commit", "-q", "-m", "second")
    write(repository, {"notes.txt": b"two\n"})
    write(project, {"helpers.py": b"y = 1\n"})
    code, blobs = capture(project, {**SOURCE, "helpers.py": b"y = 1\n"})
    assert set(code.files) == {"helpers.py"}
    assert b"a/notes.txt" in blobs["patch.diff"]


def test_inside_a_git_hook_the_project_is_asked_about_not_the_hooks_repository(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = capture(repository)[0].commit
    monkeypatch.setenv("GIT_DIR", str(repository.parent / "elsewhere"))
    assert capture(repository)[0].commit == commit


def test_settings_of_the_user_do_not_change_the_patch(repository: Path) -> None:
    write(repository, {"notes.txt": b"two\n"})
    before, _ = capture(repository)
    for setting in ("diff.noprefix", "diff.mnemonicPrefix", "color.ui", "core.fsmonitor"):
        run(repository, "config", setting, "always" if setting == "color.ui" else "true")
    run(repository, "config", "diff.external", "false")
    run(repository, "config", "diff.orderFile", "nowhere")
    assert capture(repository)[0].digest == before.digest


def test_the_digest_moves_with_the_commit_the_patch_and_the_files(repository: Path) -> None:
    clean, _ = capture(repository)
    again, _ = capture_code(repository, SOURCE, datetime(2027, 1, 1, tzinfo=UTC))
    write(repository, {"notes.txt": b"two\n"})
    patched, _ = capture(repository)
    other, _ = capture(repository, {"pipeline.py": b"x = 3\n"})
    run(repository, "commit", "-q", "-a", "-m", "second")
    moved, _ = capture(repository)
    assert again.digest == clean.digest
    assert len({clean.digest, patched.digest, other.digest, moved.digest}) == 4


def test_a_patch_beyond_the_cap_keeps_the_digest_of_all_of_it(repository: Path) -> None:
    write(repository, {"notes.txt": b"many words\n" * 100})
    whole, cut = git.patch_of(repository), git.patch_of(repository, cap=50)
    assert whole is not None
    assert cut is not None
    assert (cut.digest, cut.truncated, len(cut.data)) == (whole.digest, True, 50)
    assert not whole.truncated
