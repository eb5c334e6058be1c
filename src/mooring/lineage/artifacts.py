"""Model versions on disk: folders named by their digest, written whole or not at all.

A folder holds ``manifest.json`` and its parts. The manifest lists the SHA-256 of every part, and
the folder's name is the SHA-256 of the manifest, so one digest vouches for all the bytes.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from mmap import mmap
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import msgspec

from mooring.errors import ArtifactError
from mooring.lineage.answers import Labels
from mooring.lineage.blobs import digest_bytes
from mooring.lineage.canonical import canonical_json
from mooring.lineage.folders import add_file, fsync_folders, map_file, open_below, read_tree

MANIFEST = "manifest.json"
FINGERPRINTS = "rows.fingerprints"
"""The training rows as :class:`mooring.lineage.fingerprints.Fingerprints`; the one large part."""

_UNFINISHED = ".unfinished-"
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_PART = re.compile(r"(?!\.)[\w.+-]{1,200}(/(?!\.)[\w.+-]{1,200})*")


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model version is, and the digest of each of its parts.

    ``watched`` holds (feature, permutation importance), the best first. ``metrics`` are those of
    the holdout. ``code`` is the entry module's file below ``code/``. ``files`` maps each part to
    the hexadecimal SHA-256 of its bytes; :meth:`ArtifactStore.write` fills it in.

    ``rows`` holds the names and logical types of the columns of the training rows, which the row
    fingerprints cover. ``trained_until`` is the newest instant among them (ISO 8601, UTC); None
    without a time column. ``labels`` are those of the training rows in a few numbers; None in a
    version that was registered before they were kept.
    """

    name: str
    task: Literal["regression", "binary", "multiclass"]
    model_format: str
    features: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    format: Literal[1] = 1
    trusted: tuple[str, ...] = ()
    classes: tuple[str | int | float | bool, ...] = ()
    positive: str | int | float | bool | None = None
    frame: Literal["polars", "pandas"] = "polars"
    code: str = "pipeline.py"
    watched: tuple[tuple[str, float], ...] = ()
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    params: dict[str, object] = msgspec.field(default_factory=dict)
    mooring_version: str = ""
    rows: dict[str, str] = msgspec.field(default_factory=dict)
    trained_until: datetime | None = None
    labels: Labels | None = None
    files: dict[str, str] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A verified model version: the bytes in ``parts`` are those that were checked.

    ``fingerprints`` alone is a memory map: it may be hundreds of megabytes, and no server needs it.
    """

    digest: str
    folder: Path
    manifest: Manifest
    parts: Mapping[str, bytes]
    fingerprints: mmap | None = None


class ArtifactStore:
    """A folder of model versions.

    Parameters
    ----------
    root : Path
        The folder; made on the first write, readable by its owner only.

    Examples
    --------
    ``store = ArtifactStore(Path(".mooring/artifacts"))``, then
    ``store.read(store.write(manifest, parts))``
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, digest: str) -> Path:
        """Where the model version of that digest is, or would be.

        Raises
        ------
        ArtifactError
            When the text is not a digest.
        """
        return self.root / _hex(digest)

    def write(self, manifest: Manifest, parts: Mapping[str, bytes]) -> str:
        """Keep a model version; on the disk when this returns.

        Killed at any point there is the whole folder or none. Writing the same again changes
        nothing.

        Parameters
        ----------
        manifest : Manifest
            Its ``files`` are ignored and made anew.
        parts : mapping of str to bytes
            By relative path with ``/``.

        Returns
        -------
        str
            ``sha256:`` and the digest of the manifest.

        Raises
        ------
        ArtifactError
            When a part's name is not a plain relative path, a number is not finite, the disk is
            full, or the version is there already and was damaged.
        """
        _check_names(parts)
        _check_numbers(manifest)
        files = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(parts.items())}
        text = canonical_json(msgspec.structs.replace(manifest, files=files))
        digest = digest_bytes(text)
        try:
            with self._locked():
                if not self.folder(digest).is_dir():
                    self._write_new(digest, {**parts, MANIFEST: text})
                    return digest
        except OSError as error:
            raise ArtifactError(
                f"a model version cannot be written: {error.strerror}",
                where=str(self.root),
                fix="free some space" if error.errno == errno.ENOSPC else "",
            ) from error
        self.read(digest)
        return digest

    def read(self, digest: str) -> StoredVersion:
        """A model version, every byte of it verified.

        Raises
        ------
        ArtifactError
            When it is missing, or a file was changed, added, removed or replaced by a link.
        """
        folder = self.folder(digest)
        try:
            with open_below(self.root, folder.name) as opened:
                found = read_tree(opened, without=FINGERPRINTS)
                marks = map_file(opened, FINGERPRINTS)
        except OSError as error:
            raise _damaged(f"cannot be read: {error.strerror}", folder) from error
        manifest = _manifest(found.pop(MANIFEST, None), digest, folder)
        every: dict[str, bytes | mmap] = {**found}
        if marks is not None:
            every[FINGERPRINTS] = marks
        if every.keys() != manifest.files.keys():
            odd = sorted(every.keys() ^ manifest.files.keys())
            kind = "has an extra file" if odd[0] in every else "lacks a file"
            raise _damaged(kind, folder / odd[0])
        for name, data in every.items():
            if hashlib.sha256(data).hexdigest() != manifest.files[name]:
                raise _damaged("was changed after it was written", folder / name)
        return StoredVersion(digest, folder, manifest, MappingProxyType(found), marks)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time; the system frees the lock of a process that was killed."""
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
        handle = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write_new(self, digest: str, parts: Mapping[str, bytes]) -> None:
        for left in self.root.glob(f"{_UNFINISHED}*"):  # the lock says that nobody writes them
            shutil.rmtree(left)
        temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.root))
        temporary.chmod(0o700)
        try:
            for name, data in parts.items():
                add_file(temporary, name, data)
            fsync_folders(temporary)
            temporary.rename(self.folder(digest))
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        fsync_folders(self.root, below=False)


def _hex(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise ArtifactError(
            "not the digest of a model version",
            where=repr(digest[:80]),
            fix="write sha256: and 64 hexadecimal digits",
        )
    return match[1]


def _check_names(parts: Mapping[str, bytes]) -> None:
    for name in parts:
        if _PART.fullmatch(name) is None or name == MANIFEST:
            raise ArtifactError(
                "a part of a model version needs a plain relative path",
                where=repr(name[:80]),
                fix="use letters, digits and . _ + - between slashes",
            )


def _check_numbers(manifest: Manifest) -> None:
    """JSON has no NaN: an undefined metric is left out."""
    for name, value in (*manifest.metrics.items(), *manifest.watched):
        if not isfinite(value):
            raise ArtifactError(
                f"{name} is {value}, which a manifest cannot hold", fix="leave it out"
            )


def _manifest(text: bytes | None, digest: str, folder: Path) -> Manifest:
    if text is None:
        raise _damaged("lacks a file", folder / MANIFEST)
    if digest_bytes(text) != digest:
        raise _damaged("was changed after it was written", folder / MANIFEST)
    try:
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise ArtifactError(
            f"the manifest cannot be used: {error}",
            where=str(folder / MANIFEST),
            fix="it may be from a newer Mooring: upgrade this one",
        ) from error


def _damaged(what: str, place: Path) -> ArtifactError:
    return ArtifactError(
        f"a model version {what}",
        where=str(place),
        fix="restore its folder from a backup, or train again: mooring run",
    )
