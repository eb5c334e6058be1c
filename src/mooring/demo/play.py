"""The demo from its first line to its last."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from mooring.bootstrap import looking, open_log, open_project, settings_of
from mooring.demo.replay import Lived, Replay, ReplayClock
from mooring.demo.rides import HISTORY_ENDS, load_rides, weeks_after_history, write_project
from mooring.demo.server import serving
from mooring.demo.story import Story
from mooring.ids import seeded_ids
from mooring.lineage.loading import load_version
from mooring.monitoring.report import write_report
from mooring.pipeline.run import Reason, run_pipeline


def play(folder: Path, console: Console, weeks: int | None = None) -> tuple[Lived, ...]:
    """Lays out a project, trains, serves, and lives through the weeks that follow.

    Parameters
    ----------
    folder : Path
        Made anew; an earlier demo there is replaced, anything else is refused.
    console : Console
        Where the story is told.
    weeks : int, optional
        Stop after so many; all of 2011 and 2012 when absent.

    Returns
    -------
    tuple of Lived
        The same for everyone who runs it.
    """
    rides = load_rides()
    write_project(folder, rides)
    story = Story(console)
    story.chapter("A model for bike rides in Washington, DC")
    story.say(f"All of the project: mooring.toml and pipeline.py in {escape(str(folder))}")
    clock = ReplayClock(HISTORY_ENDS)
    settings = settings_of(str(folder), {})
    with (
        _alerts_into(folder / "alerts.log"),
        open_project(settings, clock=clock, ids=seeded_ids(0)) as context,
        open_log(settings) as log,
    ):
        first = run_pipeline(context, Reason("by hand", "the first model"))
        story.say(
            f"v{first.version.version} learned January and February 2011 and passed the gates."
        )
        story.chapter("Living through the weeks: requests now, labels a week later")
        with serving(folder) as client:
            loaded = load_version(context.store, first.version.artifact)
            replay = Replay(context, log, looking(context, log), client, clock, loaded)
            lived = []
            for one in replay.live(weeks_after_history(rides)[:weeks]):
                story.week(one)
                lived.append(one)
        report = write_report(context, folder / ".mooring" / "report.html")
    story.chapter("Week by week")
    story.weeks(lived)
    story.chapter("Was it worth it?")
    story.verdict(lived)
    story.say(f"\nEvery alert, by severity: {escape(str(folder / 'alerts.log'))}")
    story.say(f"The report, with every window: {escape(str(report))}")
    return tuple(lived)


@contextmanager
def _alerts_into(path: Path) -> Iterator[None]:
    """Alerts go to a file meanwhile: two years of them would drown the story."""
    logger = logging.getLogger("mooring.alerts")
    handler = logging.FileHandler(path, encoding="utf-8")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
        handler.close()
