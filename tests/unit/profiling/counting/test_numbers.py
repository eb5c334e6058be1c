"""Numbers of every type: what is counted, in seconds where it is time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from mooring.profiling import ColumnProfile, Profile, profile

INF, NAN = float("inf"), float("nan")


def only(values: object, base: Profile | None = None) -> ColumnProfile:
    (column,) = profile(pl.DataFrame({"x": values}), base).columns
    return column


def test_p5_counting_leaves_the_rows_as_they_are() -> None:
    """NaN in a column without nulls is memory of the caller, which nobody may write on."""
    frame = pl.DataFrame(
        {"x": [1.0, NAN, -0.0, INF], "y": [1, None, 3, 4], "s": ["a", None, "long " * 9, "b"]}
    )
    before = frame.clone().rows()
    profile(frame, profile(frame))
    assert repr(frame.rows()) == repr(before)
    array = np.array([[NAN, 1.0], [2.0, NAN]])
    profile(array)
    assert np.isnan(array[0, 0])
    assert np.isnan(array[1, 1])


def test_null_and_nan_are_missing_and_infinities_are_not() -> None:
    base = profile({"x": [0.0, 1.0, 2.0]})
    column = only([NAN, None, INF, -INF, 0.0, -0.0], base)
    assert (column.rows, column.nulls, column.present) == (6, 2, 4)
    assert (column.non_finite, column.zeros) == (2, 2)
    assert (column.minimum, column.maximum, column.mean, column.deviation) == (0.0, 0.0, 0.0, 0.0)
    assert column.cells.infinite == 2


@pytest.mark.parametrize("payload", [0x7FF8000000000001, 0xFFF8000000000000, 0x7FF0000000000001])
def test_nan_is_missing_whatever_its_payload_and_sign(payload: int) -> None:
    values = np.array([1.0, 2.0, 0.0])
    values.view(np.uint64)[2] = payload
    column = only(values)
    assert (column.nulls, column.moments.count, column.cells.rows) == (1, 2, 2)


def test_what_lies_under_a_null_does_not_matter() -> None:
    rubbish = pl.DataFrame({"v": [5.0, -1e300, INF, NAN, 7.0], "keep": [1, 0, 0, 0, 1]})
    hidden = rubbish.select(x=pl.when(pl.col("keep") == 1).then("v"))["x"]
    clean = pl.Series("x", [5.0, None, None, None, 7.0])
    assert hidden.to_list() == clean.to_list()
    assert only(hidden) == only(clean)
    integers = pl.DataFrame({"v": [2**62, 3, 4]}).select(x=pl.when(pl.col("v") < 9).then("v"))["x"]
    assert only(integers) == only(pl.Series("x", [None, 3, 4]))


def test_denormals_are_zeros_to_the_cells_but_not_to_the_extremes() -> None:
    column = only([5e-324, -5e-324, 0.0, -0.0, 1.0])
    assert (column.zeros, column.minimum, column.maximum) == (2, -5e-324, 1.0)
    assert column.cells.rows == 5
    assert column.cells.ids[0] == 0


def test_integers_held_as_floats_are_counted_like_integers() -> None:
    base = profile({"x": [1, 2, 2, 3]})
    held, kept = only([1.0, 2.0, 2.0, 3.0], base), only([1, 2, 2, 3], base)
    assert held == kept


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([3, 2**63 + 2048, 2**64 - 2048], dtype=pl.UInt64),
        pl.Series([-(2**100), 2**100, 0], dtype=pl.Int128),
        pl.Series([-128, 0, 127], dtype=pl.Int8),
        pl.Series([0, 1, 2**32 - 1], dtype=pl.UInt32),
        pl.Series([Decimal("-2.50"), Decimal("0.00"), Decimal("1234567.25")]),
        pl.Series([0.5, -0.25, 3e38], dtype=pl.Float32),
        pl.Series([-(2**53), 2**53, 7], dtype=pl.Int64),
    ],
    ids=lambda series: str(series.dtype),
)
def test_every_type_of_number_is_counted_as_its_double(values: pl.Series) -> None:
    assert only(values).kind == "numeric"
    base = profile({"x": values.cast(pl.Float64)})
    direct, cast = only(values, base), only(values.cast(pl.Float64), base)
    assert direct == cast
    assert direct.minimum == min(float(value) for value in values)


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([date(1970, 1, 2)], 86_400.0),
        ([date(1969, 12, 31)], -86_400.0),
        ([datetime(1970, 1, 1, 0, 1)], 60.0),  # noqa: DTZ001 - naive on purpose
        ([datetime(1970, 1, 1, 0, 1, tzinfo=UTC)], 60.0),
        ([timedelta(minutes=1)], 60.0),
        ([time(0, 1)], 60.0),
        ([Decimal("2.50")], 2.5),
        ([True, False], 0.5),
        ([7], 7.0),
    ],
)
def test_instants_and_spans_are_counted_in_seconds(values: list[object], seconds: float) -> None:
    base = profile({"x": [0.5]}) if isinstance(values[0], bool) else None
    assert only(values, base).mean == seconds


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kolkata"])
def test_time_units_and_zones_do_not_matter(unit: str, zone: str | None) -> None:
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(800)]
    instants = pl.Series("x", hours, dtype=pl.Datetime("us", "UTC"))
    base = profile({"x": instants})
    assert base.columns[0].kind == "datetime"
    other = instants.dt.convert_time_zone(zone) if zone else instants.dt.replace_time_zone(None)
    column = only(other.dt.cast_time_unit("ns" if unit == "ns" else "ms"), base)
    assert column.cells.ids.tolist() == base.columns[0].cells.ids.tolist()
    assert column.moments == base.columns[0].moments


def test_spans_do_not_depend_on_their_unit() -> None:
    spans = pl.Series("x", [timedelta(seconds=k) for k in range(60)])
    base = profile({"x": spans})
    for unit in ("ms", "us", "ns"):
        assert only(spans.cast(pl.Duration(unit)), base) == only(spans, base)


@pytest.mark.parametrize("rows", [1, 2, 4095, 4096, 8193, 70_000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.9])
def test_moments_and_missing_values_are_those_of_numpy(rows: int, share: float) -> None:
    rng = np.random.default_rng(rows)
    values = rng.normal(3, 2, rows)
    missing = rng.random(rows) < share
    column = only(pl.Series("x", values).set(pl.Series(missing), None))
    present = values[~missing]
    assert (column.nulls, column.moments.count) == (missing.sum(), present.size)
    if present.size:
        assert column.mean == pytest.approx(present.mean(), rel=1e-12)
        assert column.deviation == pytest.approx(present.std(), rel=1e-12, abs=1e-15)
        assert (column.minimum, column.maximum) == (present.min(), present.max())
        assert column.cells.rows == present.size


def test_the_largest_floats_neither_fail_nor_warn() -> None:
    column = only([1.7e308, -1.7e308, 1.7e308, 0.0])
    assert (column.cells.rows, column.zeros, column.non_finite) == (4, 1, 0)
    assert sum(column.counts) == 4
