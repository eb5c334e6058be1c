"""FD-18: what was served, against the offline rows that should have been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mooring.clock import Window
from mooring.errors import DataError, UsageError
from mooring.monitoring.skew.causes import Cause
from mooring.monitoring.skew.columns import ColumnSkew, cause_words, compare_columns
from mooring.monitoring.skew.comparing import ROUNDING, judge, rows_needed
from mooring.monitoring.skew.entities import entities_of
from mooring.monitoring.skew.offline import Joined, Offline, join, offline_of, usual_step
from mooring.monitoring.skew.replay import VersionSkew, replay_window
from mooring.serving.log import LoggedRows
from tests.unit.monitoring.conftest import DAY, DEPLOYED, Living, rides

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 24 * 30


def weather(seed: int = 0, hours: int = HOURS) -> pl.DataFrame:
    """Hours of two shops: what is measured, what follows the clock, what hardly varies."""
    random = np.random.default_rng(seed)
    hour = np.arange(hours) % 24
    shops = [
        pl.DataFrame(
            {
                "at": [START + k * HOUR for k in range(hours)],
                "shop": [shop] * hours,
                "temp": random.normal(10, 3, hours) + 5 * np.sin(hour / 24 * 2 * np.pi),
                "hour": hour,
                "open": (hour > 8) & (hour < 18),
                "sky": random.choice(["clear", "cloud", "rain"], hours),
                "coin": random.integers(0, 2, hours),
            }
        )
        for shop in ("North", "South")
    ]
    return pl.concat(shops)


def asked(offline: pl.DataFrame) -> tuple[pl.DataFrame, Offline, Joined]:
    """A request for each row of the latter half, seven minutes after its hour."""
    table = offline_of(offline, "at", ["shop"])
    late = offline.filter(pl.col("at") >= START + HOURS // 2 * HOUR)
    requests = late.with_columns(pl.col("at") + timedelta(minutes=7))
    return requests, table, join(requests, table, ["shop"], requests["at"])


def compare(change: Callable[[pl.DataFrame], pl.DataFrame]) -> dict[str, ColumnSkew]:
    """The columns of changed requests against the table, by name."""
    requests, table, joined = asked(weather())
    online = change(requests).drop("at", "shop")
    return {c.name: c for c in compare_columns(online, table, joined.places, most=0.01)}


def shifted(steps: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Each shop's values of so many hours before; of after when negative."""
    names = ("temp", "hour", "open", "sky", "coin")

    def change(requests: pl.DataFrame) -> pl.DataFrame:
        before = pl.col("at").dt.truncate("1h") - steps * HOUR
        return requests.select(before, "shop").join(
            weather().select("at", "shop", *names), on=["at", "shop"], how="left"
        )

    return change


# The join


def test_fd_18_each_request_meets_the_newest_row_of_its_own_entity() -> None:
    requests, table, joined = asked(weather())
    assert joined.rows == requests.height
    met = table.rows[joined.places]
    assert met["shop"].to_list() == requests["shop"].to_list()
    assert met["at"].to_list() == [at - timedelta(minutes=7) for at in requests["at"]]


Rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=30)


@given(rows=Rows, requests=Rows)
def test_the_join_is_point_in_time_whatever_the_order_of_the_rows(
    rows: list[tuple[int, int]], requests: list[tuple[int, int]]
) -> None:
    frame = pl.DataFrame(
        {"key": [k for k, _ in rows], "at": [START + h * HOUR for _, h in rows]}
    ).with_row_index("n")
    table = offline_of(frame, "at", ["key"])
    wanted = pl.DataFrame({"key": [str(k) for k, _ in requests]})
    at = pl.Series([START + h * HOUR for _, h in requests])
    joined = join(wanted, table, ["key"], at)
    reach = START + max(h for _, h in rows) * HOUR + usual_step(table)
    for place, (key, hour) in zip(joined.places.tolist(), requests, strict=True):
        known = [h for k, h in rows if k == key and h <= hour]
        alone = known and sum(h == max(known) for h in known) == 1
        if not alone or START + hour * HOUR >= reach:
            assert place == -1
        else:
            assert table.rows.row(place, named=True)["at"] == START + max(known) * HOUR
    assert joined.rows + joined.strangers + joined.beyond + joined.ambiguous == len(requests)


