"""Folders of files that are written durably, and read without following a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path

from mooring.errors import ArtifactError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


def add_file(folder: Path, name: str, data: bytes) -> None:
    """Write a new file below a folder, on the disk when this returns; private under any umask.

    Parameters
    ----------
    folder : Path
        Exists.
    name : str
        A relative path with ``/``; its folders are made.
    data : bytes
        The whole content.
    """
    path = folder / name
    for parent in reversed(path.relative_to(folder).parents):
        made = folder / parent
        if not made.is_dir():
            made.mkdir()
            made.chmod(0o700)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def fsync_folders(folder: Path, *, below: bool = True) -> None:
    """Put the names in a folder, and in those below it, on the disk."""
    nested = (path for path in folder.rglob("*") if path.is_dir()) if below else ()
    for path in (*nested, folder):
        handle = os.open(path, _FOLDER)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def open_below(root: Path, name: str) -> Iterator[int]:
    """A handle of a folder in a folder; refuses a link (SEC-03).

    Raises
    ------
    OSError
        When it is missing, a link, or not a folder.
    """
    with (
        _opened(os.open(root, os.O_RDONLY | os.O_DIRECTORY)) as above,
        _opened(os.open(name, _FOLDER, dir_fd=above)) as handle,
    ):
        yield handle


def map_file(handle: int, name: str) -> mmap | None:
    """A file of an open folder as a memory map; None when it is missing or empty.

    Raises
    ------
    OSError
        When it is a link.
    """
    try:
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
    except FileNotFoundError:
        return None
    with _opened(opened):
        found = os.fstat(opened)
        regular = stat.S_ISREG(found.st_mode) and found.st_size > 0
        return mmap(opened, 0, access=ACCESS_READ) if regular else None


def read_tree(handle: int, prefix: str = "", *, without: str = "") -> dict[str, bytes]:
    """Every file below an open folder, by relative path, but for the one of that path.

    Raises
    ------
    ArtifactError
        At a link, a device or anything else that is neither a file nor a folder.
    """
    found: dict[str, bytes] = {}
    for name in sorted(os.listdir(handle)):
        kind = os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode
        if stat.S_ISREG(kind) and prefix + name == without:
            continue
        if stat.S_ISDIR(kind):
            with _opened(os.open(name, _FOLDER, dir_fd=handle)) as nested:
                found |= read_tree(nested, f"{prefix}{name}/")
        elif stat.S_ISREG(kind):
            # O_NOFOLLOW again: it may have become a link since
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
            with os.fdopen(opened, "rb") as file:
                found[prefix + name] = file.read()
        else:
            raise ArtifactError(
                "a model version holds something that is neither a file nor a folder",
                where=prefix + name,
                fix="remove it; a link is never followed",
            )
    return found


@contextmanager
def _opened(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)
