"""Reading a TOML file strictly: what is wrong names its line and the nearest valid key."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar, get_type_hints

import msgspec

from mooring.errors import SettingsError
from mooring.settings.place import Declared
from mooring.settings.shape import Key, dotted, struct_in_map, unknown, words_at

T = TypeVar("T", bound=msgspec.Struct)


def toml_values(text: str, file: str, where: str) -> dict[str, object]:
    """The keys of a TOML text.

    Parameters
    ----------
    text : str
    file : str
        The file's name, for messages.
    where : str
        Where it is, for messages.

    Raises
    ------
    SettingsError
        When it is not valid TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(
            f"{file} is not valid TOML: {error}",
            where=where,
            fix="texts stand in double quotes, lists in [ ], and every key stands once",
        ) from error


def read_text(path: Path) -> str:
    """A settings file as text; one that is not there stays a ``FileNotFoundError``.

    Raises
    ------
    SettingsError
        When it is not UTF-8, or cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path.name} is not UTF-8: {error.reason} at byte {error.start}",
            where=str(path),
            fix="save it with the encoding UTF-8",
        ) from error
    except OSError as error:
        raise SettingsError(
            f"{path.name} cannot be read: {error.strerror}", where=str(path)
        ) from error


def refuse_unknown_keys(declared: Declared, shape: type[msgspec.Struct]) -> None:
    """Refuses a key that the shape does not have.

    Raises
    ------
    SettingsError
        Naming the line and the nearest valid key.
    """
    for key, known in unknown(declared.values, shape):
        near = difflib.get_close_matches(str(key[-1]), known, n=1)
        fix = f"did you mean {near[0]!r}?" if near else f"the keys here are: {', '.join(known)}"
        raise SettingsError(f"unknown key {dotted(key)!r}", where=declared.place(key), fix=fix)


def convert(
    declared: Declared, shape: type[T], needed: Mapping[str, str] = MappingProxyType({})
) -> T:
    """The values as the shape has them.

    Parameters
    ----------
    declared : Declared
    shape : type of msgspec.Struct
    needed : mapping of str to str
        By table, the cure where a key is missing that must be there.

    Raises
    ------
    SettingsError
        Naming the line, and the words that may stand there.
    """
    try:
        return msgspec.convert(declared.values, shape)
    except msgspec.ValidationError as error:
        prefix, found = _innermost(declared.values, shape, error)
        raise _refusal(declared, shape, prefix, str(found), needed) from error


def _refusal(
    declared: Declared,
    shape: type[msgspec.Struct],
    prefix: Key,
    said: str,
    needed: Mapping[str, str],
) -> SettingsError:
    what, _, at = said.partition(" - at ")
    found = re.findall(r"\[(\d+)\]|([A-Za-z_]\w*)", at)
    key: Key = (*prefix, *(int(place) if place else name for place, name in found))
    missing = re.search(r"missing required field `(\w+)`", what)
    if missing:
        key, what = (*key, missing[1]), f"the key {missing[1]!r} is missing"
        fix = needed.get(str(key[0]), f"write {key[-1]} = … there")
    else:
        fix = _allowed(declared.values, shape, key)
    return SettingsError(
        f"{dotted(key)}: {what[0].lower()}{what[1:]}", where=declared.place(key), fix=fix
    )


def _innermost(
    values: object, shape: type[msgspec.Struct], error: msgspec.ValidationError
) -> tuple[Key, msgspec.ValidationError]:
    """The error as the table says it that holds it: msgspec does not name the key of a map."""
    for name, key, inner in _tables_by_name(values, shape):
        try:
            msgspec.convert(_at(values, key), inner)
        except msgspec.ValidationError as nearer:
            if f"$.{name}" in str(error):
                return key, nearer
    return (), error


def _tables_by_name(
    values: object, shape: type[msgspec.Struct]
) -> Iterator[tuple[str, Key, type[msgspec.Struct]]]:
    for name, hint in get_type_hints(shape).items():
        inner = struct_in_map(hint)
        tables = values.get(name) if isinstance(values, dict) else None
        if inner is not None and isinstance(tables, dict):
            for key in tables:
                yield name, (name, key), inner


def _allowed(values: object, shape: type[msgspec.Struct], key: Key) -> str:
    """The words a key may hold, the nearest to what stands there first."""
    words = words_at(key, shape)
    if not words:
        return ""
    near = difflib.get_close_matches(str(_at(values, key)), words, n=1)
    return f"did you mean {near[0]!r}?" if near else f"it may be {', '.join(words)}"


def _at(values: object, key: Key) -> object:
    for part in key:
        if isinstance(values, list) and isinstance(part, int):
            values = values[part]
        elif isinstance(values, dict):
            values = values.get(part)
    return values
