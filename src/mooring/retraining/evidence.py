"""What the triggers and the policy look at, gathered from the catalog and the source once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mooring.clock import parse_duration
from mooring.errors import DataError
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.values import DatasetVersion, Run, WindowScore
from mooring.monitoring.history import newest_of_each
from mooring.pipeline.context import Context
from mooring.pipeline.splitting import labelled_rows, recent_rows
from mooring.reading.tables import read_table

_SCORES = 100  # windows are scored again when their labels come
_RUNS = 200


@dataclass(frozen=True, slots=True)
class PastRun:
    """When a run started and how it ended.

    Parameters
    ----------
    source_rows : int or None
        Labelled rows that the source had; known for the newest run that came to divide them.
    """

    at: datetime
    ended: str
    source_rows: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything a decision may rest on, as of ``now``.

    Parameters
    ----------
    now : datetime
        The instant of the decision.
    champion_since : datetime or None
        None before the first deployment.
    runs : tuple of PastRun
        The newest first.
    windows : tuple of WindowScore
        Of the champion since it became champion, each window once, the newest first.
    source_rows : int or None
        Labelled rows in the source now; None when no trigger asks or it cannot be read.
    alarm : str
        How many of the latest windows must drift, for triggers that do not say: ``2 of 3``.
    """

    now: datetime
    champion_since: datetime | None
    runs: tuple[PastRun, ...]
    windows: tuple[WindowScore, ...]
    source_rows: int | None = None
    alarm: str = "1 of 1"

    @property
    def rejected_in_a_row(self) -> int:
        """How many of the newest runs a gate rejected, one after the other."""
        count = 0
        for run in self.runs:
            if run.ended != "rejected":
                break
            count += 1
        return count


def count_rows(context: Context) -> int | None:
    """Labelled rows in the source; None when no ``new_data`` trigger asks, or it cannot be read.

    Under a ``data.window`` the rows before it are counted whether labelled or not, as they are
    when a run is made, so that the difference of two counts is what has arrived between them.
    """
    data = context.settings.data
    if not any(trigger.kind == "new_data" for trigger in context.settings.triggers):
        return None
    try:
        frame = read_table(data.source, context.settings.root, data.types)
        needed = {data.target} if data.time is None else {data.target, data.time}
        if not needed <= set(frame.columns):
            return None
        recent = recent_rows(frame, data)
    except DataError:
        return None
    labelled = labelled_rows(recent, data, context.clock())
    return frame.height - recent.height + labelled.height


def gather(context: Context, tx: Transaction, source_rows: int | None) -> Evidence:
    """Reads the evidence from the catalog, in the transaction that will hold the decision."""
    traffic = queries.traffic(tx, context.name)
    champion = traffic.champion.model_version if traffic else None
    since = _since(tx, context.name, champion)
    return Evidence(
        now=context.clock(),
        champion_since=since,
        runs=_runs(tx, context.name),
        windows=_windows(tx, context, champion, since),
        source_rows=source_rows,
        alarm=context.settings.monitoring.alarm,
    )


def _since(tx: Transaction, name: str, champion: str | None) -> datetime | None:
    """When the champion became champion."""
    since = None
    for revision, its in reversed(queries.champions(tx, name)):
        if its != champion:
            break
        since = revision.at
    return since


def _windows(
    tx: Transaction, context: Context, champion: str | None, since: datetime | None
) -> tuple[WindowScore, ...]:
    """The champion's complete windows, one score of each.

    An earlier reign of its own is not evidence, and neither is a window that was under way: it
    would count again when it is complete.
    """
    if champion is None or since is None:
        return ()
    length = parse_duration(context.settings.monitoring.window)
    scores = newest_of_each(queries.window_scores(tx, context.name, _SCORES, champion))
    return tuple(s for s in scores if s.end > since and s.end - s.start == length)


def _runs(tx: Transaction, name: str) -> tuple[PastRun, ...]:
    found: list[PastRun] = []
    for run in queries.latest_runs(tx, name, _RUNS):
        known = any(past.source_rows is not None for past in found)
        rows = None if known else _source_rows(tx, run)
        found.append(PastRun(run.at, queries.run_events(tx, run.id)[-1].kind, rows))
    return tuple(found)


def _source_rows(tx: Transaction, run: Run) -> int | None:
    """What :func:`count_rows` would have said of the source that a run read."""
    used = {d.role: d.dataset for d in queries.run_datasets(tx, run.id)}
    divided = next((r for r in queries.step_results(tx, run.id) if r.step == "features"), None)
    unlabelled = None if divided is None else divided.result.get("unlabelled")
    if "source" not in used or not isinstance(unlabelled, int):
        return None
    return queries.get(tx, DatasetVersion, used["source"]).rows - unlabelled
