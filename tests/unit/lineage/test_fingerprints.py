"""Sets of row fingerprints, and sketches of them."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mooring.errors import ArtifactError
from mooring.lineage.fingerprints import fingerprints_of, read_fingerprints, shared, sketch

ANY = arrays(np.uint64, st.integers(0, 300), elements=st.integers(0, 2**64 - 1))


def marks_of(rows: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.random.default_rng(seed).integers(0, 2**64, rows, dtype=np.uint64)


@given(ANY, ANY)
def test_a_set_finds_every_row_it_holds_and_nothing_that_is_far_from_all(
    held: np.ndarray[tuple[int], np.dtype[np.uint64]],
    others: np.ndarray[tuple[int], np.dtype[np.uint64]],
) -> None:
    found = fingerprints_of(held)
    assert found.seen(held).all()
    # the set tells apart what differs in the bits it keeps
    kept = np.uint64(64 - 32 - found.bits)
    assert (found.seen(others) == np.isin(others >> kept, held >> kept)).all()


@given(ANY)
def test_what_is_written_is_read_back(held: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> None:
    read = read_fingerprints(fingerprints_of(held).to_bytes())
    assert read.seen(held).all()
    assert read.rows == len(np.unique(held))


def test_a_set_is_read_through_a_memory_map(tmp_path: Path) -> None:
    held = marks_of(10_000, 1)
    path = tmp_path / "marks"
    path.write_bytes(fingerprints_of(held).to_bytes())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        read = read_fingerprints(mapped)
        assert read.seen(held).all()
        assert not read.seen(marks_of(10_000, 2)).any()
        del read


@pytest.mark.parametrize("rows", [33, 1_000, 100_000, 1_000_000])
def test_a_row_takes_less_than_five_bytes_and_is_never_taken_for_another(rows: int) -> None:
    found = fingerprints_of(marks_of(rows, rows))
    assert len(found.to_bytes()) < 4.75 * rows + 64
    assert 0 < found.false_match_rate < 7.5e-9
    assert not found.seen(marks_of(100_000, 7)).any()


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b"x" + b[1:], lambda _: b""])
def test_damaged_fingerprints_are_an_error_and_never_an_empty_set(spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(ArtifactError, match="fingerprints"):
        read_fingerprints(spoil(fingerprints_of(marks_of(100, 0)).to_bytes()))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("other_rows", [5_000, 40_000])
def test_sketches_tell_which_share_of_the_rows_is_common(share: float, other_rows: int) -> None:
    own = marks_of(20_000, 3)
    common = own[: round(share * min(len(own), other_rows))]
    other = np.concatenate([common, marks_of(other_rows - len(common), 4)])
    expected = len(common) / len(own)
    assert shared(sketch(own), sketch(other)) == pytest.approx(expected, abs=0.1)


def test_sketches_of_few_rows_are_exact() -> None:
    own = marks_of(50, 5)
    assert shared(sketch(own), sketch(own[:20])) == 0.4
    assert shared(sketch(own), sketch(own[:0])) == 0.0
