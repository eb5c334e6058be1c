"""``mooring monitor``: has the world moved, and what did it cost."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mooring.cli.common import as_json, settings_here, window_asked, window_options
from mooring.cli.output import print_json, print_table
from mooring.errors import UsageError

if TYPE_CHECKING:
    from mooring.clock import Window
    from mooring.lineage.values import WindowScore
    from mooring.monitoring.detail import Column, Detail
    from mooring.pipeline.context import Context
    from mooring.serving.log import PredictionLog

_EXIT = {"ok": 0, "drift": 1, "degraded": 1, "unknown": 3}
_EXIT_AGE = {"ok": 0, "told": 0, "stale": 1, "unknown": 3}
_COLOURS = {"ok": "green", "drift": "yellow", "degraded": "red", "unknown": "cyan"}
_NAME = 16


@click.command()
@window_options
@click.option("--all-due", is_flag=True, help="Every complete window without a score.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes; .mooring/report.html by default.",
)
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    start: datetime | None,
    end: datetime | None,
    window: str | None,
    all_due: bool,
    report: Path | None,
    as_json: bool,
) -> None:
    """Compare a window of the log with the baseline; report and alert.

    Exit codes: 0 ok, 1 drift, degraded performance or stale features, 3 it cannot be said.
    """
    from mooring.bootstrap import open_log, open_project
    from mooring.monitoring.report import write_report

    settings = settings_here(context)
    with open_project(settings) as project, open_log(settings) as log:
        chosen = window_asked(project, start, end, window)
        scores = _scores(project, log, chosen, all_due=all_due)
        page = write_report(
            project, report or settings.state / "report.html", scores if chosen else ()
        )
        nothing = "" if any(s.rows for s in scores) else _why_nothing(project, log, all_due=all_due)
        code = _exit_code(scores or (_recorded(project) if all_due else ()))
        overrides = _overrides(project, scores)
    if as_json:
        print_json({"windows": [_plain(score, overrides) for score in scores]})
    else:
        for score in scores:
            _print(score, overrides[score.model_version], brief=len(scores) > _MOST)
        click.echo(nothing or f"the page: {page}{_NOT_RECORDED if chosen else ''}")
    context.exit(code)


_NOT_RECORDED = "\n  a window of your own: not recorded, nobody alerted"
_MOST = 3
"""More windows than this get a line each instead of a table."""


def _scores(
    project: Context, log: PredictionLog, window: Window | None, *, all_due: bool
) -> tuple[WindowScore, ...]:
    from mooring.monitoring.monitor import monitor, monitor_due
    from mooring.monitoring.routes import make_routes

    routes = make_routes(project.settings, os.environ, project.clock)
    if all_due:
        if window is not None:
            raise UsageError("--all-due takes the windows of mooring.toml, not one of your own")
        return monitor_due(project, log, routes=routes)
    return monitor(project, log, window=window, routes=routes, record=window is None)


def _recorded(project: Context) -> tuple[WindowScore, ...]:
    """The scores of the newest window that has any: what stands when nothing is due."""
    from mooring.lineage.catalog import queries
    from mooring.monitoring.history import newest_of_each

    with project.catalog.read() as tx:
        scores = newest_of_each(queries.window_scores(tx, project.name, 50))
    return tuple(score for score in scores if score.end == scores[0].end)


def _exit_code(scores: Sequence[WindowScore]) -> int:
    """The worst of the scores, a finding before an unknown; nothing scored is unknown."""
    from mooring.monitoring.detail import read_detail

    codes = {_EXIT[score.status] for score in scores} or {_EXIT["unknown"]}
    ages = (read_detail(score).feature_age for score in scores)
    codes |= {_EXIT_AGE[age.status] for age in ages if age is not None}
    return 1 if 1 in codes else max(codes)


def _why_nothing(project: Context, log: PredictionLog, *, all_due: bool) -> str:
    """What to do when there was no window to score."""
    counts = log.counts(project.name)
    if not counts:
        return "the prediction log is empty: nothing to compare.  next: mooring serve"
    if all_due:
        return "no complete window without a score has predictions.  next: mooring monitor"
    first = min(count.first for count in counts)
    last = max(count.last for count in counts)
    rows = sum(count.rows for count in counts)
    return (
        "no predictions in that window: nothing to compare\n"
        f"  the log has {rows:,} predictions, from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        f" UTC\n  next: mooring monitor --from {first:%Y-%m-%dT%H:%M}"
    )


def _overrides(project: Context, scores: Sequence[WindowScore]) -> dict[str, str | None]:
    """What lets each version serve that no gate passed; None for those that passed."""
    from mooring.lineage.overrides import overriding

    with project.catalog.read() as tx:
        found = {s.model_version: overriding(tx, s.model_version) for s in scores}
    now = project.clock()
    return {name: one.words(now) if one else None for name, one in found.items()}


def _plain(score: WindowScore, overrides: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        "id": score.id,
        "deployment": score.deployment,
        "model_version": score.model_version,
        "override": overrides[score.model_version],
        "start": score.start.isoformat(),
        "end": score.end.isoformat(),
        "at": score.at.isoformat(),
        "rows": score.rows,
        "labelled": score.labelled,
        "status": score.status,
        "distance": score.distance,
        "detail": score.detail,
    }


def _print(score: WindowScore, override: str | None, *, brief: bool) -> None:
    from mooring.monitoring.detail import read_detail
    from mooring.monitoring.words import drift_words, headline, performance_words

    detail = read_detail(score)
    span = f"{score.start:%Y-%m-%d %H:%M} to {score.end:%Y-%m-%d %H:%M} UTC"
    distance = "unknown" if score.distance is None else f"{score.distance:.3f}"
    status = click.style(f"{score.status:8s}", fg=_COLOURS[score.status], bold=True)
    if brief:
        click.echo(f"{score.end:%Y-%m-%d %H:%M}  {status}  {distance:7s}  {headline(score)}")
        if override:
            click.secho(f"  {override}", fg="yellow")
        return
    click.echo(f"{span}   {score.model_version}   {score.rows:,} rows")
    if override:
        _say(override, indent=2)
    if detail.reason:
        click.echo(f"{status}  {headline(score)}")
    else:
        click.echo(f"{status}  {drift_words(detail)}")
        _say(performance_words(detail), indent=10)
        if detail.feature_age is not None:
            age = detail.feature_age
            said = "" if age.status == "told" else f" {age.status}"
            _say(f"feature age{said}: {age.reason}", indent=10)
        _print_detail(detail)
        click.echo(f"distance {distance}   (0 is the training data, 1 nothing in common)")
    click.echo("")


def _say(text: str, indent: int = 0) -> None:
    """A sentence of any length, on lines that fit."""
    margin = " " * indent
    click.echo(textwrap.fill(text, 80, initial_indent=margin, subsequent_indent=margin or "  "))


def _print_detail(detail: Detail) -> None:
    from mooring.profiling.words import short

    _print_columns(detail.watched)
    for column in detail.predictions:
        if column.status == "drift":
            _say(f"{short(column.name)} moved as well: {column.reason}")
    moved = [column.name for column in detail.others if column.status == "drift"]
    _say(_others(moved, len(detail.others)))


def _print_columns(columns: Sequence[Column]) -> None:
    from mooring.monitoring.words import moved_words
    from mooring.profiling.words import short

    rows = [
        (
            short(column.name, _NAME),
            column.status,
            _number(column.psi),
            _number(column.level),
            _number(column.jensenshannon),
            _number(column.ks),
            moved_words(column, 1) or short(column.reason),
        )
        for column in columns
    ]
    print_table(
        ("watched", "status", "PSI", "level", "JS", "KS", "what moved most"), rows, right="..rrrr"
    )


def _others(moved: Sequence[str], count: int) -> str:
    from mooring.profiling.words import listed

    if not count:
        return "every column is watched"
    said = f"{len(moved)} moved: {listed(moved)}" if moved else "none moved"
    return f"not watched: {count} other columns, {said}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if value < 10 else f"{value:.1f}"  # noqa: PLR2004
