"""The page: complete, self-contained, and deaf to what data tries to tell it."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mooring.cli import command
from mooring.lineage.values import Alert, Decision, WindowScore
from mooring.monitoring.charts import Observation, time_chart
from mooring.monitoring.detail import read_detail
from mooring.monitoring.page import AlertShown, Page, gather_page
from mooring.monitoring.report import render, write_report
from tests.unit.monitoring.conftest import DAY, DEPLOYED, Living, living, rides
from tests.unit.monitoring.support import START, WEEK, score
from tests.unit.monitoring.test_monitor import look, serve_a_day

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title><svg onload=alert(1)>",
    "{{ 7 * 7 }}",
    "javascript:alert(1)",
)


class Tags(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keeps a tag."""
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keeps a text."""
        self.text += data


def read(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


def page(newest: WindowScore, *, name: str = "bikes") -> Page:
    """A page about some weeks, the newest given."""
    alert = Alert("a1:1", name, "drift", "page", f"{name}: drift", "body", START)
    decision = Decision("d", name, name, "w", "retrain", f"{name} because", newest.at)
    chart = time_chart([Observation(START + i * WEEK, 0.1 * i, "ok", name) for i in range(5)])
    detail = read_detail(newest)
    return Page(
        deployment=name,
        made=START,
        headline=f"Drift in {name}",
        score=newest,
        detail=detail,
        known=(newest, detail),
        siblings=((newest, name),),
        distance=chart,
        performance=chart,
        metric="MAE",
        alerts=(AlertShown(alert, f"sent to {name}"),),
        decisions=(decision,),
        arms=(),
    )


def test_sec_34_hostile_names_and_categories_show_as_text() -> None:
    for name in HOSTILE:
        found = read(render(page(score(0, "drift", "degraded", names=(name,)), name=name)))
        assert not {tag for tag, _ in found.seen} & {"script", "img", "iframe", "object", "a"}
        assert not [k for _, attributes in found.seen for k in attributes if k.startswith("on")]
        assert name[:39] in found.text


def test_p10_the_page_asks_nobody_for_anything() -> None:
    html = render(page(score(0, "drift", "degraded")))
    assert "http:" not in html
    assert "https:" not in html
    assert "default-src 'none'" in html
    assert not re.search(r"<(script|link|img|iframe)\b", html)


@pytest.mark.parametrize("drift", ["ok", "drift", "unknown"])
@pytest.mark.parametrize("performance", ["ok", "degraded", "unknown"])
def test_every_status_has_a_page(drift: str, performance: str) -> None:
    kinds = {"ok": score(0), "drift": score(0, "drift"), "unknown": score(0, "unknown")}
    degraded = {"degraded": score(0, "drift", "degraded"), "ok": score(0, "ok", "ok")}
    html = render(page(degraded.get(performance, kinds[drift])))
    assert html.rstrip().endswith("</html>")


def test_a_page_of_many_columns_stays_small() -> None:
    names = tuple(f"feature_{number}" for number in range(200))
    assert len(render(page(score(0, "drift", names=names))).encode()) < 2_000_000


def test_a_project_without_scores_has_a_page(project: Living, tmp_path: Path) -> None:
    html = write_report(project.context, tmp_path / "new" / "report.html").read_text("utf-8")
    assert "No window has been scored yet" in html


def test_the_headline_says_what_moved_what_it_cost_and_what_was_decided(project: Living) -> None:
    serve_a_day(project, warmer=1.5, harder=30.0)
    project.sleep(DAY)
    project.label()
    project.clock[0] = DEPLOYED + timedelta(days=1, hours=1)
    look(project)
    project.clock[0] = DEPLOYED + timedelta(days=3)
    serve_a_day(project, seed=5, warmer=1.5)
    look(project)
    with project.context.catalog.write() as tx:
        tx.append(Decision("d1", "bikes", "drift", "w", "retrain", "drift", project.now))
    with project.context.catalog.read() as tx:
        made = gather_page(tx, "bikes", project.now)
    assert made.headline.startswith("Drift in temp; MAE 29.88 against 0.7983")
    assert made.headline.endswith("when last known; retrain decided")
    assert made.distance is not None
    assert len(made.distance.dots) == 2


def test_a_window_that_is_only_looked_at_can_have_its_page(project: Living) -> None:
    serve_a_day(project)
    look(project)
    with project.context.catalog.read() as tx:
        made = gather_page(tx, "bikes", project.now, [score(2, "drift")])
    assert made.headline.startswith("Drift in temp and hr")


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        command, ["--project", str(folder), "monitor", *arguments], obj={}, env={"COLUMNS": "80"}
    )


@pytest.fixture
def served(project_folder: Path) -> Path:
    """A project with a calm day and then a warm one."""
    with living(project_folder, [DEPLOYED], 3) as opened:
        serve_a_day(opened)
        opened.serve(rides(300, 2, warmer=1.5))
    return project_folder


def test_the_terminal_says_ok_with_0_and_drift_with_1(served: Path) -> None:
    calm = run(served, "--from", "2026-03-01", "--to", "2026-03-02")
    warm = run(served, "--from", "2026-03-02", "--to", "2026-03-03")
    assert (calm.exit_code, warm.exit_code) == (0, 1), calm.output + warm.output
    assert "No drift" in calm.output
    assert "Drift in temp" in warm.output
    assert all(len(line) <= 80 for line in warm.output.splitlines() if "report.html" not in line)


def test_the_terminal_says_nothing_to_compare_with_3(served: Path, project_folder: Path) -> None:
    nothing = run(served, "--from", "2026-02-01", "--to", "2026-02-02")
    assert nothing.exit_code == 3
    assert "the log has 600 predictions" in nothing.output
    (project_folder / ".mooring" / "predictions" / "log.db").unlink()
    empty = run(project_folder, "--from", "2026-02-01", "--to", "2026-02-02")
    assert empty.exit_code == 3
    assert "the prediction log is empty" in empty.output


def test_the_terminal_speaks_json(served: Path) -> None:
    import json

    found = run(served, "--from", "2026-03-02", "--to", "2026-03-03", "--json")
    (window,) = json.loads(found.stdout)["windows"]
    assert window["status"] == "drift"
    assert window["detail"]["drifted"] == ["temp"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "2026-03-01"),
        ("--from", "2026-03-02", "--to", "2026-03-01"),
        ("--window", "7d", "--from", "2026-03-02"),
        ("--all-due", "--from", "2026-03-02"),
    ],
)
def test_windows_that_cannot_be_are_refused(served: Path, arguments: tuple[str, ...]) -> None:
    assert run(served, *arguments).exit_code != 0
