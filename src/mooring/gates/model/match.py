"""What one verdict is about, and what each part of it finds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mooring.gates.cases import Column
from mooring.gates.inference.plan import Plan
from mooring.gates.metric import Metric
from mooring.lineage.answers import Answers, Label

if TYPE_CHECKING:
    import polars as pl

    from mooring.gates.paired import PairedDifference
    from mooring.settings.model import ModelGate, Task

Outcome = Literal["pass", "fail", "not_enough_evidence"]


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Candidate and opponent on the same rows.

    Parameters
    ----------
    trivial : Answers or None
        The answers that ignore the features; None when the opponent is they.
    rows : polars.DataFrame or None
        The raw rows, to find slices in.
    searched : tuple of str
        Columns of ``rows`` that slices are looked for in.
    plan : Plan
        How every interval of this verdict is made.
    constants : mapping of str to Answers
        By metric of a guardrail: the best answers for it that ignore the features.
    """

    task: Task
    metric: Metric
    truth: Column
    candidate: Answers
    opponent: Answers
    name: str
    positive: Label | None
    rules: ModelGate
    plan: Plan
    trivial: Answers | None = None
    rows: pl.DataFrame | None = None
    searched: tuple[str, ...] = ()
    constants: Mapping[str, Answers] = field(default_factory=dict)

    @property
    def first(self) -> bool:
        """Whether nothing serves yet, so that the opponent only ignores the features."""
        return self.trivial is None


@dataclass(frozen=True, slots=True)
class Finding:
    """What one part of the gate came to.

    Parameters
    ----------
    part : str
        ``claim``, ``trivial baseline``, a guardrail such as ``metric roc_auc`` or ``latency``.
    outcome : "pass", "fail" or "not_enough_evidence"
    reason : str
        A sentence for a person.
    rows_needed : int or None
        About how many holdout rows would decide it.
    evidence : mapping
        Numbers behind the sentence, ready for JSON.
    warned : bool
        A pass that a person should know of; told before those that are nothing but one.
    """

    part: str
    outcome: Outcome
    reason: str
    rows_needed: int | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
    warned: bool = False


def unknown(part: str, reason: str, rows_needed: int | None = None) -> Finding:
    """A part that could not tell."""
    return Finding(part, "not_enough_evidence", reason, rows_needed)


def about(rows: int | None) -> str:
    """The end of a sentence about what could not be told."""
    return "" if rows is None else f"; about {rows:,} rows would tell"


def places(found: PairedDifference) -> Callable[[float | None], str]:
    """Writes numbers with as many decimals as the interval can tell apart: two digits of it."""
    width = max(found.high - found.low, abs(found.difference)) / 2
    decimals = 4 if width <= 0 else min(9, max(0, 1 - math.floor(math.log10(width))))
    return lambda value: "undefined" if value is None else f"{value:z,.{decimals}f}"
