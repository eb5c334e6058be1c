"""Many columns at once: what is said of one does not depend on those beside it, to the last bit."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.no_drift import rows_of
from mooring.profiling import Profile, compare, pairs, profile
from mooring.profiling.bins import count_in
from mooring.profiling.counting.cells import Cells
from mooring.profiling.grids import grids_of
from mooring.profiling.pairs import Pairs, side_by_side
from mooring.profiling.runs import met_before, rows_between

counts = st.integers(1, 40).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, 10_000), min_size=size, max_size=size) for _ in range(2)]
    )
)
columns = st.lists(counts, min_size=1, max_size=6)
ids = st.lists(st.integers(-131_000, 131_000), min_size=1, unique=True).map(sorted)


def every_score(held: Pairs) -> list[list[float]]:
    tested = pairs.chisquare(held), pairs.kolmogorov_smirnov(held)
    found = [
        pairs.psi(held),
        pairs.jensenshannon(held),
        pairs.hellinger(held),
        pairs.total_variation(held),
        *(part for one in tested for part in one),
        pairs.wasserstein(held, np.ones(held.a.size), np.zeros(held.starts.size, dtype=bool)),
    ]
    return [list(each) for each in zip(*(part.tolist() for part in found), strict=True)]


@given(columns)
def test_p5_a_column_has_the_same_scores_alone_and_beside_others(
    drawn: list[tuple[list[int], list[int]]],
) -> None:
    floats = [(np.array(a, dtype=np.float64), np.array(b, dtype=np.float64)) for a, b in drawn]
    alone = [every_score(side_by_side([column]))[0] for column in floats]
    np.testing.assert_array_equal(every_score(side_by_side(floats)), alone)


@pytest.fixture(scope="module")
def sides() -> tuple[Profile, Profile]:
    """Thirty columns of all kinds, a window of other rows."""
    rng = np.random.default_rng(3)
    base = profile(rows_of(rng, 2000))
    return base, profile(rows_of(rng, 500), baseline=base)


def test_p5_a_comparison_of_thirty_columns_has_the_scores_of_thirty_comparisons(
    sides: tuple[Profile, Profile],
) -> None:
    base, window = sides
    for together in compare(base, window).columns:
        one, two = (
            Profile(side.rows, tuple(c for c in side.columns if c.name == together.name))
            for side in sides
        )
        (alone,) = compare(one, two).columns
        for name in ("scores", "moved", "effect", "level", "p_value"):
            # as text, in which every digit stands and NaN is like NaN
            assert repr(getattr(alone, name)) == repr(getattr(together, name)), together.name


def test_bins_that_are_found_together_are_those_found_alone(sides: tuple[Profile, Profile]) -> None:
    fresh = [replace(column) for column in sides[0].columns]
    for column, grid in zip(fresh, grids_of(fresh), strict=True):
        alone = replace(column).grid
        assert grid.bins == alone.bins
        for name in ("borders", "fine", "groups", "coarse", "tested", "widths"):
            np.testing.assert_array_equal(getattr(grid, name), getattr(alone, name))


def test_what_a_baseline_decides_is_found_once(sides: tuple[Profile, Profile]) -> None:
    base = replace(sides[0], columns=tuple(replace(column) for column in sides[0].columns))
    compare(base, sides[1])
    before = [column.grid for column in base.columns]
    compare(base, sides[1])
    assert all(vars(c)["grid"] is grid for c, grid in zip(base.columns, before, strict=True))


@given(st.lists(st.integers(-100, 100)).map(sorted), st.lists(st.integers(-100, 100)).map(sorted))
def test_merging_finds_what_searching_finds(borders: list[int], cells: list[int]) -> None:
    a, b = np.array(borders, dtype=np.int32), np.array(cells, dtype=np.int32)
    np.testing.assert_array_equal(met_before(a, b), np.searchsorted(b, a))


def cells_of(drawn: list[int]) -> Cells:
    return Cells(np.array(drawn, dtype=np.int32), np.arange(1, len(drawn) + 1))


@given(st.lists(st.tuples(ids, ids), min_size=1, max_size=4))
def test_rows_between_borders_are_those_of_each_column(
    drawn: list[tuple[list[int], list[int]]],
) -> None:
    def between(borders: NDArray[np.int32], cells: Cells) -> list[int]:
        steps = pairwise(borders.tolist())
        return [
            int(cells.counts[(cells.ids >= low) & (cells.ids < high)].sum()) for low, high in steps
        ]

    borders = [np.array([-200_000, *one, 200_000], dtype=np.int32) for one, _ in drawn]
    cells = [cells_of(two) for _, two in drawn]
    expected = [rows for pair in zip(borders, cells, strict=True) for rows in between(*pair)]
    assert rows_between(borders, cells).tolist() == expected


def test_the_rows_of_a_grid_are_those_that_are_counted(sides: tuple[Profile, Profile]) -> None:
    for column in sides[0].columns:
        assert column.counts == tuple(count_in(column, column.bins).tolist())
