"""Which rows may judge two models: those that neither was trained on."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.pipeline.fairness import Training, fair_rows, training_of
from mooring.settings.model import Data
from tests.e2e.project import rides

DATA = Data(source="x.csv", target="cnt", task="regression", time="at")
KEYED = Data(source="x.csv", target="cnt", task="regression", keys=("ride",))
PLAIN = Data(source="x.csv", target="cnt", task="regression")
ROWS = rides()


@given(st.integers(1, 399), st.integers(1, 399))
def test_fd_22_only_rows_after_the_later_of_both_trainings_are_fair(
    first: int, second: int
) -> None:
    models = [training_of(name, ROWS[:end], "at") for name, end in (("a", first), ("b", second))]
    fair = fair_rows(ROWS, models, DATA)
    assert np.flatnonzero(fair.rows).tolist() == list(range(max(first, second), 400))
    assert sum(fair.dropped.values()) == max(first, second)


def test_fd_22_a_late_row_of_a_time_that_a_model_learned_is_left_out_and_told() -> None:
    trained = training_of("champion v3", ROWS[:300:2], "at")
    fair = fair_rows(ROWS, [trained], DATA)
    assert fair.dropped == {
        "champion v3 was trained on them": 150,
        "no later than the newest row that champion v3 was trained on": 149,
    }
    assert fair.reasons[0] == ("150 holdout rows were left out: champion v3 was trained on them")


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.with_columns(extra=pl.lit(1)),
        lambda rows: rows.drop("hum"),
        lambda rows: rows.with_columns(pl.col("cnt") + 1),
    ],
    ids=["a new column", "one column less", "restated labels"],
)
def test_fd_22_with_a_time_no_change_of_the_columns_hides_a_training_row(change: object) -> None:
    assert callable(change)
    fair = fair_rows(change(ROWS), [training_of("champion v3", ROWS[:300], "at")], DATA)
    assert np.flatnonzero(fair.rows).tolist() == list(range(300, 400))


def test_fd_22_without_a_time_rows_are_found_by_what_they_hold() -> None:
    keyed = ROWS.drop("at").with_row_index("ride").with_columns(pl.col("ride").cast(pl.Int64))
    trained = training_of("champion v3", keyed[:300], None)
    shuffled = keyed.sample(400, shuffle=True, seed=1)
    fair = fair_rows(shuffled, [trained], KEYED)
    assert sorted(shuffled.filter(pl.Series(fair.rows))["ride"].to_list()) == list(range(300, 400))
    wider = keyed.with_columns(extra=pl.lit("x"), ride=pl.col("ride").cast(pl.Float64))
    assert fair_rows(wider, [trained], KEYED).rows.sum() == 100


@pytest.mark.parametrize(
    "change", [lambda r: r.drop("hum"), lambda r: r.with_columns(pl.col("hum").cast(pl.String))]
)
def test_p3_where_neither_time_nor_content_can_be_asked_nothing_is_fair(change: object) -> None:
    assert callable(change)
    keyed = ROWS.drop("at").with_row_index("ride")
    fair = fair_rows(change(keyed), [training_of("champion v3", keyed[:300], None)], KEYED)
    assert "whether champion v3 was trained on these rows cannot be told" in fair.unknown
    silent = fair_rows(keyed, [Training("v2", None, {}, None)], KEYED)
    assert "it does not say which rows" in silent.unknown


def test_equal_rows_without_a_name_are_a_coincidence_only_where_rows_repeat() -> None:
    few = pl.DataFrame({"level": [1, 2, 3, 4] * 100, "cnt": [0, 1] * 200})
    assert fair_rows(few[300:], [training_of("a", few[:300], None)], PLAIN).rows.all()
    distinct = ROWS.drop("at")
    assert fair_rows(distinct, [training_of("a", distinct[:300], None)], PLAIN).rows.sum() == 100


def test_rows_without_an_instant_do_not_judge() -> None:
    gap = ROWS.with_columns(pl.when(pl.int_range(400) < 390).then("at").alias("at"))
    assert fair_rows(gap, [training_of("a", ROWS[:300], "at")], DATA).rows.sum() == 90


def test_a_day_is_learned_until_its_end() -> None:
    days = ROWS.with_columns(pl.col("at").dt.date())
    trained = training_of("a", days[:100], "at")  # the fifth day, till 03:00
    later = fair_rows(ROWS, [trained], DATA)
    assert ROWS.filter(pl.Series(later.rows))["at"].min() == ROWS["at"][0] + timedelta(days=5)
