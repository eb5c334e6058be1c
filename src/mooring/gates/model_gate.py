"""The model gate: may the candidate replace what answers now?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mooring.errors import SettingsError
from mooring.gates.cases import Case, Column, missing_rows, prepare
from mooring.gates.inference.plan import Plan
from mooring.gates.metrics import METRICS, Metric, find_metric
from mooring.gates.model.calibration import calibration
from mooring.gates.model.claims import beats_trivial, claim, guardrails
from mooring.gates.model.match import Finding, Match, Outcome, places
from mooring.gates.model.trials import trial_findings
from mooring.gates.model.usable import undefined, unusable
from mooring.gates.model.weak import slice_findings
from mooring.gates.paired import PairedDifference, compare_cases
from mooring.lineage.answers import Answers, Label
from mooring.lineage.fresh import Fault, Trial

if TYPE_CHECKING:
    import polars as pl

    from mooring.settings.model import ModelGate, Task

_Values = tuple[float | None, float | None]


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
        Sentences for a person: what was measured, what decided, then the rest.
    rows_needed : int or None
        About how many rows would decide it; only for ``not_enough_evidence``.
    opponent : str
    comparison : PairedDifference or None
    findings : tuple of Finding
        The claim, the trivial baseline and every guardrail, each with its own outcome.
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
    findings: tuple[Finding, ...] = ()
    candidate_metrics: Mapping[str, float | None] = field(default_factory=dict)
    opponent_metrics: Mapping[str, float | None] = field(default_factory=dict)


def judge(  # noqa: PLR0913, PLR0917 - what is judged, then how, by keyword
    task: Task,
    truth: Column,
    candidate: Answers,
    opponent: Answers,
    opponent_name: str,
    rules: ModelGate,
    *,
    time_ordered: bool,
    positive: Label | None = None,
    dropped_rows: int = 0,
    seed: int = 0,
    confidence: float | None = None,
    trivial: Answers | None = None,
    rows: pl.DataFrame | None = None,
    searched: tuple[str, ...] = (),
    constants: Mapping[str, Answers] | None = None,
    trial: Trial | Fault | None = None,
    trial_before: Trial | None = None,
) -> ModelVerdict:
    """Judge a candidate against its opponent on the same rows.

    The claim of the settings decides: ``superiority`` passes when the interval of the improvement
    lies above zero and fails when it ends below a gain worth having, so that an equal candidate
    fails once there are enough rows to know; ``non_inferiority`` passes when the interval lies
    above a loss of ``margin``. Beside it stand guardrails, each of which can fail or be unable to
    tell: the trivial baseline, other metrics, slices, calibration, latency and size. Every part
    must pass; one that fails decides, else one that cannot tell. Answers that cannot be used (not
    finite, not probabilities, the same for every row) fail at once; whatever else is missing is not
    enough evidence.

    Parameters
    ----------
    task : "regression", "binary" or "multiclass"
    truth : array, shape (n,)
        The labels of the holdout rows.
    candidate, opponent : Answers about the same n rows
    opponent_name : str
        As a reason should call it: ``champion v3``, ``the trivial baseline``.
    rules : ModelGate
        The table ``[gates.model]``.
    time_ordered : bool
        Whether the rows stand in the order of time, and so may depend on their neighbours.
    positive : label, optional
        The positive class of a binary task; the candidate's last class when absent.
    dropped_rows : int
        Holdout rows that were left out before; told in the reasons.
    seed : int
        Of the bootstrap.
    confidence : float, optional
        Instead of that of the rules: a holdout that judged before wants more.
    trivial : Answers, optional
        Answers that ignore the features, when the opponent is a champion; without them the opponent
        counts as these: it must be beaten, and slices where it is not are a warning.
    rows : polars.DataFrame, shape (n, columns), optional
        The raw rows, for slices.
    searched : tuple of str
        Columns of ``rows`` in which slices are looked for.
    constants : mapping of str to Answers, optional
        By metric of a guardrail the best answers that ignore the features: what a first model's
        guardrails are held against. Without them those are held against the opponent.
    trial : Trial or Fault, optional
        What a fresh process measured, or why it did not.
    trial_before : Trial, optional
        What one measured of the opponent when that was judged.

    Returns
    -------
    ModelVerdict

    Raises
    ------
    SettingsError
        When a metric does not exist for the task or cannot decide, or a column does not exist.
    DataError, UserCodeError
        When truth and answers are not of the task or not of the same rows.

    Examples
    --------
    >>> import numpy as np
    >>> from mooring.settings.model import ModelGate
    >>> truth = np.arange(100.0)
    >>> verdict = judge("regression", truth, Answers(truth + 1.0), Answers(truth + 2.0),
    ...                 "champion v3", ModelGate(), time_ordered=False)
    >>> verdict.outcome
    'pass'
    """
    match = Match(
        task=task,
        metric=deciding_metric(task, rules.metric),
        truth=truth,
        candidate=candidate,
        opponent=opponent,
        name=opponent_name,
        positive=_positive(task, candidate, positive),
        rules=rules,
        plan=Plan(time_ordered, seed, rules.resamples, confidence or rules.confidence),
        trivial=trivial,
        rows=rows,
        searched=searched,
        constants=constants or {},
    )
    tried = trial_findings(rules, trial, opponent_name, trial_before)
    return _verdict(match, tried, dropped_rows)


def _verdict(match: Match, tried: list[Finding], dropped_rows: int) -> ModelVerdict:
    cases = [_case(match, answers) for answers in (match.candidate, match.opponent)]
    measured = [_measure(match, case) for case in cases]
    values = (measured[0][match.metric.name], measured[1][match.metric.name])
    stopped = unusable(match) or undefined(match, values)
    compared = None
    if stopped is None:
        compared = compare_cases(match.metric, cases[1], cases[0], match.plan)
        first = claim(match, values[1], compared)
        guards = _guards(match, first, cases[0], cases[1])
        findings = (first, *guards, *tried)
    else:
        findings = (stopped,)
    outcome = _worst(findings)
    return ModelVerdict(
        outcome=outcome,
        metric=match.metric.name,
        candidate_value=values[0],
        opponent_value=values[1],
        difference=compared.difference if compared else None,
        low=compared.low if compared else None,
        high=compared.high if compared else None,
        rows=len(match.truth),
        reasons=_reasons(match, values, compared, findings, dropped_rows),
        rows_needed=_rows_needed(outcome, findings),
        opponent=match.name,
        comparison=compared,
        findings=findings,
        candidate_metrics=measured[0],
        opponent_metrics=measured[1],
    )


def deciding_metric(task: Task, name: str | None) -> Metric:
    """The metric of this name, if it can judge.

    Raises
    ------
    SettingsError
        When it does not exist for the task, or cannot decide.
    """
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


def _case(match: Match, answers: Answers) -> Case:
    return prepare(match.task, match.truth, answers, match.positive)


def _measure(match: Match, case: Case) -> dict[str, float | None]:
    unknown = missing_rows(match.truth) > 0
    return {
        name: None if unknown else metric.value(case)
        for name, metric in METRICS.items()
        if match.task in metric.tasks
    }


def _guards(match: Match, first: Finding, candidate: Case, opponent: Case) -> list[Finding]:
    found = []
    if match.trivial is not None:
        found.append(beats_trivial(match, first, candidate, _case(match, match.trivial)))
    found += guardrails(match, candidate, opponent)
    found += slice_findings(match, candidate, opponent)
    if match.task != "regression":
        found += calibration(match, candidate, opponent)
    return found


def _worst(findings: tuple[Finding, ...]) -> Outcome:
    """Every part must pass; one that fails decides before one that cannot tell."""
    outcomes = {finding.outcome for finding in findings}
    if "fail" in outcomes:
        return "fail"
    return "not_enough_evidence" if "not_enough_evidence" in outcomes else "pass"


def _rows_needed(outcome: Outcome, findings: tuple[Finding, ...]) -> int | None:
    """Enough for every part that could not tell; None when one of them does not know."""
    if outcome != "not_enough_evidence":
        return None
    needed = [f.rows_needed for f in findings if f.outcome == outcome]
    known = [rows for rows in needed if rows is not None]
    return max(known) if len(known) == len(needed) else None


def _reasons(
    match: Match,
    values: _Values,
    compared: PairedDifference | None,
    findings: tuple[Finding, ...],
    dropped: int,
) -> tuple[str, ...]:
    """What was measured, what the claim came to, then the guardrails, those that object first."""
    order = ("fail", "not_enough_evidence", "pass")
    guards = sorted(findings[1:], key=lambda part: (order.index(part.outcome), not part.warned))
    reasons = [findings[0].reason, *(finding.reason for finding in guards)]
    if compared is not None:
        reasons.insert(0, _measured(match, values, compared))
    if dropped:
        reasons.append(f"{dropped:,} holdout rows were left out before the comparison")
    return tuple(reasons)


def _measured(match: Match, values: _Values, found: PairedDifference) -> str:
    say = places(found)
    return (
        f"{match.metric.label} {say(values[0])} against {say(values[1])} for {match.name} "
        f"on the same {found.rows:,} rows; improvement {say(found.difference)}, "
        f"{100 * found.confidence:.4g} % interval {say(found.low)} to {say(found.high)}; "
        f"a true gain of {say(found.minimum_detectable)} would be seen 4 times in 5"
    )
