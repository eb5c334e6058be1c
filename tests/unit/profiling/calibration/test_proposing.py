"""Thresholds: the next normal window exceeds them as seldom as was asked."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.profiling.calibration.plan import WANTED
from mooring.profiling.calibration.proposing import joint_bounds, next_bound, window_rate

WEEK = timedelta(weeks=1)


@pytest.mark.parametrize(("p", "windows"), [(0.1, 30), (0.02, 30), (0.005, 30), (0.05, 15)])
def test_p6_the_next_window_exceeds_the_bound_at_the_asked_rate(p: float, windows: int) -> None:
    random = np.random.default_rng(1)
    draws = random.chisquare(9, size=(3000, windows + 1))
    exceeded = [row[-1] > next_bound(row[:-1], p) for row in draws]
    assert np.mean(exceeded) <= p * 1.3 + 0.001
    assert np.mean(exceeded) >= p * 0.3


def test_p6_mean_and_three_deviations_of_ten_points_would_not_hold() -> None:
    random = np.random.default_rng(2)
    draws = random.chisquare(2, size=(3000, 11))
    three = draws[:, :-1].mean(axis=1) + 3 * draws[:, :-1].std(axis=1, ddof=1)
    ours = np.array([next_bound(row[:-1], 0.00135) for row in draws])
    assert np.mean(draws[:, -1] > three) > 0.01
    assert np.mean(draws[:, -1] > ours) < 0.006


@given(st.lists(st.floats(0, 10), min_size=3, max_size=30), st.floats(0.001, 0.4))
def test_a_rarer_alarm_never_has_a_lower_bound(values: list[float], p: float) -> None:
    found = np.array(values)
    assert next_bound(found, p / 2) >= next_bound(found, p)


def test_overlapping_windows_know_the_tail_no_better() -> None:
    values = np.random.default_rng(3).chisquare(5, size=20)
    repeated = np.repeat(values, 7)
    assert next_bound(repeated, 0.01) == values.max()
    assert next_bound(repeated, 0.01, disjoint=20) > values.max()


def test_p6_columns_together_alarm_at_the_asked_rate() -> None:
    random = np.random.default_rng(4)
    exceeded = []
    for _ in range(300):
        shared = random.chisquare(9, size=(61, 1))
        values = np.hstack([shared, shared * 2, random.chisquare(4, size=(61, 3))])
        bounds = joint_bounds(values[:-1], 0.1, np.zeros(5), disjoint=60)
        exceeded.append(bool((values[-1] > bounds).any()))
    assert 0.05 <= np.mean(exceeded) <= 0.14


def test_columns_that_move_as_one_share_one_bound() -> None:
    values = np.random.default_rng(5).chisquare(9, size=(60, 1))
    alone = joint_bounds(values, 0.1, np.zeros(1), disjoint=60)
    many = joint_bounds(np.repeat(values, 8, axis=1), 0.1, np.zeros(8), disjoint=60)
    assert many == pytest.approx(np.repeat(alone, 8))


def test_what_alarms_in_no_case_takes_no_share_of_the_alarms() -> None:
    random = np.random.default_rng(6)
    values = np.column_stack([random.chisquare(9, size=60), random.uniform(0, 0.01, size=60)])
    least = np.array([0.1, 0.1])
    with_idle = joint_bounds(values, 0.1, least, disjoint=60)
    alone = joint_bounds(values[:, :1], 0.1, least[:1], disjoint=60)
    assert with_idle.tolist() == [alone[0], 0.1]


def test_a_column_without_values_stays_at_its_least() -> None:
    values = np.column_stack([np.full(20, np.nan), np.arange(20.0)])
    assert joint_bounds(values, 0.01, np.array([0.1, 0.1]), disjoint=20)[0] == 0.1


def test_rates_are_of_windows_that_do_not_overlap() -> None:
    assert window_rate("page", WEEK) == pytest.approx(WANTED["page"] * 7 / 30.4375)
    assert window_rate("record", timedelta(days=90)) == 0.5
