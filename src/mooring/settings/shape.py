"""Walking the structs that ``mooring.toml`` is read into: which keys there are, of which types."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from mooring.settings.model import ProjectFile

Key = tuple[str | int, ...]
"""A path into the file: keys, and places in an array of tables."""


def dotted(key: Key) -> str:
    """A key as people write it; the line says which of an array's tables is meant."""
    return ".".join(part for part in key if isinstance(part, str))


def table_inside(hint: object) -> type[msgspec.Struct] | None:
    """The struct a field holds, alone or in a tuple."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in (tuple, Union, types.UnionType):
        return next((t for t in map(table_inside, get_args(hint)) if t is not None), None)
    return None


def struct_in_map(hint: object) -> type[msgspec.Struct] | None:
    """The struct that a table of freely named tables holds, such as ``[columns.x]``."""
    return table_inside(get_args(hint)[1]) if get_origin(hint) is dict else None


def hint_at(key: Key, root: type[msgspec.Struct] = ProjectFile) -> object:
    """The type of the value at a key; None where the file may hold anything or nothing."""
    hint: object = root
    for part in key:
        if isinstance(part, int):
            continue
        shape = table_inside(hint)
        if get_origin(hint) is dict:
            hint = get_args(hint)[1]
        elif shape is None or part not in shape.__struct_fields__:
            return None
        else:
            hint = get_type_hints(shape, include_extras=True)[part]
    return hint


def words_at(key: Key, root: type[msgspec.Struct] = ProjectFile) -> tuple[str, ...]:
    """The words that a value at a key may be, where they can be listed."""
    return tuple(_words(hint_at(key, root)))


def _words(hint: object) -> Iterator[str]:
    if get_origin(hint) is Literal:
        yield from (word for word in get_args(hint) if isinstance(word, str))
    else:
        for part in get_args(hint):
            yield from _words(part)


def leaves(shape: type[msgspec.Struct] = ProjectFile, path: Key = ()) -> Iterator[Key]:
    """Every key that holds a value and not a table."""
    for name, hint in get_type_hints(shape).items():
        inner = table_inside(hint)
        if inner is None or get_origin(hint) is tuple:
            yield (*path, name)
        else:
            yield from leaves(inner, (*path, name))


def unknown(
    declared: object, shape: type[msgspec.Struct] = ProjectFile, path: Key = ()
) -> Iterator[tuple[Key, list[str]]]:
    """Each declared key that ``shape`` does not have, with the keys it does have."""
    if isinstance(declared, list):
        for place, item in enumerate(declared):
            yield from unknown(item, shape, (*path, place))
    if not isinstance(declared, dict):
        return
    hints = get_type_hints(shape)
    for key, value in declared.items():
        if key not in shape.__struct_fields__:
            yield (*path, key), sorted(hints)
        elif (inner := table_inside(hints[key])) is not None:
            yield from unknown(value, inner, (*path, key))
        elif (inner := struct_in_map(hints[key])) is not None and isinstance(value, dict):
            for name, table in value.items():
                yield from unknown(table, inner, (*path, key, name))
