from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError
from mooring.lineage.artifacts import ArtifactStore, Manifest

PARTS = {
    "model.skops": bytes(range(256)) * 40,
    "code/pipeline.py": b"x = 1\n",
    "code/deep/er/helpers.py": b"",
    "contract.json": b"{}",
    "baseline.profile": b"profile",
    "golden.arrow": b"rows",
}
MANIFEST = Manifest(
    name="bikes",
    task="regression",
    model_format="skops",
    features=("hour", "wind"),
    watched=(("hour", 0.5), ("wind", 0.1)),
    metrics={"mae": 0.1},
    params={"depth": 3, "nested": {"rate": 0.5}},
)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def test_what_is_read_is_what_was_written(store: ArtifactStore) -> None:
    found = store.read(store.write(MANIFEST, PARTS))
    assert found.parts == PARTS
    assert msgspec.structs.replace(found.manifest, files={}) == MANIFEST
    assert set(found.manifest.files) == set(PARTS)


@pytest.mark.parametrize("classes", [("1", "2"), (1, 2), (False, True)])
def test_classes_keep_their_type(
    store: ArtifactStore, classes: tuple[str | int | bool, ...]
) -> None:
    manifest = msgspec.structs.replace(MANIFEST, classes=classes, positive=classes[1])
    found = store.read(store.write(manifest, PARTS)).manifest
    assert [type(label) for label in (*found.classes, found.positive)] == [type(classes[0])] * 3


def test_the_digest_is_of_the_content_alone(store: ArtifactStore, tmp_path: Path) -> None:
    other = ArtifactStore(tmp_path / "other")
    shuffled = dict(reversed(PARTS.items()))
    assert store.write(MANIFEST, PARTS) == other.write(MANIFEST, shuffled)
    assert store.write(MANIFEST, {**PARTS, "contract.json": b"{ }"}) != other.write(MANIFEST, PARTS)


def test_writing_the_same_again_changes_nothing(store: ArtifactStore) -> None:
    digest = store.write(MANIFEST, PARTS)
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    assert store.write(MANIFEST, PARTS) == digest
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_writing_over_a_damaged_version_says_so(store: ArtifactStore) -> None:
    digest = store.write(MANIFEST, PARTS)
    (store.folder(digest) / "contract.json").write_bytes(b"[]")
    with pytest.raises(ArtifactError, match="changed"):
        store.write(MANIFEST, PARTS)


@pytest.mark.parametrize("part", [*(name for name in PARTS if PARTS[name]), "manifest.json"])
def test_sec_14_a_flipped_bit_in_any_part_is_found(store: ArtifactStore, part: str) -> None:
    digest = store.write(MANIFEST, PARTS)
    file = store.folder(digest) / part
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match="changed") as caught:
        store.read(digest)
    assert caught.value.where.endswith(part)


def test_a_whole_other_version_in_its_place_is_found(store: ArtifactStore) -> None:
    first = store.write(MANIFEST, PARTS)
    second = store.write(MANIFEST, {**PARTS, "contract.json": b"[]"})
    store.folder(first).rename(store.root / "away")
    store.folder(second).rename(store.folder(first))
    with pytest.raises(ArtifactError, match="changed"):
        store.read(first)


@pytest.mark.parametrize("part", sorted({*PARTS, "manifest.json"}))
def test_a_missing_part_is_found(store: ArtifactStore, part: str) -> None:
    digest = store.write(MANIFEST, PARTS)
    (store.folder(digest) / part).unlink()
    with pytest.raises(ArtifactError, match="lacks a file"):
        store.read(digest)


@pytest.mark.parametrize("name", ["code/extra.py", "extra", "code/__pycache__/pipeline.pyc"])
def test_an_extra_file_is_found(store: ArtifactStore, name: str) -> None:
    digest = store.write(MANIFEST, PARTS)
    file = store.folder(digest) / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"")
    with pytest.raises(ArtifactError, match="extra"):
        store.read(digest)