def test_requests_without_an_offline_row_are_counted_by_the_reason() -> None:
    table = offline_of(weather(), "at", ["shop"])
    end = START + HOURS * HOUR
    wanted = [
        ("North", START + HOUR),
        ("North", START - HOUR),
        ("West", START + HOUR),
        (None, START + HOUR),
        ("South", end - timedelta(minutes=1)),
        ("South", end),
    ]
    requests = pl.DataFrame({"shop": [shop for shop, _ in wanted]})
    joined = join(requests, table, ["shop"], pl.Series([at for _, at in wanted]))
    assert (joined.rows, joined.strangers, joined.beyond, joined.ambiguous) == (2, 3, 1, 0)


def test_rows_that_nothing_tells_apart_join_nothing() -> None:
    table = offline_of(weather(), "at")  # two shops at each hour, and no key
    joined = join(pl.DataFrame({"x": [1]}), table, [], pl.Series([START + HOUR]))
    assert (joined.rows, joined.ambiguous) == (0, 1)


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Int8, pl.String, pl.Categorical])
def test_a_key_is_read_as_the_type_of_the_table(dtype: type[pl.DataType]) -> None:
    frame = pl.DataFrame({"key": ["7", "8"], "x": [1.0, 2.0]}).with_columns(
        pl.col("key").cast(dtype)
    )
    table = offline_of(frame, None, ["key"])
    joined = join(pl.DataFrame({"key": ["8", "9", None]}), table, ["key"], None)
    assert table.rows["x"][int(joined.places[0])] == 2.0
    assert joined.strangers == 2


def test_a_time_column_without_instants_is_refused() -> None:
    with pytest.raises(DataError, match="no instants in 'at'"):
        offline_of(pl.DataFrame({"at": ["yesterday"]}), "at")
    with pytest.raises(DataError, match="no instants in 'when'"):
        offline_of(pl.DataFrame({"at": [1]}), "when")


# What is equal, and what is skew


def test_fd_18_rows_as_they_are_have_no_unequal_column() -> None:
    found = compare(lambda requests: requests)
    assert set(found) == {"temp", "hour", "open", "sky", "coin"}
    assert all((c.status, c.unequal, c.cause) == ("equal", 0, None) for c in found.values())


@given(st.lists(st.one_of(st.none(), st.floats(), st.just(float("nan"))), min_size=1, max_size=20))
def test_a_column_is_equal_to_itself_missing_values_and_all(values: list[float | None]) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.Float64)})
    places = np.arange(frame.height)
    [found] = compare_columns(frame, offline_of(frame, None), places, most=0.5)
    assert found.unequal == 0


@given(st.lists(st.floats(-1e30, 1e30), min_size=1, max_size=20))
def test_a_float_that_was_held_in_32_bits_is_the_same_float(values: list[float]) -> None:
    frame = pl.DataFrame({"x": [v for v in values if v == 0 or abs(v) > 1e-30] or [1.0]})
    half = frame.with_columns(pl.col("x").cast(pl.Float32).cast(pl.Float64))
    [found] = compare_columns(half, offline_of(frame, None), np.arange(frame.height), most=0.5)
    assert found.unequal == 0


def test_a_difference_beyond_rounding_is_one_and_integers_have_no_rounding() -> None:
    frame = pl.DataFrame({"x": [1.0, 1.0], "n": [2**40, 2**40], "big": [None, 0.0]})
    other = pl.DataFrame({"x": [1 + 4 * ROUNDING, 1 + ROUNDING / 2], "n": [2**40 + 1, 2**40]})
    other = other.with_columns(big=pl.Series([0.0, None]))
    found = compare_columns(other, offline_of(frame, None), np.arange(2), most=0.5)
    assert [c.unequal for c in found] == [1, 1, 2]


@given(st.integers(1, 3000), st.floats(0.001, 0.2), st.data())
def test_more_unequal_rows_never_turn_skew_into_none(
    rows: int, most: float, data: st.DataObject
) -> None:
    order = ["equal", "unknown", "skew"]
    few = data.draw(st.integers(0, rows))
    more = data.draw(st.integers(few, rows))
    assert order.index(judge(few, rows, most)) <= order.index(judge(more, rows, most))
    assert judge(rows, rows, most) == "skew" or rows < 2
    assert judge(0, rows, most) == ("equal" if rows >= rows_needed(most) else "unknown")


def test_no_row_or_a_share_that_is_not_surely_above_is_unknown_and_never_equal() -> None:
    assert judge(0, 0, 0.5) == "unknown"
    assert [judge(unequal, 299, 0.01) for unequal in (2, 3, 6, 7)] == [
        *("equal", "unknown", "unknown", "skew")
    ]


