"""Texts are counted by their hash, and come out as if they had been counted one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling import ColumnProfile, Profile, profile
from mooring.profiling.counting.names import MOST, names
from mooring.profiling.counting.texts import TextCounter

texts = st.lists(
    st.one_of(st.none(), st.text(max_size=3), st.sampled_from(["x" * 12, "x" * 13, "y" * 300])),
    max_size=30,
)


def counted(parts: list[pl.Series], known: tuple[str, ...] = ()) -> TextCounter:
    counter = TextCounter(known)
    for part in parts:
        counter.add(part)
    return counter


def only(values: object, base: Profile | None = None) -> ColumnProfile:
    (column,) = profile(pl.DataFrame({"x": values}), base).columns
    return column


@given(st.lists(texts, max_size=4), st.lists(st.text(max_size=3), max_size=5, unique=True))
def test_texts_are_counted_as_one_by_one(parts: list[list[str | None]], known: list[str]) -> None:
    series = [pl.Series("x", part, dtype=pl.String) for part in parts]
    expected = Counter(text for part in parts for text in part if text is not None)
    assert counted(series, tuple(known)).names() == names(expected)
    joined = pl.concat(series, rechunk=False) if series else pl.Series("x", [], dtype=pl.String)
    assert counted([joined], tuple(known)).names() == names(expected)


def test_long_texts_in_several_buffers_are_told_apart_by_their_last_byte() -> None:
    stems = [f"{'a' * length}{end}" for length in (11, 12, 255, 256, 5000) for end in "xy"]
    rng = np.random.default_rng(0)
    parts = [pl.Series("x", rng.choice(stems, 4000).tolist()) for _ in range(5)]
    column = pl.concat(parts, rechunk=False)
    assert column.n_chunks() == 5
    expected = names(Counter(column.to_list()))
    assert counted([column]).names() == expected
    assert counted([column.rechunk()]).names() == expected
    assert counted([column[1003:9001]]).names() == names(Counter(column[1003:9001].to_list()))


def test_a_large_string_memory_with_many_buffers_is_read_whole() -> None:
    """Polars splits what its 16-byte views point at into several buffers."""
    column = pl.Series("x", [f"{place % 50:0>400}" for place in range(60_000)])
    gathered = pl.concat([column, column.reverse()], rechunk=True).sample(
        fraction=1.0, shuffle=True, seed=0
    )
    assert counted([gathered]).names() == names({f"{k:0>400}": 2400 for k in range(50)})


def test_what_lies_under_a_null_is_no_text() -> None:
    frame = pl.DataFrame({"v": ["secret long text " * 3, "b", "c"], "keep": [0, 1, 1]})
    hidden = frame.select(x=pl.when(pl.col("keep") == 1).then("v"))["x"]
    assert only(hidden) == only(pl.Series([None, "b", "c"]))
    assert only(hidden).nulls == 1


def test_p5_texts_met_before_there_were_too_many_are_still_counted_after() -> None:
    first = [f"first {place}" for place in range(100)]
    many = [f"many {place}" for place in range(MOST + 1)]
    parts = [pl.Series(part) for part in (first, many, first * 3)]
    found = counted(parts).names()
    assert (found.texts, found.rest) == ((), 400 + MOST + 1)
    known = counted(parts, ("first 7", "absent")).names()
    assert known == names(Counter([*first, *many, *first * 3]), known=("first 7", "absent"))
    assert known.counts == (4,)


@pytest.mark.parametrize("size", [50, 3000, 20_000])
def test_p5_what_the_baseline_named_is_counted_however_many_there_are(size: int) -> None:
    """Slots are shared by chance; a named text without one must not go the way of strangers."""
    known = tuple(f"known {place}" for place in range(size))
    many = pl.Series([f"many {place}" for place in range(MOST + 1)])
    again = pl.Series(known)
    found = counted([many, again, many, again], known).names()
    assert found.texts == tuple(sorted(known))
    assert set(found.counts) == {2}
    assert found.rest == 2 * (MOST + 1)


def test_a_million_distinct_texts_are_counted_and_not_kept() -> None:
    column = only(pl.Series("x", np.arange(1_000_000)).cast(pl.String))
    assert (column.names.rows, column.names.texts, column.names.rest) == (10**6, (), 10**6)
    base = profile({"x": ["7", "8", "z"] * 20})
    window = only(pl.Series("x", np.arange(1_000_000)).cast(pl.String), base)
    assert window.names.texts == ("7", "8")
    assert window.names.rest == 999_998


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b", "zz"])])
def test_every_kind_of_text_is_counted_alike(dtype: pl.DataType) -> None:
    base = profile({"x": ["a"] * 9 + ["b"] * 6 + [None]})
    column = only(pl.Series(["a", "zz", None], dtype=dtype), base)
    assert (column.names.texts, column.names.counts, column.nulls) == (("a", "zz"), (1, 1), 1)
    own = only(pl.Series(["a", "zz", None], dtype=dtype))
    assert (own.kind, own.names) == ("categorical", column.names)


def test_categories_of_several_chunks_are_joined() -> None:
    halves = [pl.Series("x", part, dtype=pl.Categorical) for part in (["a", "b"], ["c", "a", None])]
    column = only(pl.concat(halves, rechunk=False))
    assert (column.names.texts, column.names.counts, column.nulls) == (
        ("a", "b", "c"),
        (2, 1, 1),
        1,
    )


def test_prose_is_counted_by_its_words_and_its_length() -> None:
    text = [f"the {word} moored here, THE {word}" for word in map(str, range(500))]
    column = only(text)
    assert column.kind == "text"
    lengths = [len(each.encode()) for each in text]
    assert column.mean == pytest.approx(np.mean(lengths))
    assert column.cells.rows == 500
    assert dict(column.names.ranked())["the"] == 1000
    assert dict(column.names.ranked())["7"] == 2
    assert only([None, "", "Moored THERE"], profile({"x": text})).names.texts == ("moored", "there")
