"""The model gate: the candidate against the champion, on the same rows that neither has seen."""

from __future__ import annotations

from dataclasses import asdict, replace

import msgspec
import numpy as np
import polars as pl

from mooring.errors import MooringError
from mooring.gates.model_gate import ModelVerdict
from mooring.gates.model_gate import judge as judge_model
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.digest import row_fingerprints
from mooring.lineage.fresh import Trial, tried
from mooring.lineage.loading import LoadedVersion, load_version
from mooring.lineage.values import Json, ModelVersion
from mooring.pipeline.candidate import Candidate, Judged, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step
from mooring.pipeline.steps.register import keep


def judge(context: Context) -> Step[Candidate]:
    """The step that gives the verdict."""

    def run(candidate: Candidate) -> Done[Candidate]:
        champion, loaded = champion_of(context)
        judged = _judge(context, candidate, champion, loaded)
        result = {
            "outcome": judged.outcome,
            "reasons": list(judged.reasons),
            "champion": judged.champion,
            "evidence": judged.evidence,
        }
        return Done(replace(candidate, judged=judged), result)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        return replace(candidate, judged=msgspec.convert(result, Judged))

    return Step("judge", run, restore)


def champion_of(context: Context) -> tuple[ModelVersion | None, LoadedVersion | None]:
    """The version that holds the traffic, loaded from its own copy of everything."""
    with context.catalog.read() as tx:
        traffic = queries.traffic(tx, context.name)
        if traffic is None:
            return None, None
        version = queries.get(tx, ModelVersion, traffic.champion.model_version)
    return version, load_version(context.store, version.artifact)


def _judge(
    context: Context,
    candidate: Candidate,
    champion: ModelVersion | None,
    loaded: LoadedVersion | None,
) -> Judged:
    settings = context.settings
    splits = known(candidate.splits)
    fair = _fair_rows(context, splits.training, splits.holdout, loaded)
    rows = splits.holdout.filter(pl.Series(fair))
    answers = _only(known(candidate.evaluated).answers["holdout"], fair)
    name = "the trivial baseline" if champion is None else f"champion v{champion.version}"
    try:
        opponent = _opponent(context, candidate, rows, answers, loaded)
    except MooringError as error:
        reason = f"{name} cannot answer the holdout rows: {error.what}"
        return Judged("not_enough_evidence", (reason,), _id(champion), {})
    verdict = judge_model(
        settings.data.task,
        truth_of(rows, settings.data.target),
        answers,
        opponent,
        name,
        settings.gates.model,
        time_ordered=True,
        positive=settings.data.positive,
        dropped_rows=int(np.count_nonzero(~fair)),
        seed=settings.pipeline.seed,
        trivial=None if champion is None else _trivial(context, candidate, answers),
        rows=rows,
        searched=_searched(context, candidate),
        trial=_trial(context, candidate),
    )
    return Judged(verdict.outcome, verdict.reasons, _id(champion), _evidence(verdict))


def _opponent(
    context: Context,
    candidate: Candidate,
    rows: pl.DataFrame,
    answers: Answers,
    champion: LoadedVersion | None,
) -> Answers:
    return champion.answers(rows) if champion else _trivial(context, candidate, answers)


def _trivial(context: Context, candidate: Candidate, answers: Answers) -> Answers:
    data, metric = context.settings.data, context.settings.gates.model.metric
    truth = truth_of(known(candidate.splits).training, data.target)
    return trivial_answers(
        data.task, truth, len(answers), answers.classes, metric=metric, positive=data.positive
    )


def _searched(context: Context, candidate: Candidate) -> tuple[str, ...]:
    """The columns that a request brings: people can act on a slice of these."""
    hidden = {*context.settings.hidden_columns, context.settings.data.time}
    return tuple(name for name in known(candidate.contract).inputs if name not in hidden)


def _trial(context: Context, candidate: Candidate) -> Trial | str | None:
    if not context.settings.gates.model.wants_trial:
        return None
    return tried(context.store, keep(context, candidate))


def _fair_rows(
    context: Context, training: pl.DataFrame, holdout: pl.DataFrame, champion: LoadedVersion | None
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which holdout rows neither model was trained on.

    Where nothing names a row (no time, no keys) equal rows are a coincidence, not the same row.
    """
    data = context.settings.data
    if data.time is None and not data.keys:
        return np.ones(holdout.height, dtype=np.bool_)
    found = row_fingerprints(holdout)
    seen = np.isin(found, row_fingerprints(training))
    if champion is not None:
        seen |= np.isin(found, champion.fingerprints)
    return ~seen


def _only(answers: Answers, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Answers:
    chances = answers.probabilities
    return Answers(
        answers.predictions[rows], None if chances is None else chances[rows], answers.classes
    )


def _evidence(verdict: ModelVerdict) -> Json:
    evidence = asdict(verdict)
    del evidence["outcome"], evidence["reasons"]
    return {**evidence, "candidate_metrics": dict(verdict.candidate_metrics)}


def _id(version: ModelVersion | None) -> str | None:
    return None if version is None else version.id
