"""``mooring calibrate``: on a table, in a project, and with too little history."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path

import polars as pl
import pytest

from mooring.settings import load_settings
from tests.e2e.project import Project, Said, rides

pytestmark = pytest.mark.e2e

WEATHER = ["weathersit", "temp", "hum", "windspeed"]
NOT_ENOUGH, USAGE = 3, 2


@pytest.fixture
def bikes(tmp_path: Path) -> Project:
    """A folder without a project, with two years of weather in it."""
    source = files("mooring.demo") / "data" / "bike_sharing.parquet"
    rows = pl.read_parquet(source.read_bytes(), columns=["event_time", "cnt", *WEATHER])
    rows.write_parquet(tmp_path / "bikes.parquet")
    return Project(tmp_path)


def narrow(said: Said) -> bool:
    return all(len(line.rstrip()) <= 80 for line in said.out.splitlines())


def proposed(said: Said) -> str:
    """The lines to paste."""
    return said.out[said.out.index("[monitoring]") :]


def test_p6_two_years_of_weather_need_no_alarm_a_week(bikes: Project) -> None:
    said = bikes.mooring(
        "calibrate", "bikes.parquet", "--time", "event_time", "--target", "cnt", "--window", "1w"
    )
    assert said.code == 0, said.err
    assert narrow(said)
    assert "77 of 77" in said.out
    assert "held back" in said.out
    assert "the same month a year before the threshold to notify would be: temp" in " ".join(
        said.out.split()
    )
    table = tomllib.loads(proposed(said))["monitoring"]
    assert (table["alarm"], table["window"]) == ("2 of 3", "1w")
    assert table["thresholds"]["temp"] > 1 > table["thresholds"]["weathersit"]
    assert "cnt" not in table["thresholds"]
    assert list(bikes.root.iterdir()) == [bikes.root / "bikes.parquet"]


def test_the_lines_can_be_pasted_into_the_settings_of_a_project(bikes: Project) -> None:
    said = bikes.mooring("calibrate", "bikes.parquet", "--time", "event_time", "--target", "cnt")
    data = '[project]\nname = "b"\n[data]\nsource = "x"\ntarget = "cnt"\ntask = "regression"\n'
    bikes.write("mooring.toml", data + proposed(said))
    rules = load_settings(bikes.root, {}).monitoring
    assert rules.alarm == "2 of 3"
    assert set(rules.thresholds) <= set(WEATHER)


def test_json_says_the_same(bikes: Project) -> None:
    words = ("calibrate", "bikes.parquet", "--time", "event_time", "--target", "cnt")
    said = bikes.mooring(*words, "--json")
    found = json.loads(said.out)
    assert found["outcome"] == "proposed"
    assert found["settings"] == proposed(bikes.mooring(*words)).rstrip()
    assert {column["name"] for column in found["columns"]} == set(WEATHER)
    kinds = {(one["against"], one["score"]) for one in found["columns"][0]["normal"]}
    assert {("before", "psi"), ("previous", "jensenshannon"), ("year", "psi")} <= kinds
    assert found["as_it_stands"]["windows_in_alarm"] == found["windows"] == 77
    assert found["proposed"]["notify"]["begun_a_month"] <= found["wanted_a_month"]["notify"]
    seen, back = (found[one]["page"]["windows_beyond"] for one in ("proposed", "held_back"))
    assert back >= seen
    assert found["columns"][0]["thresholds_by_season"].keys() == {"record", "notify", "page"}


def test_outside_of_a_project_data_and_time_are_needed(tmp_path: Path) -> None:
    said = Project(tmp_path).mooring("calibrate")
    assert said.code == USAGE
    assert "mooring calibrate DATA --time COLUMN" in said.err


def test_p3_few_windows_are_not_enough_evidence(fresh: Project) -> None:
    said = fresh.mooring("calibrate", "--window", "1d")
    assert said.code == NOT_ENOUGH
    assert "0 windows, 12 wanted" in said.out + said.err  # 24 rows a day, 50 are needed
    fresh.data(rides(24 * 14))
    fresh.write("mooring.toml", (fresh.root / "mooring.toml").read_text() + MANY)
    said = fresh.mooring("calibrate")
    assert said.code == NOT_ENOUGH
    assert "not enough evidence: 10 windows, 12 wanted" in said.out
    assert "[monitoring]" not in said.out
    assert "not enough history for a season" in said.out
    assert json.loads(fresh.mooring("calibrate", "--json").out)["outcome"] == "not_enough_evidence"


MANY = '\n[monitoring]\nwindow = "1d"\nevery = "1d"\nmin_rows = 20\ntop_k = 1\n'


def test_a_project_before_its_first_model_calibrates_all_features(fresh: Project) -> None:
    fresh.data(rides(24 * 40))
    fresh.write("mooring.toml", (fresh.root / "mooring.toml").read_text() + MANY)
    said = fresh.mooring("calibrate", "--json")
    assert said.code == 0, said.err
    assert [column["name"] for column in json.loads(said.out)["columns"]] == ["temp", "hum"]


def test_with_a_champion_only_what_is_watched(trained: Project) -> None:
    trained.data(rides(24 * 40))
    trained.write("mooring.toml", (trained.root / "mooring.toml").read_text() + MANY)
    said = trained.mooring("calibrate", "--json")
    assert said.code == 0, said.err
    assert [column["name"] for column in json.loads(said.out)["columns"]] == ["temp"]


def test_a_time_column_that_is_not_there_is_named(bikes: Project) -> None:
    said = bikes.mooring("calibrate", "bikes.parquet", "--time", "when")
    assert said.code == USAGE
    assert "no column 'when'" in said.err
