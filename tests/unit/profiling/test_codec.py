"""Profiles as bytes."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import ArtifactError
from mooring.profiling.codec import from_bytes, to_bytes
from mooring.profiling.profile import Profile, baseline


@given(
    st.lists(st.one_of(st.none(), st.floats(width=32)), max_size=30),
    st.lists(st.one_of(st.none(), st.text()), max_size=30),
)
def test_every_number_and_text_comes_back_exactly(
    numbers: list[float | None], texts: list[str | None]
) -> None:
    for series in (
        pl.Series("x", numbers, dtype=pl.Float64),
        pl.Series("é", texts, dtype=pl.String),
    ):
        whole = baseline(pl.DataFrame(series))
        assert from_bytes(to_bytes(whole)) == whole


def test_fifty_columns_take_less_than_a_megabyte() -> None:
    rng = np.random.default_rng(0)
    wide = {f"x{i}": rng.normal(size=3000) for i in range(30)}
    texts = {f"s{i}": [f"{k % 1000:0>90}" for k in rng.integers(0, 10**6, 3000)] for i in range(20)}
    assert len(to_bytes(baseline(pl.DataFrame({**wide, **texts})))) < 1_000_000


def test_a_newer_version_is_refused_with_the_cure() -> None:
    data = msgspec.msgpack.encode({"version": 2, "profile": {"something": "else"}})
    with pytest.raises(ArtifactError, match="format 2") as caught:
        from_bytes(data)
    assert caught.value.fix == "upgrade mooring"


@pytest.mark.parametrize("data", [b"", b"not a profile", msgspec.msgpack.encode({"version": 1})])
def test_bytes_that_are_no_profile_are_refused(data: bytes) -> None:
    with pytest.raises(ArtifactError, match="not a profile"):
        from_bytes(data)


def test_counts_that_do_not_fit_their_bins_are_refused() -> None:
    whole = baseline(pl.DataFrame({"x": [1.0, 2.0]}))
    broken = Profile(rows=2, columns=(replace(whole.columns[0], counts=(1,)),))
    with pytest.raises(ArtifactError, match="not a profile"):
        from_bytes(to_bytes(broken))
