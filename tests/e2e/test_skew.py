"""FD-18: features that are stale where they are served, found by replaying the logged requests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mooring.bootstrap import open_log, settings_of
from mooring.demo.rides import HISTORY_ENDS, TIME, load_rides, write_project
from mooring.demo.server import Client
from mooring.demo.server import serving as serving_by_client_time
from mooring.serving.log import Label
from tests.e2e.project import PIPELINE, SETTINGS, Project, rides
from tests.e2e.server import new_pool, serving

pytestmark = pytest.mark.e2e

NO_SKEW, SKEW, USAGE, NOT_ENOUGH = 0, 1, 2, 3
HOUR = timedelta(hours=1)
WEATHER = ("temp", "atemp", "hum", "windspeed", "weathersit")
HOURS = 400


@pytest.fixture(scope="module")
def bikes(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two months of real rides with a champion; every later hour is in the offline table."""
    project = Project(tmp_path_factory.mktemp("bikes") / "demo")
    write_project(project.root, load_rides())
    keep = '[serving]\nlog_keys = ["event_time"]\n\n[monitoring]'
    project.change("mooring.toml", "[monitoring]", keep)
    assert project.mooring("run").code == 0
    load_rides().write_parquet(project.root / "offline.parquet")
    return project


def two_weeks(later: int) -> pl.DataFrame:
    """The hours from so many weeks after the history on, as their features really were."""
    start = HISTORY_ENDS.replace(tzinfo=None) + timedelta(weeks=2 * later)
    return load_rides().filter(pl.col(TIME).is_between(start, start + timedelta(weeks=2), "left"))


def late(rows: pl.DataFrame, hours: int) -> pl.DataFrame:
    """The same hours with the weather of so many hours before."""
    past = load_rides().select(pl.col(TIME) + hours * HOUR, *WEATHER)
    return rows.drop(WEATHER).sort(TIME).join_asof(past.sort(TIME), on=TIME)


def ask(client: Client, rows: pl.DataFrame, label: Project | None = None) -> tuple[str, str]:
    """Each day's rows at its end, as a caller that knows the weather then; the window's options."""
    hidden = ("cnt", "casual", "registered", "dteday", "yr", "mnth", "instant")
    labels: list[Label] = []
    for _, day in rows.group_by(pl.col(TIME).dt.date(), maintain_order=True):
        at = day[TIME][-1].replace(tzinfo=UTC)
        sent = day.drop(hidden).with_columns(pl.col(TIME).dt.to_string("iso"))
        ids = client.predict(sent, at).prediction_ids
        labels += [Label(i, v, at) for i, v in zip(ids, day["cnt"].to_list(), strict=True)]
    if label is not None:
        settings = settings_of(str(label.root), {})
        with open_log(settings) as log:
            log.add_labels(settings.project.name, labels, datetime(2011, 6, 1, tzinfo=UTC))
    first, last = rows[TIME][0], rows[TIME][-1]
    return f"--from={first.isoformat()}", f"--to={(last + HOUR).isoformat()}"


def skew(project: Project, *words: str) -> tuple[int, Mapping[str, Any]]:
    said = project.mooring("skew", str(project.root / "offline.parquet"), *words, "--json")
    assert said.code in {NO_SKEW, SKEW, NOT_ENOUGH}, said.err
    (version,) = json.loads(said.out)["versions"]
    return said.code, version


def test_fd_18_weather_that_is_six_hours_old_is_named_with_its_lag_and_its_cost(
    bikes: Project,
) -> None:
    with serving_by_client_time(bikes.root) as client:
        window = ask(client, late(two_weeks(0), 6), label=bikes)
    code, found = skew(bikes, *window)
    assert code == SKEW
    causes = {c["name"]: c["cause"] for c in found["raw"] if c["status"] == "skew"}
    assert {"temp", "atemp", "hum", "windspeed"} <= set(causes)
    for name in ("temp", "atemp", "hum", "windspeed"):
        assert causes[name]["kind"] == "stale", name
        assert causes[name]["seconds"] == pytest.approx(6 * 3600)
    assert {c["name"] for c in found["features"] if c["unequal"]} == set(causes)
    [mae] = found["metrics"]
    assert (mae["name"], mae["online"] > mae["offline"]) == ("mae", True)
    assert found["answers"]["differ"] > 0
    assert found["answers"]["not_reproduced"] == 0
    said = bikes.mooring("skew", str(bikes.root / "offline.parquet"), *window)
    assert said.code == SKEW
    assert "stale by about 6 h" in said.out
    assert "as served" in said.out
    assert all(len(line.rstrip()) <= 80 for line in said.out.splitlines()[2:]), said.out


