"""What Git knows of a folder. Never an error: whatever Git cannot say is None."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_SECONDS = 30
_PATCH_CAP = 10 * 2**20
_DIFF = (
    *("diff", "HEAD", "--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff"),
    *("--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers", "-U3"),
    *("--ignore-submodules=none", "-O/dev/null"),
)
"""Everything a user's settings could change is said, so that equal trees have equal patches."""
_SETTINGS = (
    *("-c", "core.fsmonitor=false", "-c", "core.quotePath=true", "-c", "diff.relative=false"),
    *("-c", "diff.interHunkContext=0"),
)


@dataclass(frozen=True, slots=True)
class Patch:
    """What the working tree adds to the commit; ``data`` is its start when it was too large."""

    digest: str
    data: bytes
    truncated: bool


@dataclass(frozen=True, slots=True)
class Head:
    """Where the working tree stands: ``branch`` is None when HEAD is detached."""

    commit: str
    branch: str | None


def head_of(root: Path) -> Head | None:
    """The commit under a folder; None without Git, a repository or any commit."""
    commit = _ask(root, "rev-parse", "--verify", "HEAD^{commit}")
    return Head(commit, branch_of(root)) if commit else None


def branch_of(root: Path) -> str | None:
    """The branch under a folder, which may not have a commit yet."""
    return _ask(root, "symbolic-ref", "--short", "-q", "HEAD") or None


def patch_of(root: Path, cap: int = _PATCH_CAP) -> Patch | None:
    """The whole repository's changes to tracked files since the commit, staged or not.

    Parameters
    ----------
    root : Path
        Any folder of the repository.
    cap : int
        How many bytes of the patch are kept; its digest always covers all of it.
    """
    with tempfile.TemporaryFile() as out:
        if not _run(root, _DIFF, out):
            return None
        out.seek(0)
        digest = hashlib.file_digest(out, "sha256").hexdigest()
        size = out.tell()
        out.seek(0)
        return Patch(f"sha256:{digest}", out.read(cap), size > cap)


def tracked(root: Path, files: Iterable[str]) -> frozenset[str] | None:
    """Which of some files, relative to the folder, Git keeps."""
    names = _ask(root, "ls-files", "-z", "--", *(f":(literal){file}" for file in files))
    return None if names is None else frozenset(name for name in names.split("\0") if name)


def file_at(root: Path, revision: str, name: str) -> bytes | None:
    """A file beside ``root`` as a revision has it; None where Git knows no such thing."""
    with tempfile.TemporaryFile() as out:
        if not _run(root, ("show", "--end-of-options", f"{revision}:./{name}"), out):
            return None
        out.seek(0)
        return out.read()


def top_of(root: Path) -> Path | None:
    """The repository's folder above, or at, a folder."""
    top = _ask(root, "rev-parse", "--show-toplevel")
    return Path(top) if top else None


def export(root: Path, commit: str, into: Path) -> bool:
    """Writes every file of a commit below a folder, and leaves the repository as it is.

    An index of its own is used, so neither HEAD nor what is staged nor the working tree changes.

    Parameters
    ----------
    root : Path
        The repository's folder.
    commit : str
        In full.
    into : Path
        An empty folder.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
        read = ("read-tree", "--end-of-options", commit)
        write = ("checkout-index", "--all", "--force", f"--prefix={into}/")
        return _silent(root, read, index) and _silent(root, write, index)


def apply(into: Path, patch: Path) -> bool:
    """Applies a patch from :func:`patch_of` to the files of its commit."""
    words = ("apply", "--binary", "--whitespace=nowarn", "--", str(patch))
    return _silent(into, words, {"GIT_CEILING_DIRECTORIES": str(into.parent)})


def _silent(root: Path, words: tuple[str, ...], more: Mapping[str, str]) -> bool:
    with tempfile.TemporaryFile() as out:
        return _run(root, words, out, more)


def _ask(root: Path, *words: str) -> str | None:
    with tempfile.TemporaryFile() as out:
        if not _run(root, words, out):
            return None
        out.seek(0)
        return out.read().decode(errors="surrogateescape").strip()


def _run(
    root: Path, words: tuple[str, ...], out: IO[bytes], more: Mapping[str, str] | None = None
) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    command = [git, "-C", str(root), *_SETTINGS, *words]
    try:
        done = subprocess.run(  # noqa: S603 - a list of words, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.DEVNULL,
            env=_environment() | dict(more or {}),
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _environment() -> dict[str, str]:
    """Without what a Git hook sets (GIT_DIR, GIT_INDEX_FILE), which would name another place."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith(("GIT_CONFIG", "GIT_CEILING"))
    }
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
