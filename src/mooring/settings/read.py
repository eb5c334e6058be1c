"""The only reader of ``mooring.toml`` and of the environment's ``MOORING_`` variables."""

from __future__ import annotations

import difflib
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Union, get_args, get_origin, get_type_hints

import msgspec

from mooring.clock import parse_duration
from mooring.errors import NoProject, SettingsError, UsageError
from mooring.settings.model import SPANS, ProjectFile, Settings

FILE = "mooring.toml"
_PREFIX = "MOORING_"

Key = tuple[str, ...]


def find_project(start: Path) -> Path:
    """The nearest folder, from ``start`` upwards, that holds a ``mooring.toml``.

    Raises
    ------
    NoProject
        When there is none up to the root of the file system.
    """
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise NoProject(
        f"no {FILE} in this folder or above it",
        where=str(start),
        fix="cd to your project, or start one: mooring init --data my.parquet --target y",
    )


def load_settings(root: Path, environment: Mapping[str, str]) -> Settings:
    """Reads a project's declarations and refuses whatever it does not understand.

    Parameters
    ----------
    root : Path
        The folder that holds ``mooring.toml``.
    environment : Mapping[str, str]
        ``MOORING_<TABLE>__<KEY>`` overrides that key; values are read as TOML, or as text.

    Raises
    ------
    SettingsError
        Naming the file, the line and the nearest valid key.

    Examples
    --------
    >>> load_settings(Path("bike_demand"), {"MOORING_SERVING__PORT": "9000"})  # doctest: +SKIP
    """
    text = _text(root / FILE)
    try:
        declared: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}", where=str(root / FILE)) from error
    _override(declared, environment)
    _refuse_unknown_keys(declared, text)
    file = _convert(declared, text)
    _check_meaning(file, text)
    return Settings(**{name: getattr(file, name) for name in file.__struct_fields__}, root=root)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NoProject(f"no {FILE} here", where=str(path.parent), fix="mooring init") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}", where=str(path)) from error


