"""Moments: exact enough whatever the grouping, honest beyond the largest double."""

from __future__ import annotations

from fractions import Fraction
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling.counting.moments import Moments, four_moments, moments, together

values = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1e9, 1e12 + 1, -0.0])), max_size=50
)


def of(numbers: list[float]) -> Moments:
    return moments(np.array(numbers, dtype=np.float64))


@given(st.lists(values, max_size=5))
def test_moments_of_parts_are_those_of_the_whole(parts: list[list[float]]) -> None:
    numbers = [number for part in parts for number in part]
    found = together(of(part) for part in parts)
    assert found.count == len(numbers)
    if not numbers:
        assert found == Moments()
        return
    exact = [Fraction(number) for number in numbers]
    mean = sum(exact) / len(exact)
    m2 = sum((number - mean) ** 2 for number in exact)
    scale = max(map(abs, numbers))
    assert found.mean == pytest.approx(float(mean), rel=0, abs=1e-12 * scale)
    assert found.m2 == pytest.approx(float(m2), rel=0, abs=1e-12 * scale**2 * len(numbers))
    assert (found.minimum, found.maximum) == (min(numbers), max(numbers))
    assert together(of(part) for part in parts[::-1]) == found


@given(st.lists(values, max_size=5))
def test_third_and_fourth_powers_of_parts_are_those_of_the_whole(parts: list[list[float]]) -> None:
    numbers = [number for part in parts for number in part]
    found = together(four_moments(np.array(part, dtype=np.float64)) for part in parts)
    if not numbers:
        assert found == Moments()
        return
    exact = [Fraction(number) for number in numbers]
    mean = sum(exact) / len(exact)
    scale = max(map(abs, numbers))
    for power, value in ((3, found.m3), (4, found.m4)):
        told = float(sum((number - mean) ** power for number in exact))
        assert value == pytest.approx(told, rel=0, abs=1e-12 * scale**power * len(numbers))
    assert found.m2 == together(of(part) for part in parts).m2


def test_higher_powers_that_one_part_lacks_the_whole_lacks() -> None:
    plain, full = of([1.0, 2.0]), four_moments(np.array([4.0, 9.0]))
    assert (together([plain, full]).m3, together([plain, full]).m4) == (None, None)
    huge = four_moments(np.array([1e300, -1e300]))
    assert together([huge, full]).mean == pytest.approx(13 / 4)


def test_a_huge_offset_blurs_the_deviation_of_no_partition() -> None:
    near = np.random.default_rng(0).choice([-1.0, 1.0], 10_000)
    for parts in (1, 4, 100, 10_000):
        found = together(moments(part) for part in np.split(1e12 + near, parts))
        assert found.deviation == pytest.approx(near.std(), rel=1e-12)
        higher = together(four_moments(part) for part in np.split(1e12 + near, parts))
        assert higher.m4 == pytest.approx(((near - near.mean()) ** 4).sum(), rel=1e-12)
        assert found.mean == 1e12 + near.mean()
        assert found.mean - 1e12 + found.lost == pytest.approx(near.mean(), rel=1e-12)


def test_numbers_near_the_largest_neither_fail_nor_lie() -> None:
    huge = of([1.7e308, 1.7e308, -1.7e308])
    assert (huge.count, huge.minimum, huge.maximum) == (3, -1.7e308, 1.7e308)
    both = together([huge, of([-1.7e308] * 3), of([1.0])])
    assert both.count == 7
    assert isnan(both.deviation) or both.deviation == float("inf")


def test_no_numbers_have_no_deviation() -> None:
    assert isnan(Moments().deviation)
    assert together([]) == Moments()
    assert of([4.0]).deviation == 0.0
