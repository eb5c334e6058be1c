"""A project at a glance, from the newest facts of each kind."""

from __future__ import annotations

from datetime import datetime

from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.overrides import override_in
from mooring.lineage.values import Arm, Verdict


def glance(tx: Transaction, name: str, now: datetime | None = None) -> dict[str, object]:
    """What serves, what ran last, what the last window said, and the newest alerts.

    Parameters
    ----------
    name : str
        Of the project.
    now : datetime, optional
        Against which an override is said to have expired.
    """
    traffic = queries.traffic(tx, name)
    return {
        "name": name,
        "model_versions": queries.count_versions(tx, name),
        "traffic": [_arm(tx, arm, now) for arm in (traffic.arms if traffic else ())],
        "run": _run(tx, name),
        "window": _window(tx, name),
        "decision": _decision(tx, name),
        "alerts": [
            f"{alert.severity} {alert.at:%Y-%m-%d %H:%M}: {alert.title}"
            for alert in queries.alerts(tx, name, 3)
        ],
    }


def _arm(tx: Transaction, arm: Arm, now: datetime | None) -> dict[str, object]:
    """An arm's share; ``override`` says who let it have one without a pass, why and until when."""
    override = override_in(queries.get(tx, Verdict, arm.verdict))
    return {
        "model_version": arm.model_version,
        "weight": arm.weight,
        "role": arm.role,
        "override": None if override is None else override.words(now),
    }


def _run(tx: Transaction, name: str) -> str | None:
    runs = queries.latest_runs(tx, name, 1)
    if not runs:
        return None
    event = queries.run_events(tx, runs[0].id)[-1]
    return f"{event.kind} at {event.at:%Y-%m-%d %H:%M} ({runs[0].trigger}: {runs[0].because})"


def _window(tx: Transaction, name: str) -> str | None:
    scores = queries.window_scores(tx, name, 1)
    if not scores:
        return None
    score = scores[0]
    distance = "unknown" if score.distance is None else f"{score.distance:.3f}"
    return (
        f"to {score.end:%Y-%m-%d %H:%M}: {score.status}, distance {distance}, {score.rows:,} rows"
    )


def _decision(tx: Transaction, name: str) -> str | None:
    decisions = queries.decisions(tx, name, 1)
    if not decisions:
        return None
    newest = decisions[0]
    return f"{newest.action} at {newest.at:%Y-%m-%d %H:%M} ({newest.cause}: {newest.because})"
