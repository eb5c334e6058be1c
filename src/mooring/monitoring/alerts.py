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
from mooring.monitoring.words import by_weight, headline, moved_words, span_words
from mooring.profiling.words import listed, short

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
    alarm : (n, m)
        Drift alerts when N of the last M windows of that length drift.
    news, news_of_performance : timedelta
        How long after its end a window is worth a message: a monitor that catches up on a year, or
        a person who looks back, wakes nobody about the past (FD-66). Labels come late.
    """

    page_on: Literal["never", "performance", "drift"] = "performance"
    repeat: int = 7
    patience: int = 3
    alarm: tuple[int, int] = (1, 1)
    news: timedelta = timedelta(days=2)
    news_of_performance: timedelta = timedelta(days=14)


Latest = Sequence[WindowScore]
"""A window, and those of its model version before it, newest first."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A condition: whether it holds in the first window (None: cannot tell), and its title."""

    name: str
    holds: Callable[[Latest, AlertRules], bool | None]
    title: Callable[[Latest, AlertRules], str]


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
        Of the same model version, newest first; at least ``rules.repeat`` of them, and as many
        again as the alarm looks back over, if there are.
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
    windows = (score, *previous)
    for rule in _RULES:
        patience = rules.patience if rule.name == "unknown" else 1
        age = rules.news_of_performance if rule.name == "performance" else rules.news
        told_by = [rule.holds(windows[place:], rules) for place in range(len(windows))]
        telling = [pair for pair in zip(windows, told_by, strict=True) if pair[1] is not None]
        if not telling or telling[0][0] is not score or at - score.end > age:
            continue
        lasted = _lasted(telling)
        if lasted:
            recent = telling[1 : min(lasted, rules.repeat)]
            told = any(alert_id(one, rule.name) in known for one, _ in recent)
            if lasted >= patience and not told:
                title = rule.title(windows, rules)
                yield _alert(windows, rule.name, _severity(rule, rules), title, at, rules)
        elif _lasted(telling[1:]) >= patience:
            title = f"{short(score.deployment)}: {rule.name} is over"
            yield _alert(windows, rule.name + RESOLVED, "record", title, at, rules)


def _lasted(telling: Sequence[tuple[WindowScore, bool | None]]) -> int:
    """For how many windows in a row, the newest included, the condition holds."""
    for count, (_, holds) in enumerate(telling):
        if not holds:
            return count
    return len(telling)


def _severity(rule: _Rule, rules: AlertRules) -> Severity:
    pages = rule.name in {rules.page_on, "no-data"}
    return "page" if pages and rules.page_on != "never" else "notify"


def _drifts(windows: Latest, rules: AlertRules) -> bool | None:
    """Whether N of the last M windows drift; unknown ones are not counted as fine."""
    wanted, _ = rules.alarm
    found = [_drift_of(one) for one in _looked_at(windows, rules)]
    hits, blank = found.count("drift"), found.count("unknown")
    if found[0] == "unknown" or hits < wanted <= hits + blank:
        return None
    return hits >= wanted


def _drift_of(score: WindowScore) -> object:
    return score.detail.get("drift", "unknown")


def _looked_at(windows: Latest, rules: AlertRules) -> Latest:
    """The last M windows of the newest one's length: one under way would count twice."""
    length = windows[0].end - windows[0].start
    return [one for one in windows if one.end - one.start == length][: rules.alarm[1]]


def _degrades(windows: Latest, _: AlertRules) -> bool | None:
    status = read_detail(windows[0]).performance.status
    return None if status == "unknown" else status == "degraded"


def _stale(windows: Latest, _: AlertRules) -> bool | None:
    age = read_detail(windows[0]).feature_age
    return None if age is None or age.status in {"unknown", "told"} else age.status == "stale"


def _stale_title(windows: Latest, _: AlertRules) -> str:
    age = read_detail(windows[0]).feature_age
    late, limit = (0.0, 0.0) if age is None else (age.window.p95 or 0.0, age.limit or 0.0)
    told = f"one answer in twenty on some over {span_words(late)} old, {span_words(limit)} allowed"
    return f"{short(windows[0].deployment)}: stale features, {told}"


def _drift_title(windows: Latest, rules: AlertRules) -> str:
    looked_at = _looked_at(windows, rules)
    newest = next(one for one in looked_at if _drift_of(one) == "drift")
    columns = listed([column.name for column in by_weight(read_detail(newest).watched)])
    title = f"{short(newest.deployment)}: drift in {columns}"
    return f"{title}, {_counted(windows, rules)}" if rules.alarm[1] > 1 else title


def _counted(windows: Latest, rules: AlertRules) -> str:
    """How the alarm came about: ``2 of the last 3 windows``."""
    looked_at = _looked_at(windows, rules)
    hits = sum(_drift_of(one) == "drift" for one in looked_at)
    return f"{hits} of the last {len(looked_at)} windows"


_RULES = (
    _Rule(
        "performance",
        _degrades,
        lambda w, _: f"{short(w[0].deployment)}: {read_detail(w[0]).performance.reason}",
    ),
    _Rule("drift", _drifts, _drift_title),
    _Rule("stale", _stale, _stale_title),
    _Rule(
        "no-data",
        lambda w, _: w[0].rows == 0,
        lambda w, _: f"{short(w[0].deployment)}: no predictions",
    ),
    _Rule(
        "unknown",
        lambda w, _: w[0].status == "unknown" and w[0].rows > 0,
        lambda w, _: f"{short(w[0].deployment)}: cannot tell whether it drifts",
    ),
)


def _alert(  # noqa: PLR0913, PLR0917 - what an alert is made of
    windows: Latest, rule: str, severity: Severity, title: str, at: datetime, rules: AlertRules
) -> Alert:
    score, counted = windows[0], _counted(windows, rules)
    detail = read_detail(score)
    body = _body(score)
    if rule == "drift" and rules.alarm[1] > 1:
        body = f"{counted} drift, {rules.alarm[0]} of {rules.alarm[1]} are demanded\n{body}"
    return Alert(
        id=alert_id(score, rule),
        deployment=score.deployment,
        rule=rule,
        severity=severity,
        title=title,
        body=body,
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
    age = detail.feature_age
    if age is not None:
        lines.append(f"feature age: {age.reason}")
    span = f"--from {score.start:%Y-%m-%dT%H:%M} --to {score.end:%Y-%m-%dT%H:%M}"
    lines.append(f"next: mooring monitor {span}")
    if age is not None and age.status == "stale":
        lines.append(f"      mooring skew {span}   (what was stale, and its cost)")
    lines.append(_NEXT[score.status])
    return "\n".join(lines)


_NEXT = {
    "ok": "      mooring status",
    "drift": "      mooring lineage   (what serves, and its data); mooring run   (retrain)",
    "degraded": "      mooring run   (retrain through the gates); mooring rollback   (if new)",
    "unknown": "      is the feed up, and does mooring serve answer? mooring status",
}
