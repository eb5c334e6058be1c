"""Is it the same model? From what two trainings came to, to one of three outcomes with reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from mooring.pipeline.reproduce.order import Trained

Metrics = Mapping[str, Mapping[str, float]]
"""By role and name."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a model version and the one that was trained again compare."""

    outcome: Literal["same", "differs", "cannot_tell"]
    reasons: tuple[str, ...]


def judge(
    artifact: str, metrics: Metrics, first: Trained, second: Trained | None, tolerance: float
) -> Judged:
    """Compares a version with what came of training it again.

    Parameters
    ----------
    artifact : str
        The digest of the version.
    metrics : Metrics
        As they were recorded.
    first : Trained
        Trained again, compared with the version.
    second : Trained, optional
        Trained once more, compared with the first: whether training equals itself (FD-29).
    tolerance : float
        Relative, for metrics and predictions alike.
    """
    if first.missing:
        return Judged("cannot_tell", (first.missing,))
    if first.artifact == artifact:
        return Judged("same", ("byte for byte: every part of the model version is the same",))
    parts = f"the bytes differ in {', '.join(first.parts) or 'the manifest'}"
    off = list(metric_differences(metrics, first.metrics, tolerance))
    answers = _answers_said(first)
    if first.predictions is None and not off:
        return Judged("cannot_tell", (parts, answers))
    if first.predictions is not None and not first.predictions.beyond and not off:
        said = f"every metric and every answer is the same within {tolerance:g}, relative"
        return Judged("same", (said, answers, parts))
    return Judged("differs", (*off, answers, parts, *_stable(second)))


def metric_differences(recorded: Metrics, found: Metrics, tolerance: float) -> Iterator[str]:
    """A sentence for each metric that is further off than allowed, or missing on one side."""
    for role in sorted({*recorded, *found}):
        before, after = recorded.get(role, {}), found.get(role, {})
        for name in sorted({*before, *after}):
            was, now = before.get(name, math.nan), after.get(name, math.nan)
            if not math.isclose(was, now, rel_tol=tolerance, abs_tol=1e-9):
                yield f"{role} {name} was {was:.6g}, is {now:.6g} ({now - was:+.3g})"


def _answers_said(trained: Trained) -> str:
    found = trained.predictions
    if found is None:
        return f"the version does not answer here: {trained.silent}"
    largest = "" if found.largest is None else f"; the largest difference is {found.largest:.3g}"
    return f"{found.beyond:,} of {found.rows:,} holdout rows get another answer{largest}"


def _stable(second: Trained | None) -> tuple[str, ...]:
    """Whether it is the training that differs from itself, or the world around it."""
    if second is None or second.missing:
        return ()
    if second.predictions is not None and second.predictions.beyond:
        twice = "training differs from itself, twice from the same rows, code and seed"
        cure = "draw every random number from params['seed']"
        return (f"{twice}: {_answers_said(second)}; {cure}",)
    return ("training twice now gives the same, so something beyond what is recorded has changed",)
