"""Scores windows, records scores and alerts together, and hands the alerts on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mooring.clock import Window, parse_duration
from mooring.lineage.catalog import queries
from mooring.lineage.overrides import overriding
from mooring.lineage.standing import record_expiry
from mooring.lineage.values import ModelVersion, WindowScore
from mooring.monitoring.alerts import AlertRules, alerts_for
from mooring.monitoring.delivery import deliver_alerts
from mooring.monitoring.detail import Scored, plain, read_detail
from mooring.monitoring.history import before, newest_of_each, score_of
from mooring.monitoring.score import check_thresholds, score_window
from mooring.monitoring.versions import VersionCache
from mooring.monitoring.windows import due_windows, latest_window
from mooring.settings.counts import parse_n_of_m

if TYPE_CHECKING:
    from mooring.lineage.catalog.engine import Transaction
    from mooring.monitoring.routes import AlertRoute
    from mooring.pipeline.context import Context
    from mooring.serving.log import PredictionLog

_RECENT = 24
"""Windows whose performance may still be waiting for labels."""
_KNOWN = 200
"""Alerts that are compared with, to recognise repeats."""


def monitor(  # noqa: PLR0913 - what is looked at, by keyword
    context: Context,
    log: PredictionLog,
    *,
    window: Window | None = None,
    routes: Sequence[AlertRoute] = (),
    versions: VersionCache | None = None,
    record: bool = True,
) -> tuple[WindowScore, ...]:
    """Score a window for every model version that answered in it, record, alert and deliver.

    Recent windows whose labels have come in the meantime are scored again first. A score that says
    the same as the recorded one is not recorded twice, so a monitor that is killed and started
    again leaves what an undisturbed one would have left (FD-70).

    Parameters
    ----------
    context : Context
    log : PredictionLog
    window : Window, optional
        The latest complete one of ``[monitoring]`` when absent; the one under way while the log is
        younger than that.
    routes : sequence of AlertRoute
        From ``make_routes``; without any, alerts are recorded and stay owed.
    versions : VersionCache, optional
        Keeps loaded versions between calls.
    record : bool
        ``False`` only looks: nothing is recorded, nobody is alerted. For windows off the schedule,
        which would count twice in a trigger's *2 of 3 windows*.

    Returns
    -------
    tuple of WindowScore
        One per model version, in the order of their names; empty when nothing had traffic.

    Examples
    --------
    ``monitor(context, log, routes=make_routes(context.settings, os.environ, context.clock))``
    """
    versions = versions or VersionCache(context.store)
    if window is None:
        window = latest(context, log)
        rescore(context, log, versions=versions)
    if not record:
        scored = _scored(context, log, window, versions)
        return tuple(_fact(context, one, context.clock()) for one in scored)
    record_expiry(context.catalog, context.name, context.clock(), context.ids)
    scores = _score(context, log, window, versions)
    deliver_alerts(context, routes)
    return scores


def monitor_due(
    context: Context,
    log: PredictionLog,
    *,
    routes: Sequence[AlertRoute] = (),
    versions: VersionCache | None = None,
) -> tuple[WindowScore, ...]:
    """Score every complete window that has no score yet, oldest first; see :func:`monitor`.

    Returns
    -------
    tuple of WindowScore
        Of the new windows, then of those that were scored again because labels came.
    """
    versions = versions or VersionCache(context.store)
    record_expiry(context.catalog, context.name, context.clock(), context.ids)
    scores = [
        score for window in _due(context, log) for score in _score(context, log, window, versions)
    ]
    scores += rescore(context, log, versions=versions)
    deliver_alerts(context, routes)
    return tuple(scores)


def latest(context: Context, log: PredictionLog) -> Window:
    """The newest complete window of the schedule; the one under way while the log is younger."""
    now = context.clock()
    every, length = _spans(context)
    complete = latest_window(now, every=every, length=length)
    counts = log.counts(context.name)
    young = bool(counts) and min(count.first for count in counts) >= complete.end
    return Window(complete.end, now) if young else complete


def rescore(
    context: Context, log: PredictionLog, *, versions: VersionCache | None = None
) -> tuple[WindowScore, ...]:
    """Score recent windows again whose performance was unknown, now that there are more labels.

    Returns
    -------
    tuple of WindowScore
        The scores that changed; each is a new fact, and the newest of a window counts.
    """
    versions = versions or VersionCache(context.store)
    with context.catalog.read() as tx:
        found = newest_of_each(queries.window_scores(tx, context.name, 2 * _RECENT))
    waiting = [score for score in found[:_RECENT] if _may_be_known(context, log, score)]
    changed = []
    for score in reversed(waiting):
        with context.catalog.read() as tx:
            version = queries.get(tx, ModelVersion, score.model_version)
        again = score_window(context, log, Window(score.start, score.end), version, versions)
        recorded = _record(context, again)
        if recorded.id != score.id:
            changed.append(recorded)
    return tuple(changed)


def _spans(context: Context) -> tuple[timedelta, timedelta]:
    """How often a window ends, and how long it is."""
    rules = context.settings.monitoring
    return parse_duration(rules.every), parse_duration(rules.window)


def _due(context: Context, log: PredictionLog) -> tuple[Window, ...]:
    counts = log.counts(context.name)
    if not counts:
        return ()
    every, length = _spans(context)
    with context.catalog.read() as tx:
        scores = queries.window_scores(tx, context.name, 1000)
    scored = {score.end for score in scores if score.end - score.start == length}
    first = min(count.first for count in counts)
    return due_windows(first, scored, every=every, length=length, now=context.clock())


def _score(
    context: Context, log: PredictionLog, window: Window, versions: VersionCache
) -> tuple[WindowScore, ...]:
    return tuple(_record(context, one) for one in _scored(context, log, window, versions))


def _scored(
    context: Context, log: PredictionLog, window: Window, versions: VersionCache
) -> list[Scored]:
    with context.catalog.read() as tx:
        answering = _answering(tx, context.name, log, window)
    scored = [score_window(context, log, window, version, versions) for version in answering]
    check_thresholds(context.settings, scored)
    return scored


def _answering(
    tx: Transaction, deployment: str, log: PredictionLog, window: Window
) -> list[ModelVersion]:
    """The versions that answered; the champion when nobody did, all through the window (FD-14)."""
    counts = log.counts(deployment, window)
    if counts:
        return [queries.get(tx, ModelVersion, count.model_version) for count in counts]
    began, ended = (queries.traffic(tx, deployment, at) for at in (window.start, window.end))
    if began is None or ended is None:
        return []
    return [queries.get(tx, ModelVersion, ended.champion.model_version)]


def _may_be_known(context: Context, log: PredictionLog, score: WindowScore) -> bool:
    """Whether a score without performance may have one now: more labels, or they are final now."""
    final = score.end + parse_duration(context.settings.data.label_delay)
    if read_detail(score).performance.status != "unknown" or context.clock() < final:
        return False
    if score.at < final:
        return True
    counts = log.counts(context.name, Window(score.start, score.end))
    labelled = {count.model_version: count.labelled for count in counts}
    return labelled.get(score.model_version, 0) > score.labelled


def _record(context: Context, scored: Scored) -> WindowScore:
    """Keeps a score and its alerts in one transaction; what is recorded already is returned."""
    now = context.clock()
    fact = _fact(context, scored, now)
    with context.catalog.write() as tx:
        held = score_of(tx, context.name, scored.model_version, scored.window)
        if held is not None and scored.says_the_same(held):
            return held
        known = {alert.id for alert in queries.alerts(tx, context.name, _KNOWN)}
        previous = before(tx, context.name, scored.model_version, scored.window)
        rules = _alert_rules(context)
        override = overriding(tx, scored.model_version)
        note = "" if override is None else f"\n{override.words(now)}"
        alerts = alerts_for(fact, previous, known=known, rules=rules, at=now)
        tx.append(fact)
        tx.append_once(*(replace(alert, body=alert.body + note) for alert in alerts))
    return fact


def _alert_rules(context: Context) -> AlertRules:
    every, _ = _spans(context)
    delay = parse_duration(context.settings.data.label_delay)
    return AlertRules(
        page_on=context.settings.monitoring.page_on,
        alarm=parse_n_of_m(context.settings.monitoring.alarm),
        news=2 * every,
        news_of_performance=delay + 14 * every,
    )


def _fact(context: Context, scored: Scored, now: datetime) -> WindowScore:
    return WindowScore(
        id=context.ids(now),
        deployment=context.name,
        model_version=scored.model_version,
        start=scored.window.start,
        end=scored.window.end,
        at=now,
        rows=scored.rows,
        labelled=scored.labelled,
        status=scored.status,
        distance=scored.distance,
        detail=plain(scored.detail),
    )
