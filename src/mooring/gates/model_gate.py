"""The model gate: may the candidate replace what answers now?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mooring.errors import SettingsError
from mooring.gates.cases import Column, all_same, equals, fault_in, is_constant, missing_rows
from mooring.gates.metrics import Metric, find_metric, measure
from mooring.gates.paired import PairedDifference, compare_paired
from mooring.lineage.answers import Answers, Label

if TYPE_CHECKING:
    from mooring.settings.model import Task

_Values = tuple[float | None, float | None]
Outcome = Literal["pass", "fail", "not_enough_evidence"]


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What a candidate must show.

    Parameters
    ----------
    metric : str or None
        The default of the task when None.
    confidence : float
        Of the two-sided interval of the improvement.
    worthwhile : float
        The least gain worth a promotion, as a share of what the opponent leaves to gain: its loss
        for a loss, its distance from 1 for a score such as F1.
    min_rows : int
        Fewer rows are never enough.
    resamples, seed : int
        Of the bootstrap.
    """

    metric: str | None = None
    confidence: float = 0.95
    worthwhile: float = 0.01
    min_rows: int = 50
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """The outcome of the model gate with its reasons and evidence.

    Parameters
    ----------
    outcome : "pass", "fail" or "not_enough_evidence"
    metric : str
    candidate_value, opponent_value : float or None
        None where the metric is undefined.
    difference, low, high : float or None
        The improvement and its interval, positive when the candidate is better.
    rows : int
    reasons : tuple of str
        Sentences for a person: what was measured, then what decided.
    rows_needed : int or None
        About how many rows would decide it; only for ``not_enough_evidence``.
    opponent : str
    comparison : PairedDifference or None
    candidate_metrics, opponent_metrics : mapping of str to float or None
        Every metric of the task, as evidence.
    """

    outcome: Outcome
    metric: str
    candidate_value: float | None
    opponent_value: float | None
    difference: float | None
    low: float | None
    high: float | None
    rows: int
    reasons: tuple[str, ...]
    rows_needed: int | None = None
    opponent: str = ""
    comparison: PairedDifference | None = None
    candidate_metrics: Mapping[str, float | None] = field(default_factory=dict)
    opponent_metrics: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Match:
    """Everything one verdict is about."""

    task: Task
    metric: Metric
    truth: Column
    candidate: Answers
    opponent: Answers
    name: str
    positive: Label | None
    time_ordered: bool
    rules: ModelRules


@dataclass(frozen=True, slots=True)
class _Finding:
    """An outcome, why, and how many rows would change it."""

    outcome: Outcome
    reason: str
    rows_needed: int | None = None


def judge(  # noqa: PLR0913, PLR0917 - what is judged, then how, by keyword
    task: Task,
    truth: Column,
    candidate: Answers,
    opponent: Answers,
    opponent_name: str,
    rules: ModelRules,
    *,
    time_ordered: bool,
    positive: Label | None = None,
    dropped_rows: int = 0,
) -> ModelVerdict:
    """Judge a candidate against its opponent on the same rows.

    It passes when the interval of the improvement lies above zero. It fails when the interval ends
    below a gain worth having, so that an equal candidate fails once there are enough rows to know,
    or when its answers cannot be used (not finite, not probabilities, the same for every row).
    Whatever else happens, a label or a metric that is missing included, is not enough evidence.

    Parameters
    ----------
    task : "regression", "binary" or "multiclass"
    truth : array, shape (n,)
        The labels of the holdout rows.
    candidate, opponent : Answers about the same n rows
    opponent_name : str
        As a reason should call it: ``champion v3``, ``trivial baseline``.
    rules : ModelRules
    time_ordered : bool
        Whether the rows stand in the order of time, and so may depend on their neighbours.
    positive : label, optional
        The positive class of a binary task; the candidate's last class when absent.
    dropped_rows : int
        Holdout rows that were left out before; told in the reasons.

    Returns
    -------
    ModelVerdict

    Raises
    ------
    SettingsError
        When the metric does not exist for the task, or cannot decide.
    DataError, UserCodeError
        When truth and answers are not of the task or not of the same rows.

    Examples
    --------
    >>> import numpy as np
    >>> truth = np.arange(100.0)
    >>> verdict = judge("regression", truth, Answers(truth + 1.0), Answers(truth + 2.0),
    ...                 "champion v3", ModelRules(), time_ordered=False)
    >>> verdict.outcome
    'pass'
    """
    metric = _deciding_metric(task, rules.metric)
    positive = _positive(task, candidate, positive)
    match = _Match(
        task, metric, truth, candidate, opponent, opponent_name, positive, time_ordered, rules
    )
    measured = tuple(measure(task, truth, said, positive) for said in (candidate, opponent))
    values = (measured[0][metric.name], measured[1][metric.name])
    finding = _unusable(match) or _undefined(match, values)
    compared = None if finding else _compare(match)
    finding = finding or _decide(match, values, compared)
    return ModelVerdict(
        outcome=finding.outcome,
        metric=metric.name,
        candidate_value=values[0],
        opponent_value=values[1],
        difference=compared.difference if compared else None,
        low=compared.low if compared else None,
        high=compared.high if compared else None,
        rows=len(truth),
        reasons=_reasons(match, values, compared, finding, dropped_rows),
        rows_needed=finding.rows_needed,
        opponent=opponent_name,
        comparison=compared,
        candidate_metrics=measured[0],
        opponent_metrics=measured[1],
    )


