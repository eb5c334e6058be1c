"""``mooring drill``: what is caught, what is missed, and that nothing of the project changes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.project import PIPELINE, SETTINGS, Project, rides

pytestmark = pytest.mark.e2e

ALL_CAUGHT, MISSED, USAGE, NOT_ENOUGH = 0, 1, 2, 3
HOURS = 2400


@pytest.fixture
def drilled(tmp_path: Path) -> Project:
    """Hundred days of rides that pass the data gate as they are."""
    project = Project(tmp_path)
    project.write("mooring.toml", SETTINGS)
    project.write("pipeline.py", PIPELINE)
    project.data(rides(HOURS))
    return project


def everything(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_it_says_which_rule_caught_a_fault_and_changes_nothing(drilled: Project) -> None:
    before = everything(drilled.root)
    said = drilled.mooring("drill", "--only", "FD-03", "--only", "fd-15")
    assert said.code == ALL_CAUGHT, said.out + said.err
    assert "FD-03 10 % missing" in said.out
    assert "frozen" in said.out
    assert "caught by the rule named for them" in said.out
    assert all(len(line.rstrip()) <= 80 for line in said.out.splitlines())
    assert everything(drilled.root) == before


def test_what_is_missed_ends_with_one(drilled: Project) -> None:
    drilled.write("mooring.toml", SETTINGS + "\n[gates.data]\nmax_null_increase = 0.2\n")
    frame = rides(HOURS).with_columns(temp=pl.when(pl.int_range(pl.len()) % 200 > 0).then("temp"))
    drilled.data(frame)  # a column that lacks some values is not watched for two in a hundred
    said = drilled.mooring("drill", "--only", "FD-03")
    assert said.code == MISSED, said.out
    assert "MISSED FD-03 2 % missing, temp" in said.out


def test_rows_that_do_not_pass_as_they_are_are_no_ground_for_a_drill(drilled: Project) -> None:
    drilled.data(rides(HOURS).with_columns(copy=pl.col("cnt")))
    said = drilled.mooring("drill", "--only", "FD-08")
    assert said.code == NOT_ENOUGH
    assert "leak" in said.out


def test_json_names_the_place_the_rules_and_the_finding(drilled: Project) -> None:
    said = drilled.mooring("drill", "--only", "FD-02", "--places", "1", "--json")
    found = json.loads(said.out)
    assert (found["clean"], found["caught"], found["of"]) == ("pass", 2, 2)
    [code, _] = found["faults"]
    assert (code["id"], code["into"], code["named_by"]) == ("FD-02", "temp", ["flood"])
    assert code["caught"]
    assert "such as -1" in code["finding"]


def test_other_rows_may_be_named(drilled: Project, tmp_path: Path) -> None:
    rides(HOURS, seed=5).write_parquet(tmp_path / "other.parquet")
    said = drilled.mooring("drill", "--only", "FD-14", "--data", str(tmp_path / "other.parquet"))
    assert said.code == ALL_CAUGHT, said.out
    assert "FD-14 nothing new" in said.out


def test_a_fault_that_is_not_known_names_the_nearest(drilled: Project) -> None:
    said = drilled.mooring("drill", "--only", "FD-99")
    assert said.code == USAGE
    assert "there is no fault 'FD-99'" in said.err
    assert "FD-09" in said.err


def test_fd_02_the_run_column_says_quarantine_where_the_contract_takes_the_rows_out(
    drilled: Project,
) -> None:
    assert drilled.mooring("drill", "--only", "FD-02").out.count("stop") == 4
    drilled.write("contract.toml", '[learned]\nflood = "quarantine"\n')
    said = drilled.mooring("drill", "--only", "FD-02")
    assert said.code == ALL_CAUGHT, said.out + said.err
    assert said.out.count("quarantine") == 4, said.out
    assert "stop" not in said.out
