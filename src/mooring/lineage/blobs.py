"""Bytes kept by the digest of their content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from mooring.errors import ArtifactError


def digest_bytes(data: bytes) -> str:
    """``sha256:`` and the hexadecimal digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class BlobStore:
    """A folder of files named by their own digest; putting the same bytes twice is one file.

    Parameters
    ----------
    root : Path
        The folder; made on the first put, readable by its owner only.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def put(self, data: bytes) -> str:
        """Keeps the bytes, on the disk before it returns, and gives their digest."""
        digest = digest_bytes(data)
        path = self._path(digest)
        if not _holds(path, data):
            _make_folder(self._root)
            write_durably(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        """The bytes of that digest.

        Raises
        ------
        ArtifactError
            When they are missing, or are not what the digest says.
        """
        path = self._path(digest)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ArtifactError(
                f"{digest[:19]}… cannot be read: {error.strerror}",
                where=str(path),
                fix="restore the file from a backup; .mooring/artifacts must not be deleted",
            ) from error
        if digest_bytes(data) != digest:
            raise ArtifactError(
                f"{digest[:19]}… was changed on disk",
                where=str(path),
                fix="restore it from a backup",
            )
        return data

    def _path(self, digest: str) -> Path:
        return self._root / digest.removeprefix("sha256:")


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file is whole; a damaged one is written again."""
    try:
        return path.read_bytes() == data
    except OSError:
        return False


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sync(folder.parent)


def write_durably(path: Path, data: bytes) -> None:
    """Writes a file so that after a crash there is the whole of it or what was there before."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
