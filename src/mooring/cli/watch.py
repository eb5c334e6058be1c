"""``mooring watch``: the loop as a daemon."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

import click

from mooring.cli.common import settings_here

if TYPE_CHECKING:
    from mooring.retraining.watch import Tick


@click.command()
@click.option("--idle", default=60.0, show_default=True, help="Seconds between two rounds.")
@click.option("--once", is_flag=True, help="One round only; for cron.")
@click.pass_context
def command(context: click.Context, idle: float, once: bool) -> None:
    """Monitor, evaluate the triggers and retrain, until stopped.

    SIGTERM and Ctrl-C end it after the round under way; a run is never left half done.
    """
    from mooring.bootstrap import looking, open_log, open_project
    from mooring.retraining.watch import tick, watch

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = settings_here(context)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with open_project(settings) as project, open_log(settings) as log:
        look = looking(project, log)
        if once:
            _say(tick(project, look))
            return
        click.echo(f"watching {project.name}: {len(settings.triggers)} triggers, every {idle:g} s")
        watch(project, look, stop, idle_seconds=idle, say=_say)
        click.echo("stopped")


def _say(done: Tick) -> None:
    for score in done.scores:
        distance = "unknown" if score.distance is None else f"{score.distance:.3f}"
        click.echo(
            f"window to {score.end:%Y-%m-%d %H:%M}: {score.status}, distance {distance}, "
            f"{score.rows:,} rows, {score.labelled:,} labelled"
        )
    if done.outcome is None:
        return
    decision = done.outcome.decision
    click.echo(f"{decision.action} ({decision.cause}): {decision.because}")
    if done.outcome.finished is not None:
        click.echo(f"deployed {done.outcome.finished.version.id}")
    elif done.outcome.error is not None:
        click.echo(f"{done.outcome.error}")
