"""Features that know the answer stop the data gate, each by its name (FD-22)."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from mooring.gates.data_gate import Finding, judge_data
from mooring.settings.model import Data, DataGate
from tests.unit.gates.test_data_gate import DATA, HOURS, rows

CLASSES = Data(source="rows.csv", target="late", task="binary", time="at", keys=("shop",))
RANDOM = np.random.default_rng(22)


def found(frame: pl.DataFrame, data: Data = DATA, rules: DataGate | None = None) -> list[Finding]:
    judgement = judge_data(frame, None, None, rules or DataGate(), data)
    return [finding for finding in judgement.findings if finding.rule == "leak"]


def stops(frame: pl.DataFrame, data: Data = DATA) -> list[str]:
    return [finding.column for finding in found(frame, data) if finding.severity == "stop"]


def late() -> pl.DataFrame:
    """Rows with a class that the visits say something about."""
    noise = pl.Series(RANDOM.normal(0, 20, HOURS))
    return rows().drop("sold").with_columns(late=pl.col("visits") + noise > 420)


def test_clean_rows_have_no_leak() -> None:
    assert found(rows()) == []
    assert found(late(), CLASSES) == []


def test_a_feature_that_is_the_target_is_a_leak() -> None:
    (finding,) = found(rows().with_columns(result=pl.col("sold").cast(pl.Int64)))
    assert (finding.column, finding.severity, finding.rows) == ("result", "stop", HOURS)
    assert finding.cure.startswith('exclude = ["result"] under [data]')


def test_a_copy_is_found_in_fewer_rows_than_a_power_needs() -> None:
    few = rows().head(30).with_columns(result="sold")
    assert stops(few) == ["result"]


@pytest.mark.parametrize(
    "leak",
    [
        pl.when(pl.int_range(pl.len()) == 5).then(-1.0).otherwise("sold"),
        pl.col("sold") ** 2,
        1000 - pl.col("sold") * 3,
    ],
    ids=["but for one row", "squared", "another unit"],
)
def test_the_target_in_another_form_is_a_leak(leak: pl.Expr) -> None:
    assert stops(rows().with_columns(other=leak)) == ["other"]


def test_parts_that_add_up_to_the_target_are_leaks() -> None:
    share = pl.Series(RANDOM.uniform(0.2, 0.8, HOURS).round(3))
    parts = rows().with_columns(casual=(pl.col("sold") * share).round())
    parts = parts.with_columns(registered=pl.col("sold") - pl.col("casual"))
    assert sorted(stops(parts)) == ["casual", "registered"]


@pytest.mark.parametrize(("noise", "leaks"), [(0.5, True), (20.0, False)])
def test_a_class_that_one_column_tells_almost_surely_is_a_leak(noise: float, leaks: bool) -> None:
    score = pl.col("late").cast(pl.Float64) * 3 + pl.Series(RANDOM.normal(0, noise, HOURS))
    assert stops(late().with_columns(score=score), CLASSES) == (["score"] if leaks else [])


def test_an_instant_that_is_only_known_with_the_answer_is_a_leak() -> None:
    """A trip's end: its distance from the start is the duration that is to be predicted."""
    trips = rows().with_columns(end=pl.col("at") + pl.col("sold") * timedelta(minutes=1))
    (finding,) = found(trips)
    assert (finding.column, finding.severity) == ("end", "stop")
    assert "its distance from 'at' alone" in finding.found


def test_a_planned_instant_in_the_future_is_no_leak() -> None:
    planned = pl.Series(RANDOM.integers(1, 72, HOURS)) * timedelta(hours=1)
    assert found(rows().with_columns(planned=pl.col("at") + planned)) == []


def test_a_column_that_is_there_only_with_its_label_is_a_leak() -> None:
    known = pl.int_range(pl.len()) < HOURS - 100
    frame = rows().with_columns(
        pl.when(known).then("sold").alias("sold"), pl.when(known).then("warmth").alias("rating")
    )
    (finding,) = found(frame)
    assert (finding.column, finding.severity) == ("rating", "stop")
    assert "known only with it" in finding.found


def test_a_value_of_the_past_that_is_close_is_pointed_at() -> None:
    slow = pl.Series("sold", 500 + RANDOM.normal(0, 1, HOURS).cumsum() * 10)
    frame = rows().with_columns(slow, sold_lag=slow.shift(1))
    (finding,) = found(frame)
    assert (finding.column, finding.severity) == ("sold_lag", "warn")


def test_a_column_that_is_known_beforehand_may_be_declared_so() -> None:
    frame = rows().with_columns(result=pl.col("sold") + 1)
    told = found(frame, rules=DataGate(warn_only=("result",)))
    assert [(finding.column, finding.severity) for finding in told] == [("result", "warn")]
