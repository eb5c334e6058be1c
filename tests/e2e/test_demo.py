"""The demo: the whole loop on the data that ships, the same for everyone."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from mooring.demo.play import play
from mooring.demo.replay import Lived
from mooring.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "src" / "mooring" / "demo" / "project"


def tell(folder: Path, weeks: int) -> tuple[tuple[Lived, ...], str]:
    """What the demo lived through, and what it told, without the folder's name."""
    text = io.StringIO()
    lived = play(folder, Console(file=text, width=80, color_system=None), weeks)
    return lived, text.getvalue().replace("\n", "").replace(str(folder), "FOLDER")


@pytest.mark.e2e
def test_the_demo_tells_the_same_story_twice(tmp_path: Path) -> None:
    _, first = tell(tmp_path / "one", 7)
    _, second = tell(tmp_path / "two", 7)
    assert first == second
    assert "both gates passed" in first


@pytest.mark.e2e
def test_retraining_by_policy_beats_never_retraining(tmp_path: Path) -> None:
    lived, story = tell(tmp_path / "demo", 15)
    hours = [one.week.rows.height for one in lived]
    never = np.average([one.error_never for one in lived], weights=hours)
    ours = np.average([one.error for one in lived], weights=hours)
    assert ours < 0.75 * never
    assert f"{ours:.1f}" in story
    assert f"{never:.1f}" in story
    assert (tmp_path / "demo" / ".mooring" / "report.html").stat().st_size > 10_000


def test_the_demo_replaces_only_an_earlier_demo(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(UsageError, match="was not made by mooring demo"):
        play(tmp_path, Console(file=io.StringIO()), 1)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize("name", ["mooring.toml", "pipeline.py"])
def test_the_example_is_the_demos_project(name: str) -> None:
    example = REPOSITORY / "examples" / "bike_demand" / name
    assert example.read_text(encoding="utf-8") == (PROJECT / name).read_text(encoding="utf-8")
