"""From scores to alerts: what is worth a message, to whom, and how often.

A condition alerts when it begins and again every ``repeat`` windows while it lasts; windows that
cannot tell neither begin nor end one. All features of a window share one alert (FD-66). The id is a
digest of deployment, rule, model version and window, so a window scored twice alerts once (FD-70).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mooring.lineage.canonical import canonical_json
from mooring.lineage.values import Alert, WindowScore
from mooring.monitoring.detail import read_detail
from mooring.monitoring.words import by_weight, headline, listed, moved_words, short

Severity = Literal["page", "notify", "record"]
RESOLVED = "-resolved"


@dataclass(frozen=True, slots=True)
class AlertRules:
    """How loud, and how often.

    Parameters
    ----------
    page_on : "never", "performance" or "drift"
        The finding that pages. Missing data pages too, unless it is ``never``.
    repeat : int
        A lasting condition alerts again after this many windows.
    patience : int
        Windows in a row that must be unknown before that is worth a message (FD-64).
    news, news_of_performance : timedelta
        How long after its end a window is worth a message: a monitor that catches up on a year, or
        a person who looks back, wakes nobody about the past (FD-66). Labels come late.
    """

    page_on: Literal["never", "performance", "drift"] = "performance"
    repeat: int = 7
    patience: int = 3
    news: timedelta = timedelta(days=2)
    news_of_performance: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A condition: whether it holds in a window (None: cannot tell), and its title."""

    name: str
    holds: Callable[[WindowScore], bool | None]
    title: Callable[[WindowScore], str]


def alert_id(score: WindowScore, rule: str) -> str:
    """The id of a rule's alert about a window, the same whenever it is made."""
    about = [score.deployment, rule, score.model_version, score.start.isoformat()]
    return "a1:" + hashlib.sha256(canonical_json(about)).hexdigest()[:32]


def alerts_for(
    score: WindowScore,
    previous: Sequence[WindowScore],
    *,
    known: Collection[str],
    rules: AlertRules,
    at: datetime,
) -> tuple[Alert, ...]:
    """What the score of a window is worth telling.

    Parameters
    ----------
    score : WindowScore
    previous : sequence of WindowScore
        Of the same model version, newest first; at least ``rules.repeat`` of them if there are.
    known : collection of str
        Ids of the alerts that were made before.
    rules : AlertRules
    at : datetime

    Returns
    -------
    tuple of Alert
        Severity ``record`` when a condition that was told has ended.
    """
    return tuple(_judge_all(score, previous, known, rules, at))


def _judge_all(
    score: WindowScore,
    previous: Sequence[WindowScore],
    known: Collection[str],
    rules: AlertRules,
    at: datetime,
) -> Iterator[Alert]:
    for rule in _RULES:
        patience = rules.patience if rule.name == "unknown" else 1
        age = rules.news_of_performance if rule.name == "performance" else rules.news
        telling = [one for one in (score, *previous) if rule.holds(one) is not None]
        if not telling or telling[0] is not score or at - score.end > age:
            continue
        lasted = _lasted(rule, telling)
        if lasted:
            recent = telling[1 : min(lasted, rules.repeat)]
            told = any(alert_id(one, rule.name) in known for one in recent)
            if lasted >= patience and not told:
                yield _alert(score, rule.name, _severity(rule, rules), rule.title(score), at)
        elif _lasted(rule, telling[1:]) >= patience:
            title = f"{short(score.deployment)}: {rule.name} is over"
            yield _alert(score, rule.name + RESOLVED, "record", title, at)


def _lasted(rule: _Rule, telling: Sequence[WindowScore]) -> int:
    """For how many windows in a row, the newest included, the condition holds."""
    for count, one in enumerate(telling):
        if not rule.holds(one):
            return count
    return len(telling)


def _severity(rule: _Rule, rules: AlertRules) -> Severity:
    pages = rule.name in {rules.page_on, "no-data"}
    return "page" if pages and rules.page_on != "never" else "notify"


def _drifts(score: WindowScore) -> bool | None:
    drift = read_detail(score).drift
    return None if drift == "unknown" else drift == "drift"


def _degrades(score: WindowScore) -> bool | None:
    status = read_detail(score).performance.status
    return None if status == "unknown" else status == "degraded"


def _drift_title(score: WindowScore) -> str:
    columns = by_weight(read_detail(score).watched)
    return f"{short(score.deployment)}: drift in {listed([column.name for column in columns])}"


_RULES = (
    _Rule(
        "performance",
        _degrades,
        lambda s: f"{short(s.deployment)}: {read_detail(s).performance.reason}",
    ),
    _Rule("drift", _drifts, _drift_title),
    _Rule("no-data", lambda s: s.rows == 0, lambda s: f"{short(s.deployment)}: no predictions"),
    _Rule(
        "unknown",
        lambda s: s.status == "unknown" and s.rows > 0,
        lambda s: f"{short(s.deployment)}: cannot tell whether it drifts",
    ),
)


def _alert(score: WindowScore, rule: str, severity: Severity, title: str, at: datetime) -> Alert:
    detail = read_detail(score)
    return Alert(
        id=alert_id(score, rule),
        deployment=score.deployment,
        rule=rule,
        severity=severity,
        title=title,
        body=_body(score),
        at=at,
        detail={
            "status": "resolved" if rule.endswith(RESOLVED) else "firing",
            "model_version": score.model_version,
            "window": {"start": score.start.isoformat(), "end": score.end.isoformat()},
            "window_score": score.id,
            "drifted": list(detail.drifted),
        },
    )


def _body(score: WindowScore) -> str:
    """Why it says so: window, what moved most, what it cost, what to type next."""
    detail = read_detail(score)
    start, end = (f"{at:%Y-%m-%d %H:%M}" for at in (score.start, score.end))
    lines = [
        headline(score),
        f"window: {start} to {end} UTC, {score.rows:,} rows, {short(score.model_version)}",
    ]
    lines += [
        f"{short(column.name)}: {column.reason}; {moved_words(column)}"
        for column in by_weight(detail.watched)[:3]
    ]
    performance = detail.performance
    if performance.rows:
        lines.append(f"performance: {performance.reason} ({performance.rows:,} labelled rows)")
    span = f"--from {score.start:%Y-%m-%dT%H:%M} --to {score.end:%Y-%m-%dT%H:%M}"
    lines.append(f"next: mooring monitor {span}")
    lines.append(_NEXT[score.status])
    return "\n".join(lines)


_NEXT = {
    "ok": "      mooring status",
    "drift": "      mooring lineage   (what serves, and its data); mooring run   (retrain)",
    "degraded": "      mooring run   (retrain through the gates); mooring rollback   (if new)",
    "unknown": "      is the feed up, and does mooring serve answer? mooring status",
}
