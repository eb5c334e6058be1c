"""What the report shows, gathered from the catalog in one reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mooring.gates.metrics import METRICS
from mooring.lineage.answer import lineage_answer
from mooring.lineage.catalog import queries
from mooring.lineage.values import Alert, Decision, WindowScore
from mooring.monitoring.charts import Chart, Observation, time_chart
from mooring.monitoring.detail import Detail, read_detail
from mooring.monitoring.history import newest_of_each
from mooring.monitoring.words import drift_words, headline

if TYPE_CHECKING:
    from mooring.lineage.catalog.engine import Transaction

_WINDOWS = 400
_LISTED = 12
_DECIDED = {
    "retrain": "retrain decided",
    "wait": "retraining waits",
    "ask": "a person must decide",
}


@dataclass(frozen=True, slots=True)
class AlertShown:
    """An alert and what became of it."""

    alert: Alert
    delivery: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything on the page.

    Parameters
    ----------
    deployment : str
    made : datetime
    headline : str
    score, detail : WindowScore and Detail, or None
        The champion's newest window.
    known : (WindowScore, Detail) or None
        The newest window whose performance is known.
    siblings : tuple of (WindowScore, str)
        Other model versions that answered in the newest window, each with its headline.
    distance, performance : Chart or None
    metric : str
        What the second chart is of.
    alerts, decisions, arms
        The newest ones, and what has traffic now with what made it.
    """

    deployment: str
    made: datetime
    headline: str
    score: WindowScore | None
    detail: Detail | None
    known: tuple[WindowScore, Detail] | None
    siblings: tuple[tuple[WindowScore, str], ...]
    distance: Chart | None
    performance: Chart | None
    metric: str
    alerts: tuple[AlertShown, ...]
    decisions: tuple[Decision, ...]
    arms: tuple[dict[str, Any], ...]


def gather_page(
    tx: Transaction, deployment: str, now: datetime, shown: Sequence[WindowScore] = ()
) -> Page:
    """Reads what the page shows.

    Parameters
    ----------
    tx : Transaction
    deployment : str
    now : datetime
        When the page is made.
    shown : sequence of WindowScore
        Scores of the one window that the page is about; those of the newest when absent.
    """
    recorded = queries.window_scores(tx, deployment, _WINDOWS)
    if shown:
        recorded = tuple(score for score in recorded if score.end < shown[0].end)
    scores = newest_of_each([*shown, *recorded])
    changes = _champions(tx, deployment)
    line = _main_line(scores, changes)
    newest = line[-1] if line else None
    details = [(score, read_detail(score)) for score in line]
    known = [pair for pair in details if pair[1].performance.status != "unknown"]
    decisions = queries.decisions(tx, deployment, _LISTED)
    marks = [(at, name.rpartition("/")[2]) for at, name in changes[1:]]
    return Page(
        deployment=deployment,
        made=now,
        headline=_headline(newest, known[-1] if known else None, decisions),
        score=newest,
        detail=details[-1][1] if details else None,
        known=known[-1] if known else None,
        siblings=tuple((s, headline(s)) for s in scores if newest and _beside(s, newest)),
        distance=time_chart([_moved(score) for score in line], marks),
        performance=time_chart([_performed(*pair) for pair in details], marks),
        metric=_label(details[-1][1].performance.metric) if details else "",
        alerts=tuple(_shown(tx, one) for one in queries.alerts(tx, deployment, _LISTED)),
        decisions=decisions,
        arms=_arms(tx, deployment, now),
    )


def _champions(tx: Transaction, deployment: str) -> list[tuple[datetime, str]]:
    """Since when each champion was champion, oldest first."""
    found: list[tuple[datetime, str]] = []
    for revision in queries.revisions(tx, deployment):
        arms = queries.arms_of(tx, revision.id)
        champion = next((arm.model_version for arm in arms if arm.role == "champion"), "")
        if not found or found[-1][1] != champion:
            found.append((revision.at, champion))
    return found


def _main_line(
    scores: Sequence[WindowScore], changes: Sequence[tuple[datetime, str]]
) -> list[WindowScore]:
    """One score per window, oldest first: the champion's, else that of the most rows."""
    found: dict[datetime, WindowScore] = {}
    for score in reversed(scores):
        champion = next((name for at, name in reversed(changes) if at < score.end), "")
        held = found.get(score.end)
        rank = (score.model_version == champion, score.rows)
        if held is None or rank > (held.model_version == champion, held.rows):
            found[score.end] = score
    return [found[end] for end in sorted(found)]


def _beside(score: WindowScore, newest: WindowScore) -> bool:
    same = (score.start, score.end) == (newest.start, newest.end)
    return same and score.model_version != newest.model_version


def _headline(
    score: WindowScore | None,
    known: tuple[WindowScore, Detail] | None,
    decisions: Sequence[Decision],
) -> str:
    if score is None:
        return "No window has been scored yet"
    detail = read_detail(score)
    if detail.reason or detail.performance.status != "unknown":
        said = headline(score)
    elif known is None:
        said = f"{drift_words(detail)}; performance not known yet"
    else:
        said = f"{drift_words(detail)}; {known[1].performance.reason}, when last known"
    if decisions and decisions[0].at >= score.at:
        said = f"{said}; {_DECIDED[decisions[0].action]}"
    return said


def _moved(score: WindowScore) -> Observation:
    distance = "unknown" if score.distance is None else f"{score.distance:.3f}"
    words = f"{_span(score)}: {distance}, {score.status}, {score.model_version}"
    return Observation(score.end, score.distance, read_detail(score).drift, words)


def _performed(score: WindowScore, detail: Detail) -> Observation:
    found = detail.performance
    return Observation(
        at=score.end,
        value=found.value,
        status=found.status,
        words=f"{_span(score)}: {found.reason}, {score.model_version}",
        level=found.baseline,
    )


def _label(metric: str | None) -> str:
    found = METRICS.get(metric or "")
    return found.label if found else "performance"


def _span(score: WindowScore) -> str:
    return f"{score.start:%Y-%m-%d %H:%M} to {score.end:%Y-%m-%d %H:%M}"


def _shown(tx: Transaction, alert: Alert) -> AlertShown:
    tried = queries.deliveries(tx, alert.id)
    taken = [attempt.route for attempt in tried if attempt.delivered]
    failed = {attempt.route: attempt for attempt in tried if attempt.route not in taken}
    words = [f"sent to {', '.join(taken)}"] if taken else []
    words += [f"{name}: {last.detail} ({last.attempt} tries)" for name, last in failed.items()]
    return AlertShown(alert, "; ".join(words) or "recorded")


def _arms(tx: Transaction, deployment: str, now: datetime) -> tuple[dict[str, Any], ...]:
    answer: Any = lineage_answer(tx, now=now)
    return tuple(
        arm for one in answer["deployments"] if one["name"] == deployment for arm in one["arms"]
    )
