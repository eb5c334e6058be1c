"""The logged requests of a window through the offline code: inputs, features, answers, truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.gates.cases import prepare
from mooring.gates.metrics import METRICS
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.values import ModelVersion
from mooring.monitoring.answered import logged_answers, logged_truth
from mooring.monitoring.score import monitored_metric
from mooring.monitoring.skew.columns import ColumnSkew, compare_columns, worst
from mooring.monitoring.skew.comparing import ROUNDING, Status, judge, rows_needed, same
from mooring.monitoring.skew.entities import Entities, asked_at, entities_of
from mooring.monitoring.skew.offline import Joined, Offline, join, offline_of
from mooring.monitoring.versions import VersionCache, as_trained
from mooring.pipeline.splitting import instants

if TYPE_CHECKING:
    from mooring.clock import Window
    from mooring.monitoring.versions import MonitoredVersion
    from mooring.pipeline.context import Context
    from mooring.serving.log import LoggedRows, PredictionLog
    from mooring.settings import Settings

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AnswerSkew:
    """What the version answered, against what it answers on the offline rows.

    Parameters
    ----------
    rows, differ : int
        Joined requests, and those with another answer.
    size : float or None
        Mean absolute difference of the answers of a regression; of classes, half the absolute
        difference of their probabilities (total variation). None without probabilities.
    not_reproduced : int
        Requests whose logged inputs, asked again, get another answer than the log has: the code
        that serves is then not the code of the version, or it is not deterministic.
    """

    rows: int
    differ: int
    size: float | None
    not_reproduced: int


@dataclass(frozen=True, slots=True)
class MetricSkew:
    """A metric on the labelled requests: as they were served, and on their offline rows."""

    name: str
    label: str
    rows: int
    online: float | None
    offline: float | None


@dataclass(frozen=True, slots=True)
class VersionSkew:
    """The requests of one model version against the offline table.

    ``requests`` were logged and ``joined`` of them have an offline row; see
    :class:`mooring.monitoring.skew.offline.Joined` for the others. ``reason`` says why something
    could not be compared; else it is empty.
    """

    model_version: str
    status: Status
    requests: int
    joined: int
    strangers: int
    beyond: int
    ambiguous: int
    raw: tuple[ColumnSkew, ...] = ()
    features: tuple[ColumnSkew, ...] = ()
    answers: AnswerSkew | None = None
    metrics: tuple[MetricSkew, ...] = ()
    reason: str = ""


def replay_window(
    context: Context, log: PredictionLog, window: Window, offline: pl.DataFrame
) -> tuple[VersionSkew, ...]:
    """Hold every logged request of a window against the offline table; nothing is recorded.

    Parameters
    ----------
    context : Context
    log : PredictionLog
    window : Window
    offline : polars.DataFrame
        What the offline code says each entity's row was, in the columns of the project's data.

    Returns
    -------
    tuple of VersionSkew
        One for each model version that answered, in the order of their names.

    Raises
    ------
    DataError, UsageError
        When the table lacks its keys or instants, or nothing says how to join it.
    """
    versions, now = VersionCache(context.store), context.clock()
    found = []
    for count in log.counts(context.name, window):
        rows = log.read(context.name, window, count.model_version, as_of=now)
        with context.catalog.read() as tx:
            version = queries.get(tx, ModelVersion, count.model_version)
        loaded = versions.get(version.artifact)
        found.append(replay_rows(context.settings, rows, offline, version.id, loaded))
    return tuple(found)


def replay_rows(
    settings: Settings,
    rows: LoggedRows,
    offline: pl.DataFrame,
    model_version: str,
    version: MonitoredVersion,
) -> VersionSkew:
    """The same of rows in memory that one version answered."""
    online = _as_sent(version, rows)
    entities = entities_of(settings, rows, offline.columns)
    time = settings.data.time
    at = None if entities.exact else asked_at(settings, rows, online)
    table = offline_of(offline, time, entities.of_past)
    joined = join(entities.requests, table, entities.keys, at)
    counts = _counted(model_version, rows, joined)
    most = settings.monitoring.max_skew
    needed = rows_needed(most)
    if joined.rows < needed:
        return replace(counts, reason=_too_few(counts, needed, entities))
    typed = replace(table, rows=_typed(table.rows, version, online.columns))
    raw = compare_columns(online.drop(time or "", strict=False), typed, joined.places, most=most)
    lacking = [name for name in online.columns if name not in typed.rows.columns]
    if lacking:
        reason = f"the offline table has no {', '.join(lacking)}: features cannot be made of it"
        status: Status = "skew" if worst(c.status for c in raw) == "skew" else "unknown"
        return replace(counts, status=status, raw=raw, reason=reason)
    return _asked_again(settings, rows, online, typed, joined, version, replace(counts, raw=raw))


def _asked_again(  # noqa: PLR0913, PLR0917 - both sides of the requests, and who answers them
    settings: Settings,
    rows: LoggedRows,
    online: pl.DataFrame,
    table: Offline,
    joined: Joined,
    version: MonitoredVersion,
    so_far: VersionSkew,
) -> VersionSkew:
    """Features and answers of the offline rows, as the version's own code makes them."""
    there = joined.places >= 0
    served, meta = online.filter(there), rows.meta.filter(there)
    should = _at_request(table.rows[joined.places[there]], served, settings.data.time)
    most = settings.monitoring.max_skew
    features = compare_columns(
        version.loaded.features(served),
        Offline(version.loaded.features(should), None, np.arange(served.height)),
        np.arange(served.height),
        most=most,
        deviations={c.name: c.deviation for c in version.baseline.columns if c.kind == "numeric"},
    )
    logged = logged_answers(meta, version.loaded.manifest.classes)
    offline = version.loaded.answers(should)
    again = int(_other(logged, version.loaded.answers(served)).sum())
    differ = int(_other(logged, offline).sum())
    answers = AnswerSkew(served.height, differ, _apart(logged, offline), again)
    statuses = (*(c.status for c in so_far.raw), *(c.status for c in features))
    return replace(
        so_far,
        status=worst([*statuses, judge(again, served.height, most)]),
        features=features,
        answers=answers,
        metrics=_metrics(settings, meta, logged, offline),
    )


