"""Profiles are a monoid: however the rows are cut, ordered and held, the same is counted."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mooring.errors import DataError
from mooring.profiling import ColumnProfile, Profile, compare, merge, profile
from tests.unit.profiling.drawing import BASE, Row, chunked, near, rows, table, unrounded

cuts = st.lists(st.integers(0, 40), max_size=4)
SOME = settings(max_examples=settings().max_examples // 2)
"""Each example is a table of seven kinds of column: fewer of them see as much."""


def only(whole: Profile) -> ColumnProfile:
    (column,) = whole.columns
    return column


def parts_of(data: list[Row], places: list[int]) -> list[Profile]:
    return [profile(table(part), BASE) for part in chunked(data, places)]


@SOME
@given(rows, cuts)
def test_p5_the_profile_of_all_rows_is_the_merge_of_its_parts(
    data: list[Row], places: list[int]
) -> None:
    merged, whole = merge(*parts_of(data, places)), profile(table(data), BASE)
    assert unrounded(merged) == unrounded(whole)
    assert near(merged, whole)


@SOME
@given(rows, rows, rows)
def test_p5_merging_is_associative_and_commutative_with_no_rows_as_identity(
    one: list[Row], two: list[Row], three: list[Row]
) -> None:
    a, b, c = (profile(table(part), BASE) for part in (one, two, three))
    left, right = merge(merge(a, b), c), merge(a, merge(b, c))
    assert unrounded(left) == unrounded(right) == unrounded(merge(c, a, b))
    assert near(left, right)
    assert merge(a, b) == merge(b, a)
    assert merge(a, Profile()) == a == merge(Profile(), a)
    assert merge(a, profile(table([]), BASE)) == a
    assert merge() == Profile()


@SOME
@given(rows, st.randoms(use_true_random=False))
def test_p5_the_order_of_rows_does_not_matter(data: list[Row], random: Random) -> None:
    shuffled = list(data)
    random.shuffle(shuffled)
    one, two = profile(table(data), BASE), profile(table(shuffled), BASE)
    assert unrounded(one) == unrounded(two)
    assert near(one, two)
    assert unrounded(profile(table(data))) == unrounded(profile(table(shuffled)))


@SOME
@given(rows, cuts)
def test_p5_chunks_in_memory_do_not_matter(data: list[Row], places: list[int]) -> None:
    parts = [table(part) for part in chunked(data, places)]
    held = pl.concat(parts, rechunk=False)
    whole = table(data)
    assert unrounded(profile(held, BASE)) == unrounded(profile(whole, BASE))
    assert unrounded(profile(held)) == unrounded(profile(whole))
    assert near(profile(held, BASE), profile(whole, BASE))


@SOME
@given(rows, cuts)
def test_p5_slices_of_a_larger_table_do_not_see_the_rest(
    data: list[Row], places: list[int]
) -> None:
    whole = table(data)
    for part, start in zip(chunked(data, places), [0, *sorted(places)], strict=True):
        at = min(start, len(data))
        assert profile(whole[at : at + len(part)], BASE) == profile(table(part), BASE)


@given(rows, st.permutations(range(7)))
def test_the_order_of_columns_does_not_matter(data: list[Row], order: Sequence[int]) -> None:
    frame = table(data)
    assert profile(frame[:, list(order)], BASE) == profile(frame, BASE)


def test_p5_any_partition_of_the_rows_gives_the_same_findings() -> None:
    rng = np.random.default_rng(2)
    base = profile({"x": rng.normal(size=900), "s": rng.choice(list("abc"), 900)})
    frame = pl.DataFrame({"x": rng.normal(0.4, 1, 700), "s": rng.choice(list("abz"), 700)})
    whole = compare(base, profile(frame, base))
    for size in (1, 7, 64, 699):
        parts = [profile(part, base) for part in frame.iter_slices(size)]
        rng.shuffle(parts)
        merged = compare(base, merge(*parts))
        assert merged == whole
        assert [column.scores for column in merged.columns] == [c.scores for c in whole.columns]


def test_p5_parts_larger_than_one_read_are_the_whole() -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"x": rng.normal(5, 2, 600_000), "s": rng.integers(0, 900, 600_000).astype(str)}
    )
    base = profile(frame.head(5000))
    whole = profile(frame, base)
    merged = merge(*(profile(part, base) for part in frame.iter_slices(70_001)))
    assert unrounded(whole) == unrounded(merged)
    x = whole.columns[0]
    values = frame["x"].to_numpy()
    assert x.mean == pytest.approx(values.mean(), rel=1e-12)
    assert x.deviation == pytest.approx(values.std(), rel=1e-12)


def test_the_baseline_is_counted_as_its_own_window() -> None:
    frame = pl.DataFrame({"x": [1.5, 2.5, None] * 9, "s": ["a", "b", None] * 9})
    base = profile(frame)
    again = profile(frame, base)
    assert [c.moments for c in again.columns] == [c.moments for c in base.columns]
    assert [c.names for c in again.columns] == [c.names for c in base.columns]
    assert np.array_equal(again.columns[0].cells.counts, base.columns[0].cells.counts)
    assert {column.status for column in again.compare(base).columns} == {"unknown"}  # 27 rows


def test_profiles_that_decided_alike_merge_without_a_baseline() -> None:
    one = profile({"x": [-1, 0, 1, 2], "s": ["a", "b", "a", "b"]})
    two = profile({"x": [-2, 0, 1, 1], "s": ["c", "c", "a", "a"]})
    both = merge(one, two)
    assert both == profile({"x": [-1, 0, 1, 2, -2, 0, 1, 1], "s": list("ababccaa")})
    assert both.columns[1].names.texts == ("a", "b", "c")


def test_profiles_laid_out_otherwise_do_not_merge() -> None:
    near_zero, far = profile({"x": [1.0, 2.0]}), profile({"x": [1e9 + 1, 1e9 + 2]})
    with pytest.raises(DataError, match="not laid out alike"):
        merge(near_zero, far)
    with pytest.raises(DataError, match="1 and 2 columns"):
        merge(near_zero, profile({"x": [1.0], "y": [1.0]}))
    with pytest.raises(DataError, match="not laid out alike"):
        merge(near_zero, profile({"y": [1.0]}))


def test_an_absent_column_says_so_and_keeps_saying_so_when_merged() -> None:
    base = profile({"x": [1.0, 2.0]})
    absent = profile({"y": [1.0]}, base)
    there = profile({"x": [1.0]}, base)
    assert only(absent).problem == "the column is not in these rows"
    assert only(merge(absent, there)) == only(merge(there, absent))
    assert only(merge(absent, there)).problem == only(absent).problem
    assert (only(merge(absent, there)).rows, only(merge(absent, there)).present) == (2, 0)


def test_whole_numbers_held_as_floats_stay_whole_until_one_is_not() -> None:
    base = profile({"x": [1, 2, 3]})
    whole, broken = profile({"x": [1.0, float("inf"), None]}, base), profile({"x": [1.5]}, base)
    assert only(whole).layout.integral
    assert not only(broken).layout.integral
    assert not only(merge(whole, broken)).layout.integral
    assert merge(whole, broken) == merge(broken, whole)
    assert only(merge(whole, broken)) == only(profile({"x": [1.0, float("inf"), None, 1.5]}, base))


def test_a_profile_shows_its_table() -> None:
    shown = repr(profile({"x": [1.0, 3.0], "s": ["a", None]}))
    assert shown.startswith("profile of 2 rows")
    assert "50%" in shown
