"""What stops a comparison before any metric: answers that cannot be used, rows that cannot tell."""

from __future__ import annotations

import numpy as np

from mooring.gates.cases import all_same, equals, fault_in, is_constant, missing_rows
from mooring.gates.model.match import Finding, Match, unknown
from mooring.lineage.answers import Answers

_FLAT = 1e-6
"""Of the spread of the labels: answers that vary by less explain at most a 1e-12th of it."""


def unusable(match: Match) -> Finding | None:
    """A finding when nothing can be compared; None when it can."""
    if fault := fault_in(match.candidate, match.task):
        return Finding("claim", "fail", f"the candidate {fault}")
    if finding := _too_little(match):
        return finding
    if not all_same(match.truth) and (said := _constant(match)):
        return Finding("claim", "fail", said)
    if fault := fault_in(match.opponent, match.task):
        return unknown("claim", f"{match.name} {fault}, so there is nothing to compare with")
    return None


def _constant(match: Match) -> str | None:
    rows = len(match.truth)
    if is_constant(match.candidate):
        return f"the candidate answers the same for all {rows} rows; the labels differ"
    if match.task == "regression" and _varies_less(match.candidate, match):
        return f"the candidate answers all but the same for all {rows} rows; the labels differ"
    return None


def _varies_less(answers: Answers, match: Match) -> bool:
    said, truth = (np.asarray(v, dtype=np.float64) for v in (answers.predictions, match.truth))
    return float(said.std()) < _FLAT * float(truth.std())


def undefined(match: Match, values: tuple[float | None, float | None]) -> Finding | None:
    """A finding when the metric that decides has no value for one of the two."""
    sides = (("the candidate", match.candidate), (match.name, match.opponent))
    for (name, answers), value in zip(sides, values, strict=True):
        if match.metric.needs_probabilities and answers.probabilities is None:
            return unknown(
                "claim",
                f"{match.metric.label} needs probabilities and {name} gives none; "
                "set gates.model.metric to accuracy or f1, or train with predict_proba",
            )
        if value is None:
            return unknown("claim", f"{match.metric.label} of {name} is undefined on these rows")
    return None


def _too_little(match: Match) -> Finding | None:
    """Whether the rows can tell anything at all."""
    rows, least = len(match.truth), match.rules.min_rows
    if missing := missing_rows(match.truth):
        return unknown("claim", f"{missing} of {rows} rows have no usable label")
    if rows < least:
        return unknown(
            "claim", f"{rows} rows are fewer than the {least} that the gate wants", least
        )
    if match.task != "regression" and (reason := _one_class(match)):
        return unknown("claim", reason)
    return None


def _one_class(match: Match) -> str | None:
    """Why the labels cannot tell two classifiers apart; None when they can."""
    truth = match.truth
    if all_same(truth):
        return f"all {len(truth)} rows have the label {truth[:1].tolist()[0]!r}: one class only"
    if match.positive is not None and not equals(truth, match.positive).any():
        labels = sorted({str(label) for label in truth[:1000].tolist()})[:5]
        return (
            f"no row has the positive class {match.positive!r}; "
            f"the labels are such as {', '.join(labels)} (see data.positive)"
        )
    return None
