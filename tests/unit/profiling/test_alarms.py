"""Alarms over windows: N of M, and how many alarms begin without drift."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.errors import UsageError
from mooring.profiling.alarms import false_alarms, n_of_m

RULES = [(1, 1), (1, 3), (2, 3), (3, 3), (3, 5), (2, 6)]


def markov_chain(p: float, n: int, m: int) -> float:
    """Entries a step into the alarming states of the chain of the latest windows."""
    onsets = 0.0
    for before in product((False, True), repeat=m):
        weight = np.prod([p if bit else 1 - p for bit in before])
        after = [*before[1:], True]
        if not n_of_m(before, n, m) and n_of_m(after, n, m):
            onsets += float(weight) * p
    return onsets


@pytest.mark.parametrize(("n", "m"), RULES)
@pytest.mark.parametrize("p", [0.001, 0.05, 0.4, 1.0])
def test_p6_false_alarms_are_entries_of_the_markov_chain(n: int, m: int, p: float) -> None:
    assert false_alarms(p, n, m, 30) == pytest.approx(30 * markov_chain(p, n, m), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), RULES)
def test_p6_simulated_alarms_begin_as_often_as_we_say(n: int, m: int) -> None:
    windows, p = 200_000, 0.15
    beyond = np.random.default_rng(5).random(windows) < p
    within = np.convolve(beyond, np.ones(m, dtype=int))[:windows] >= n
    began = int(np.sum(within[1:] & ~within[:-1]))
    said = false_alarms(p, n, m, windows)
    assert abs(began - said) < 5 * said**0.5


def test_asking_for_more_windows_costs_fewer_false_alarms() -> None:
    alarms = [false_alarms(0.05, n, 5, 720) for n in (1, 2, 3, 4, 5)]
    assert alarms == sorted(alarms, reverse=True)
    assert false_alarms(0.0, 2, 3, 30) == 0.0


@given(st.lists(st.booleans(), max_size=12), st.integers(1, 5), st.integers(0, 4))
def test_only_the_latest_windows_count(history: list[bool], n: int, more: int) -> None:
    m = n + more
    assert n_of_m(history, n, m) == (history[::-1][:m].count(True) >= n)
    assert n_of_m([True] * 9 + [False] * m + history, n, m) == n_of_m(history, n, m)


@pytest.mark.parametrize(("n", "m"), [(0, 3), (4, 3), (-1, 1)])
def test_an_impossible_rule_is_refused(n: int, m: int) -> None:
    with pytest.raises(UsageError, match="windows"):
        n_of_m([], n, m)
    with pytest.raises(UsageError, match="windows"):
        false_alarms(0.1, n, m, 30)


@pytest.mark.parametrize(
    ("p", "windows"), [(-0.1, 30.0), (1.1, 30.0), (float("nan"), 30.0), (0.1, -1)]
)
def test_impossible_numbers_are_refused(p: float, windows: float) -> None:
    with pytest.raises(UsageError):
        false_alarms(p, 1, 1, windows)
