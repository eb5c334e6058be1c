"""``mooring calibrate``: what normal drift looks like here, and the thresholds that follow."""

from __future__ import annotations

import textwrap
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mooring.cli.common import as_json, settings_here
from mooring.cli.output import print_json, print_table
from mooring.errors import NoProject

if TYPE_CHECKING:
    from mooring.monitoring.calibration import Asked
    from mooring.profiling.calibration.plan import (
        Against,
        Calibration,
        ColumnNormal,
        Hindsight,
        Severity,
        Spread,
    )
    from mooring.settings import Settings

NOT_ENOUGH = 3
_FAR = 1.0
"""Four times what is called a major shift: a threshold so high is the calendar's."""


@click.command()
@click.argument("data", required=False)
@click.option("--time", metavar="COLUMN", help="The column of instants; the project's by default.")
@click.option("--window", metavar="SPAN", help="Length of a window, such as 1w.")
@click.option("--target", metavar="COLUMN", help="Outside of a project: not a feature.")
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    data: str | None,
    time: str | None,
    window: str | None,
    target: str | None,
    as_json: bool,
) -> None:
    """Learn what normal drift looks like on your history; propose thresholds.

    The history (the project's, or DATA) is taken as normal. Each window is held against the rows
    before it, the window before it and the same season before. Nothing is changed: the lines to
    paste are printed.

    Exit codes: 0 proposed, 3 not enough evidence.
    """
    from mooring.monitoring.calibration import Asked
    from mooring.profiling.calibration.lines import settings_lines

    root = Path((context.find_root().obj or {}).get("project") or Path.cwd())
    asked = Asked((data, root) if data else None, time, target, window)
    try:
        settings = settings_here(context)
    except NoProject:
        settings = None
    found = _calibrated(settings, asked)
    severity: Severity = (
        "page" if settings is not None and settings.monitoring.page_on == "drift" else "notify"
    )
    spans = (("window", window), ("every", window)) if window else ()
    lines = settings_lines(found, severity, spans)
    if as_json:
        print_json(_plain(found, lines))
    else:
        _print(found, severity, lines)
    context.exit(0 if found.hindsight else NOT_ENOUGH)


def _calibrated(settings: Settings | None, asked: Asked) -> Calibration:
    from mooring.bootstrap import open_project
    from mooring.monitoring.calibration import calibrate_project, calibrate_table

    if settings is None:
        return calibrate_table(asked)
    with open_project(settings) as project:
        return calibrate_project(project, asked)


def _print(found: Calibration, severity: Severity, lines: tuple[str, ...]) -> None:
    _print_columns(found)
    _notes(found)
    if not found.hindsight:
        from mooring.profiling.calibration.plan import LEAST_WINDOWS

        click.echo(f"not enough evidence: {found.disjoint} windows, {LEAST_WINDOWS} wanted")
        _say("  next: bring a longer history, or shorter windows: --window 1d")
        return
    _print_hindsight(found)
    does = {"notify": "notifies", "page": "pages"}[severity]
    click.echo(f"for mooring.toml (drift {does}, so these are the thresholds of {severity}):\n")
    click.echo("\n".join(lines))


def _print_columns(found: Calibration) -> None:
    from mooring.profiling.calibration.plan import SEVERITIES

    season = _season(found)
    overlap = "" if found.disjoint == found.windows else f", {found.disjoint} without overlap"
    click.echo(
        f"{found.windows} windows of {_span(found)}{overlap}, {found.first.start:%Y-%m-%d} to "
        f"{found.last.end:%Y-%m-%d}, each against\n"
        "  before   what a model trained just before it would have seen\n"
        "  prev     the window before it"
    )
    if season:
        click.echo(f"  season   {_SEASONS[season]}")
    _say(
        "Median PSI; high: one window in ten exceeds it (before); rows: how many say as much as "
        "one independent row."
    )
    columns = [_row(column, "psi", season) for column in found.columns]
    rows = [*columns, ("(distance)", *_row(found.distance, "jensenshannon", season)[1:])]
    heads = ("column", "before", "high", "prev", *(["season"] if season else []), "rows")
    print_table((*heads, *SEVERITIES), rows, right="." + "r" * 9)


def _row(column: ColumnNormal, score: str, season: Against | None) -> tuple[str, ...]:
    from mooring.profiling.calibration.plan import SEVERITIES

    before = column.spreads["before", score]
    cells = [before.median, before.high, column.spreads["previous", score].median]
    cells += [column.spreads[season, score].median] if season else []
    thresholds = [column.thresholds.get(one, float("nan")) for one in SEVERITIES]
    numbers = (_number(value) for value in (*cells, column.inflation, *thresholds))
    return _short(column.name), *numbers


