"""Columns of ids: new ones are no drift, one that takes over is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mooring.profiling import ColumnDrift, Profile, compare, profile
from mooring.profiling.counting.names import MOST


def ids(rows: int, seed: int, flood: float = 0.0, customers: int = 2**62) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, customers, rows).astype(str)
    drawn[rng.random(rows) < flood] = "00000000"
    return pl.DataFrame({"id": drawn})


@pytest.fixture(scope="module")
def base() -> Profile:
    return profile(ids(3 * MOST, 0, flood=0.002))


def judged(base: Profile, window: pl.DataFrame) -> ColumnDrift:
    return compare(base, profile(window, baseline=base)).columns[0]


@pytest.mark.parametrize("rows", [100, 1_000, 2 * MOST])
def test_p6_new_ids_are_no_drift_and_the_shape_stays_unknown(base: Profile, rows: int) -> None:
    found = judged(base, ids(rows, 1))
    assert found.status == "unknown"
    assert "too many distinct values" in found.reason
    assert not any(item.drift for item in found.evidence)


@pytest.mark.parametrize("rows", [200, 1_000, 2 * MOST])
def test_an_id_that_takes_over_is_named_with_its_shares(base: Profile, rows: int) -> None:
    found = judged(base, ids(rows, 2, flood=0.3))
    assert found.status == "drift"
    assert found.reason.startswith("'00000000' rose from 0.")
    assert [item.kind for item in found.evidence if item.drift] == ["flood"]


def test_p6_what_was_frequent_before_is_no_flood() -> None:
    before = profile(ids(3 * MOST, 3, flood=0.3))
    assert judged(before, ids(5_000, 4, flood=0.3)).status == "unknown"


def test_p6_few_windows_of_busy_customers_alarm() -> None:
    """Twenty thousand customers, some rows each: no one of them makes a flood by chance."""
    before = profile(ids(60_000, 5, customers=30_000))
    assert before.columns[0].names.many is not None
    alarms = sum(
        judged(before, ids(200, seed, customers=30_000)).status == "drift" for seed in range(10, 60)
    )
    assert alarms == 0
