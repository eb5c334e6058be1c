"""What is wrong with training and holdout rows side by side (FD-22)."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from mooring.gates.data.finding import Finding
from mooring.gates.split import split_findings
from mooring.settings.model import Data
from tests.e2e.project import rides

DATA = Data(source="x.csv", target="cnt", task="regression", time="at")
UNORDERED = Data(source="x.csv", target="cnt", task="regression")


def found(training: pl.DataFrame, holdout: pl.DataFrame, data: Data = DATA) -> list[Finding]:
    return list(split_findings(training, holdout, data))


def test_rows_that_were_divided_by_time_are_fine() -> None:
    frame = rides()
    assert found(frame[:300], frame[300:]) == []
    assert found(frame[:300], frame[300:], UNORDERED) == []


@pytest.mark.parametrize("data", [DATA, UNORDERED])
def test_a_replayed_batch_with_new_instants_stops_and_a_column_is_named(data: Data) -> None:
    frame = rides()
    replayed = frame[100:150].with_columns(pl.col("at") + timedelta(days=30))
    rows = replayed if data.time else replayed.drop("at")
    older, newer = (frame, frame) if data.time else (frame.drop("at"), frame.drop("at"))
    (finding,) = found(older[:300], pl.concat([newer[300:], rows]), data)
    assert (finding.rule, finding.rows, finding.severity) == ("repeated", 50, "stop")
    assert finding.column in {"temp", "hum"}
    assert len(finding.examples) == 3


def test_rows_of_few_values_are_equal_by_coincidence() -> None:
    random = np.random.default_rng(3)
    frame = pl.DataFrame(
        {
            "at": rides(2000)["at"],
            "level": random.integers(0, 5, 2000),
            "open": random.random(2000) < 0.5,
            "cnt": random.integers(0, 4, 2000),
        }
    )
    assert found(frame[:1500], frame[1500:]) == []
    assert found(frame[:1500].drop("at"), frame[1500:].drop("at"), UNORDERED) == []


def test_the_same_entities_month_after_month_are_no_replay() -> None:
    """Customers whose row does not change: the newest training rows repeat the older ones too."""
    random = np.random.default_rng(4)
    customers = pl.DataFrame({"who": range(200), "income": random.normal(size=200), "cnt": 1.0})
    months = [
        customers.with_columns(at=pl.lit(rides(1)["at"][0] + timedelta(days=30 * month)))
        for month in range(10)
    ]
    frame = pl.concat(months)
    assert found(frame[:1600], frame[1600:]) == []


def test_a_file_that_begins_with_the_newest_rows_trains_on_the_future() -> None:
    frame = rides().reverse()
    (finding,) = found(frame[:300], frame[300:], UNORDERED)
    assert (finding.column, finding.rule, finding.rows) == ("at", "future", 300)
    assert finding.cure == 'time = "at" under [data]'


def test_a_date_that_does_not_go_with_the_order_of_the_rows_is_not_their_time() -> None:
    born = rides()["at"].sample(400, shuffle=True, seed=1).alias("born")
    frame = rides().drop("at").with_columns(born)
    assert found(frame[:300], frame[300:], UNORDERED) == []
