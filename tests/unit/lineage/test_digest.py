"""P1: the digest of a table covers its content, all of it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import UnreadableData
from mooring.lineage.digest import digest_frames, digest_table, row_fingerprints


def instant(year: int, month: int, day: int, hour: int = 0) -> datetime:
    """Give a datetime without a zone, as most files hold."""
    return datetime(year, month, day, hour, tzinfo=UTC).replace(tzinfo=None)


NAN = float("nan")
FRAME = pl.DataFrame(
    {
        "id": pl.Series([1, 2, None, -4], dtype=pl.Int64),
        "price": [0.5, None, NAN, -1.25],
        "name": ["a", "", None, "a text longer than twelve bytes"],
        "sold": [True, None, False, True],
        "day": [date(2024, 1, 1), None, date(1969, 12, 31), date(2024, 2, 29)],
        "at": [instant(2024, 1, 1, 12), None, instant(1969, 12, 31, 23), None],
        "tags": [["x", "y"], [], None, ["y", "x"]],
        "place": [{"lat": 1.0, "lon": None}, None, {"lat": None, "lon": 1.0}, None],
    }
)
VALUES = {
    "integer": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=True),
    "string": st.text(max_size=40),
}
TYPES: dict[str, pl.DataType] = {
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "string": pl.String(),
}


@st.composite
def tables(draw: st.DrawFn, min_rows: int = 0) -> pl.DataFrame:
    rows = draw(st.integers(min_rows, 12))
    columns = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1))):
        cells = st.lists(st.none() | VALUES[kind], min_size=rows, max_size=rows)
        columns.append(pl.Series(f"c{number}", draw(cells), dtype=TYPES[kind]))
    return pl.DataFrame(columns)


def digest_of(
    values: Iterable[object], dtype: pl.DataType | type[pl.DataType] | None = None
) -> str:
    return digest_table(pl.DataFrame({"x": pl.Series(values, dtype=dtype)})).digest


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([[float(i) for i in range(100)]] * 3, id="whole floats"),
        pytest.param([[-1.0, 1.0]] * 18, id="signs"),
        pytest.param([list(range(-50, 50))] * 3, id="small integers"),
        pytest.param([["", "a", "b", "aa", "abcdefghijkl", "abcxefghijky"]] * 7, id="texts"),
        pytest.param([[None, 0, 1, 2**63 - 1, -(2**63)]] * 8, id="extremes and nulls"),
    ],
)
def test_rows_of_like_values_all_have_fingerprints_of_their_own(
    values: list[list[object]],
) -> None:
    rows = pl.DataFrame({f"c{i}": [found] for i, found in enumerate(values)})
    for name in rows.columns:
        rows = rows.explode(name)
    marks = row_fingerprints(rows)
    assert len(marks) > 200_000
    assert len(np.unique(marks)) == len(marks)


def test_p1_the_digest_of_a_known_table_never_changes() -> None:
    assert (
        digest_table(FRAME).digest
        == "t1:4ccf96c3b8837283f01f8c3b512b49ab6f94539e64b6edcdd83adf9697055d0f"
    )
    assert (
        digest_table(pl.DataFrame({"x": [1, 2, 3]})).digest
        == "t1:6c844f1441848d3cf73ffa05d2e050e15dc76c80abf6d4acbfdc043b29904fea"
    )
    assert (
        digest_table(pl.DataFrame()).digest
        == "t1:3b112a344d75815bcb1e3bb82999c71b16aaf698dabc95d8ecffe0c7273e4a50"
    )
    assert row_fingerprints(FRAME).tolist() == [
        12285071362526164303,
        1411149106292277534,
        4966017466693675230,
        14250355023754241898,
    ]


def test_a_digest_says_its_rows_schema_and_columns() -> None:
    found = digest_table(FRAME.select("price", "id"))
    assert found.rows == 4
    assert found.schema == (("id", "integer"), ("price", "float"))
    assert [name for name, _ in found.columns] == ["id", "price"]
    assert all(value.startswith("c1:") and len(value) == 67 for _, value in found.columns)


@given(tables(), st.randoms(use_true_random=False))
def test_p1_neither_order_nor_cuts_change_a_digest(frame: pl.DataFrame, random: object) -> None:
    assert hasattr(random, "shuffle")
    expected = digest_table(frame)
    rows, columns = list(range(frame.height)), list(frame.columns)
    random.shuffle(rows)
    random.shuffle(columns)
    shuffled = frame[rows].select(columns)
    assert digest_table(shuffled) == expected
    cut = len(rows) // 3
    assert digest_frames([shuffled[cut:], shuffled[:cut]]) == expected
    assert digest_table(pl.concat([shuffled[:cut], shuffled[cut:]], rechunk=False)) == expected


@given(tables(min_rows=1), st.data())
def test_p1_any_single_cell_changes_the_digest(frame: pl.DataFrame, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(frame.columns))
    row = data.draw(st.integers(0, frame.height - 1))
    kinds = {value: key for key, value in TYPES.items()}
    other = data.draw(st.none() | VALUES[kinds[frame.schema[name]]])
    cells = frame[name].to_list()
    changed = [*cells[:row], other, *cells[row + 1 :]]
    after = frame.with_columns(pl.Series(name, changed, dtype=frame.schema[name]))
    same = frame.equals(after)
    before, found = digest_table(frame), digest_table(after)
    assert (before.digest == found.digest) is same
    moved = {a for a, b in zip(before.columns, found.columns, strict=True) if a != b}
    assert {column for column, _ in moved} == (set() if same else {name})


@pytest.mark.parametrize("name", FRAME.columns)
@pytest.mark.parametrize("row", range(FRAME.height))
def test_p1_a_value_or_null_that_moves_changes_the_digest(name: str, row: int) -> None:
    cells = FRAME[name].to_list()
    replacement = None if cells[row] is not None else cells[0]
    cells[row] = replacement
    after = FRAME.with_columns(pl.Series(name, cells, dtype=FRAME.schema[name]))
    assert digest_table(after).digest != digest_table(FRAME).digest


def test_p1_two_values_swapped_between_rows_change_the_digest_but_not_the_columns() -> None:
    swapped = FRAME.with_columns(pl.Series("id", [2, 1, None, -4]))
    assert digest_table(swapped).digest != digest_table(FRAME).digest
    assert digest_table(swapped).columns == digest_table(FRAME).columns


def test_p1_columns_renamed_or_swapped_change_the_digest() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [3, 4]})
    digests = {
        digest_table(frame).digest,
        digest_table(frame.rename({"a": "c"})).digest,
        digest_table(frame.rename({"a": "b", "b": "a"})).digest,
        digest_table(frame.select("a")).digest,
    }
    assert len(digests) == 4


def test_p1_a_row_twice_or_missing_changes_the_digest() -> None:
    frame = pl.DataFrame({"a": [0, 0, 1]})
    heights = [frame, frame[:2], frame[1:], pl.concat([frame, frame]), frame[:0]]
    assert len({digest_table(part).digest for part in heights}) == 5


def test_p1_types_and_absences_are_told_apart() -> None:
    digests = [
        digest_of([1]),
        digest_of([1.0]),
        digest_of(["1"]),
        digest_of([b"1"]),
        digest_of([True]),
        digest_of([Decimal(1)]),
        digest_of([None], pl.Int64),
        digest_of([0]),
        digest_of([0.0]),
        digest_of([None], pl.Float64),
        digest_of([NAN]),
        digest_of([""]),
        digest_of([None], pl.String),
        digest_of([None]),
        digest_of(["\0"]),
        digest_of([date(1970, 1, 1)]),
        digest_of([instant(1970, 1, 1)]),
        digest_of([datetime(1970, 1, 1, tzinfo=UTC)]),
        digest_of([time()]),
        digest_of([timedelta()]),
        digest_of([[1]]),
        digest_of([[]], pl.List(pl.Int64)),
        digest_of([None], pl.List(pl.Int64)),
        digest_of([[None]], pl.List(pl.Int64)),
        digest_of([[[]]], pl.List(pl.List(pl.Int64))),
        digest_of([{"a": 1}]),
        digest_of([{"b": 1}]),
    ]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(
    ("values", "one", "other"),
    [
        ([1, None, 100], pl.Int8, pl.UInt64),
        ([1, None, -100], pl.Int16, pl.Int128),
        ([2**63, 1, None], pl.UInt64, pl.Int128),
        ([0.5, None, NAN], pl.Float32, pl.Float64),
        (["a", None, "b"], pl.Categorical, pl.String),
        (["a", None, "b"], pl.Enum(["b", "a"]), pl.String),
        ([instant(1960, 1, 1, 1), None], pl.Datetime("ms"), pl.Datetime("ns")),
        ([instant(1960, 1, 1, 1), None], pl.Datetime("us"), pl.Datetime("ns")),
        ([timedelta(days=-1), None], pl.Duration("ms"), pl.Duration("ns")),
        ([Decimal("1.5"), Decimal(100), None], pl.Decimal(10, 1), pl.Decimal(20, 6)),
        ([[1, 2], None, [3, 4]], pl.Array(pl.Int64, 2), pl.List(pl.Int8)),
        ([[["a"]], [], None], pl.List(pl.List(pl.Categorical)), pl.List(pl.List(pl.String))),
    ],
)
def test_p1_width_unit_and_encoding_do_not_show(
    values: list[object], one: pl.DataType, other: pl.DataType
) -> None:
    assert digest_of(values, one) == digest_of(values, other)


def test_p1_the_same_instant_in_another_zone_is_the_same() -> None:
    berlin = pl.Series([datetime(2024, 7, 1, tzinfo=UTC)]).dt.convert_time_zone("Europe/Berlin")
    assert digest_of(berlin) == digest_of([datetime(2024, 7, 1, tzinfo=UTC)])


def test_p1_nanoseconds_are_not_lost() -> None:
    ticks = pl.Series([1_700_000_000_000_000_001, 1_700_000_000_000_000_002])
    assert digest_of(ticks[:1], pl.Datetime("ns")) != digest_of(ticks[1:], pl.Datetime("ns"))


def test_zero_has_no_sign_and_every_nan_is_one() -> None:
    assert digest_of([0.0]) == digest_of([-0.0])
    odd = np.array([0x7FF8000000000001, 0xFFF8000000000000], dtype=np.uint64).view(np.float64)
    assert digest_of(odd) == digest_of([NAN, NAN])


def test_integers_beyond_64_bits_signed_are_not_mistaken_for_negative_ones() -> None:
    assert digest_of([2**64 - 1], pl.UInt64) != digest_of([-1], pl.Int64)
    wide = [2**100, 2**100 + 1, -(2**100)]
    assert len({digest_of([value], pl.Int128) for value in wide}) == 3


def test_text_of_every_length_is_told_from_its_neighbours() -> None:
    texts = [letter * length for length in range(1, 300) for letter in "ab"]
    texts += [f"{'a' * length}b" for length in range(1, 300)] + ["", "a\0", "a\0\0"]
    texts = list(dict.fromkeys(texts))
    assert len(set(row_fingerprints(pl.DataFrame({"x": texts})).tolist())) == len(texts)


@given(st.lists(st.none() | st.text(max_size=300), min_size=2), st.data())
def test_a_fingerprint_depends_on_the_text_and_not_on_where_it_lies(
    texts: list[str | None], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(texts) - 1))
    frame = pl.DataFrame({"x": pl.Series(texts, dtype=pl.String)})
    alone = [pl.DataFrame({"x": pl.Series([text], dtype=pl.String)}) for text in texts]
    expected = [row_fingerprints(row).item() for row in alone]
    assert row_fingerprints(frame).tolist() == expected
    assert row_fingerprints(frame[start:]).tolist() == expected[start:]


def test_row_fingerprints_follow_rows_and_not_columns() -> None:
    marks = row_fingerprints(FRAME)
    assert marks.dtype == np.uint64
    assert len(set(marks.tolist())) == 4
    assert row_fingerprints(FRAME.reverse()).tolist() == marks[::-1].tolist()
    assert row_fingerprints(FRAME.select(reversed(FRAME.columns))).tolist() == marks.tolist()
    assert row_fingerprints(FRAME[:0]).tolist() == []


def test_p1_a_table_of_many_blocks_is_the_sum_of_them() -> None:
    n = 200_000
    random = np.random.default_rng(7)
    frame = pl.DataFrame(
        {
            "x": pl.Series(random.normal(size=n)).scatter(random.integers(0, n, 999), None),
            "s": pl.Series(random.integers(0, 1 << 60, n)).cast(pl.String),
            "b": random.random(n) > 0.5,
        }
    )
    expected = digest_table(frame)
    assert digest_table(frame.sample(fraction=1, shuffle=True, seed=1)) == expected
    assert digest_frames(frame.iter_slices(33_333)) == expected
    changed = frame.with_columns(b=pl.Series(frame["b"]).scatter(123_456, not frame["b"][123_456]))
    assert digest_table(changed).digest != expected.digest


def test_fingerprints_and_digests_scatter_over_all_bits() -> None:
    grid = pl.DataFrame({"x": pl.arange(0, 256, eager=True).cast(pl.Float64)}).join(
        pl.DataFrame({"y": pl.arange(0, 256, eager=True)}), how="cross"
    )
    marks = row_fingerprints(grid)
    assert len(np.unique(marks)) == len(marks)
    bits = np.unpackbits(marks.view(np.uint8).reshape(-1, 8), axis=1)
    # 65,536 coins: 6 standard deviations are 0.0117
    assert np.abs(bits.mean(axis=0) - 0.5).max() < 0.0117


def test_parts_that_do_not_fit_are_refused_with_the_column() -> None:
    parts = [pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [1.5]})]
    with pytest.raises(UnreadableData, match="column 'a': integer in part 1, float in part 2"):
        digest_frames(parts)


def test_python_objects_are_refused_with_the_column() -> None:
    frame = pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)})
    with pytest.raises(UnreadableData, match="o"):
        digest_table(frame)


def test_no_parts_are_an_empty_table() -> None:
    assert digest_frames([]) == digest_table(pl.DataFrame())
