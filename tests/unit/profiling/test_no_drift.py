"""Thirty columns of many kinds: windows without drift are quiet, a shift in one is seen (P6).

A small version of ``bench/no_drift.py``, which draws some hundred windows of each size.
"""

from __future__ import annotations

import numpy as np
import pytest

from bench.no_drift import COLUMNS, simulated

BASELINE = 5000


def test_there_are_thirty_columns() -> None:
    assert len(COLUMNS) == 30


@pytest.mark.parametrize(("rows", "windows"), [(100, 40), (200, 20), (500, 20), (1000, 20)])
def test_p6_without_drift_at_most_one_window_in_twenty_alarms(rows: int, windows: int) -> None:
    tally = simulated(BASELINE, rows, windows, baselines=2, seed=7)
    assert np.mean(tally.alarms) <= 0.05, tally.why
    if rows >= 500:
        assert np.mean(tally.caught) >= 0.95, tally.missed


@pytest.mark.parametrize(("rows", "windows"), [(10_000, 4), (1_000_000, 1)])
def test_p6_large_windows_do_not_alarm_for_what_the_baseline_did_not_know(
    rows: int, windows: int
) -> None:
    tally = simulated(BASELINE, rows, windows, baselines=1, seed=7)
    assert not any(tally.alarms), tally.why
    assert all(tally.caught), tally.missed
