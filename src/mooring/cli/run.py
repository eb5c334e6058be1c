"""``mooring run``: the one road from data to traffic."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from mooring.cli.common import because_option, project_here
from mooring.cli.output import console, wrapped
from mooring.cli.slices import print_worst_slices

if TYPE_CHECKING:
    from mooring.pipeline.context import Context


@click.command()
@because_option("run by hand")
@click.option("--resume", metavar="RUN", help="Go on with a run that was killed.")
@click.pass_context
def command(context: click.Context, because: str, resume: str | None) -> None:
    """Train a candidate through both gates and deploy it if it passes.

    Exit codes: 0 deployed, 1 a gate refused or a step failed, 2 usage, 3 a gate could not tell.
    """
    from mooring.pipeline.run import Reason, resume_run, run_pipeline

    out = console(error=True)

    def say(step: str, number: int, count: int) -> None:
        out.print(f"[dim]{number}/{count}[/dim] {step}")

    with _stopped_by_sigterm(), project_here(context) as project:
        if resume is None:
            finished = run_pipeline(project, Reason("by hand", because), say)
        else:
            finished = resume_run(project, resume, say)
        _report(project, finished.version.id)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Has SIGTERM do what Ctrl-C does, so that the catalog hears how the run ended."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _report(project: Context, version: str) -> None:
    from mooring.lineage.catalog import queries

    with project.catalog.read() as tx:
        verdict = queries.verdicts(tx, version)[-1]
        run = queries.verdicts_of_run(tx, verdict.run) if verdict.run else ()
    taken = next((one.evidence.get("quarantined") for one in run if one.gate == "data"), None)
    number = version.rpartition("/")[2]
    click.echo(f"{project.name} v{number} is the champion and has all of the traffic")
    for reason in verdict.reasons:
        click.echo(wrapped(reason, indent=2))
    print_worst_slices(verdict.evidence)
    if isinstance(taken, dict):
        click.echo(f"  {taken['rows']:,} rows were quarantined: .mooring/{taken['file']}")
    click.echo("next: mooring serve    (what is behind it: mooring lineage)")
