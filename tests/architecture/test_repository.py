"""What may stand in the repository at all."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.source import ROOT

HERE = Path(__file__).relative_to(ROOT)
WORKPLACE = re.compile(r"/" + r"work/")
BESIDE = re.compile(r"\bshared/")


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be if it were added; relative to the root."""
    git = shutil.which("git")
    assert git, "these tests ask Git which files are the repository's"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(sorted(path for path in found if (ROOT / path).is_file()))


def text_of(path: Path) -> str:
    """A file's text; what is not text has none."""
    content = (ROOT / path).read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def test_there_is_a_repository_to_look_at() -> None:
    assert {Path("pyproject.toml"), Path("Makefile"), Path(".ci/run"), HERE} <= set(files())


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    found = [str(path) for path in files() if path != HERE and WORKPLACE.search(text_of(path))]
    assert not found


def test_only_tests_look_beside_the_repository() -> None:
    found = [str(p) for p in files() if p.parts[0] != "tests" and BESIDE.search(text_of(p))]
    assert not found


def test_the_lock_names_no_place_to_download_from() -> None:
    locks = [p for p in files() if p.name.startswith("requirements") or p.suffix == ".lock"]
    assert locks == [Path("requirements.lock")]
    assert not re.search(r"://|--(extra-)?index|--find-links", text_of(locks[0]))


def test_every_locked_requirement_has_hashes_and_every_dependency_is_locked() -> None:
    lock = text_of(Path("requirements.lock"))
    entries = re.findall(r"^(\S+?)==\S+.*((?:\n    --hash=sha256:\w{64}.*)*)", lock, re.MULTILINE)
    assert entries
    assert all(hashes for _, hashes in entries)
    project = tomllib.loads(text_of(Path("pyproject.toml")))["project"]
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert declared <= {canonicalize_name(name.partition("[")[0]) for name, _ in entries}


def test_the_licence_is_whole() -> None:
    licence = text_of(Path("LICENSE"))
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_no_large_file_is_tracked() -> None:
    large = [str(path) for path in files() if (ROOT / path).stat().st_size > 2 * 2**20]
    assert not large