def _override(declared: dict[str, object], environment: Mapping[str, str]) -> None:
    """Puts ``MOORING_TABLE__KEY`` variables over the file's keys."""
    for variable, text in sorted(environment.items()):
        if not variable.startswith(_PREFIX) or "__" not in variable:
            continue
        *tables, key = variable.removeprefix(_PREFIX).lower().split("__")
        place: object = declared
        for table in tables:
            if not isinstance(place, dict):
                break
            place = place.setdefault(table, {})
        if not isinstance(place, dict) or not key:
            raise SettingsError(f"{variable} does not name a key", where="environment")
        place[key] = _toml_value(text)


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _refuse_unknown_keys(declared: Mapping[str, object], text: str) -> None:
    for key, known in _unknown(ProjectFile, declared, ()):
        near = difflib.get_close_matches(key[-1], known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"the keys here are: {', '.join(known)}"
        raise SettingsError(f"unknown key {'.'.join(key)!r}", where=_place(text, key), fix=fix)


def _unknown(shape: type[msgspec.Struct], declared: object, path: Key) -> Iterator[tuple[Key, list[str]]]:
    """Each declared key that ``shape`` does not have, with the keys it does have."""
    if isinstance(declared, list | tuple):
        for item in declared:
            yield from _unknown(shape, item, path)
    if not isinstance(declared, Mapping):
        return
    hints = get_type_hints(shape)
    for key, value in declared.items():
        if key not in shape.__struct_fields__:
            yield (*path, key), sorted(hints)
        elif (inner := _table_inside(hints[key])) is not None:
            yield from _unknown(inner, value, (*path, key))


def _table_inside(hint: object) -> type[msgspec.Struct] | None:
    """The struct a field holds, alone or in a tuple."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in (tuple, Union, types.UnionType):
        return next((t for t in map(_table_inside, get_args(hint)) if t is not None), None)
    return None


def _convert(declared: Mapping[str, object], text: str) -> ProjectFile:
    try:
        return msgspec.convert(declared, ProjectFile)
    except msgspec.ValidationError as error:
        what, _, at = str(error).partition(" - at ")
        key = tuple(re.findall(r"[A-Za-z_]\w*", at))
        missing = re.search(r"missing required field `(\w+)`", what)
        if missing:
            key, what = (*key, missing[1]), f"the key {missing[1]!r} is missing"
        name = ".".join(key)
        raise SettingsError(
            f"{name}: {what[0].lower()}{what[1:]}", where=_place(text, key), fix=_hint(key)
        ) from error


def _hint(key: Key) -> str:
    if key in {("project",), ("data",)} or key[:1] == ("data",):
        return 'the file needs [project] name = "…" and [data] source, target and task'
    return ""


def _check_meaning(file: ProjectFile, text: str) -> None:
    """What types cannot say: durations, and names that must refer to something."""
    for table, keys in SPANS.items():
        for key in keys:
            _check_span(getattr(getattr(file, table), key), (table, key), text)
    for key in ("validation", "holdout"):
        value = getattr(file.split, key)
        if isinstance(value, str):
            _check_span(value, ("split", key), text)
    shares = [s for s in (file.split.validation, file.split.holdout) if isinstance(s, float)]
    if sum(shares) >= 1:
        raise SettingsError(
            "split: validation and holdout leave no rows to train on",
            where=_place(text, ("split", "holdout")),
            fix="keep their sum well below 1; 0.1 and 0.2 are the defaults",
        )
    if file.data.target in {*file.data.keys, *file.data.exclude, file.data.time}:
        raise SettingsError(
            f"data: the target {file.data.target!r} is also a key, the time or excluded",
            where=_place(text, ("data", "target")),
        )
    _check_triggers(file, text)
    for alert in file.alerts:
        if alert.kind != "log" and alert.url_env is None:
            raise SettingsError(
                f"alerts: route {alert.name!r} has no url_env",
                where=_place(text, ("alerts",)),
                fix='name the variable that holds the address: url_env = "SLACK_WEBHOOK_URL"',
            )


def _check_span(value: str | None, key: Key, text: str) -> None:
    if value is None:
        return
    try:
        parse_duration(value)
    except UsageError as error:
        raise SettingsError(
            f"{'.'.join(key)}: {error.what}", where=_place(text, key), fix=error.fix
        ) from error


_NEEDS = {
    "schedule": ("every", "cron"),
    "new_data": ("rows",),
    "drift": ("features",),
    "performance": ("degraded",),
    "all": ("of",),
}


def _check_triggers(file: ProjectFile, text: str) -> None:
    where = _place(text, ("triggers",))
    names = [trigger.name for trigger in file.triggers]
    for trigger in file.triggers:
        needs = _NEEDS[trigger.kind]
        if not any(getattr(trigger, key) for key in needs):
            raise SettingsError(
                f"trigger {trigger.name!r} of kind {trigger.kind!r} says nothing",
                where=where,
                fix=f"give it {' or '.join(needs)}",
            )
        if trigger.every is not None:
            _check_span(trigger.every, ("triggers", "every"), text)
        if not re.fullmatch(r"[1-9]\d* of [1-9]\d*", trigger.windows):
            raise SettingsError(
                f"trigger {trigger.name!r}: windows = {trigger.windows!r}",
                where=where,
                fix='write how many of how many: windows = "2 of 3"',
            )
        _check_references(trigger.name, trigger.of, names, where)
    if len(set(names)) != len(names):
        raise SettingsError("two triggers share a name", where=where)


def _check_references(name: str, of: tuple[str, ...], names: list[str], where: str) -> None:
    for other in of:
        if other not in names or other == name:
            near = difflib.get_close_matches(other, names, n=1)
            raise SettingsError(
                f"trigger {name!r} refers to {other!r}, which is not another trigger",
                where=where,
                fix=f"did you mean {near[0]!r}?" if near else f"the triggers are {names}",
            )


def _place(text: str, key: Key) -> str:
    """``mooring.toml, line n`` of a dotted key, as near as the text shows it."""
    table: Key = ()
    best = 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line)
        if header:
            table = tuple(part.strip().strip("\"'") for part in header[1].split("."))
            if key[: len(table)] == table:
                best = number
                if key == table:
                    break
            continue
        entry = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
        if entry and (*table, *entry[1].split("."))[: len(key)] == key:
            best = number
            break
    return f"{FILE}, line {best}" if best else FILE
