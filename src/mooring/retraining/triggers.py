"""Reasons to retrain, each a pure function from its declaration and the evidence to a reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mooring.clock import parse_duration
from mooring.lineage.values import WindowScore
from mooring.retraining.evidence import Evidence
from mooring.settings.counts import parse_n_of_m
from mooring.settings.model import Trigger


@dataclass(frozen=True, slots=True)
class Reading:
    """What one trigger says.

    Parameters
    ----------
    trigger : str
        The trigger's name.
    fires : bool or None
        None when it cannot be said yet: labels that have not matured, windows too small.
    because : str
        A sentence for the decision.
    window_key : str
        What the reading is about; a cause retrains at most once for it.
    floor : bool
        Whether it is the schedule, which the others override and nothing backs off.
    """

    trigger: str
    fires: bool | None
    because: str
    window_key: str
    floor: bool = False


def read_triggers(triggers: Sequence[Trigger], evidence: Evidence) -> tuple[Reading, ...]:
    """The reading of every trigger that counts on its own, in the order declared."""
    simple = {t.name: _READ[t.kind](t, evidence) for t in triggers if t.kind != "all"}
    combined = {t.name: _all_of(t, simple) for t in triggers if t.kind == "all"}
    readings = {**simple, **combined}
    return tuple(readings[trigger.name] for trigger in triggers if trigger.alone)


def _schedule(trigger: Trigger, evidence: Evidence) -> Reading:
    last = evidence.runs[0].at if evidence.runs else None
    if last is None:
        return Reading(trigger.name, True, "nothing has been trained yet", "first", floor=True)
    due = _next_slot(trigger, last)
    if evidence.now >= due:
        because = f"the schedule was due at {due:%Y-%m-%d %H:%M}"
        return Reading(trigger.name, True, because, due.isoformat(), floor=True)
    because = f"next due at {due:%Y-%m-%d %H:%M}"
    return Reading(trigger.name, False, because, due.isoformat(), floor=True)


def _next_slot(trigger: Trigger, last: datetime) -> datetime:
    """The first slot after the last run; slots are instants in UTC, so no hour is met twice."""
    if trigger.every is not None:
        return last + parse_duration(trigger.every)
    from cronsim import CronSim

    return next(CronSim(str(trigger.cron), last))


def _new_data(trigger: Trigger, evidence: Evidence) -> Reading:
    before = next((run.source_rows for run in evidence.runs if run.source_rows is not None), 0) or 0
    declared = trigger.rows or 1
    if evidence.source_rows is None:
        return Reading(trigger.name, None, "the source could not be counted", f"rows:{before}")
    fresh = evidence.source_rows - before
    # A run that ends before it divides the rows leaves `before` as it was; as many rows again are
    # another reason, or one bad delivery would end this trigger for good.
    key = f"rows:{before}+{max(fresh, 0) // declared * declared}"
    because = f"{fresh:,} new labelled rows (declared: {declared:,})"
    return Reading(trigger.name, fresh >= declared, because, key)


def _drift(trigger: Trigger, evidence: Evidence) -> Reading:
    def drifted(score: WindowScore) -> bool | None:
        if score.detail.get("drift") == "unknown":
            return None
        return len(_names(score)) >= trigger.features

    reading = _of_windows(trigger, evidence, drifted, trigger.windows or evidence.alarm)
    if not reading.fires:
        return reading
    # The newest window may be a fine one among N of M.
    moved = next((found for score in evidence.windows if (found := _names(score))), [])
    names = ", ".join(moved[:5])
    because = f"{reading.because} with {trigger.features} or more drifted features: {names}"
    return Reading(trigger.name, True, because, reading.window_key)


def _performance(trigger: Trigger, evidence: Evidence) -> Reading:
    limit = trigger.degraded or 0.0

    def degraded(score: WindowScore) -> bool | None:
        loss = _performance_of(score).get("loss")
        return None if loss is None or math.isnan(loss) else float(loss) > limit

    # Labels come late: the windows that still wait for theirs say nothing, and hide nothing.
    labelled = tuple(score for score in evidence.windows if degraded(score) is not None)
    if not labelled:
        because = "no window of the champion has enough labels yet"
        return Reading(trigger.name, None, because, "unlabelled")
    reading = _of_windows(trigger, evidence, degraded, trigger.windows or "1 of 1", labelled)
    if not reading.fires:
        return reading
    found = _performance_of(labelled[0])
    because = (
        f"{reading.because} degraded: {found['metric']} {float(found['value']):.4g}, "
        f"{float(found['loss']):+.0%} against the holdout's {float(found['baseline']):.4g}"
    )
    return Reading(trigger.name, True, because, reading.window_key)


def _of_windows(
    trigger: Trigger,
    evidence: Evidence,
    holds: Callable[[WindowScore], bool | None],
    demanded: str,
    windows: Sequence[WindowScore] | None = None,
) -> Reading:
    """Whether it holds in N of the latest M windows; unknown ones do not count as fine."""
    wanted, among = parse_n_of_m(demanded)
    latest = list(evidence.windows if windows is None else windows)[:among]
    if not latest:
        return Reading(trigger.name, None, "no window of the champion has been scored yet", "none")
    found = [holds(score) for score in latest]
    hits, key = found.count(True), latest[0].end.isoformat()
    because = f"{hits} of the latest {len(latest)} windows"
    if hits >= wanted:
        return Reading(trigger.name, True, because, key)
    could = hits + found.count(None) >= wanted or len(latest) < wanted
    return Reading(trigger.name, None if could else False, because, key)


def _all_of(trigger: Trigger, readings: Mapping[str, Reading]) -> Reading:
    parts = [readings[name] for name in trigger.of]
    key = "+".join(part.window_key for part in parts)
    because = " and ".join(part.because for part in parts)
    if all(part.fires for part in parts):
        return Reading(trigger.name, True, because, key)
    unknown = not any(part.fires is False for part in parts)
    return Reading(trigger.name, None if unknown else False, because, key)


def _names(score: WindowScore) -> list[str]:
    drifted = score.detail.get("drifted", ())
    return [str(name) for name in drifted] if isinstance(drifted, list | tuple) else []


def _performance_of(score: WindowScore) -> Mapping[str, Any]:
    found = score.detail.get("performance")
    return found if isinstance(found, Mapping) else {}


_READ: Mapping[str, Callable[[Trigger, Evidence], Reading]] = {
    "schedule": _schedule,
    "new_data": _new_data,
    "drift": _drift,
    "performance": _performance,
}