def test_fd_18_requests_with_the_weather_of_their_hour_show_no_skew(bikes: Project) -> None:
    with serving_by_client_time(bikes.root) as client:
        window = ask(client, two_weeks(1))
    code, found = skew(bikes, *window)
    assert (code, found["status"], found["reason"]) == (NO_SKEW, "equal", "")
    assert found["joined"] == found["requests"]
    assert all(c["unequal"] == 0 for c in (*found["raw"], *found["features"]))
    assert found["answers"]["differ"] == found["answers"]["not_reproduced"] == 0


def test_fd_18_a_table_that_ends_before_the_requests_is_not_enough_evidence(
    bikes: Project,
) -> None:
    with serving_by_client_time(bikes.root) as client:
        window = ask(client, two_weeks(2))
    said = bikes.mooring("skew", *window)  # the project's source ends with February
    assert said.code == NOT_ENOUGH, said.out
    assert "later than the table reaches" in " ".join(said.out.split())


@pytest.fixture
def stations(tmp_path: Path) -> Project:
    """Rows of two stations, whose number is a key, and the instant their features were made."""
    project = Project(tmp_path)
    keep = '[serving]\nlog_keys = ["station"]\nfeatures_at = "computed_at"\n'
    keyed = SETTINGS.replace('time = "at"', 'time = "at"\nkeys = ["station"]')
    project.write("mooring.toml", keyed + keep)
    project.write("pipeline.py", PIPELINE)
    both = [rides(HOURS, seed).with_columns(station=pl.lit(seed)) for seed in (1, 2)]
    project.data(pl.concat(both).sort("at"))
    assert project.mooring("run").code == 0
    return project


def test_fd_18_requests_meet_the_rows_of_their_own_entity_and_the_server_tells_their_age(
    stations: Project,
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [rides(HOURS, seed).with_columns(station=pl.lit(seed)) for seed in (1, 2)]
    shift = now - rows[0]["at"][-1] - timedelta(minutes=20)
    offline = pl.concat(rows).with_columns(pl.col("at") + shift)
    offline.write_parquet(stations.root / "offline.parquet")
    newest = offline.sort("at").group_by("station").last()
    older = offline.sort("at").group_by("station").agg(pl.col("temp", "hum").get(-4))
    made = (now - 2 * HOUR).isoformat()
    pool = new_pool()
    with serving(stations) as server:
        for frame in (newest, older):
            records = frame.select("temp", "hum", "station").to_dicts()
            records = [r | {"computed_at": made} for r in records]
            records[0]["computed_at"] = (now + HOUR).isoformat()
            body = {"dataframe_records": records * 200}
            said = pool.request("POST", f"{server.url}/invocations", json=body)
            assert said.status == 200, said.data
        metrics = pool.request("GET", f"{server.url}/metrics").data.decode()
    told = 'mooring_feature_age_seconds_bucket{le="10800.0",model_version="rides/1"} 400.0'
    assert told in metrics
    assert 'mooring_feature_age_seconds_bucket{le="3600.0",model_version="rides/1"} 0.0' in metrics
    future = 'mooring_feature_age_unknown_total{model_version="rides/1",reason="future"} 400.0'
    assert future in metrics
    code, found = skew(stations, "--from", "2026-01-01")
    assert code == SKEW
    assert found["joined"] == found["requests"] == 800
    for column in found["raw"]:
        assert (column["unequal"], column["cause"]["kind"]) == (400, "stale")
        assert column["cause"]["seconds"] == pytest.approx(3 * 3600)


def test_fd_18_a_key_that_the_offline_table_lacks_is_named(stations: Project) -> None:
    with serving(stations) as server:
        server.ask(new_pool())
    rides(20).write_parquet(stations.root / "offline.parquet")
    said = stations.mooring("skew", str(stations.root / "offline.parquet"), "--from", "2026-01-01")
    assert said.code == 1
    assert "the offline table has no column 'station'" in said.err
    assert "serving.log_keys" in said.err


def test_a_log_without_requests_says_so(stations: Project) -> None:
    said = stations.mooring("skew")
    assert said.code == NOT_ENOUGH
    assert "no predictions in this window" in said.out
