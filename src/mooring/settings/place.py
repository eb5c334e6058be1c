"""What a project declared, and on which line, so that an error can point at it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mooring.settings.shape import Key

FILE = "mooring.toml"

_NAME = r"(?:[\w-]+|\"[^\"]*\"|'[^']*')"
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_PATH})\s*\]\]?\s*(?:#.*)?")
_ENTRY = re.compile(rf"\s*({_PATH})\s*=")


@dataclass(frozen=True, slots=True)
class Declared:
    """The file's text, the values in force, and which variable overrides which key."""

    text: str
    values: Mapping[str, object]
    variables: Mapping[Key, str] = field(default_factory=dict)
    file: str = FILE

    def place(self, key: Key) -> str:
        """``mooring.toml, line n`` of a key, or the variable that overrides it.

        A key that is absent is placed at the nearest table that would hold it.
        """
        for depth in range(len(key), 0, -1):
            if key[:depth] in self.variables:
                return f"the environment variable {self.variables[key[:depth]]}"
        for overridden, variable in self.variables.items():
            if overridden[: len(key)] == key and not _stands_in(self.text, key):
                return f"the environment variable {variable}"
        line = line_of(self.text, key)
        return f"{self.file}, line {line}" if line else self.file


def line_of(text: str, key: Key) -> int:
    """The line, from 1, that holds a key or begins the innermost table around it; else 0."""
    best, depth = 0, 0
    for number, path in _paths(text):
        if path[: len(key)] == key:
            return number
        if key[: len(path)] == path and len(path) > depth:
            best, depth = number, len(path)
    return best


def _stands_in(text: str, key: Key) -> bool:
    return any(path[: len(key)] == key for _, path in _paths(text))


def _paths(text: str) -> Iterator[tuple[int, Key]]:
    """The key that each line of a TOML text begins, with the number of the line."""
    table: Key = ()
    arrays: Counter[Key] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.fullmatch(line):
            names = _names(header[2])
            if header[1] == "[[":
                arrays[names] += 1
            table = _numbered(names, arrays)
            yield number, table
        elif entry := _ENTRY.match(line):
            yield number, (*table, *_names(entry[1]))


def _names(path: str) -> Key:
    return tuple(name[1:-1] if name[0] in "\"'" else name for name in re.findall(_NAME, path))


def _numbered(names: Key, arrays: Mapping[Key, int]) -> Key:
    """The names with the place of the latest table after each array."""
    found: Key = ()
    for depth, name in enumerate(names, start=1):
        count = arrays.get(names[:depth], 0)
        found = (*found, name, count - 1) if count else (*found, name)
    return found
