"""Bins: fixed by the baseline, open at both ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.profiling.bins import (
    BYTES,
    GRID,
    NAMED,
    Bins,
    category_bins,
    coarse_groups,
    count_categories,
    count_numeric,
    numeric_bins,
)
from mooring.profiling.labels import bin_labels

finite = st.floats(allow_nan=False, allow_infinity=False)


def grouped(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows per coarse bin of ascending values, in their own bins."""
    counts = count_numeric(values, numeric_bins(values))
    return np.bincount(coarse_groups("numeric", counts), weights=counts).astype(np.float64)


def labels(values: NDArray[np.float64]) -> tuple[str, ...]:
    bins = numeric_bins(values)
    counts = count_numeric(values, bins)
    return bin_labels("numeric", bins, coarse_groups("numeric", counts).tolist())


def test_few_distinct_values_have_a_cell_each() -> None:
    values = np.repeat([1.0, 2.0, 5.0], [10, 20, 30])
    bins = numeric_bins(values)
    assert count_numeric(values, bins) == (0, 10, 20, 30, 0)
    assert bins.discrete


def test_many_values_have_a_grid_of_equal_shares_with_open_ends() -> None:
    values = np.sort(np.random.default_rng(0).normal(size=GRID * 40))
    bins = numeric_bins(values)
    assert count_numeric(values, bins) == (0, *[40] * GRID, 0)
    assert count_numeric(np.array([-np.inf, -1e9, 1e9, np.inf]), bins)[:: GRID + 1] == (2, 2)


def test_the_coarse_bins_are_the_deciles() -> None:
    assert grouped(np.arange(5000.0)).tolist() == [500.0] * 10


def test_a_heavy_tie_has_a_cell_and_a_bin_of_its_own() -> None:
    values = np.sort(np.concatenate([np.zeros(6000), np.linspace(-1, 3, 4001)[:-1]]))
    bins = numeric_bins(values)
    cell = np.searchsorted(bins.edges, 0.0)
    assert count_numeric(values, bins)[cell] == 6001
    assert 6001.0 in grouped(values).tolist()
    assert "0" in labels(values)


def test_rare_values_beside_a_heavy_one_keep_a_bin() -> None:
    assert sorted(grouped(np.repeat([0.0, 1.0], [970, 30]))) == [0.0, 30.0, 970.0]


def test_a_constant_has_one_bin_and_two_empty_ends() -> None:
    assert grouped(np.full(50, 7.0)).tolist() == [0.0, 50.0, 0.0]
    assert labels(np.full(50, 7.0)) == ("below 7", "7", "above 7", "missing")


def test_no_values_leave_one_cell() -> None:
    assert numeric_bins(np.array([])) == Bins()
    assert count_numeric(np.array([1.0, 2.0]), Bins()) == (2,)
    assert labels(np.array([])) == ("any value", "missing")


@given(st.lists(finite, min_size=1, max_size=600))
def test_every_value_falls_in_one_cell_and_none_of_the_baseline_is_beyond_it(
    data: list[float],
) -> None:
    values = np.sort(np.array(data))
    bins = numeric_bins(values)
    counts = count_numeric(values, bins)
    assert sum(counts) == len(data)
    assert counts[0] == counts[-1] == 0
    assert len(bins.edges) <= 2 * GRID
    assert list(bins.edges) == sorted(set(bins.edges))


@given(st.lists(st.integers(0, 50), min_size=3, max_size=300))
def test_coarse_groups_are_in_order_and_without_gaps(counts: list[int]) -> None:
    groups = coarse_groups("numeric", counts)
    assert groups[0] == 0
    assert set(np.diff(groups).tolist()) <= {0, 1}


def test_huge_offsets_still_have_bins() -> None:
    values = np.sort(1e15 + np.random.default_rng(0).normal(0, 100, 5000))
    assert grouped(values).min() > 400


def test_named_categories_come_first_then_other_then_unseen() -> None:
    bins = category_bins(["a", "b", "c"], [10, 6, 1])
    assert bins.categories == ("a", "b")
    assert bins.once == 1
    assert count_categories(["b", "c", "zz"], [2, 3, 4], bins) == (0, 2, 3, 4)


def test_lucky_categories_of_many_alike_are_not_named() -> None:
    counts = sorted(np.random.default_rng(0).multinomial(17_000, np.full(900, 1 / 900)))[::-1]
    bins = category_bins([f"v{i}" for i in range(900)], [int(count) for count in counts])
    assert bins.categories == ()
    assert bins.complete


def test_with_too_many_categories_nothing_counts_as_unseen() -> None:
    values = [f"v{i}" for i in range(5000)]
    bins = category_bins(values, [9000] + [1] * 4999)
    assert bins.categories == ("v0",)
    assert not bins.complete
    assert count_categories(["v0", "new"], [3, 2], bins) == (3, 2, 0)


@given(st.lists(st.text(min_size=1), unique=True, max_size=40), st.integers(1, 4000))
def test_what_is_kept_of_categories_is_bounded(values: list[str], length: int) -> None:
    bins = category_bins([value * length for value in values], [50] * len(values))
    kept = [*bins.categories, *bins.rare]
    assert len(bins.categories) <= NAMED
    assert sum(len(value.encode()) for value in kept) <= BYTES


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.repeat([3.0, 4.0, 5.0], 40), ("below 3", "3", "4", "5", "above 5", "missing")),
        (np.arange(0, 1, 0.0005), ("up to 0.0995", "0.1 to 0.2", "0.2 to 0.3")),
        (1e9 + np.arange(0, 1, 0.0005), ("up to 1000000000", "1000000000.1 to 1000000000.2")),
    ],
)
def test_bins_read_like_words(values: NDArray[np.float64], expected: tuple[str, ...]) -> None:
    assert labels(values)[: len(expected)] == expected


def test_categories_that_look_like_our_words_are_quoted() -> None:
    bins = Bins(categories=("other", "", "a"))
    found = bin_labels("categorical", bins, range(5))
    assert found == ('"other"', '""', "a", "other", "unseen", "missing")
