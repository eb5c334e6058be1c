"""``mooring report``: how far one table is from another, without a project."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mooring.cli.common import as_json
from mooring.cli.output import console, print_json, wrapped
from mooring.errors import DataError, UsageError

if TYPE_CHECKING:
    from rich.console import OverflowMethod

    from mooring.profiling.findings import DriftRules
    from mooring.profiling.reporting.report import Report, ReportColumn
    from mooring.profiling.reporting.sides import Side, Span

_EXIT = {"ok": 0, "drift": 1, "unknown": 3}
_COLOURS = {"ok": "green", "drift": "yellow", "unknown": "cyan"}
_KINDS = {
    "numeric": "num",
    "categorical": "cat",
    "boolean": "bool",
    "datetime": "time",
    "text": "text",
    "embedding": "vec",
    "unsupported": "-",
}
_MOST = 40
_WIDTHS = {
    "column": 14,
    "kind": 4,
    "status": 7,
    "PSI": 5,
    "level": 5,
    "KS": 5,
    "JS": 5,
    "missing": 9,
}
_RIGHT = {"PSI", "level", "KS", "JS", "missing"}


@click.command(short_help="Compare two tables, or two windows of one.")
@click.argument("reference", metavar="A")
@click.argument("current", metavar="[B]", required=False)
@click.option("--time", metavar="COL", help="The column that the windows are about.")
@click.option("--reference", "before", metavar="FROM..TO", help="Rows of A to compare with.")
@click.option("--current", "now", metavar="FROM..TO", help="Rows of B (or A) to compare.")
@click.option("--columns", metavar="A,B", multiple=True, help="Compare these columns only.")
@click.option("--exclude", metavar="A,B", multiple=True, help="Leave these columns out.")
@click.option(
    "--alpha",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="False discovery rate over all columns.",
)
@click.option(
    "--min-psi",
    type=click.FloatRange(0),
    default=0.1,
    show_default=True,
    help="A smaller effect is never drift.",
)
@click.option(
    "--compat",
    type=click.Choice(["evidently", "nannyml"]),
    help="Show what that tool would say too; it does not change the verdict.",
)
@click.option("--multivariate", is_flag=True, help="Judge all columns together as well.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a page with a chart for each column.",
)
@as_json
@click.pass_context
def command(  # noqa: PLR0913, PLR0917 - one parameter an option
    context: click.Context,
    reference: str,
    current: str | None,
    time: str | None,
    before: str | None,
    now: str | None,
    columns: tuple[str, ...],
    exclude: tuple[str, ...],
    alpha: float,
    min_psi: float,
    compat: str | None,
    multivariate: bool,
    html: Path | None,
    as_json: bool,
) -> None:
    """Compare two tables, or two windows of one: what drifted, and how far.

    A is the reference and B what is compared with it: Parquet, CSV or Arrow files, folders or
    globs. No project is needed. For two windows of one table:

    \b
      mooring report rides.parquet --time at \\
          --reference 2011-01-01..2011-03-01 --current 2011-03-01..2011-04-01

    Exit codes: 0 no drift, 1 drift, 2 usage, 3 not enough evidence.
    """
    from mooring.profiling.findings import DriftRules
    from mooring.profiling.reporting.report import make_report

    root = (context.find_root().obj or {}).get("project")
    sides = _sides(root, (reference, current), (before, now), time)
    chosen = tuple(_chosen(side, columns, exclude) for side in sides)
    rules = DriftRules(alpha=alpha, min_psi=min_psi)
    with _readable(), console(error=True).status("reading and comparing"):
        report = make_report(*chosen, rules=rules, compat=compat or "", multivariate=multivariate)
    if html is not None:
        page = Path(_rooted(root, str(html)))
        _write(page, report, rules)
    if as_json:
        from mooring.profiling.reporting.plain import plain

        print_json(plain(report))
    else:
        _print(report)
        if html is not None:
            click.echo(f"the page: {page}")
    context.exit(_EXIT[report.status])


def _sides(
    root: str | None,
    paths: tuple[str, str | None],
    spans: tuple[str | None, str | None],
    time: str | None,
) -> list[Side]:
    """What was asked for, as two sides."""
    from mooring.profiling.reporting.sides import Side, parse_span

    windows = [None if text is None else parse_span(text) for text in spans]
    if any(windows) and not time:
        raise UsageError("a window needs a time column", fix="add --time with the column's name")
    if paths[1] is None and not all(windows):
        raise UsageError(
            "there is one table and nothing to compare it with",
            where=paths[0],
            fix="name a second one, or two windows: --time COL --reference 2026-01-01..2026-03-01 "
            "--current 2026-03-01..2026-04-01",
        )
    return [
        Side(_title(path, window), _rooted(root, path), time or "", window)
        for path, window in zip((paths[0], paths[1] or paths[0]), windows, strict=True)
    ]


@contextmanager
def _readable() -> Iterator[None]:
    """A table that cannot be read is for the one who named it: here 1 means drift, so it is 2."""
    try:
        yield
    except DataError as error:
        project = "mooring.toml" in error.fix or "data.source" in error.fix
        fix = "check the path" if project else error.fix
        raise UsageError(error.what, where=error.where, fix=fix) from error


def _rooted(root: str | None, path: str) -> str:
    return path if root is None or not path.strip() else str(Path(root) / Path(path).expanduser())


def _title(path: str, window: Span | None) -> str:
    return path if window is None else f"{path} {window}"


def _chosen(side: Side, columns: Sequence[str], exclude: Sequence[str]) -> Side:
    from dataclasses import replace

    return replace(side, only=_names(columns), without=_names(exclude))


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(name.strip() for text in texts for name in text.split(",") if name.strip())


def _write(path: Path, report: Report, rules: DriftRules) -> None:
    """The page, whole or not at all."""
    from mooring.clock import system_clock
    from mooring.profiling.reporting.page import render

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(render(report, rules, system_clock()), encoding="utf-8")
    draft.replace(path)


def _print(report: Report) -> None:
    from mooring.profiling.reporting.words import left_out, summary, together

    click.secho(summary(report), fg=_COLOURS[report.status], bold=True)
    for score in report.together:
        click.echo(wrapped(f"all columns together {score.status}, {together(score)}", indent=2))
    if without := left_out(report.together):
        click.echo(wrapped(without, indent=2))
    _print_columns(report)
    if len(report.columns) > _MOST:
        click.echo(f"… and {len(report.columns) - _MOST:,} more; --json and --html have them")


def _print_columns(report: Report) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = report.columns[:_MOST]
    cells = [_cells(column, report.tool) for column in shown]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, show_edge=False)
    gaps = not report.tool and any(row["missing"] for row in cells)
    used = [name for name in cells[0] if name != "missing" or gaps]
    for name in used:
        width = _WIDTHS.get(name)
        table.add_column(
            name,
            max_width=width,
            justify="right" if name in _RIGHT else "left",
            no_wrap=bool(width),
        )
    for row in cells:
        calm = row["status"] == "ok"  # one line is enough for what stands still
        overflow: OverflowMethod = "ellipsis" if calm else "fold"
        table.add_row(*(Text(row[name], no_wrap=calm, overflow=overflow) for name in used))
    console().print(table)


def _cells(column: ReportColumn, tool: str) -> dict[str, str]:
    """One line of the table; another tool's word stands instead of what moved."""
    from mooring.profiling.reporting.words import apart, compat, missing
    from mooring.profiling.words import score, short, why

    drift = column.drift
    said = why(drift) if column.compat is None else compat(column.compat)
    if column.classifier is not None and not tool:
        said = f"{apart(column.classifier)}; {said}".removesuffix("; ")
    return {
        "column": short(drift.name, _WIDTHS["column"]),
        "kind": _KINDS[drift.kind],
        "status": drift.status,
        "PSI": score(drift.score("psi")),
        "level": score(drift.level),
        "KS": score(drift.score("ks")),
        "JS": score(drift.score("jensenshannon")),
        "missing": missing(drift),
        tool or "what moved": said.replace(" → ", "→"),
    }
