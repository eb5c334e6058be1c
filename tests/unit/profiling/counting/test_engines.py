"""The compiled kernels and the interpreter agree, and refuse what does not fit."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling import Profile, profile
from mooring.profiling.counting import compiled, many, numbers, texts
from mooring.profiling.counting.cells import RAW
from mooring.profiling.profiles import ColumnProfile

DTYPES = [pl.Float64, pl.Float32, pl.Int64, pl.UInt8, pl.Int16, pl.String, pl.Date]
kernels = compiled.kernels


@pytest.fixture(scope="module", autouse=True)
def engine() -> None:
    """Both are asked here, one after the other."""
    if kernels is None:
        pytest.skip("the kernels were not compiled: there was no compiler when this was installed")


def counted(series: pl.Series, *, by_kernels: bool, base: Profile | None = None) -> ColumnProfile:
    with pytest.MonkeyPatch.context() as patch:
        for module in (many, numbers, texts):
            patch.setattr(module, "kernels", kernels if by_kernels else None)
        return profile(series.to_frame(), base).columns[0]


def agree(series: pl.Series) -> None:
    """As a baseline, of which single values are kept, and as a window, of which they are not."""
    for base in (None, profile(series.to_frame())):
        same(*(counted(series, by_kernels=each, base=base) for each in (True, False)))


def same(one: ColumnProfile, two: ColumnProfile) -> None:
    assert one.layout == two.layout
    assert (one.rows, one.nulls, one.zeros) == (two.rows, two.nulls, two.zeros)
    assert one.cells == two.cells
    assert one.names == two.names
    assert (one.minimum, one.maximum) == (two.minimum, two.maximum)
    assert one.moments.count == two.moments.count
    if np.isfinite(two.deviation):
        assert one.mean == pytest.approx(two.mean, rel=1e-12, abs=1e-12 * two.deviation)
        assert one.deviation == pytest.approx(two.deviation, rel=1e-9)
    else:  # beyond the largest double, and neither pretends that it is not
        assert not np.isfinite(one.deviation)


@given(st.lists(st.one_of(st.none(), st.floats(-1e150, 1e150), st.floats()), max_size=200))
def test_p5_both_engines_count_any_floats_alike(values: list[float | None]) -> None:
    agree(pl.Series("x", values, dtype=pl.Float64))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("rows", [1, 63, 64, 65, 2047, 2048, 2049, 10_000])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.97, 1.0])
def test_p5_both_engines_count_every_type_alike_with_and_without_nulls(
    dtype: pl.DataType, rows: int, share: float
) -> None:
    random = np.random.default_rng(rows)
    drawn = pl.Series("x", random.integers(0, 200, rows)).cast(dtype)
    missing = pl.Series(random.random(rows) < share)
    frame = drawn.to_frame().select(pl.when(~missing).then(pl.col("x")))
    agree(frame["x"])
    agree(pl.concat([frame, frame[rows // 3 :]], rechunk=False)["x"])  # bits begin anywhere


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 1.7e308])
def test_p5_both_engines_agree_where_a_few_odd_values_lie_among_many(odd: float) -> None:
    values = np.random.default_rng(1).normal(1e6, 1, 50_000)
    values[[0, 7_000, 7_001, 49_999]] = odd
    agree(pl.Series("x", values))
    agree(pl.Series("x", np.concatenate([np.full(5_000, odd), values])))


@pytest.mark.parametrize("offset", [0.0, 1e6, 1e12, 1.7e9])
def test_p5_deviations_far_from_zero_are_those_of_numpy_in_either_engine(offset: float) -> None:
    """Sorted, the first block lies far from the mean of all; nothing must cancel."""
    values = np.sort(np.random.default_rng(2).normal(0, 1, 200_000))
    for by_kernels in (True, False):
        found = counted(pl.Series("x", values + offset), by_kernels=by_kernels)
        exact = (values + offset).astype(np.longdouble)
        assert found.deviation == pytest.approx(float(exact.std()), rel=1e-11)
        assert found.mean == pytest.approx(float(exact.mean()), rel=1e-13, abs=1e-12)


def test_one_value_does_not_spoil_the_deviation_of_the_others() -> None:
    values = np.random.default_rng(3).normal(0, 1, 100_000)
    values[0] = 1e9  # would be the pivot, were it not the mean of its block
    found = counted(pl.Series("x", values), by_kernels=True)
    assert found.deviation == pytest.approx(float(values.astype(np.longdouble).std()), rel=1e-9)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=30), st.integers(0, 300))
def test_p5_both_engines_hash_any_text_alike(values: list[str], length: int) -> None:
    series = pl.Series([*values, "x" * length, "é" * length])
    by_kernels = many.many_of(series)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(many, "kernels", None)
        assert many.many_of(series) == by_kernels


def test_the_kernels_refuse_buffers_that_are_too_small() -> None:
    assert kernels is not None
    values, cells = np.zeros(100), np.zeros(RAW, dtype=np.uint32)
    for valid, table in ((np.zeros(3, dtype=np.uint8), cells), (None, cells[:10])):
        with pytest.raises(ValueError, match="too small"):
            kernels.count_numbers(values, "f", 8, valid, 0, 1.0, 1.0, 0.0, table, None, 0)
    views, slots = np.zeros((1, 2), dtype=np.uint64), np.zeros((4096, 4), dtype=np.uint64)
    listed = np.zeros(8, dtype=np.int64)
    views[0] = (200, 7 << 32)  # 200 bytes, from byte 7 of a buffer that is not there
    with pytest.raises(ValueError, match="too small"):
        kernels.count_texts(views, None, 0, (), slots, 0, False, 0, listed, listed.copy())
    with pytest.raises(ValueError, match="too small"):
        kernels.count_texts(views, None, 0, (), slots[:3], 0, False, 0, listed, listed.copy())
    with pytest.raises(ValueError, match="too small"):
        kernels.move_texts(slots, slots[:1024])
