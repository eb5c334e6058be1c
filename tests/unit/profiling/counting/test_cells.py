"""Cells: in the order of the numbers, adding up, and known by their borders."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mooring.profiling.counting.cells import EXACT, INFINITE, Cells, borders, merged, recentred
from mooring.profiling.counting.numbers import count_numbers, numbers_of

finite = st.floats(allow_nan=False, allow_infinity=False)
any_number = st.floats(allow_nan=False)
centres = st.sampled_from([0.0, 1.5, -3e7, 1e12])


def cells_of(
    values: list[float] | NDArray[np.float64], centre: float = 0.0, *, exact: bool = False
) -> Cells:
    series = pl.Series(values, dtype=pl.Float64)
    return count_numbers(numbers_of(series), centre, exact=exact).cells


def cell_of(value: float, centre: float = 0.0) -> int:
    return int(cells_of([value], centre).ids[0])


@given(any_number, any_number, centres)
def test_cells_are_in_the_order_of_the_numbers(one: float, two: float, centre: float) -> None:
    a, b = cell_of(one, centre), cell_of(two, centre)
    if one - centre < two - centre:
        assert a <= b
    if a < b:
        assert one < two


@given(finite, centres)
def test_a_number_lies_within_its_cell(value: float, centre: float) -> None:
    cell = np.array([cell_of(value, centre)], dtype=np.int32)
    low, high = borders(cell, centre)[0], borders(cell + 1, centre)[0]
    slack = 2.0**-50 * max(abs(value), abs(centre))  # the centre is subtracted and added
    assert low - slack <= value <= high + slack


@given(st.floats(1e-300, 1e300))
def test_a_cell_is_at_most_a_64th_as_wide_as_its_distance_from_the_centre(value: float) -> None:
    cell = np.array([cell_of(value)], dtype=np.int32)
    low, high = borders(cell, 0.0)[0], borders(cell + 1, 0.0)[0]
    assert high - low <= low / 64 * (1 + 1e-12)


def test_the_two_zeros_and_what_is_nearly_zero_share_a_cell() -> None:
    assert cell_of(0.0) == cell_of(-0.0) == cell_of(-5e-324) == cell_of(5e-324) == 0
    assert cell_of(-1e-300) < 0 < cell_of(1e-300)


def test_infinities_have_the_outermost_cells() -> None:
    assert (cell_of(np.inf), cell_of(-np.inf)) == (INFINITE, -INFINITE - 1)
    assert cell_of(-1.7976931348623157e308) > -INFINITE - 1
    assert cell_of(1.7976931348623157e308) < INFINITE
    assert cells_of([np.inf, -np.inf, -np.inf, 1.0]).infinite == 3


@given(st.lists(any_number, max_size=80), st.integers(0, 80), centres)
def test_p5_cells_of_parts_add_up(values: list[float], cut: int, centre: float) -> None:
    parts = cells_of(values[:cut], centre, exact=True), cells_of(values[cut:], centre, exact=True)
    whole = cells_of(values, centre, exact=True)
    assert merged(parts) == merged(parts[::-1]) == whole
    assert whole.rows == len(values)
    assert merged([whole, Cells()]) == whole


@given(st.lists(st.sampled_from([0.0, -0.0, 1.0, 1.001, 1.0015, -2.0]), min_size=1))
def test_the_single_value_of_a_cell_is_known_and_several_are_not(values: list[float]) -> None:
    cells = cells_of(values, exact=True)
    assert cells.values is not None
    for cell, count, value in zip(cells.ids, cells.counts, cells.values, strict=True):
        there = {number for number in values if cell_of(number) == cell}
        assert count == sum(number in there for number in values)
        assert np.isnan(value) if len(there) > 1 else there == {value}


def test_values_are_forgotten_when_there_are_too_many() -> None:
    one, two = np.arange(1.0, EXACT), -np.arange(1.0, 9.0)
    halves = np.ldexp(1.0, np.arange(EXACT) - 200), -np.ldexp(1.0, np.arange(9))
    assert cells_of(halves[0], exact=True).values is not None
    parts = [cells_of(half, exact=True) for half in halves]
    assert merged(parts).values is None
    assert merged([*parts, cells_of(one, exact=True), cells_of(two, exact=True)]).values is None
    assert merged([parts[1], cells_of(halves[1], exact=False)]).values is None


@given(st.lists(any_number, min_size=1, max_size=60), centres, centres)
def test_recentred_cells_keep_their_rows_and_their_order(
    values: list[float], before: float, after: float
) -> None:
    cells = cells_of(values, before)
    moved = recentred(cells, before, after)
    assert moved.rows == cells.rows
    assert moved.infinite == cells.infinite
    assert (np.diff(moved.ids) > 0).all()


def test_recentred_cells_of_the_largest_numbers_do_not_become_infinite() -> None:
    cells = cells_of([-1.79e308, 1.79e308, -np.inf, np.inf])
    for after in (0.0, 1e12, -1e300):
        assert recentred(cells, 0.0, after).infinite == 2


def test_recentred_cells_stay_within_a_cell_of_where_they_were() -> None:
    values = np.random.default_rng(0).normal(1000, 50, 5000)
    ids, counts = (recentred(cells_of(values, 900.0), 900.0, 1000.0).ids for _ in "ab")
    assert np.array_equal(ids, counts)
    direct = cells_of(values, 1000.0)
    moved = recentred(cells_of(values, 900.0), 900.0, 1000.0)
    for quantile in (0.1, 0.5, 0.9):
        found, exact = (
            borders(each.ids, 1000.0)[
                np.searchsorted(np.cumsum(each.counts), quantile * values.size)
            ]
            for each in (moved, direct)
        )
        assert found == pytest.approx(exact, abs=5)


def test_cells_are_equal_by_what_they_hold() -> None:
    one, two = cells_of([1.0, 2.0], exact=True), cells_of([1.0, 2.0], exact=True)
    assert one == two
    assert hash(one) == hash(two)
    assert one != cells_of([1.0, 2.0])
    assert one != cells_of([1.0, 2.001], exact=True)
    assert one != "cells"
