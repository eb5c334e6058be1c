"""What a table shows about itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from mooring.errors import DataError, UnknownName, UsageError
from mooring.starting.inspect import inspect_data, project_name
from mooring.starting.plan import Plan
from mooring.starting.target import judge_target
from tests.unit.starting import frames


def plan_of(frame: pl.DataFrame, target: str, **asked: str) -> Plan:
    return inspect_data(frame, target=target, name="demo", source="demo.csv", **asked)


def left_out(plan: Plan) -> dict[str, str]:
    return {note.column: note.reason for note in (*plan.keys, *plan.excluded)}


@pytest.mark.parametrize(
    ("labels", "task", "positive"),
    [
        (["yes", "no"] * 30, "binary", "yes"),
        ([" >50K"] * 10 + [" <=50K"] * 30, "binary", " >50K"),
        ([True, False, False] * 9, "binary", True),
        ([0.0, 1.0, None, float("nan")] * 20, "binary", 1),
        ([1, 2, 2] * 20, "binary", 1),
        ([1, 2, 3] * 40, "multiclass", None),
        (["a", "b", "c"] * 9, "multiclass", None),
        ([10, 200, 3000] * 40, "regression", None),
        (list(range(60)), "regression", None),
        ([0] * 500 + [1] * 200 + [2] * 90 + [3] * 30 + [4] * 9 + [5] * 3 + [6], "regression", None),
        ([1.5, 2.5] * 20, "regression", None),
    ],
)
def test_the_task_is_told_from_the_labels(
    labels: list[object], task: str, positive: object
) -> None:
    target = judge_target(pl.Series("y", labels, strict=False))
    assert (target.task, target.positive) == (task, positive)
    assert type(target.positive) is type(positive)


def test_a_task_that_was_asked_for_is_held_against_the_labels() -> None:
    codes = pl.Series("y", [1, 2, 3] * 40)
    assert judge_target(codes, "regression").task == "regression"
    for labels, task in ((codes, "binary"), (pl.Series("y", ["a", "b"]), "regression")):
        with pytest.raises(UsageError, match="needs"):
            judge_target(labels, task)


@pytest.mark.parametrize(
    ("column", "error"),
    [
        (pl.Series("y", [1, 1, 1]), DataError),
        (pl.Series("y", [None, None], dtype=pl.String), DataError),
        (pl.Series("y", [datetime(2024, 1, d, tzinfo=UTC) for d in (1, 2, 3)]), UsageError),
        (pl.Series("y", [[1], [2]]), UsageError),
        (pl.Series("y", [f"word {i}" for i in range(300)]), UsageError),
    ],
)
def test_labels_that_cannot_be_learned_are_an_error_with_a_cure(
    column: pl.Series, error: type[DataError]
) -> None:
    with pytest.raises(error) as caught:
        judge_target(column)
    assert caught.value.fix


def test_a_missing_target_names_the_nearest_column() -> None:
    with pytest.raises(UnknownName, match="did you mean 'Churn'"):
        plan_of(frames.churn(), "chrun")
    with pytest.raises(DataError, match="a pattern"):
        plan_of(frames.churn().rename({"tenure": "^tenure$"}), "Churn")
    with pytest.raises(DataError, match="no rows"):
        plan_of(frames.churn().clear(), "Churn")


def test_rows_sorted_by_the_class_are_given_another_order() -> None:
    plan = plan_of(frames.iris(), "class")
    assert plan.time is None
    assert plan.shuffled is not None
    assert plan.shuffled["class"].tail(30).n_unique() == 3
    assert set(plan.numbers) == {"sepal length (cm)", "petal.width"}
    assert plan.choices.model_min_rows == 24
    assert plan_of(frames.adult(), "income").shuffled is None


def test_names_tickets_and_constants_are_left_out() -> None:
    plan = plan_of(frames.titanic(), "Survived")
    assert (plan.numbers, plan.categories) == (("Age",), ("Sex",))
    assert [note.column for note in plan.keys] == ["PassengerId"]
    assert left_out(plan)["ship"] == "always 'Titanic'"
    assert left_out(plan)["empty"] == "no values at all"


def test_numbers_kept_as_text_for_some_blanks_are_numbers() -> None:
    plan = plan_of(frames.churn(), "Churn")
    assert plan.numbers == ("tenure", "TotalCharges")
    assert [note.column for note in plan.keys] == ["customerID"]
    assert plan.target.positive == "Yes"


def test_columns_of_every_type_find_their_place() -> None:
    plan = plan_of(frames.oddities(), "y")
    assert plan.time == "created"
    assert plan.types == (("created", "datetime"),)
    assert set(plan.numbers) == {"amount", "infinite", "y_lag_1"}
    assert set(plan.categories) == {"store_id", "ok"}
    assert set(left_out(plan)) == {
        *("updated_at", "born", "us_date", "took", "tags", "raw", "note", "predicted_y"),
    }
    assert "later than created" in left_out(plan)["updated_at"]


def test_an_asked_time_is_taken_or_refused() -> None:
    frame = frames.oddities()
    assert plan_of(frame, "y", time="updated_at").time == "updated_at"
    with pytest.raises(UnknownName, match="did you mean 'created'"):
        plan_of(frame, "y", time="craeted")
    with pytest.raises(UsageError, match="not a time"):
        plan_of(frame, "y", time="note")


def leaking(**columns: object) -> pl.DataFrame:
    chance = np.random.default_rng(7)
    y = chance.normal(size=2000)
    return pl.DataFrame({"x": y + chance.normal(size=2000), "y": y, **columns})


def test_parts_that_sum_up_to_the_target_are_left_out() -> None:
    chance = np.random.default_rng(8)
    casual, registered = chance.poisson(20, 900), chance.poisson(90, 900)
    frame = pl.DataFrame({"casual": casual, "registered": registered, "x": chance.normal(size=900)})
    plan = plan_of(frame.with_columns(cnt=pl.sum_horizontal("casual", "registered")), "cnt")
    assert plan.numbers == ("x",)
    assert left_out(plan)["casual"] == "casual + registered is the target"


def test_a_column_that_knows_the_answer_is_left_out_and_a_strong_one_pointed_at() -> None:
    frame = leaking()
    noise = pl.Series(np.random.default_rng(9).normal(size=2000))
    frame = frame.with_columns(
        answer=-(pl.col("y") ** 3), strong=pl.col("y") + noise * 0.15, y_last_week=pl.col("y") * 2
    )
    plan = plan_of(frame, "y")
    assert set(left_out(plan)) == {"answer"}
    assert {note.column for note in plan.suspects} == {"strong", "y_last_week"}


def test_a_threshold_of_a_column_is_an_answer_too() -> None:
    frame = (
        leaking().with_columns(delay=pl.col("y") * 10).select("x", "delay", late=pl.col("y") > 1)
    )
    assert set(left_out(plan_of(frame, "late"))) == {"delay"}


def test_what_is_missing_with_the_target_is_known_only_with_it() -> None:
    chance = np.random.default_rng(10)
    gone = pl.Series(chance.random(2000) < 0.05)
    frame = leaking(other=chance.normal(size=2000), arrival=chance.normal(size=2000))
    frame = frame.with_columns(pl.when(~gone).then(pl.col("y", "arrival")))
    assert set(left_out(plan_of(frame, "y"))) == {"arrival"}


def test_what_came_of_a_plan_is_known_only_afterwards() -> None:
    chance = np.random.default_rng(11)
    frame = leaking(sched_dep_time=chance.normal(size=2000), dep_time=chance.normal(size=2000))
    assert set(left_out(plan_of(frame, "y"))) == {"dep_time"}


def test_a_column_that_only_says_when_is_left_out() -> None:
    rows = range(2000)
    years, days = [2015 + i // 400 for i in rows], [i / 2000 for i in rows]
    frame = leaking(
        year=years, day=days, half=[i // 1000 for i in rows], hour=[i % 24 for i in rows]
    )
    plan = plan_of(frame, "y")
    assert set(left_out(plan)) == {"year", "day"}
    assert plan.numbers == ("x", "half", "hour")


def test_parts_of_the_time_come_again_and_are_said_once() -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    when = [start + timedelta(hours=10 * i) for i in range(2000)]
    plan = plan_of(leaking(event_time=when, mnth=[w.month for w in when]), "y")
    assert [part.feature for part in plan.parts] == ["event_time_hour", "event_time_weekday"]
    short = plan_of(leaking(event_time=[start + timedelta(hours=i) for i in range(2000)]), "y")
    assert [part.part for part in short.parts] == ["hour", "weekday"]


def test_a_label_time_says_how_late_labels_are() -> None:
    start = datetime(2021, 1, 1, tzinfo=UTC)
    when = [start + timedelta(hours=i) for i in range(2000)]
    frame = leaking(event_time=when, label_time=[w + timedelta(hours=3) for w in when])
    assert plan_of(frame, "y").choices.label_delay == "3h"


def test_findings_fit_a_terminal() -> None:
    for line in plan_of(frames.nasty(), 'tar"get\n').findings:
        assert len(line) <= 80
        assert line.isprintable()


@pytest.mark.parametrize(
    ("source", "name"),
    [("my data (1).csv", "my-data-1"), ("data/*.parquet", "model"), ("été.csv.gz", "t")],
)
def test_a_name_is_made_of_the_file(source: str, name: str) -> None:
    assert project_name(source) == name
    with pytest.raises(UsageError, match="not a name"):
        inspect_data(frames.adult(), target="income", name="my data", source=source)


@pytest.mark.parametrize(
    ("file", "target", "time", "hidden"),
    [
        ("bike_sharing/bike_sharing", "cnt", "event_time", "instant dteday casual registered"),
        ("elec2/elec2", "class", "event_time", "date"),
        (
            "nycflights13/nycflights13",
            "late",
            "event_time",
            "year month dep_time dep_delay arr_time arr_delay air_time time_hour label_time",
        ),
        (
            "us_census_ma_employment/us_census_ma_employment",
            "employed",
            None,
            "id year prediction predicted_probability period",
        ),
        ("flights_3m/flights_3m", "delay", "date", ""),
    ],
)
def test_known_data_is_seen_through(
    shared_data: object, file: str, target: str, time: str | None, hidden: str
) -> None:
    plan = plan_of(pl.read_parquet(f"{shared_data}/{file}.parquet"), target)
    assert plan.time == time
    assert set(left_out(plan)) == set(hidden.split())


def test_infinite_values_are_looked_at_without_a_warning() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=300)
    y = 3 * x + rng.normal(size=300)
    x[7], y[5] = -np.inf, np.inf
    plan = plan_of(pl.DataFrame({"x": x, "z": rng.normal(size=300), "y": y}), "y")
    assert plan.target.task == "regression"
    assert list(plan.numbers) == ["x", "z"]