def test_the_size_is_in_deviations_of_the_offline_column() -> None:
    deviation = float(weather()["temp"].to_numpy().std())
    found = compare(lambda r: r.with_columns(pl.col("temp") + 2 * deviation))
    assert found["temp"].size == pytest.approx(2)
    assert found["sky"].size is None


# The causes


@pytest.mark.parametrize("steps", [1, 6, 30])
def test_fd_18_values_of_hours_before_are_stale_by_those_hours(steps: int) -> None:
    for column in compare(shifted(steps)).values():
        assert column.status == "skew", column.name
        assert column.cause == Cause(
            "stale", 1.0, *(3600.0 * steps,) * 3, steps
        ) or column.name in {"hour", "open"}, column
    if steps == 30:  # the hour of day of yesterday and more is one of today
        hour = compare(shifted(steps))["hour"].cause
        assert hour is not None
        assert hour.seconds == 6 * 3600


def test_values_of_later_are_ahead() -> None:
    requests, table, _ = asked(weather())
    early = requests.filter(pl.col("at") < START + (HOURS - 10) * HOUR)
    joined = join(early, table, ["shop"], early["at"])
    online = shifted(-3)(early).drop("at", "shop")
    for column in compare_columns(online, table, joined.places, most=0.01):
        assert column.cause is not None
        assert (column.cause.kind, column.cause.seconds) == ("ahead", 3 * 3600.0)


def test_fd_18_a_job_that_runs_once_a_day_leaves_values_stale_by_up_to_a_day() -> None:
    def change(requests: pl.DataFrame) -> pl.DataFrame:
        midnight = pl.col("at").dt.truncate("1d")
        return requests.select(midnight, "shop").join(weather(), on=["at", "shop"], how="left")

    cause = compare(change)["temp"].cause
    assert cause is not None
    assert cause.kind == "stale"
    assert cause.share == 1
    assert cause.high is not None
    assert 20 * 3600 <= cause.high <= 23 * 3600
    assert cause_words(cause).startswith("stale by 2 h to 2")


def test_fd_18_a_delay_of_its_own_for_each_row_is_told_as_a_span() -> None:
    random = np.random.default_rng(3)

    def change(requests: pl.DataFrame) -> pl.DataFrame:
        late = pl.lit(pl.Series(random.integers(1, 6, requests.height)))
        before = pl.col("at").dt.truncate("1h") - pl.duration(hours=late)
        return requests.select(before, "shop").join(weather(), on=["at", "shop"], how="left")

    cause = compare(change)["temp"].cause
    assert cause is not None
    assert (cause.kind, cause.low, cause.high) == ("stale", 3600.0, 5 * 3600.0)


def test_an_outage_of_half_the_time_is_stale_in_that_half_only() -> None:
    def change(requests: pl.DataFrame) -> pl.DataFrame:
        stale = shifted(4)(requests)
        rows = pl.int_range(pl.len()) % 400 < 200
        return requests.with_columns(temp=pl.when(rows).then(stale["temp"]).otherwise("temp"))

    temp = compare(change)["temp"]
    assert 0.4 < temp.share < 0.6
    assert temp.cause == Cause("stale", 1.0, *(4 * 3600.0,) * 3, 4)


def test_missing_values_and_a_default_are_called_so() -> None:
    random = np.random.default_rng(1)

    def change(requests: pl.DataFrame) -> pl.DataFrame:
        hit = pl.Series(random.uniform(size=requests.height) < 0.2)
        return requests.with_columns(
            temp=pl.when(hit).then(0.0).otherwise("temp"),
            sky=pl.when(hit).then(None).otherwise("sky"),
        )

    found = compare(change)
    assert [c.cause.kind if c.cause else None for c in (found["temp"], found["sky"])] == [
        "default",
        "missing",
    ]
    assert "missing online" in str(found["sky"])


@pytest.mark.parametrize("seed", range(10))
def test_fd_18_errors_that_have_no_cause_are_given_none(seed: int) -> None:
    random = np.random.default_rng(seed)

    def change(requests: pl.DataFrame) -> pl.DataFrame:
        hit = pl.Series(random.uniform(size=requests.height) < 0.3)
        mixed = requests.sample(fraction=1, shuffle=True, seed=seed)
        return requests.with_columns(
            pl.when(hit).then(mixed[name]).otherwise(name).alias(name)
            for name in ("temp", "hour", "open", "sky", "coin")
        )

    for column in compare(change).values():
        assert column.status == "skew"
        assert column.cause is None, str(column)