def _as_sent(version: MonitoredVersion, rows: LoggedRows) -> pl.DataFrame:
    """Logged inputs; without columns that ``features`` does not need and no request has sent."""
    online = version.rows(rows.inputs)
    return online.drop(
        name
        for name in online.columns
        if name in version.contract.optional and online[name].null_count() == online.height
    )


def _typed(table: pl.DataFrame, version: MonitoredVersion, wanted: Sequence[str]) -> pl.DataFrame:
    """The offline columns in the types of the training rows."""
    columns = []
    for name in wanted:
        if name in table.columns:
            dtype, found = version.trained[name], table[name]
            own = instants(found) if isinstance(dtype, pl.Datetime) else None
            columns.append(as_trained(found if own is None else own, dtype))
    return pl.DataFrame(columns)


def _at_request(should: pl.DataFrame, served: pl.DataFrame, time: str | None) -> pl.DataFrame:
    """Offline rows at the instant of their request: the hour of asking is no skew."""
    ordered = should.select(served.columns)
    if time is None or time not in served.columns:
        return ordered
    return ordered.with_columns(served[time])


def _other(logged: Answers, asked: Answers) -> Rows:
    """Which rows have another answer."""
    if not logged.classes:
        one, other = (a.predictions.astype(np.float64) for a in (logged, asked))
        return ~same(one, other, ROUNDING)
    return np.array(
        [a != b for a, b in zip(logged.predictions, asked.predictions, strict=True)], dtype=bool
    )


def _apart(logged: Answers, asked: Answers) -> float | None:
    if not logged.classes:
        one, other = (a.predictions.astype(np.float64) for a in (logged, asked))
        return float(np.abs(one - other).mean())
    if logged.probabilities is None or asked.probabilities is None:
        return None
    return float(np.abs(logged.probabilities - asked.probabilities).sum(axis=1).mean() / 2)


def _metrics(
    settings: Settings, meta: pl.DataFrame, logged: Answers, offline: Answers
) -> tuple[MetricSkew, ...]:
    """The metric that is watched, and the ranking of a binary task, where labels have come."""
    known = meta["label"].is_not_null().to_numpy()
    if not known.any():
        return ()
    task, positive = settings.data.task, settings.data.positive
    truth = logged_truth(meta["label"].filter(known), logged.classes)
    sides = [prepare(task, truth, _only(a, known), positive) for a in (logged, offline)]
    wanted = [monitored_metric(settings), *([METRICS["roc_auc"]] if task == "binary" else [])]
    return tuple(
        MetricSkew(m.name, m.label, len(truth), *(m.value(side) for side in sides))
        for m in dict.fromkeys(wanted)
    )


def _only(answers: Answers, rows: Rows) -> Answers:
    chances = answers.probabilities
    return Answers(
        answers.predictions[rows], None if chances is None else chances[rows], answers.classes
    )


def _counted(model_version: str, rows: LoggedRows, joined: Joined) -> VersionSkew:
    return VersionSkew(
        model_version=model_version,
        status="unknown",
        requests=rows.meta.height,
        joined=joined.rows,
        strangers=joined.strangers,
        beyond=joined.beyond,
        ambiguous=joined.ambiguous,
    )


def _too_few(found: VersionSkew, needed: int, entities: Entities) -> str:
    why = [
        f"{found.joined:,} of {found.requests:,} requests have an offline row, {needed:,} needed"
    ]
    if entities.lacking:
        why.append(f"{entities.lacking:,} were logged without {', '.join(entities.keys)}")
    if found.strangers > entities.lacking:
        left = found.strangers - entities.lacking
        why.append(f"{left:,} are of entities that the table does not have by then")
    if found.beyond:
        why.append(f"{found.beyond:,} are later than the table reaches")
    if found.ambiguous:
        why.append(
            f"{found.ambiguous:,} fit several offline rows of one instant: name the fields that "
            "tell these apart in serving.log_keys"
        )
    return "; ".join(why)
