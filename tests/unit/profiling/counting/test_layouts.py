"""Layouts: what a column is taken for, and about which centre it is counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling import profile
from mooring.profiling.counting.layouts import centre_of, kind_of


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (pl.Int8(), "numeric"),
        (pl.UInt64(), "numeric"),
        (pl.Float32(), "numeric"),
        (pl.Decimal(9, 2), "numeric"),
        (pl.Duration("ns"), "numeric"),
        (pl.Time(), "numeric"),
        (pl.Date(), "datetime"),
        (pl.Datetime("ms", "Asia/Tokyo"), "datetime"),
        (pl.String(), "categorical"),
        (pl.Categorical(), "categorical"),
        (pl.Enum(["a"]), "categorical"),
        (pl.Boolean(), "boolean"),
        (pl.List(pl.Float32), "embedding"),
        (pl.Array(pl.Float64, 3), "embedding"),
        (pl.List(pl.Int64), "unsupported"),
        (pl.List(pl.List(pl.Float64)), "unsupported"),
        (pl.Struct({"a": pl.Int8}), "unsupported"),
        (pl.Binary(), "unsupported"),
        (pl.Null(), "unsupported"),
    ],
    ids=str,
)
def test_the_type_says_the_kind(dtype: pl.DataType, kind: str) -> None:
    assert kind_of(dtype) == kind


def test_prose_is_texts_of_several_words_that_do_not_repeat() -> None:
    words = [f"the ship {place} is moored" for place in range(90)]
    kinds = {
        "prose": words,
        "few": ["the ship is moored"] * 90,
        "names": [f"ship{place}" for place in range(90)],
        "nothing": [None] * 90,
    }
    found = profile(pl.DataFrame(kinds, schema=dict.fromkeys(kinds, pl.String)))
    assert [c.kind for c in found.columns] == ["text", "categorical", "categorical", "categorical"]


@pytest.mark.parametrize(
    ("values", "centre"),
    [
        ([], 0.0),
        ([np.nan, np.inf], 0.0),
        ([-1.0, 0.0, 2.0], 0.0),
        ([7.0, 7.0, 7.0], 7.0),
        ([1.7e308, -1.7e308], 0.0),
        ([1e12 - 1, 1e12, 1e12 + 1], 1e12),
    ],
)
def test_the_centre_is_zero_or_in_the_bulk(values: list[float], centre: float) -> None:
    assert centre_of(np.array(values)) == centre


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e3, 1e7, 1.7e9, -1e12]))
def test_samples_of_one_distribution_mostly_have_one_centre(seed: int, middle: float) -> None:
    rng = np.random.default_rng(seed)
    centres = {centre_of(rng.normal(middle, 1, 2000)) for _ in range(4)}
    assert len(centres) <= 2
    assert all(abs(centre - middle) <= 1 for centre in centres)


def test_the_centre_does_not_follow_a_sentinel() -> None:
    values = np.append(np.random.default_rng(0).normal(50, 1, 999), 1e9)
    assert abs(centre_of(values) - 50) <= 1
