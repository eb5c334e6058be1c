"""Profiles as bytes."""

from __future__ import annotations

import zlib
from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError
from mooring.profiling import Profile, merge, profile
from mooring.profiling.codec import VERSION, from_bytes, to_bytes
from mooring.profiling.counting.cells import Cells
from mooring.profiling.counting.names import Names
from tests.unit.profiling.drawing import BASE, Row, rows, table


@given(rows)
def test_every_number_and_text_comes_back_exactly(data: list[Row]) -> None:
    for whole in (profile(table(data)), profile(table(data), BASE)):
        back = from_bytes(to_bytes(whole))
        assert back == whole
        assert to_bytes(back) == to_bytes(whole)
        assert [c.bins for c in back.columns] == [c.bins for c in whole.columns]
        assert [c.counts for c in back.columns] == [c.counts for c in whole.columns]


@given(st.lists(st.floats(), max_size=30), st.lists(st.one_of(st.none(), st.text()), max_size=30))
def test_odd_numbers_and_texts_come_back_exactly(
    numbers: list[float], texts: list[str | None]
) -> None:
    for series in (pl.Series("x", numbers, pl.Float64), pl.Series("é", texts, pl.String)):
        whole = profile(pl.DataFrame(series))
        assert repr(from_bytes(to_bytes(whole)).columns) == repr(whole.columns)


def test_what_comes_back_merges_and_compares_like_what_was_written() -> None:
    rng = np.random.default_rng(0)
    base = profile({"x": rng.normal(size=900), "s": rng.choice(list("abc"), 900)})
    window = profile({"x": rng.normal(size=300), "s": rng.choice(list("abd"), 300)}, base)
    stored = [from_bytes(to_bytes(each)) for each in (base, window)]
    assert stored[1].compare(stored[0]) == window.compare(base)
    assert merge(*stored[1:], window) == merge(window, window)


def test_p3_a_column_that_could_not_be_counted_still_says_why() -> None:
    whole = profile({"x": [{"a": 1}, {"a": 2}], "y": [1.0, 2.0]})
    assert from_bytes(to_bytes(whole)).columns[0].problem == whole.columns[0].problem != ""


def test_fifty_columns_take_less_than_a_megabyte() -> None:
    rng = np.random.default_rng(0)
    numeric = {f"x{i}": rng.lognormal(0, 2, size=100_000) for i in range(30)}
    texts = {
        f"s{i}": pl.Series([f"city of {k}" for k in range(1000)]).gather(
            rng.integers(0, 1000, 100_000)
        )
        for i in range(20)
    }
    base = profile(pl.DataFrame({**numeric, **texts}))
    assert len(to_bytes(base)) < 1_000_000


def test_a_column_of_ids_comes_back_exactly_and_stays_small() -> None:
    ids = pl.Series("id", np.random.default_rng(0).integers(0, 2**62, 60_000)).cast(pl.String)
    whole = profile(pl.DataFrame([ids, ids.alias("b")]))
    back = from_bytes(to_bytes(whole))
    assert back == whole
    assert back.columns[0].names.distinct == whole.columns[0].names.distinct > 50_000
    assert len(to_bytes(whole)) < 2 * 20_000


def test_a_newer_version_is_refused_with_the_cure() -> None:
    later = msgspec.msgpack.encode({"version": VERSION + 1, "profile": {"something": "else"}})
    with pytest.raises(ArtifactError, match=f"format {VERSION + 1}") as caught:
        from_bytes(zlib.compress(later))
    assert caught.value.fix == "upgrade mooring"


def test_an_older_version_is_refused_with_the_cure() -> None:
    with pytest.raises(ArtifactError, match="format 1") as caught:
        from_bytes(zlib.compress(msgspec.msgpack.encode({"version": 1})))
    assert caught.value.fix == "train again"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a profile",
        msgspec.msgpack.encode({"version": VERSION}),
        zlib.compress(b"not a profile"),
        zlib.compress(msgspec.msgpack.encode({"version": VERSION})),
        to_bytes(BASE)[:-9],
        to_bytes(BASE)[: len(to_bytes(BASE)) // 2],
    ],
)
def test_bytes_that_are_no_profile_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="not a profile"):
        from_bytes(data)


def test_counts_that_do_not_fit_are_refused() -> None:
    whole = profile({"x": [1.0, 2.0]})
    ids, counts = np.array([1, 2], dtype=np.int32), np.array([1])
    for broken in (
        replace(whole.columns[0], cells=Cells(ids, counts)),
        replace(whole.columns[0], names=Names(("a",), (1, 2))),
    ):
        with pytest.raises(ArtifactError, match="not a profile"):
            from_bytes(to_bytes(Profile(rows=2, columns=(broken,))))
