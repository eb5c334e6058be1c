"""What ``mooring calibrate`` proposes, as settings."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mooring.errors import SettingsError, UsageError
from mooring.settings import Settings, load_settings
from mooring.settings.counts import parse_n_of_m
from mooring.settings.schema import json_schema

BASE = """
[project]
name = "bikes"
[data]
source = "d.csv"
target = "y"
task = "regression"
"""


def read(root: Path, more: str = "", **environment: str) -> Settings:
    (root / "mooring.toml").write_text(BASE + more, encoding="utf-8")
    return load_settings(root, environment)


def test_one_window_alarms_by_default(tmp_path: Path) -> None:
    rules = read(tmp_path).monitoring
    assert (rules.alarm, rules.thresholds, rules.inflation) == ("1 of 1", {}, 1.0)


def test_what_calibrate_prints_is_read(tmp_path: Path) -> None:
    rules = read(
        tmp_path,
        '[monitoring]\nalarm = "2 of 3"\ninflation = 3.2\nmin_unseen = 0.2\nmin_missing = 0.03\n'
        "[monitoring.inflations]\ntemp = 16\n"
        '[monitoring.thresholds]\ntemp = 0.3\n"wind speed" = 1\n',
    ).monitoring
    assert rules.alarm == "2 of 3"
    assert (rules.inflation, rules.min_unseen, rules.min_missing) == (3.2, 0.2, 0.03)
    assert rules.inflations == {"temp": 16.0}
    assert rules.thresholds == {"temp": 0.3, "wind speed": 1.0}


@pytest.mark.parametrize("text", ["", "2", "2 of", "3 of 2", "0 of 3", "2 of 21", "two of three"])
def test_an_alarm_that_says_nothing_is_refused_with_its_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, f'[monitoring]\nalarm = "{text}"\n')
    assert caught.value.what == f"monitoring: alarm = {text!r}"
    assert caught.value.where == "mooring.toml, line 9"
    assert 'alarm = "2 of 3"' in caught.value.fix
    with pytest.raises(UsageError):
        parse_n_of_m(text)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("inflation = 0.5", "inflation"),
        ("min_unseen = 1.5", "min_unseen"),
        ("thresholds = { temp = -1 }", "thresholds"),
        ('thresholds = { temp = "high" }', "thresholds"),
        ("inflations = { temp = 0.5 }", "inflations"),
    ],
)
def test_numbers_out_of_bounds_name_their_key(more: str, key: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"monitoring.{key}"):
        read(tmp_path, f"[monitoring]\n{more}\n")


def test_the_alarm_can_be_set_by_a_variable(tmp_path: Path) -> None:
    assert read(tmp_path, MOORING_MONITORING__ALARM="2 of 3").monitoring.alarm == "2 of 3"


def test_editors_know_the_keys() -> None:
    schema = msgspec.json.decode(json_schema())
    keys = schema["$defs"]["Monitoring"]["properties"]
    assert keys["alarm"]["default"] == "1 of 1"
    assert keys["thresholds"]["additionalProperties"]["minimum"] == 0
    assert keys["inflation"]["minimum"] == 1
