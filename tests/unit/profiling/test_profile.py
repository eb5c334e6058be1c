"""Profiles: what is counted, and that merging is the same as counting all at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import DataError
from mooring.profiling.profile import ColumnProfile, Profile, baseline, merge, profile

numbers = st.one_of(st.none(), st.floats(width=32), st.sampled_from([0.0, -1.0, 1e9, -1e300]))
rows = st.lists(
    st.tuples(numbers, st.one_of(st.none(), st.sampled_from("abcdef")), st.booleans()),
    max_size=60,
)


def table(data: list[tuple[float | None, str | None, bool]]) -> pl.DataFrame:
    schema = {"x": pl.Float64, "s": pl.String, "b": pl.Boolean}
    return pl.DataFrame(data, schema=schema, orient="row")


def only(frame: pl.DataFrame, like: Profile | None = None) -> ColumnProfile:
    whole = baseline(frame) if like is None else profile(frame, like)
    return whole.columns[0]


def counted(whole: Profile) -> list[tuple[object, ...]]:
    """Everything that must merge exactly."""
    return [
        (c.name, c.kind, c.rows, c.nulls, c.non_finite, c.zeros, c.minimum, c.maximum, c.counts)
        for c in whole.columns
    ]


BASE = baseline(
    table([(float(i), "abcd"[i % 4], i % 3 == 0) for i in range(300)] + [(None, None, True)] * 5)
)


@given(rows, rows)
def test_p5_the_profile_of_all_rows_is_the_merge_of_its_parts(
    one: list[tuple[float | None, str | None, bool]],
    two: list[tuple[float | None, str | None, bool]],
) -> None:
    a, b = profile(table(one), BASE), profile(table(two), BASE)
    whole = profile(table(one + two), BASE)
    assert counted(merge(a, b)) == counted(whole)
    merged, direct = merge(a, b).columns[0], whole.columns[0]
    assert merged.mean == pytest.approx(direct.mean, rel=1e-9, abs=1e285)
    assert merged.deviation == pytest.approx(direct.deviation, rel=1e-9, abs=1e-6, nan_ok=True)


@given(rows, rows, rows)
def test_p5_merging_is_associative_and_commutative_with_no_rows_as_identity(
    one: list[tuple[float | None, str | None, bool]],
    two: list[tuple[float | None, str | None, bool]],
    three: list[tuple[float | None, str | None, bool]],
) -> None:
    a, b, c = (profile(table(part), BASE) for part in (one, two, three))
    nothing = profile(table([]), BASE)
    assert counted(merge(merge(a, b), c)) == counted(merge(a, merge(b, c)))
    assert merge(a, b) == merge(b, a)
    assert merge(a, nothing) == a == merge(nothing, a)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(
    data: list[tuple[float | None, str | None, bool]], random: Random
) -> None:
    shuffled = list(data)
    random.shuffle(shuffled)
    assert baseline(table(data)) == baseline(table(shuffled))


def test_the_baseline_is_its_own_profile() -> None:
    frame = pl.DataFrame({"x": [1.5, 2.5, None] * 9, "s": ["a", "b", None] * 9})
    base = baseline(frame)
    assert profile(frame, base) == base


def test_null_and_nan_are_missing_and_infinities_fall_in_the_open_ends() -> None:
    base = baseline(pl.DataFrame({"x": [0.0, 1.0, 2.0]}))
    inf, nan = float("inf"), float("nan")
    column = only(pl.DataFrame({"x": [nan, None, inf, -inf, 0.0, -0.0]}), base)
    assert (column.rows, column.nulls, column.non_finite, column.zeros) == (6, 2, 2, 2)
    assert column.counts == (1, 2, 0, 0, 1)
    assert (column.minimum, column.maximum, column.mean, column.m2) == (0.0, 0.0, 0.0, 0.0)
    assert (column.present, column.finite, column.unseen) == (4, 2, 2)


def test_infinities_in_the_baseline_make_no_edges() -> None:
    column = only(pl.DataFrame({"x": [float("inf"), 1.0, 2.0, 3.0]}))
    assert column.counts == (0, 1, 1, 1, 1)
    assert column.unseen == 1


def test_integers_held_as_floats_are_counted_like_integers() -> None:
    base = baseline(pl.DataFrame({"x": [1, 2, 2, 3]}))
    held = only(pl.DataFrame({"x": [1.0, 2.0, 2.0, 3.0]}), base)
    assert held.counts == base.columns[0].counts


def test_one_row_and_no_rows_have_a_profile() -> None:
    one = only(pl.DataFrame({"x": [4.0]}))
    assert one.counts == (0, 1, 0)
    none = only(pl.DataFrame({"x": pl.Series([], dtype=pl.Float64)}))
    assert (none.rows, none.counts, none.minimum) == (0, (0,), None)
    assert none.null_rate != none.null_rate


def test_a_column_of_nulls_has_a_profile() -> None:
    column = only(pl.DataFrame({"x": pl.Series([None] * 4, dtype=pl.Float64)}))
    assert (column.nulls, column.counts, column.minimum) == (4, (0,), None)


def test_a_huge_offset_does_not_blur_the_deviation() -> None:
    column = only(pl.DataFrame({"x": [1e12 + k for k in (0, 1, 2, 3)]}))
    assert column.deviation == pytest.approx(1.25**0.5)


def test_the_largest_floats_neither_fail_nor_warn() -> None:
    column = only(pl.DataFrame({"x": [1.7e308, -1.7e308, 1.7e308]}))
    assert sum(column.counts) == 3


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ([date(1970, 1, 2)], 86_400.0),
        ([datetime(1970, 1, 1, 0, 1)], 60.0),  # noqa: DTZ001 - naive on purpose
        ([datetime(1970, 1, 1, 0, 1, tzinfo=UTC)], 60.0),
        ([timedelta(minutes=1)], 60.0),
        ([time(0, 1)], 60.0),
        ([Decimal("2.50")], 2.5),
        ([7], 7.0),
    ],
)
def test_instants_and_spans_are_counted_in_seconds(values: list[object], seconds: float) -> None:
    assert only(pl.DataFrame({"t": values})).mean == seconds


def test_time_units_do_not_matter() -> None:
    hours = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=k) for k in range(800)]
    base = baseline(pl.DataFrame({"t": pl.Series(hours, dtype=pl.Datetime("ms", "UTC"))}))
    assert base.columns[0].kind == "datetime"
    days = pl.DataFrame({"t": [date(2024, 1, 5)]})
    assert sum(only(days, base).counts) == 1
    assert only(days, base).unseen == 0


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b", "zz"])])
def test_every_kind_of_text_is_counted_alike(dtype: pl.DataType) -> None:
    base = baseline(pl.DataFrame({"s": ["a"] * 9 + ["b"] * 6 + [None]}))
    column = only(pl.DataFrame({"s": pl.Series(["a", "zz", None], dtype=dtype)}), base)
    assert (column.counts, column.nulls, column.unseen) == ((1, 0, 0, 1), 1, 1)


def test_one_bad_column_does_not_spoil_the_others() -> None:
    base = baseline(pl.DataFrame({"x": [1.0, 2.0], "bad": [[1], [2]], "s": ["a", "b"]}))
    kinds = [column.kind for column in base.columns]
    assert kinds == ["numeric", "unsupported", "categorical"]
    assert "List" in base.columns[1].problem
    later = profile(pl.DataFrame({"x": ["1", "2"], "s": ["a", "b"], "new": [0, 0]}), base)
    assert [column.name for column in later.columns] == ["x", "bad", "s"]
    assert later.columns[0].problem == "the column holds String, the baseline is numeric"
    assert later.columns[2].problem == ""
    assert sum(later.columns[2].counts) == 2


def test_an_absent_column_says_so_and_keeps_saying_so_when_merged() -> None:
    base = baseline(pl.DataFrame({"x": [1.0, 2.0]}))
    absent = profile(pl.DataFrame({"y": [1.0]}), base)
    assert absent.columns[0].problem == "the column is not in these rows"
    assert merge(absent, base).columns[0].problem == absent.columns[0].problem


def test_a_column_without_a_type_is_all_missing() -> None:
    base = baseline(pl.DataFrame({"x": [1.0, 2.0], "s": ["a", "b"], "b": [True, False]}))
    later = profile(pl.DataFrame({"x": [None, None], "s": [None, None], "b": [None, None]}), base)
    assert [(c.nulls, c.problem) for c in later.columns] == [(2, "")] * 3


def test_whole_numbers_can_stand_for_text_and_booleans_for_numbers() -> None:
    base = baseline(pl.DataFrame({"zip": ["10", "20"] * 5, "flag": [0, 1] * 5}))
    later = profile(pl.DataFrame({"zip": [10, 20], "flag": [True, False]}), base)
    assert [column.counts for column in later.columns] == [(1, 1, 0, 0), (0, 1, 1, 0)]


def test_profiles_of_different_baselines_do_not_merge() -> None:
    one = baseline(pl.DataFrame({"x": [1.0, 2.0]}))
    two = baseline(pl.DataFrame({"x": [1.0, 3.0]}))
    with pytest.raises(DataError, match="do not share their bins"):
        merge(one, two)
    with pytest.raises(DataError, match="do not share their bins"):
        merge(one, Profile(rows=0, columns=()))