def test_without_a_time_lags_are_counted_in_rows() -> None:
    assert cause_words(Cause("stale", 0.8, steps=3)) == "stale by about 3 rows in 80% of them"


# The replay


def to_offline(project: Living, frame: pl.DataFrame) -> tuple[Window, pl.DataFrame]:
    """Serves rows for a day; the same rows by their prediction id."""
    start = project.now
    project.serve(frame)
    window = Window(start, start + DAY)
    ids = project.log.read("bikes", window).meta["prediction_id"]
    return window, frame.with_columns(prediction_id=ids)


def one(project: Living, window: Window, offline: pl.DataFrame) -> VersionSkew:
    [found] = replay_window(project.context, project.log, window, offline)
    return found


def test_fd_18_requests_meet_offline_rows_by_their_prediction_id(project: Living) -> None:
    window, offline = to_offline(project, rides(400, 5))
    found = one(project, window, offline)
    assert (found.status, found.requests, found.joined) == ("equal", 400, 400)
    assert found.answers is not None
    assert (found.answers.differ, found.answers.not_reproduced) == (0, 0)
    assert found.metrics == ()


def test_fd_18_the_metric_is_told_as_served_and_on_the_offline_rows(project: Living) -> None:
    true = rides(400, 5)
    served = true.with_columns(temp=pl.lit(0.0))
    window, offline = to_offline(project, served)
    project.sleep(3 * DAY)
    project.label()
    found = one(project, window, offline.with_columns(true["temp"]))
    assert found.status == "skew"
    [temp, wind, noise] = found.raw
    assert (temp.status, wind.status, noise.status) == ("skew", "equal", "equal")
    assert temp.cause == Cause("default", 1.0)
    [mae] = found.metrics
    assert mae.online is not None
    assert mae.offline is not None
    assert mae.online > 10 * mae.offline
    assert found.answers is not None
    assert found.answers.differ == 400


def test_answers_that_the_version_does_not_give_again_are_skew(project: Living) -> None:
    window, offline = to_offline(project, rides(400, 5))
    rows = project.log.read("bikes", window)
    other = replace(rows, meta=rows.meta.with_columns(pl.col("prediction") + 1))
    read = project.log.read
    project.log.read = lambda *_, **__: other  # type: ignore[method-assign]
    found = one(project, window, offline)
    project.log.read = read  # type: ignore[method-assign]
    assert all(c.status == "equal" for c in (*found.raw, *found.features))
    assert found.answers is not None
    assert (found.status, found.answers.not_reproduced) == ("skew", 400)


def test_too_few_joined_rows_are_unknown_and_say_how_many(project: Living) -> None:
    window, offline = to_offline(project, rides(400, 5))
    found = one(project, window, offline.head(100))
    assert found.status == "unknown"
    assert "100 of 400 requests have an offline row, 299 needed" in found.reason
    assert "300 are of entities that the table does not have" in found.reason


def test_a_column_that_the_offline_table_lacks_leaves_features_unknown(project: Living) -> None:
    window, offline = to_offline(project, rides(400, 5))
    found = one(project, window, offline.drop("wind"))
    assert found.status == "unknown"
    assert "no wind" in found.reason
    assert [c.name for c in found.raw] == ["temp", "noise"]


def test_nothing_to_join_by_is_refused_with_the_cure(project: Living) -> None:
    window, offline = to_offline(project, rides(400, 5))
    with pytest.raises(UsageError, match="nothing joins") as caught:
        one(project, window, offline.drop("prediction_id"))
    assert "log_keys" in caught.value.fix


def test_a_window_without_requests_has_no_version(project: Living) -> None:
    window = Window(DEPLOYED - DAY, DEPLOYED)
    assert replay_window(project.context, project.log, window, rides(10, 1)) == ()


def test_requests_logged_before_their_key_was_kept_are_counted(project: Living) -> None:
    window, _ = to_offline(project, rides(20, 5))
    rows: LoggedRows = project.log.read("bikes", window)
    serving = type(project.context.settings.serving)(log_keys=("shop",))
    entities = entities_of(_with(project, serving), rows, ["shop", "temp"])
    assert (entities.keys, entities.lacking) == (("shop",), 20)


def _with(project: Living, serving: object):  # type: ignore[no-untyped-def]
    import msgspec

    return msgspec.structs.replace(project.context.settings, serving=serving)
