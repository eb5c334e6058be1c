"""``mooring report`` as it is typed: no project, two tables or two windows, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.project import Project, rides

SAME, DRIFT, USAGE, UNKNOWN = 0, 1, 2, 3
WINDOWS = ("--time", "at", "--reference", "2026-01-01..2026-01-10", "--current", "2026-01-10..")


@pytest.fixture
def folder(tmp_path: Path) -> Project:
    """A folder without a project: two tables alike, and one where it got warm."""
    rides(seed=0).write_parquet(tmp_path / "a.parquet")
    rides(seed=1).write_csv(tmp_path / "b.csv")
    warm = rides(seed=2).with_columns(pl.col("temp") + 0.5, rain=pl.lit("no"))
    warm.write_ipc(tmp_path / "warm.arrow")
    return Project(tmp_path)


def files(folder: Project) -> list[str]:
    return sorted(path.name for path in folder.root.iterdir())


def test_two_tables_alike(folder: Project) -> None:
    before = files(folder)
    said = folder.mooring("report", "a.parquet", "b.csv")
    assert said.code == SAME, said.out + said.err
    assert said.out.startswith("no drift in 4 columns · 400 rows against 400\n")
    assert said.err == ""
    assert files(folder) == before  # nothing is written


def test_drift_comes_first_and_the_table_fits(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "warm.arrow")
    assert said.code == DRIFT, said.err
    summary, header, _, first, *_ = said.out.splitlines()
    assert summary == "drift in 1 of 5 columns · 400 rows against 400"
    assert header.split()[:7] == ["column", "kind", "status", "PSI", "level", "KS", "JS"]
    assert first.startswith("temp ")
    assert "→" in first
    assert "not in the baseline" in said.out
    assert all(len(line.rstrip()) <= 80 for line in said.out.splitlines())


def test_two_windows_of_one_table(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", *WINDOWS)
    assert said.code == SAME, said.out + said.err
    assert "no drift in 3 columns · 184 rows against 216" in said.out


def test_json_holds_every_column(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "warm.arrow", "--json")
    assert said.code == DRIFT
    found = json.loads(said.out)
    columns = {column["column"]: column for column in found["columns"]}
    assert found["drifted"] is True
    assert found["rows"] == {"reference": 400, "current": 400}
    assert set(columns) == {"at", "temp", "hum", "cnt", "rain"}
    assert columns["temp"]["drifted"]
    assert columns["temp"]["scores"]["psi"] > columns["temp"]["levels"]["psi"]
    assert columns["rain"]["status"] == "unknown"
    assert columns["rain"]["scores"]["psi"] is None


def test_a_page_is_written_where_it_is_asked_for(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "warm.arrow", "--html", "pages/drift.html")
    assert said.code == DRIFT
    html = (folder.root / "pages" / "drift.html").read_text(encoding="utf-8")
    assert "<h1>Drift in 1 of 5 columns.</h1>" in html


def test_columns_are_chosen_and_left_out(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "warm.arrow", "--columns", "temp,hum")
    assert "drift in 1 of 2 columns" in said.out
    said = folder.mooring("report", "a.parquet", "warm.arrow", "--exclude", "temp,rain")
    assert said.code == SAME, said.out


def test_the_floor_and_the_level_are_the_users(folder: Project) -> None:
    for option in (("--min-psi", "50"), ("--alpha", "1e-300")):
        said = folder.mooring(
            "report", "a.parquet", "warm.arrow", "--columns", "temp", *option, "--json"
        )
        (column,) = json.loads(said.out)["columns"]
        assert "PSI" not in column["reason"] or not column["drifted"]


@pytest.mark.parametrize("tool", ["evidently", "nannyml"])
def test_another_tools_word_stands_beside_ours(tool: str, folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "warm.arrow", "--compat", tool)
    assert said.code == DRIFT
    assert tool in said.out
    assert all(len(line.rstrip()) <= 80 for line in said.out.splitlines())


def test_all_columns_together(folder: Project) -> None:
    said = folder.mooring("report", "a.parquet", "b.csv", "--multivariate")
    assert said.code == SAME, said.out
    assert "all columns together ok, a classifier: " in said.out


def test_too_few_rows_are_not_enough_evidence(folder: Project) -> None:
    rides(9).write_parquet(folder.root / "few.parquet")
    said = folder.mooring("report", "a.parquet", "few.parquet")
    assert said.code == UNKNOWN
    assert said.out.startswith("not enough evidence on any of 4 columns")
    nothing = folder.mooring(
        *("report", "a.parquet", "--time", "at"),
        *("--reference", "2026-01-01..", "--current", "2030-01-01.."),
    )
    assert nothing.code == UNKNOWN


def test_many_columns_are_cut_and_counted(folder: Project) -> None:
    wide = pl.DataFrame({f"a rather long name {number}": range(100) for number in range(90)})
    wide.write_parquet(folder.root / "wide.parquet")
    said = folder.mooring("report", "wide.parquet", "wide.parquet")
    assert said.code == SAME
    assert "… and 50 more" in said.out
    assert len(said.out.splitlines()) == 44


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "one table": (("a.parquet",), "nothing to compare it with"),
    "one window": (
        ("a.parquet", "--time", "at", "--current", "2026-01-02.."),
        "nothing to compare",
    ),
    "windows without a time": (("a.parquet", *WINDOWS[2:]), "--time"),
    "no span": (("a.parquet", "b.csv", "--time", "at", "--current", "2026"), "2026-03-01.."),
    "no such file": (("a.parquet", "c.parquet"), "c.parquet"),
    "no table": (("a.parquet", "notes.md"), "notes.md"),
    "a misspelt column": (("a.parquet", "b.csv", "--columns", "tmep"), "did you mean 'temp'?"),
    "a misspelt time": (
        ("a.parquet", "b.csv", "--time", "att", *WINDOWS[2:]),
        "did you mean 'at'?",
    ),
    "a level above 1": (("a.parquet", "b.csv", "--alpha", "2"), "--alpha"),
    "an unknown tool": (("a.parquet", "b.csv", "--compat", "alibi"), "evidently"),
    "no column left": (("a.parquet", "b.csv", "--exclude", "at,temp,hum,cnt"), "no column is left"),
}


@pytest.mark.parametrize(("words", "says"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_compared_is_no_drift_but_a_mistake(
    words: tuple[str, ...], says: str, folder: Project
) -> None:
    (folder.root / "notes.md").write_text("# notes\n")
    said = folder.mooring("report", *words)
    assert said.code == USAGE, said.out + said.err
    assert says in said.err
    assert "mooring.toml" not in said.err
    assert "Traceback" not in said.err


def test_it_starts_outside_of_any_project_in_a_process_of_its_own(folder: Project) -> None:
    said = folder.child("report", "a.parquet", "warm.arrow")
    assert said.code == DRIFT, said.err
    assert not (folder.root / ".mooring").exists()
