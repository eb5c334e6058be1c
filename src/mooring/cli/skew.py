"""``mooring skew``: what was served, against what the offline code says should have been."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mooring.cli.common import as_json, project_here, window_asked, window_options
from mooring.cli.output import print_json, print_table, wrapped

if TYPE_CHECKING:
    from mooring.clock import Window
    from mooring.monitoring.skew.columns import ColumnSkew
    from mooring.monitoring.skew.replay import AnswerSkew, VersionSkew

_EXIT = {"equal": 0, "skew": 1, "unknown": 3}
_SAID = {"equal": "no skew", "skew": "skew", "unknown": "unknown"}
_COLOURS = {"equal": "green", "skew": "red", "unknown": "cyan"}
_NAME = 20


@click.command()
@click.argument("offline", required=False)
@window_options
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    offline: str | None,
    start: datetime | None,
    end: datetime | None,
    window: str | None,
    as_json: bool,
) -> None:
    """Replay a window's logged requests through the offline code; name what was stale.

    OFFLINE is a table with the columns of the project's data (its source by default). Each request
    meets the newest row of its entity (serving.log_keys) at its instant, or the row of its
    prediction_id. Inputs, features, answers and, with labels, the metric are compared.

    Exit codes: 0 no skew, 1 skew, 3 not enough evidence.
    """
    from mooring.bootstrap import open_log
    from mooring.monitoring.monitor import latest
    from mooring.monitoring.skew.replay import replay_window
    from mooring.reading.tables import read_table

    with project_here(context) as project, open_log(project.settings) as log:
        chosen = window_asked(project, start, end, window) or latest(project, log)
        data, root = project.settings.data, project.settings.root
        source, folder = (offline, Path.cwd()) if offline else (data.source, root)
        table = read_table(source, folder, data.types)
        found = replay_window(project, log, chosen, table)
    if as_json:
        print_json(_plain(chosen, source, found))
    else:
        _print(chosen, source, found)
    context.exit(_exit_code(found))


def _exit_code(found: Sequence[VersionSkew]) -> int:
    """Skew of any version before an unknown; nothing answered is unknown."""
    codes = {_EXIT[one.status] for one in found} or {_EXIT["unknown"]}
    return 1 if 1 in codes else max(codes)


def _plain(window: Window, source: str, found: Sequence[VersionSkew]) -> dict[str, Any]:
    import msgspec

    return {
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "offline": source,
        "versions": [msgspec.to_builtins(one) for one in found],
    }


def _print(window: Window, source: str, found: Sequence[VersionSkew]) -> None:
    span = f"{window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC"
    if not found:
        click.echo(f"{span}: no predictions in this window\n  next: mooring skew --window 7d")
    for one in found:
        click.echo(f"{span}   {one.model_version}   {one.requests:,} requests")
        status = click.style(_SAID[one.status], fg=_COLOURS[one.status], bold=True)
        click.echo(f"{status}: {one.joined:,} of them joined with {source}")
        if one.reason:
            click.echo(wrapped(one.reason, indent=2))
        _print_columns("column", one.raw, why=True)
        _print_columns("feature", one.features, why=False)
        if one.answers is not None:
            _print_answers(one.answers)
        for metric in one.metrics:
            click.echo(
                f"{metric.label}: {_number(metric.online)} as served, "
                f"{_number(metric.offline)} on the offline rows ({metric.rows:,} labelled)"
            )
        click.echo("")


def _print_columns(what: str, columns: Sequence[ColumnSkew], *, why: bool) -> None:
    """The columns with an unequal row, the most unequal first; the others in a sentence.

    Features have no past of their own: why they differ is told by the columns they are made of.
    """
    from mooring.profiling.words import share, short

    unequal = sorted((c for c in columns if c.unequal), key=lambda c: c.unequal, reverse=True)
    if unequal:
        print_table(
            (what, "status", "unequal", "size", "served for", *(["because"] if why else [])),
            [
                (
                    short(column.name, _NAME),
                    _SAID[column.status],
                    share(column.share),
                    "-" if column.size is None else f"{column.size:.2g}",
                    _example(column),
                    *([_because(column)] if why else []),
                )
                for column in unequal
            ],
            right="..rr",
        )
    equal = len(columns) - len(unequal)
    if columns:
        click.echo(f"{equal} of {len(columns)} {what}s are equal in every row")


def _because(column: ColumnSkew) -> str:
    from mooring.monitoring.skew.columns import cause_words

    return "-" if column.cause is None else cause_words(column.cause)


def _example(column: ColumnSkew) -> str:
    from mooring.profiling.words import short

    if column.example is None:
        return "-"
    return f"{short(column.example.online, 8)} for {short(column.example.offline, 8)}"


def _print_answers(answers: AnswerSkew) -> None:
    from mooring.profiling.words import share

    by = "" if answers.size is None else f", by {answers.size:.3g} on average over all"
    of = share(answers.differ / answers.rows)
    click.echo(f"answers: {of} would be others on the offline rows{by}")
    if answers.not_reproduced:
        click.echo(
            wrapped(
                f"{answers.not_reproduced:,} logged answers are not what the version says of the "
                "same inputs now: it is not deterministic, or other code served",
                indent=2,
            )
        )


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:,.4g}"