def _print_hindsight(found: Calibration) -> None:
    from mooring.profiling.calibration.plan import SEVERITIES, WANTED

    def row(
        name: str, alarm: tuple[int, int], one: Hindsight, back: Hindsight | None, wanted: str
    ) -> tuple[str, ...]:
        of_m = f"{alarm[0]} of {alarm[1]}"
        beyond = f"{one.drifted} of {found.windows}"
        months = ["" if each is None else f"{each.begun:.2f}" for each in (one, back)]
        return name, beyond, of_m, str(one.alarming), *months, wanted

    rows = [row("as it stands", found.plan.alarm, found.today, None, "")]
    rows += [
        row(
            one,
            found.plan.proposed,
            found.hindsight[one],
            found.held_back.get(one),
            f"{WANTED[one]:.2f}",
        )
        for one in SEVERITIES
    ]
    heads = ("on this history", "beyond", "alarm", "in alarm", "a month", "held back", "at most")
    print_table(heads, rows, right=".r.rrrr")
    _say(
        "a month: alarms begun; held back: the same on fifths of the history that had no say in "
        "the thresholds, which is what to expect."
        if found.held_back
        else "a month: alarms begun, on the windows the thresholds come from; there are too few to "
        "hold some back, so expect more."
    )


def _notes(found: Calibration) -> None:
    from mooring.profiling.words import listed

    if found.skipped:
        _say(f"{found.skipped} windows have too few rows and are left out.")
    if found.never_again:
        _say(f"left out, as no value of theirs comes back: {listed(found.never_again)}.")
    if not any(column.seasonal for column in found.columns):
        _say(
            "not enough history for a season: thresholds against the same month a year before want "
            "15 months, those of daily windows against the same weekday three weeks."
        )
    far = [c.name for c in found.columns if c.thresholds.get("notify", 0.0) > _FAR]
    if far:
        _say(
            f"{listed(far)}: normal drift alone exceeds PSI {_FAR:g}, so an alarm there means "
            "little; the model's error and a shorter [data] window say more."
        )
    _say_of_seasons(found, far)


def _say_of_seasons(found: Calibration, far: list[str]) -> None:
    """What those columns would need, were they held against their own season."""
    season = _season(found)
    told = [
        f"{c.name} {_number(c.seasonal['notify'])} instead of {_number(c.thresholds['notify'])}"
        for c in found.columns
        if season and c.name in far and c.seasonal and c.seasonal["notify"] < c.thresholds["notify"]
    ]
    if told:
        _say(
            f"Against {_SEASONS[season or 'year']} the threshold to notify would be: "
            f"{', '.join(told)}. A model's baseline is what it was trained on, so monitoring does "
            "not compare so; mooring report --reference FROM..TO does."
        )


_SEASONS: dict[Against, str] = {
    "year": "the same month a year before",
    "weekday": "the same weekdays before",
}


def _season(found: Calibration) -> Against | None:
    kinds = {against for against, _ in found.distance.spreads}
    return next((one for one in _SEASONS if one in kinds), None)


def _span(found: Calibration) -> str:
    length = found.plan.length
    return f"{length.days}d" if not length.seconds else f"{length.total_seconds() / 3600:g}h"


def _say(text: str) -> None:
    click.echo(textwrap.fill(text, 80))


def _short(name: str) -> str:
    from mooring.profiling.words import short

    return short(name, 12)


def _number(value: float) -> str:
    if not isfinite(value):
        return "-"
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004
    return f"{value:.{digits}f}"


def _plain(found: Calibration, lines: tuple[str, ...]) -> dict[str, object]:
    from mooring.profiling.calibration.plan import LEAST_WINDOWS, WANTED

    return {
        "outcome": "proposed" if found.hindsight else "not_enough_evidence",
        "windows": found.windows,
        "windows_disjoint": found.disjoint,
        "windows_wanted": LEAST_WINDOWS,
        "windows_skipped": found.skipped,
        "start": found.first.start.isoformat(),
        "end": found.last.end.isoformat(),
        "months": round(found.months, 3),
        "columns": [_plain_column(column) for column in found.columns],
        "distance": _plain_column(found.distance),
        "inflation": found.inflation,
        "never_again": list(found.never_again),
        "rises": {
            one: dict(zip(("missing", "unseen"), r, strict=True)) for one, r in found.rises.items()
        },
        "wanted_a_month": dict(WANTED),
        "as_it_stands": _plain_hindsight(found.today, found.plan.alarm),
        "proposed": {
            severity: _plain_hindsight(one, found.plan.proposed)
            for severity, one in found.hindsight.items()
        },
        "held_back": {
            severity: _plain_hindsight(one, found.plan.proposed)
            for severity, one in found.held_back.items()
        },
        "settings": "\n".join(lines),
    }


def _plain_column(column: ColumnNormal) -> dict[str, object]:
    return {
        "name": column.name,
        "level": _or_none(column.level),
        "inflation": _or_none(column.inflation),
        "thresholds": dict(column.thresholds),
        "thresholds_by_season": dict(column.seasonal),
        "normal": [
            {"against": against, "score": score, **_plain_spread(spread)}
            for (against, score), spread in column.spreads.items()
            if spread.windows
        ],
    }


def _plain_spread(spread: Spread) -> dict[str, object]:
    return {
        "windows": spread.windows,
        "median": spread.median,
        "high": spread.high,
        "largest": spread.largest,
    }


def _plain_hindsight(one: Hindsight, alarm: tuple[int, int]) -> dict[str, object]:
    return {
        "alarm": f"{alarm[0]} of {alarm[1]}",
        "windows_beyond": one.drifted,
        "windows_in_alarm": one.alarming,
        "begun_a_month": one.begun,
    }


def _or_none(value: float) -> float | None:
    return value if isfinite(value) else None
