"""What was found in a table, and what follows from it: the content of the two files, as a value."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from mooring.settings.model import Task

Label = str | int | bool
WIDTH = 80


@dataclass(frozen=True, slots=True)
class Note:
    """A column and why it is treated as it is."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Target:
    """What the column to predict holds.

    Parameters
    ----------
    column : str
    task : str
    reason : str
        Why this task.
    labelled : int
        Rows that have a label.
    classes : tuple of (label, share of the labelled rows), ascending
    positive : label or None
        For a binary task.
    positive_reason : str
    counts : bool
        Whether a regression's target is whole and never negative.
    skewed : bool
        Whether a few large values pull a regression's mean away from its median.
    """

    column: str
    task: Task
    reason: str
    labelled: int
    classes: tuple[tuple[Label, float], ...] = ()
    positive: Label | None = None
    positive_reason: str = ""
    counts: bool = False
    skewed: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A feature made of the time column: ``event_time_hour`` is ``hour`` of ``event_time``."""

    feature: str
    part: str


@dataclass(frozen=True, slots=True)
class Choices:
    """Numbers of ``mooring.toml`` that follow from how much data there is; None keeps a default."""

    data_min_rows: int | None
    model_min_rows: int | None
    window: str
    every: str
    new_rows: int
    label_delay: str
    label_delay_reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A project that can be written: what was found in its data, and what was chosen.

    Parameters
    ----------
    name : str
        Of the project.
    source : str
        Where the data is, as it was given.
    rows : int
    target : Target
    time : str or None
        The column of instants; None when the order of the rows is the time.
    time_reason : str
    types : tuple of (column, logical type)
        Columns that the file cannot say the type of.
    keys, excluded : tuple of Note
        Columns that never reach ``features``, and why.
    suspects : tuple of Note
        Features that are kept and want a person's look.
    numbers, categories : tuple of str
        Columns that are features, by kind.
    parts : tuple of Part
    choices : Choices
    params : tuple of (name, value)
        Of the learner.
    shuffled : polars.DataFrame or None
        The rows in a seeded random order, when theirs cannot be a time; written beside the files.
    """

    name: str
    source: str
    rows: int
    target: Target
    time: str | None
    time_reason: str
    types: tuple[tuple[str, str], ...]
    keys: tuple[Note, ...]
    excluded: tuple[Note, ...]
    suspects: tuple[Note, ...]
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    parts: tuple[Part, ...]
    choices: Choices
    params: tuple[tuple[str, int | float | str], ...]
    shuffled: pl.DataFrame | None = field(default=None, repr=False, compare=False)

    @property
    def findings(self) -> tuple[str, ...]:
        """What a person should read before the first run, in lines of at most 80 columns."""
        return tuple(line for text in self._texts() for line in _wrapped(text))

    def _texts(self) -> Iterator[str]:
        yield f"task      {self.target.task}: {self.target.reason}"
        if self.target.positive is not None:
            yield f"positive  {self.target.positive!r}: {self.target.positive_reason}"
        yield f"time      {self.time or 'the order of the rows'}: {self.time_reason}"
        made = f", and {_count(len(self.parts), 'part')} of the time" if self.parts else ""
        kinds = f"{_count(len(self.numbers), 'number')}, {len(self.categories)} categorical"
        yield f"features  {kinds}{made}"
        for verb, notes in (
            ("key", self.keys),
            ("excluded", self.excluded),
            ("look at", self.suspects),
        ):
            for note in notes:
                yield f"{verb:<9} {note.column}: {note.reason}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _wrapped(text: str) -> list[str]:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return textwrap.wrap(printable, WIDTH, subsequent_indent=" " * 10, break_on_hyphens=False)
