"""What is known of a candidate as it goes through the steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mooring.errors import RunError
from mooring.gates.contract import Contract
from mooring.gates.terms.keys import Keys
from mooring.gates.terms.reading import Written
from mooring.lineage.answers import Answers
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.values import Json, ModelVersion, Outcome, Run
from mooring.pipeline.splitting import Splits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted model, and the same as bytes."""

    model: object
    data: bytes
    trusted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What the candidate answers on the rows it has not seen, and how well."""

    answers: Mapping[str, Answers]
    metrics: Mapping[str, Mapping[str, float]]
    importance: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """The model gate's verdict, as the catalog keeps it once there is a version it is about."""

    outcome: Outcome
    reasons: tuple[str, ...]
    champion: str | None
    evidence: Json


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run's state between two steps; each step fills in a part."""

    run: Run
    space: CodeSpace
    rows: pl.DataFrame | None = None
    dataset: str = ""
    """The digest of what was read; ``rows`` may be fewer, by the window and the quarantine."""
    contract: Contract | None = None
    terms: Written | None = None
    """The project's ``contract.toml``, when it has one."""
    keys: Keys = field(default_factory=dict)
    """Of the other datasets that it refers to."""
    splits: Splits | None = None
    features: Mapping[str, object] = field(default_factory=dict)
    trained: Trained | None = None
    evaluated: Evaluated | None = None
    judged: Judged | None = None
    version: ModelVersion | None = None


def known(part: T | None) -> T:
    """A part that an earlier step must have filled in."""
    if part is None:
        raise RunError("the plan is out of order: a step needs what no step before it made")
    return part


def truth_of(rows: pl.DataFrame, target: str) -> NDArray[np.generic]:
    """The labels of rows as an array of numbers, words or booleans."""
    return rows[target].to_numpy()
