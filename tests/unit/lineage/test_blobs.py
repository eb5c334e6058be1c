"""Bytes kept by their digest."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError
from mooring.lineage.blobs import BlobStore, digest_bytes, write_durably


def test_a_digest_is_that_of_the_bytes() -> None:
    assert digest_bytes(b"") == (
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@given(st.lists(st.binary(max_size=50)))
def test_what_is_put_is_got(tmp_path_factory: pytest.TempPathFactory, blobs: list[bytes]) -> None:
    folder = tmp_path_factory.getbasetemp() / "blobs"
    store = BlobStore(folder)
    digests = [store.put(data) for data in blobs]
    assert [store.get(digest) for digest in digests] == blobs
    assert len(list(folder.glob("*"))) == len(list(folder.glob("[!.]*"))), "nothing half written"


def test_the_same_bytes_are_one_file(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "b")
    assert store.put(b"x") == store.put(b"x") != store.put(b"y")
    assert len(list((tmp_path / "b").iterdir())) == 2


def test_rel_05_bytes_that_were_changed_are_not_given(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(b"what was accepted")
    path = tmp_path / digest.removeprefix("sha256:")
    path.write_bytes(b"what was accepteD")
    with pytest.raises(ArtifactError, match="was changed on disk") as refused:
        store.get(digest)
    assert str(path) in refused.value.where
    assert store.put(b"what was accepted") == digest
    assert store.get(digest) == b"what was accepted", "putting it again mends it"


def test_c6_bytes_that_are_missing_are_named(tmp_path: Path) -> None:
    digest = digest_bytes(b"gone")
    with pytest.raises(ArtifactError, match="cannot be read: No such file") as refused:
        BlobStore(tmp_path).get(digest)
    assert "backup" in refused.value.fix


def test_sec_17_blobs_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        digest = BlobStore(tmp_path / "b").put(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o700
    file = tmp_path / "b" / digest.removeprefix("sha256:")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_threads_that_put_the_same_bytes_do_not_meet(tmp_path: Path) -> None:
    data = os.urandom(200_000)
    with ThreadPoolExecutor(8) as threads:
        digests = set(threads.map(lambda _: BlobStore(tmp_path).put(data), range(40)))
    assert BlobStore(tmp_path).get(digests.pop()) == data
    assert len(list(tmp_path.iterdir())) == 1


def test_rel_03_a_write_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    write_durably(path, b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
