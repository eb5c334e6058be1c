"""The repository's documents as values: what they link to, and the code they show."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

import msgspec

from tests.architecture.source import ROOT

_FENCE = re.compile(r"^```([\w-]*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_COMMAND = re.compile(r"(?<![\w./'\[-])mooring((?: +[a-z][a-z-]*)+)")


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What stands between single backticks."""
        return _SPAN.findall(self.prose)

    def blocks(self, *languages: str) -> list[str]:
        """The fenced blocks in one of these languages."""
        return [body for language, body in _FENCE.findall(self.text) if language in languages]

    @property
    def links(self) -> list[str]:
        """Targets of links into the repository, as written."""
        found: list[str] = _LINK.findall(_SPAN.sub("", self.prose))
        return [link for link in found if not link.startswith(("http:", "https:", "mailto:"))]

    @property
    def anchors(self) -> set[str]:
        """The names under which headings can be linked to."""
        titles = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(self.prose))
        return {title.replace(" ", "-") for title in titles}

    def commands(self) -> Iterator[tuple[str, ...]]:
        """The words after ``mooring`` in each command shown, before the first option."""
        for code in (*self.blocks("", "sh", "console", "bash", "shell"), *self.spans):
            for line in code.splitlines():
                command = re.sub(r"\s+#.*|[│┃].*", "", line)
                for match in _COMMAND.finditer(command):
                    yield tuple(match[1].split())

    def tables(self) -> Iterator[Mapping[str, object]]:
        """Each TOML block, parsed."""
        for block in self.blocks("toml"):
            yield tomllib.loads(block)


def read(name: str) -> Document:
    """A document by its path from the root."""
    return Document(Path(name), (ROOT / name).read_text(encoding="utf-8"))


def unknown_keys(
    shape: type[msgspec.Struct], declared: object, path: tuple[str, ...] = ()
) -> Iterator[str]:
    """Dotted names in a piece of ``mooring.toml`` that no settings struct has."""
    if isinstance(declared, list):
        for item in declared:
            yield from unknown_keys(shape, item, path)
    if not isinstance(declared, Mapping):
        return
    hints = get_type_hints(shape)
    for key, value in declared.items():
        if key not in hints:
            yield ".".join((*path, key))
        elif (inner := table_inside(hints[key])) is not None:
            yield from unknown_keys(inner, value, (*path, key))


def table_inside(hint: object) -> type[msgspec.Struct] | None:
    """The struct that a field holds, alone, in a tuple or optionally."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    if get_origin(hint) in {tuple, Union, UnionType}:
        return next((found for found in map(table_inside, get_args(hint)) if found), None)
    return None


def nested(name: str) -> Mapping[str, object]:
    """``a.b`` as ``{"a": {"b": {}}}``."""
    first, _, rest = name.partition(".")
    return {first: nested(rest) if rest else {}}
