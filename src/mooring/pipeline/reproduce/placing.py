"""The code and the environment of a model version, put together again in a temporary folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mooring
from mooring.errors import ArtifactError, RunError, UserCodeError
from mooring.lineage import git
from mooring.lineage.artifacts import ArtifactStore
from mooring.lineage.code import restored
from mooring.lineage.environment import differences
from mooring.lineage.values import CodeVersion, Environment
from mooring.pipeline.context import Context

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9-]*==[A-Za-z0-9][A-Za-z0-9.+!_-]*")
_PYTHON = re.compile(r"CPython (3\.\d+\.\d+)")
_SECONDS = 1800
OWN = "mooring"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where something was put, and what is to be said about it."""

    folder: Path
    said: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python to train with: its path, where Mooring is found, and what is to be said."""

    python: Path
    path: Path | None
    said: str


def place_code(context: Context, code: CodeVersion, artifact: str, into: Path) -> Placed:
    """Checks the captured code out: the commit, the patch on it, the files Git did not keep.

    Where the commit is gone from the repository, or what comes out is not what was captured, the
    copy that the model version carries is used instead, and it is said.

    Parameters
    ----------
    context : Context
        Its repository is read; nothing in it changes.
    code : CodeVersion
    artifact : str
        The digest of the model version.
    into : Path
        An empty folder.

    Returns
    -------
    Placed
        The folder that stands for the project's.

    Raises
    ------
    ArtifactError
        When the copy is damaged too.
    """
    entry = Path(context.settings.pipeline.code)
    folder = _check_out(context, code, into)
    if folder is not None:
        _write_loose(context, code, (folder / entry).parent)
        try:
            if restored(code, (folder / entry).parent, entry.name):
                what = f"commit {code.commit[:12]}" if code.commit else "the captured files"
                more = " with its uncommitted changes" if code.commit and code.dirty else ""
                return Placed(folder, f"code: {what}{more}")
        except UserCodeError:
            pass  # swallow: it is not what was captured, and the version's own copy is
    copy = into / "copy"
    parts = ArtifactStore(context.store.root).read(artifact).parts
    for name, data in parts.items():
        if name.startswith("code/"):
            _write(copy / entry.parent, name.removeprefix("code/"), data)
    gone = f"commit {code.commit[:12]} cannot be checked out" if code.commit else "files are gone"
    return Placed(copy, f"code: the copy in the model version, since {gone}")


def _check_out(context: Context, code: CodeVersion, into: Path) -> Path | None:
    """The project's folder as of the commit, patched; None when Git cannot make it."""
    if code.commit is None:
        return into / "tree"
    root = context.settings.root.resolve()
    top = git.top_of(root)
    if top is None or _COMMIT.fullmatch(code.commit) is None:
        return None
    tree = into / "tree"
    tree.mkdir()
    if not git.export(top, code.commit, tree):
        return None
    if code.patch is not None and not _patch(context, code.patch, tree):
        return None
    return tree / root.relative_to(top.resolve())


def _patch(context: Context, digest: str, tree: Path) -> bool:
    file = tree.parent / "patch.diff"
    try:
        file.write_bytes(context.blobs.get(digest))
    except ArtifactError:
        return False  # swallow: it was too large to keep whole, or is lost; the caller says so
    return git.apply(tree, file)


def _write_loose(context: Context, code: CodeVersion, folder: Path) -> None:
    for name, digest in code.files.items():
        try:
            _write(folder, name, context.blobs.get(digest))
        except ArtifactError:
            continue  # swallow: what comes out is compared with what was captured


def _write(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ArtifactError("a file of the code leads out of its folder", where=repr(name[:80]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def place_environment(
    recorded: Environment, found: Environment, into: Path, *, here: bool, say: Callable[[str], None]
) -> Interpreter:
    """A Python with the packages that were recorded: this one, or one that uv builds.

    Parameters
    ----------
    recorded, found : Environment
        That of the run, and that of this process.
    into : Path
        An empty folder.
    here : bool
        Train in this environment whatever it holds.
    say : callable
        Told before something takes long.

    Raises
    ------
    RunError
        When the environment is another, and cannot be built; says what differs.
    """
    odd = differences(recorded, found)
    if not odd:
        return Interpreter(Path(sys.executable), None, "environment: as it was recorded")
    listed = _first(odd)
    if here:
        said = f"environment: this one, which is another: {listed}"
        return Interpreter(Path(sys.executable), None, said)
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    python = _PYTHON.fullmatch(recorded.python)
    if uv is None or python is None or recorded.platform != found.platform:
        why = "" if uv is None else f"uv cannot build it for {recorded.platform} here; "
        raise RunError(
            f"the environment is not the one it was trained in: {listed}",
            fix=f"{why}install uv, which builds it, or train in this one all the same: --here",
        )
    say(f"building the environment with uv: {len(recorded.packages)} packages")
    return _build(uv, python[1], recorded, into)


def _build(uv: str, version: str, recorded: Environment, into: Path) -> Interpreter:
    packages = [f"{name}=={v}" for name, v in recorded.packages.items() if name != OWN]
    strange = [package for package in packages if _PACKAGE.fullmatch(package) is None]
    if strange:
        raise RunError("the environment names what is no package", where=repr(strange[0][:80]))
    environment, ours = into / "environment", into / "ours"
    python = environment / "bin" / "python"
    _call(uv, "venv", "--quiet", "--no-project", "--python", version, str(environment))
    _call(uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python), *packages)
    _link_ours(ours)
    said = f"environment: built by uv, {len(packages)} packages and Python {version} as recorded"
    then, now = recorded.packages.get(OWN), mooring.__version__
    return Interpreter(
        python, ours, said if then == now else f"{said}; Mooring is {now}, was {then}"
    )


def _link_ours(into: Path) -> None:
    """This Mooring, alone, for another interpreter: an index may not have this very one."""
    into.mkdir()
    (into / OWN).symlink_to(Path(mooring.__file__).resolve().parent)
    about = into / f"{OWN}-{mooring.__version__}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {OWN}\nVersion: {mooring.__version__}\n", encoding="utf-8"
    )


def _call(*words: str) -> None:
    done = subprocess.run(  # noqa: S603 - a list of words, no shell; packages are checked
        words,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it says nothing"]
        raise RunError(
            "uv cannot build the environment it was trained in",
            where=" ".join(line.strip() for line in lines[:4])[:400],
            fix="train in this environment all the same: --here",
        )


def _first(odd: tuple[str, ...], most: int = 4) -> str:
    rest = f" and {len(odd) - most} more" if len(odd) > most else ""
    return "; ".join(odd[:most]) + rest