def _deciding_metric(task: Task, name: str | None) -> Metric:
    metric = find_metric(task, name)
    if not metric.decides:
        raise SettingsError(
            f"{metric.name} cannot judge a candidate: a constant model can be perfect by it",
            where="gates.model.metric",
            fix="leave gates.model.metric out, or name a metric that sees every error",
        )
    return metric


def _positive(task: Task, candidate: Answers, positive: Label | None) -> Label | None:
    """The positive class, the same for both sides; None where there is none."""
    if task != "binary":
        return None
    return candidate.classes[-1] if positive is None and candidate.classes else positive


def _compare(match: _Match) -> PairedDifference | None:
    return compare_paired(
        match.metric,
        match.task,
        match.truth,
        match.opponent,
        match.candidate,
        positive=match.positive,
        time_ordered=match.time_ordered,
        seed=match.rules.seed,
        resamples=match.rules.resamples,
        confidence=match.rules.confidence,
    )


def _reasons(
    match: _Match, values: _Values, compared: PairedDifference | None, finding: _Finding, drop: int
) -> tuple[str, ...]:
    reasons = [finding.reason]
    if compared is not None:
        reasons.insert(0, _measured(match, values, compared))
    if drop:
        reasons.append(f"{drop:,} holdout rows were left out before the comparison")
    return tuple(reasons)


def _unusable(match: _Match) -> _Finding | None:
    """What stops the comparison before any metric: the answers, then the rows."""
    if fault := fault_in(match.candidate, match.task):
        return _Finding("fail", f"the candidate {fault}")
    if finding := _too_little(match):
        return finding
    if is_constant(match.candidate) and not all_same(match.truth):
        rows = len(match.truth)
        return _Finding(
            "fail", f"the candidate answers the same for all {rows} rows; the labels differ"
        )
    if fault := fault_in(match.opponent, match.task):
        return _unknown(f"{match.name} {fault}, so there is nothing to compare with")
    return None


def _too_little(match: _Match) -> _Finding | None:
    """Whether the rows can tell anything at all."""
    rows, least = len(match.truth), match.rules.min_rows
    if missing := missing_rows(match.truth):
        return _unknown(f"{missing} of {rows} rows have no usable label")
    if rows < least:
        return _unknown(f"{rows} rows are fewer than the {least} that the gate wants", least)
    if match.task != "regression" and (reason := _one_class(match)):
        return _unknown(reason)
    return None


def _undefined(match: _Match, values: _Values) -> _Finding | None:
    """Whether a value is missing for the metric that decides."""
    sides = (("the candidate", match.candidate), (match.name, match.opponent))
    for (name, answers), value in zip(sides, values, strict=True):
        if match.metric.needs_probabilities and answers.probabilities is None:
            return _unknown(
                f"{match.metric.label} needs probabilities and {name} gives none; "
                "set gates.model.metric to accuracy or f1, or train with predict_proba"
            )
        if value is None:
            return _unknown(f"{match.metric.label} of {name} is undefined on these rows")
    return None


def _decide(match: _Match, values: _Values, found: PairedDifference | None) -> _Finding:
    opponent = values[1]
    if found is None or opponent is None:
        return _unknown(
            f"the interval of the {match.metric.label} difference is undefined: "
            "too few rows carry information"
        )
    least = match.rules.worthwhile * abs(match.metric.perfect - opponent)
    say = _places(found)
    if found.high < 0:
        return _Finding("fail", f"the candidate is worse than {match.name}")
    if found.high <= 0 or found.high < least:
        return _Finding(
            "fail",
            f"no worthwhile gain over {match.name}: {say(found.high)} at most, "
            f"and {say(least)} is the least worth a promotion",
        )
    if found.low > 0:
        return _Finding("pass", f"the candidate is better than {match.name}")
    needed = _rows_needed(found, max(found.difference, least), match.rules.min_rows)
    about = "" if needed is None else f"; about {needed:,} rows would tell"
    return _unknown(f"the interval includes zero, so it may be chance{about}", needed)


def _rows_needed(found: PairedDifference, gain: float, least: int) -> int | None:
    """Rows at which a true difference of ``gain`` would be seen with 80 % power."""
    if not gain > 0 or not math.isfinite(ratio := found.minimum_detectable / gain):
        return None
    return max(least, found.rows + 1, math.ceil(found.rows * ratio**2))


def _measured(match: _Match, values: _Values, found: PairedDifference) -> str:
    say = _places(found)
    return (
        f"{match.metric.label} {say(values[0])} against {say(values[1])} for {match.name} "
        f"on the same {found.rows:,} rows; improvement {say(found.difference)}, "
        f"{100 * found.confidence:g} % interval {say(found.low)} to {say(found.high)}"
    )


def _places(found: PairedDifference) -> Callable[[float | None], str]:
    """Writes numbers with as many decimals as the interval can tell apart: two digits of it."""
    width = max(found.high - found.low, abs(found.difference)) / 2
    decimals = 4 if width <= 0 else min(9, max(0, 1 - math.floor(math.log10(width))))
    return lambda value: "undefined" if value is None else f"{value:z,.{decimals}f}"


def _unknown(reason: str, rows_needed: int | None = None) -> _Finding:
    return _Finding("not_enough_evidence", reason, rows_needed)


def _one_class(match: _Match) -> str | None:
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
