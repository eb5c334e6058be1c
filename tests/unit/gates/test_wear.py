"""Wear: what earlier verdicts on the same rows cost."""

from __future__ import annotations

from math import fsum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.gates.wear import spending, wear

SHARES = st.lists(st.floats(0, 1), max_size=30)


def test_fd_23_a_fresh_holdout_is_judged_with_the_declared_confidence() -> None:
    fresh = wear([], 0.95)
    assert (fresh.confidence, fresh.earlier, fresh.rows_factor, fresh.due) == (0.95, 0, 1.0, False)
    assert wear([0.0, 0.0], 0.9).confidence == 0.9


@given(st.integers(1, 5000))
def test_fd_23_the_shares_of_any_number_of_verdicts_never_add_up_to_more_than_one(
    verdicts: int,
) -> None:
    assert fsum(spending(float(place)) for place in range(1, verdicts + 1)) < 1.0


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=30), st.floats(0.6, 0.999))
def test_fd_23_every_earlier_verdict_makes_the_next_one_stricter(
    shares: list[float], confidence: float
) -> None:
    fewer, more = wear(shares[1:], confidence), wear(shares, confidence)
    assert more.confidence > fewer.confidence
    assert more.rows_factor > fewer.rows_factor
    assert more.earlier == len(shares)


@given(SHARES)
def test_the_order_of_earlier_verdicts_does_not_matter(shares: list[float]) -> None:
    assert wear(shares, 0.95) == wear(sorted(shares), 0.95)


@pytest.mark.parametrize("step", [0.02, 0.1, 0.3, 0.5, 0.58, 0.8, 1.0])
def test_fd_23_a_moving_window_spends_less_than_its_budget_on_each_window_of_fresh_rows(
    step: float,
) -> None:
    overlaps = [max(0.0, 1 - step * back) for back in range(1, 200)]
    level = (1 - wear(overlaps, 0.95).confidence) / 2
    assert level / step <= 0.05


def test_fd_23_a_fresh_holdout_is_due_when_the_rows_are_worth_half() -> None:
    uses = next(uses for uses in range(100) if wear([1.0] * uses, 0.95).due)
    assert uses == 6
    assert "a fresh one is due" in str(wear([1.0] * uses, 0.95))
    assert "6 earlier verdicts" in str(wear([1.0] * uses, 0.95))


def test_fd_23_a_hundred_equal_candidates_on_one_holdout_pass_in_at_most_5_percent() -> None:
    """Normal statistics of known level: the rule alone, not the interval it is handed to."""
    from statistics import NormalDist

    random = np.random.default_rng(23)
    levels = [(1 - wear([1.0] * uses, 0.95).confidence) / 2 for uses in range(100)]
    bars = -np.array([NormalDist().inv_cdf(level) for level in levels])
    for shared in (0.0, 0.5, 0.9):  # candidates resemble each other more or less
        common = random.normal(size=(20_000, 1)) * shared**0.5
        gains = common + random.normal(size=(20_000, 100)) * (1 - shared) ** 0.5
        passed = float((gains > bars).any(axis=1).mean())
        uncorrected = float((gains > bars[0]).any(axis=1).mean())
        assert passed <= 0.05 < uncorrected
