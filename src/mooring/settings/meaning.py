"""What types cannot say: durations, and names that must refer to something."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from mooring.clock import parse_duration
from mooring.errors import SettingsError, UsageError
from mooring.settings.counts import MOST_WINDOWS, parse_n_of_m
from mooring.settings.model import POSITIVE_SPANS, SPANS, ModelGate, ProjectFile, Trigger
from mooring.settings.place import Declared
from mooring.settings.shape import Key, dotted

_COMMON = ("name", "kind", "alone")
_NEEDS = {
    "schedule": ("every", "cron"),
    "new_data": ("rows",),
    "drift": ("features",),
    "performance": ("degraded",),
    "all": ("of",),
}
_MAY = {"drift": ("windows",), "performance": ("windows",)}


def check_meaning(file: ProjectFile, declared: Declared) -> None:
    """Refuses what is of the right type and still makes no sense.

    Raises
    ------
    SettingsError
        Naming the line.
    """
    _check_spans(file, declared)
    _check_columns(file, declared)
    _check_split(file, declared)
    _check_kept(file, declared)
    _check_claim(file.gates.model, declared)
    where = declared.place(("monitoring", "alarm"))
    _check_windows(file.monitoring.alarm, "monitoring", "alarm", where)
    _check_unique("alerts", (route.name for route in file.alerts), declared)
    for place, route in enumerate(file.alerts):
        if route.kind != "log" and route.url_env is None:
            raise SettingsError(
                f"alerts: route {route.name!r} has no url_env",
                where=declared.place(("alerts", place)),
                fix='name the variable that holds the address: url_env = "SLACK_WEBHOOK_URL"',
            )
    _check_unique("triggers", (trigger.name for trigger in file.triggers), declared)
    for place, trigger in enumerate(file.triggers):
        _check_trigger(trigger, ("triggers", place), declared)
        _check_references(trigger, file.triggers, declared.place(("triggers", place, "of")))
        _check_counts(trigger, file.triggers, declared.place(("triggers", place, "alone")))


def _check_spans(file: ProjectFile, declared: Declared) -> None:
    for table, keys in SPANS.items():
        for key in keys:
            value = getattr(getattr(file, table), key)
            _check_span(value, (table, key), declared, zero=(table, key) not in POSITIVE_SPANS)


def _check_span(value: str | None, key: Key, declared: Declared, *, zero: bool = False) -> None:
    if value is None:
        return
    try:
        span = parse_duration(value)
    except UsageError as error:
        raise SettingsError(
            f"{dotted(key)}: {error.what}", where=declared.place(key), fix=error.fix
        ) from error
    if span == timedelta() and not zero:
        raise SettingsError(
            f"{dotted(key)}: {value!r} is no time at all",
            where=declared.place(key),
            fix="write a span above zero, such as 7d",
        )


def _check_columns(file: ProjectFile, declared: Declared) -> None:
    data = file.data
    if data.target in {*data.keys, *data.exclude, data.time}:
        raise SettingsError(
            f"data.target: {data.target!r} is also a key, the time or excluded",
            where=declared.place(("data", "target")),
            fix="the target never reaches features; name it once",
        )
    if data.window is not None and data.time is None:
        raise SettingsError(
            "data.window: there is no time column to measure it by",
            where=declared.place(("data", "window")),
            fix='name the column of instants: time = "…"',
        )


def _check_split(file: ProjectFile, declared: Declared) -> None:
    parts = {"validation": file.split.validation, "holdout": file.split.holdout}
    for key, value in parts.items():
        if isinstance(value, str):
            _check_span(value, ("split", key), declared)
            if file.data.time is None:
                raise SettingsError(
                    f"split.{key}: there is no time column to measure {value!r} by",
                    where=declared.place(("split", key)),
                    fix="write a share such as 0.2, or name the time column in [data]",
                )
    if sum(value for value in parts.values() if isinstance(value, float)) >= 1:
        raise SettingsError(
            "split: validation and holdout leave no rows to train on",
            where=declared.place(("split", "holdout")),
            fix="keep their sum well below 1; 0.1 and 0.2 are the defaults",
        )


def _check_kept(file: ProjectFile, declared: Declared) -> None:
    """What the log keeps beside the inputs, and what asks for it."""
    serving = file.serving
    named = {"features_at": (serving.features_at,), "log_keys": serving.log_keys}
    for key, names in named.items():
        if file.data.target in names:
            raise SettingsError(
                f"serving.{key}: {file.data.target!r} is the target, which no request has",
                where=declared.place(("serving", key)),
                fix="name a field of the requests",
            )
    if serving.features_at is not None and serving.features_at in serving.log_keys:
        raise SettingsError(
            f"serving.features_at: {serving.features_at!r} is also one of serving.log_keys",
            where=declared.place(("serving", "features_at")),
            fix="an instant names no entity; name the field once",
        )
    if file.monitoring.max_feature_age is not None and serving.features_at is None:
        raise SettingsError(
            "monitoring.max_feature_age: no field says when features were computed",
            where=declared.place(("monitoring", "max_feature_age")),
            fix='name the field of a request that does: [serving] features_at = "computed_at"',
        )


def _check_claim(gate: ModelGate, declared: Declared) -> None:
    """A key that the claim would not look at is refused."""
    at: Key = ("gates", "model")
    if gate.claim == "non_inferiority":
        if gate.margin is None:
            raise SettingsError(
                "gates.model: non_inferiority needs a margin",
                where=declared.place((*at, "claim")),
                fix="say what share may be lost: margin = 0.02",
            )
        if "worthwhile" in _keys_of(declared, at):
            raise SettingsError(
                "gates.model: non_inferiority would not look at 'worthwhile'",
                where=declared.place((*at, "worthwhile")),
                fix="take it out; margin says what may be lost",
            )
    elif gate.margin is not None:
        raise SettingsError(
            "gates.model: superiority would not look at 'margin'",
            where=declared.place((*at, "margin")),
            fix='take it out, or set claim = "non_inferiority"',
        )


def _check_unique(table: str, names: Iterable[str], declared: Declared) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise SettingsError(
                f"{table}: two of them share the name {name!r}",
                where=declared.place((table, place, "name")),
                fix="give each its own name; decisions and deliveries are recorded by it",
            )
        seen.add(name)


def _check_trigger(trigger: Trigger, at: Key, declared: Declared) -> None:
    needs = _NEEDS[trigger.kind]
    given = [key for key in needs if getattr(trigger, key)]
    if not given:
        raise SettingsError(
            f"trigger {trigger.name!r} of kind {trigger.kind!r} says nothing",
            where=declared.place(at),
            fix=f"give it {' or '.join(needs)}",
        )
    reads = (*needs, *_MAY.get(trigger.kind, ()))
    spare = [key for key in _keys_of(declared, at) if key not in {*_COMMON, *reads}]
    spare += given[1:]
    if spare:
        raise SettingsError(
            f"trigger {trigger.name!r} of kind {trigger.kind!r} would not look at {spare[0]!r}",
            where=declared.place((*at, spare[0])),
            fix=f"take it out; this kind reads {' or '.join(reads)}",
        )
    _check_span(trigger.every, (*at, "every"), declared)
    _check_cron(trigger, declared.place((*at, "cron")))
    where = declared.place((*at, "windows"))
    _check_windows(trigger.windows, f"trigger {trigger.name!r}", "windows", where)


def _keys_of(declared: Declared, at: Key) -> list[str]:
    found: object = declared.values
    for part in at:
        if isinstance(found, Mapping):
            found = found.get(str(part))
        elif isinstance(found, list) and isinstance(part, int):
            found = found[part]
    return list(found) if isinstance(found, Mapping) else []


def _check_cron(trigger: Trigger, where: str) -> None:
    if trigger.cron is None:
        return
    from cronsim import CronSim, CronSimError

    try:
        first = next(CronSim(trigger.cron, datetime(2000, 1, 1, tzinfo=UTC)), None)
    except CronSimError as error:
        raise SettingsError(
            f"trigger {trigger.name!r}: cron = {trigger.cron!r}: {error}",
            where=where,
            fix='write minute, hour, day, month and weekday: cron = "0 3 * * 1", in UTC',
        ) from error
    if first is None:
        raise SettingsError(f"trigger {trigger.name!r}: {trigger.cron!r} never comes", where=where)


def _check_windows(text: str | None, what: str, key: str, where: str) -> None:
    if text is None:
        return
    try:
        parse_n_of_m(text)
    except UsageError as error:
        fix = f'write how many of how many, {MOST_WINDOWS} at most: {key} = "2 of 3"'
        raise SettingsError(f"{what}: {key} = {text!r}", where=where, fix=fix) from error


def _check_references(trigger: Trigger, triggers: Iterable[Trigger], where: str) -> None:
    """``all`` joins simple triggers; one inside another could go round in a circle."""
    simple = [other.name for other in triggers if other.kind != "all"]
    for name in trigger.of:
        if name not in simple:
            near = difflib.get_close_matches(name, simple, n=1)
            raise SettingsError(
                f"trigger {trigger.name!r} refers to {name!r}, which is not another trigger "
                "of its own",
                where=where,
                fix=f"did you mean {near[0]!r}?" if near else f"it may join {', '.join(simple)}",
            )


def _check_counts(trigger: Trigger, triggers: Iterable[Trigger], where: str) -> None:
    """A trigger that is neither alone nor part of another would never be looked at."""
    if not trigger.alone and not any(trigger.name in other.of for other in triggers):
        raise SettingsError(
            f"trigger {trigger.name!r} counts for nothing: alone = false, and no other names it",
            where=where,
            fix='take alone = false out, or name it in a trigger of kind "all"',
        )
