"""``mooring watch``: the loop as a daemon, stopped cleanly."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.e2e.project import STRONG, WEAK, Project, make_project

pytestmark = pytest.mark.e2e

SCHEDULE = """
[[triggers]]
name = "often"
kind = "schedule"
every = "1s"

[policy]
cooldown = "1s"
budget_per_month = 2
"""


def settings(project: Project, more: str) -> None:
    """Appends tables to the project's settings."""
    text = (project.root / "mooring.toml").read_text(encoding="utf-8")
    project.write("mooring.toml", text + more)


def test_p7_a_trigger_retrains_through_the_same_gates_and_sigterm_ends_the_watch(
    improved: Project,
) -> None:
    settings(improved, SCHEDULE)
    with improved.start("watch", "--idle", "0.2") as watching:
        deadline = time.monotonic() + 40
        while improved.shares() != {"rides/2": 1.0} and time.monotonic() < deadline:
            time.sleep(0.1)
        watching.send_signal(signal.SIGTERM)
        out, err = watching.communicate(timeout=30)
    assert watching.returncode == 0, err
    assert "deployed rides/2" in out
    assert out.rstrip().endswith("stopped")
    run = improved.latest_run()
    assert run.trigger == "often"
    assert run.decision is not None
    assert improved.events(run.id) == ["started", "succeeded"]


def test_p7_a_spent_budget_waits_and_says_so_once(improved: Project) -> None:
    settings(improved, SCHEDULE.replace("= 2", "= 1"))
    first, second = improved.mooring("watch", "--once"), improved.mooring("watch", "--once")
    assert "budget of 1 runs is spent" in first.out
    assert second.out == ""
    assert improved.shares() == {"rides/1": 1.0}


def test_a_watch_without_triggers_only_looks(trained: Project) -> None:
    assert trained.mooring("watch", "--once").code == 0
    assert trained.events(trained.latest_run().id) == ["started", "succeeded"]


def test_a_first_watch_trains_the_first_model(tmp_path: Path) -> None:
    project = make_project(tmp_path / "new")
    project.change("mooring.toml", WEAK, STRONG)
    settings(project, SCHEDULE)
    assert "deployed rides/1" in project.mooring("watch", "--once").out


def test_p7_code_that_does_not_import_is_a_failed_run_and_not_tried_every_round(
    trained: Project,
) -> None:
    settings(trained, SCHEDULE)
    trained.write("pipeline.py", "import no_such_library\n")
    time.sleep(1.1)  # the schedule's second
    assert "no_such_library" in trained.mooring("watch", "--once").out
    failed = trained.latest_run()
    assert trained.events(failed.id) == ["started", "failed"]
    trained.mooring("watch", "--once")
    assert trained.latest_run() == failed