@pytest.mark.parametrize("part", ["code/pipeline.py", "manifest.json", "code"])
def test_sec_03_a_planted_link_is_refused_even_to_equal_bytes(
    store: ArtifactStore, tmp_path: Path, part: str
) -> None:
    digest = store.write(MANIFEST, PARTS)
    place = store.folder(digest) / part
    place.rename(tmp_path / "outside")
    place.symlink_to(tmp_path / "outside")
    with pytest.raises(ArtifactError, match="neither a file nor a folder"):
        store.read(digest)


def test_sec_03_a_version_that_is_a_link_is_refused(store: ArtifactStore, tmp_path: Path) -> None:
    digest = store.write(MANIFEST, PARTS)
    store.folder(digest).rename(tmp_path / "outside")
    store.folder(digest).symlink_to(tmp_path / "outside")
    with pytest.raises(ArtifactError, match="cannot be read"):
        store.read(digest)


def test_sec_03_a_pipe_is_refused_without_waiting_for_it(store: ArtifactStore) -> None:
    digest = store.write(MANIFEST, PARTS)
    (store.folder(digest) / "contract.json").unlink()
    os.mkfifo(store.folder(digest) / "contract.json")
    with pytest.raises(ArtifactError, match="neither a file nor a folder"):
        store.read(digest)


@pytest.mark.parametrize(
    "name",
    [
        *("../x", "code/../../x", "/etc/x", "code//x", "code/", "", ".", "..", "a\\..\\b", "C:\\x"),
        *("a\0b", "a\nb", "~/x", "%2e%2e/x", ".hidden", "code/.git/x", "manifest.json", "x" * 999),
    ],
)
def test_sec_02_part_names_that_are_not_plain_paths_are_refused(
    store: ArtifactStore, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ArtifactError, match="plain relative path"):
        store.write(MANIFEST, {**PARTS, name: b"x"})
    assert list(tmp_path.iterdir()) == []


@given(st.text(alphabet="./\\a~\0%:", max_size=12))
def test_sec_02_no_text_but_a_digest_names_a_folder(text: str) -> None:
    for digest in (text, f"sha256:{text}", f"sha256:{'0' * 64}{text or '/'}"):
        with pytest.raises(ArtifactError):
            ArtifactStore(Path("/nowhere")).folder(digest)


def test_a_version_that_is_not_there_is_an_error(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactError, match="cannot be read"):
        store.read(f"sha256:{'0' * 64}")


def test_a_number_that_json_cannot_hold_is_refused(store: ArtifactStore) -> None:
    manifest = msgspec.structs.replace(MANIFEST, metrics={"mae": float("nan")})
    with pytest.raises(ArtifactError, match="mae is nan"):
        store.write(manifest, PARTS)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_sec_17_nobody_else_can_read_it_whatever_the_umask(store: ArtifactStore, mask: int) -> None:
    before = os.umask(mask)
    try:
        store.write(MANIFEST, PARTS)
    finally:
        os.umask(before)
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in store.root.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert store.root.stat().st_mode & 0o777 == 0o700


WRITER = """
import sys
from pathlib import Path
from mooring.lineage.artifacts import ArtifactStore, Manifest
store = ArtifactStore(Path(sys.argv[1]))
manifest = Manifest(name="m", task="binary", model_format="skops", features=())
print("ready", flush=True)
for number in range(1_000_000):
    parts = {f"code/m{part}.py": b"%d" % number * 500 for part in range(6)}
    print(store.write(manifest, parts), flush=True)
"""


def test_p9_killed_at_any_moment_a_version_is_whole_or_not_there(store: ArtifactStore) -> None:
    chance, acknowledged, left = random.Random(7), 0, 0  # noqa: S311
    for _ in range(8):
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.root)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.1))
        child.kill()
        said = child.communicate()[0].splitlines(keepends=True)
        for digest in (line.strip() for line in said if line.endswith("\n")):
            store.read(digest)
            acknowledged += 1
        names = [path.name for path in store.root.glob("*")]
        left += sum(name.startswith(".unfinished-") for name in names)
        for name in names:
            if not name.startswith("."):
                store.read(f"sha256:{name}")
    assert acknowledged
    assert left, "no kill came in the middle of a write"
    store.write(MANIFEST, PARTS)
    assert not list(store.root.glob(".unfinished-*")), "what a killed writer left is cleared"
