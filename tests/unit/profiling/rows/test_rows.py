"""Rows come as they are: whatever holds them, the same columns come out, and a cure if not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import UnreadableData, UsageError
from mooring.profiling import profile
from mooring.profiling.rows.arrays import PART
from mooring.profiling.rows.arrow import Exportable, stream_parts
from mooring.profiling.rows.objects import from_objects
from mooring.profiling.rows.parts import parts_of

pa, ds = (pytest.importorskip(name) for name in ("pyarrow", "pyarrow.dataset"))
FRAME = pl.DataFrame({"x": [1.5, None, 3.0], "s": ["a", "b", None]})


class Stream:
    """Something that is only known by its Arrow stream, as a DuckDB relation is."""

    def __init__(self, rows: Exportable) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)


def table(rows: object) -> pl.DataFrame:
    return pl.concat(parts_of(rows))


def only(rows: object) -> pl.Series:
    return table(rows).to_series(0)


SAME: dict[str, object] = {
    "a frame": FRAME,
    "a lazy frame": FRAME.lazy(),
    "pandas": pd.DataFrame({"x": [1.5, None, 3.0], "s": ["a", "b", None]}),
    "pandas, nullable": pd.DataFrame(
        {"x": [1.5, None, 3.0], "s": ["a", "b", None]}
    ).convert_dtypes(),
    "pandas over Arrow": FRAME.to_arrow().to_pandas(types_mapper=pd.ArrowDtype),
    "a mapping": {"x": [1.5, None, 3.0], "s": ["a", "b", None]},
    "a mapping of arrays": {
        "x": np.array([1.5, np.nan, 3.0]),
        "s": np.array(["a", "b", None], dtype=object),
    },
    "records": [{"x": 1.5, "s": "a"}, {"s": "b"}, {"x": 3.0, "s": None}],
    "a table of pyarrow": FRAME.to_arrow(),
    "a record batch": FRAME.to_arrow().to_batches()[0],
    "a dataset": ds.dataset(FRAME.to_arrow()),
    "a stream": Stream(FRAME),
    "a list of frames": [FRAME[:1], FRAME[1:].to_pandas()],
    "an object array": np.array([[1.5, "a"], [None, "b"], [3.0, None]], dtype=object),
}


@pytest.mark.parametrize("rows", SAME.values(), ids=SAME.keys())
def test_the_same_rows_are_read_from_whatever_holds_them(rows: object) -> None:
    found = table(rows)
    numbers = found.to_series(0).cast(pl.Float64).fill_nan(None)
    assert numbers.to_list() == [1.5, None, 3.0]
    assert found.to_series(1).cast(pl.String).to_list() == ["a", "b", None]


@pytest.mark.parametrize("rows", SAME.values(), ids=SAME.keys())
def test_p5_the_profile_does_not_depend_on_what_holds_the_rows(rows: object) -> None:
    columns = profile(rows).columns
    assert [column.kind for column in columns] == ["numeric", "categorical"]
    assert [column.nulls for column in columns] == [1, 1]
    assert [column.counts for column in columns] == [
        column.counts for column in profile(FRAME).columns
    ]


def test_files_folders_and_globs_are_read(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.write_parquet(tmp_path / "b.parquet")
    assert table(tmp_path / "a.parquet").equals(FRAME)
    assert table(tmp_path).height == 6
    assert table(str(tmp_path / "*.parquet")).height == 6


def test_a_reader_is_read_batch_by_batch_and_never_held_whole() -> None:
    given_out = []

    def batches() -> Iterator[object]:
        for number in range(8):
            given_out.append(number)
            yield pa.record_batch({"x": np.full(10, number)})

    schema = pa.schema([("x", pa.int64())])
    parts = parts_of(pa.RecordBatchReader.from_batches(schema, batches()))
    assert next(parts).height == 10
    assert len(given_out) < 8
    assert sum(part.height for part in parts) == 70


@pytest.mark.skipif(
    not hasattr(pl, "scan_arrow_c_stream"), reason="this Polars reads streams whole"
)
def test_a_stream_of_anything_is_read_part_by_part() -> None:
    rows = 100_000
    given_out = []

    def batches() -> Iterator[object]:
        for number in range(20):
            given_out.append(number)
            yield pa.record_batch({"x": np.arange(rows)})

    reader = pa.RecordBatchReader.from_batches(pa.schema([("x", pa.int64())]), batches())
    parts = parts_of(Stream(reader))
    first = next(parts).height
    assert len(given_out) < 20
    assert first + sum(part.height for part in parts) == 20 * rows


def test_parts_are_bounded() -> None:
    rows = PART + 5
    whole: list[object] = [
        np.arange(rows),
        pd.DataFrame({"x": np.arange(rows)}),
        pl.DataFrame({"x": np.arange(rows)}),
        pa.table({"x": np.arange(rows)}),
        {"x": np.arange(rows)},
    ]
    for held in whole:
        assert [part.height for part in parts_of(held)] == [PART, 5]


def test_every_type_of_pandas_becomes_what_it_means() -> None:
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["a", None, "b"]),
            "numbers as categories": pd.Categorical([1, 2, None]),
            "instant": pd.to_datetime(["2020-01-01", None, "2021-01-01"]),
            "zoned": pd.to_datetime(["2020-01-01", None, "2021-01-01"]).tz_localize("Asia/Tokyo"),
            "integer": pd.array([1, None, 2**60 + 1], dtype="Int64"),
            "boolean": pd.array([True, None, False], dtype="boolean"),
            "month": pd.period_range("2020-01", periods=3, freq="M"),
            "sparse": pd.arrays.SparseArray([0.0, 0.0, 1.0]),
            "span": pd.to_timedelta(["1D", None, "2h"]),
        }
    )
    found = {series.name: series.to_list() for series in table(frame)}
    assert found["category"] == ["a", None, "b"]
    assert found["numbers as categories"] == ["1", "2", None]
    assert found["zoned"] == [datetime(2019, 12, 31, 15), None, datetime(2020, 12, 31, 15)]  # noqa: DTZ001
    assert found["integer"] == [1, None, 2**60 + 1]
    assert found["boolean"] == [True, None, False]
    assert found["span"] == [timedelta(days=1), None, timedelta(hours=2)]
    kinds = [column.kind for column in profile(frame).columns]
    assert kinds == [
        *("categorical", "categorical", "datetime", "datetime", "numeric", "boolean"),
        *("datetime", "numeric", "numeric"),
    ]


_WITHOUT = """
import sys
sys.modules["pyarrow"] = None
import json, pandas as pd
from mooring.profiling import profile
frame = pd.DataFrame({
    "f": [1.5, None], "s": ["a", None], "o": pd.Series([1, "x"], dtype=object),
    "c": pd.Categorical(["a", "b"]), "t": pd.to_datetime(["2020-01-01", None]).tz_localize("UTC"),
    "i": pd.array([1, None], dtype="Int64"),
})
print(json.dumps([[c.name, c.kind, c.nulls] for c in profile(frame).columns]))
"""


def test_pandas_needs_no_pyarrow() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(ended.stdout) == [
        ["f", "numeric", 1],
        ["s", "categorical", 1],
        ["o", "categorical", 0],
        ["c", "categorical", 0],
        ["t", "datetime", 1],
        ["i", "numeric", 1],
    ]


OBJECTS: dict[str, tuple[list[object], pl.DataType]] = {
    "nothing": ([None, float("nan"), pd.NA, pd.NaT], pl.Float64()),
    "texts": (["a", None, float("nan"), pd.NA], pl.String()),
    "numbers among texts": ([1, "a", 2.5], pl.String()),
    "booleans": ([True, None, np.bool_(False)], pl.Boolean()),
    "integers": ([1, np.int8(2), None], pl.Int64()),
    "huge integers": ([1, 2**70], pl.Float64()),
    "numbers": ([1, 2.5, Decimal("1.5"), True], pl.Float64()),
    "dates": ([date(2020, 1, 1), None], pl.Date()),
    "dates and instants": ([date(2020, 1, 1), datetime(2020, 1, 1, tzinfo=UTC)], pl.Datetime("us")),
    "spans": ([timedelta(1), pd.NaT], pl.Duration("us")),
    "times of day": ([time(1), None], pl.Time()),
    "vectors": ([[1, 2], np.array([3.0, 4.0]), None], pl.List(pl.Float64)),
    "anything": ([object(), 1, "a"], pl.Object()),
    "rows of mappings": ([{}, {"a": 1}], pl.Object()),
    "vectors of texts": ([["a"], ["b"]], pl.Object()),
}


@pytest.mark.parametrize(("values", "dtype"), OBJECTS.values(), ids=OBJECTS.keys())
def test_objects_have_the_type_of_all_of_them(values: list[object], dtype: pl.DataType) -> None:
    found = from_objects("x", values)
    assert found.len() == len(values)
    assert found.dtype == dtype


def test_a_nan_among_texts_or_dates_is_a_missing_value_and_no_text() -> None:
    nan = float("nan")
    assert from_objects("x", ["a", nan, pd.NA]).to_list() == ["a", None, None]
    assert from_objects("x", [date(2020, 1, 1), nan]).to_list() == [date(2020, 1, 1), None]


def test_an_instant_with_a_zone_is_kept_as_utc() -> None:
    zone = datetime.fromisoformat("2020-01-01T02:00:00+02:00")
    assert from_objects("x", [zone]).to_list() == [datetime(2020, 1, 1)]  # noqa: DTZ001


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.dates(),
    st.lists(st.floats(), max_size=3),
    st.dictionaries(st.text(), st.none(), max_size=1),
)


@given(st.lists(scalars, max_size=8), st.lists(st.integers(0, 9), min_size=8, max_size=8))
def test_one_strange_column_never_spoils_another(values: list[object], numbers: list[int]) -> None:
    filled = values + [None] * (8 - len(values))
    odd, plain = profile({"odd": filled, "x": numbers}).columns
    assert plain.kind == "numeric"
    assert plain.moments.count == 8
    assert odd.rows == 8


def test_an_array_of_a_strange_type_is_a_column_that_is_not_profiled() -> None:
    found = profile({"z": np.array([1j, 2j]), "x": np.array([1, 2])})
    assert [column.kind for column in found.columns] == ["unsupported", "numeric"]


def test_a_type_that_polars_lacks_is_a_column_that_is_not_profiled() -> None:
    odd = pa.array([(1, 2, 3)] * 2, type=pa.month_day_nano_interval())
    found = profile(pa.table({"odd": odd, "x": [1, 2]}))
    assert [column.kind for column in found.columns] == ["unsupported", "numeric"]


def test_arrays_of_all_shapes() -> None:
    assert table(np.arange(3)).columns == ["column_0"]
    assert table(np.zeros((3, 2))).columns == ["column_0", "column_1"]
    assert table(np.zeros((0, 2))).shape == (0, 2)
    fields = np.array([(1, "a", 2.0)], dtype=[("n", "i4"), ("s", "U3"), ("big-endian", ">f8")])
    assert table(fields).to_dicts() == [{"n": 1, "s": "a", "big-endian": 2.0}]
    assert only(np.ma.masked_array([1, 2], [False, True])).to_list() == [1, None]
    assert only(np.array(["2020", "NaT"], dtype="M8[Y]")).null_count() == 1
    assert only(np.array([1, 2], dtype="f2")).to_list() == [1.0, 2.0]


def test_a_single_value_stands_in_every_row_of_a_mapping() -> None:
    assert table({"x": [1, 2], "k": "a"})["k"].to_list() == ["a", "a"]


def test_no_rows_keep_their_columns() -> None:
    for rows in (
        FRAME.clear(),
        FRAME.clear().lazy(),
        FRAME.clear().to_arrow(),
        Stream(FRAME.clear()),
    ):
        (part,) = parts_of(rows)
        assert part.shape == (0, 2)


REFUSED: dict[str, tuple[object, str]] = {
    "a number": (5, "int cannot be profiled"),
    "bytes": (b"abc", "bytes cannot be profiled"),
    "nothing": (None, "NoneType cannot be profiled"),
    "a list of numbers": ([1, 2], "it holds int"),
    "an empty list": ([], "empty: list"),
    "an empty iterator": (iter(()), "are empty"),
    "an empty mapping": ({}, "no columns: dict"),
    "a frame without columns": (pd.DataFrame(), "no columns: pandas.DataFrame"),
    "a matrix without columns": (np.zeros((3, 0)), "no columns"),
    "three dimensions": (np.zeros((2, 2, 2)), "not a table"),
    "a lone number in an array": (np.array(3), "not a table"),
    "columns of unlike length": ({"x": [1, 2], "y": [1]}, "different lengths"),
    "a name twice, pandas": (pd.DataFrame([[1, 2]], columns=["a", "a"]), "same name: 'a'"),
    "a name twice, Arrow": (pa.table([[1], [2]], names=["a", "a"]), "same name: 'a'"),
    "names alike as texts": ({1: [1], "1": [2]}, "same name: '1'"),
    "an empty path": ("", "an empty path"),
    "a frame and a number": ([FRAME, 5], "it holds int"),
}


@pytest.mark.parametrize(("rows", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_profiled_is_refused_with_a_cure(rows: object, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        list(parts_of(rows))
    assert refused.value.fix


def test_what_cannot_be_read_is_said_with_a_cure(tmp_path: Path) -> None:
    unreadable: list[object] = [
        tmp_path / "none.parquet",
        FRAME.lazy().select("nope"),
        Stream(pl.Series("x", [1])),
    ]
    for rows in unreadable:
        with pytest.raises(UnreadableData) as refused:
            list(parts_of(rows))
        assert refused.value.fix


def test_a_polars_that_cannot_scan_streams_reads_them_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(pl, "scan_arrow_c_stream", raising=False)
    assert pl.concat(stream_parts(Stream(FRAME))).equals(FRAME)


def test_p5_columns_that_the_baseline_lacks_are_not_read_and_change_nothing(
    tmp_path: Path,
) -> None:
    base = profile(FRAME)
    wide = FRAME.with_columns(extra=pl.lit("x"), more=pl.lit(1))
    paths = [tmp_path / name for name in ("wide.parquet", "wide.arrow")]
    wide.write_parquet(paths[0])
    wide.write_ipc(paths[1])
    for rows in (*paths, wide.lazy(), [paths[0]], wide):
        assert profile(rows, base) == profile(FRAME, base)
    (part,) = parts_of(paths[0], {"extra"})
    assert part.columns == ["extra"]


def test_p3_rows_without_any_column_of_the_baseline_are_counted_all_the_same(
    tmp_path: Path,
) -> None:
    base = profile({"x": [1.0, 2.0]})
    other = pl.DataFrame({"y": [1, 2, 3]})
    other.write_parquet(tmp_path / "other.parquet")
    for rows in (other, other.lazy(), tmp_path / "other.parquet"):
        found = profile(rows, base)
        assert found.rows == 3
        assert found.columns[0].problem == "the column is not in these rows"
