"""Bins: fixed by the baseline, open at both ends."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.profiling import ColumnProfile, Profile, profile
from mooring.profiling.bins import GRID, NAMED, Bins, category_bins, coarse_groups, count_in
from mooring.profiling.counting.names import MOST
from mooring.profiling.labels import bin_label
from mooring.profiling.profiles import Layout

finite = st.floats(allow_nan=False, allow_infinity=False)


def only(values: object, base: Profile | None = None) -> ColumnProfile:
    (column,) = profile(pl.DataFrame({"x": values}), base).columns
    return column


def counted(before: object, after: object) -> list[int]:
    """Rows of the later ones in the bins of the former."""
    base = profile(pl.DataFrame({"x": before}))
    found: list[int] = count_in(only(after, base), base.columns[0].bins).tolist()
    return found


def grouped(values: NDArray[np.float64]) -> list[float]:
    """Rows per coarse bin of the values, in their own bins."""
    column = only(values)
    groups = coarse_groups("numeric", column.counts)
    found: list[float] = np.bincount(groups, weights=column.counts).tolist()
    return found


def labels(values: NDArray[np.float64]) -> tuple[str, ...]:
    column = only(values)
    groups = coarse_groups("numeric", column.counts)
    return tuple(bin_label("numeric", column.bins, groups, i) for i in range(groups[-1] + 2))


def categories(pairs: dict[str, int], rest: int = 0) -> Bins:
    column = only([text for text, rows in pairs.items() for _ in range(rows)])
    assert column.names.rest == rest
    return category_bins(column)


def test_few_distinct_values_have_a_bin_each() -> None:
    column = only(np.repeat([1.0, 2.0, 5.0], [10, 20, 30]))
    assert column.counts == (0, 10, 20, 30, 0)
    assert column.bins.discrete
    assert column.bins.edges[1:] == (1.0, 2.0, 5.0)


def test_many_values_have_a_grid_of_nearly_equal_shares_with_open_ends() -> None:
    column = only(np.random.default_rng(0).normal(size=GRID * 400))
    counts = np.array(column.counts)
    assert (counts[0], counts[-1], counts.sum()) == (0, 0, GRID * 400)
    assert 150 < counts.size <= GRID + 2
    assert counts.max() <= 3 * 400
    assert not column.bins.discrete


def test_what_is_beyond_the_baseline_falls_in_the_open_ends() -> None:
    found = counted(np.linspace(-1, 1, 5000), [-np.inf, -1e9, 1e9, np.inf, 0.0])
    assert (found[0], found[-1], sum(found)) == (2, 2, 5)


def test_the_coarse_bins_are_the_deciles() -> None:
    assert grouped(np.arange(5000.0)) == pytest.approx([500.0] * 10, abs=20)


def test_a_heavy_tie_has_a_cell_and_a_bin_of_its_own() -> None:
    values = np.concatenate([np.zeros(6000), np.linspace(-1, 3, 4001)[:-1]])
    assert 6001.0 in grouped(values)
    assert "0" in labels(values)


def test_rare_values_beside_a_heavy_one_keep_a_bin() -> None:
    assert sorted(grouped(np.repeat([0.0, 1.0], [970, 30]))) == [0.0, 30.0, 970.0]


@pytest.mark.parametrize("value", [7.0, 0.0, -0.0, 1e12, -1e300, 5e-324])
def test_a_constant_has_one_bin_and_two_empty_ends(value: float) -> None:
    assert grouped(np.full(50, value)) == [0.0, 50.0, 0.0]


def test_a_constant_is_named_by_its_value() -> None:
    assert labels(np.full(50, 7.0)) == ("below 7", "7", "above 7", "missing")


def test_no_values_leave_one_bin() -> None:
    column = only(pl.Series([None, float("nan")], dtype=pl.Float64))
    assert column.bins == Bins()
    assert column.counts == (0,)
    assert counted(pl.Series([None], dtype=pl.Float64), [1.0, 2.0]) == [2]
    assert [bin_label("numeric", Bins(), [0], i) for i in (0, 1)] == ["any value", "missing"]


def test_infinities_in_the_baseline_make_no_edges() -> None:
    column = only([float("inf"), 1.0, 2.0, 3.0, float("-inf")])
    assert column.counts == (1, 1, 1, 1, 1)
    assert np.isfinite(column.bins.edges).all()
    alone = only([float("inf")] * 9)
    assert alone.counts == (0, 0, 9)
    assert counted([float("inf")] * 9, [float("-inf"), 1e308, 0.0, float("inf")]) == [1, 2, 1]


@given(st.lists(finite, min_size=1, max_size=600))
def test_every_value_falls_in_one_bin_and_none_of_the_baseline_is_beyond_it(
    data: list[float],
) -> None:
    column = only(data)
    counts, bins = column.counts, column.bins
    assert sum(counts) == len(data)
    assert counts[0] == counts[-1] == 0
    assert len(bins.edges) == len(bins.starts) == len(counts) - 1 <= 2 * GRID
    assert list(bins.edges) == sorted(bins.edges)
    assert list(bins.starts) == sorted(set(bins.starts))


@given(st.lists(finite, min_size=1, max_size=300), st.lists(st.floats(), max_size=50))
def test_rows_are_counted_in_the_bin_that_holds_them(
    before: list[float], after: list[float]
) -> None:
    base = profile({"x": before})
    bins, window = base.columns[0].bins, only(pl.Series(after, dtype=pl.Float64), base)
    assert count_in(window, bins).sum() == window.present
    assert count_in(window, bins)[0] == sum(
        count
        for cell, count in zip(window.cells.ids, window.cells.counts, strict=True)
        if cell < bins.starts[0]
    )


@given(st.lists(st.integers(0, 50), min_size=3, max_size=300))
def test_coarse_groups_are_in_order_and_without_gaps(counts: list[int]) -> None:
    groups = coarse_groups("numeric", counts)
    assert groups[0] == 0
    assert set(np.diff(groups).tolist()) <= {0, 1}


@pytest.mark.parametrize("offset", [0.0, 1e12, 1e15, 1.7e9])
def test_huge_offsets_still_have_bins(offset: float) -> None:
    found = grouped(offset + np.random.default_rng(0).normal(0, 100, 5000))
    assert min(found[1:-1] if offset else found) > 400


def test_named_categories_come_first_then_other_then_unseen() -> None:
    bins = categories({"a": 10, "b": 6, "c": 1})
    assert bins.categories == ("a", "b")
    assert bins.rare == ("c",)
    assert bins.once == 1
    before = ["a"] * 10 + ["b"] * 6 + ["c"]
    assert counted(before, ["b"] * 2 + ["c"] * 3 + ["zz"] * 4) == [0, 2, 3, 4]


def test_lucky_categories_of_many_alike_are_not_named() -> None:
    counts = np.random.default_rng(0).multinomial(17_000, np.full(900, 1 / 900))
    bins = categories({f"v{place}": int(rows) for place, rows in enumerate(counts)})
    assert bins.categories == ()
    assert bins.complete


def test_with_too_many_categories_nothing_counts_as_unseen() -> None:
    before = [f"v{place}" for place in range(MOST + 1)]
    bins = category_bins(only(before))
    assert not bins.complete
    assert counted(before, ["v0", "new"]) == [2, 0]


@given(st.lists(st.text(min_size=1, max_size=5), unique=True, max_size=150))
def test_the_categories_with_a_bin_are_bounded(values: list[str]) -> None:
    bins = category_bins(only(pl.Series(values * 9, dtype=pl.String)))
    assert len(bins.categories) <= NAMED
    assert len(bins.categories) + len(bins.rare) == len(values)


def test_a_column_that_cannot_be_counted_has_no_bins() -> None:
    column = ColumnProfile("x", Layout("unsupported"), 9, problem="of no use")
    assert column.bins == Bins()
    assert column.counts == ()
    assert column.present == 0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.repeat([3.0, 4.0, 5.0], 40), ("below 3", "3", "4", "5", "above 5", "missing")),
        (np.arange(0, 1, 0.0005), ("up to 0.09961", "0.1 to 0.2")),
        (1e9 + np.arange(0, 1, 0.0005), ("up to 1000000000", "1000000000.1 to 1000000000.2")),
    ],
)
def test_bins_read_like_words(values: NDArray[np.float64], expected: tuple[str, ...]) -> None:
    assert labels(values)[: len(expected)] == expected


def test_categories_that_look_like_our_words_are_quoted() -> None:
    bins = Bins(categories=("other", "", "a"))
    found = [bin_label("categorical", bins, range(5), i) for i in range(6)]
    assert found == ['"other"', '""', "a", "other", "unseen", "missing"]
