"""The model gate: the candidate against the champion, on the same rows that neither has seen."""

from __future__ import annotations

from dataclasses import asdict, replace

import msgspec
import numpy as np
import polars as pl

from mooring.errors import MooringError
from mooring.gates.model_gate import ModelRules, ModelVerdict
from mooring.gates.model_gate import judge as judge_model
from mooring.gates.trivial import trivial_answers
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.digest import row_fingerprints
from mooring.lineage.loading import LoadedVersion, load_version
from mooring.lineage.values import Json, ModelVersion
from mooring.pipeline.candidate import Candidate, Judged, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.runner import Done, Step


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
        _rules(context),
        time_ordered=True,
        positive=settings.data.positive,
        dropped_rows=int(np.count_nonzero(~fair)),
    )
    return Judged(verdict.outcome, verdict.reasons, _id(champion), _evidence(verdict))


def _opponent(
    context: Context,
    candidate: Candidate,
    rows: pl.DataFrame,
    answers: Answers,
    champion: LoadedVersion | None,
) -> Answers:
    data = context.settings.data
    if champion is not None:
        return champion.answers(rows)
    truth = truth_of(known(candidate.splits).training, data.target)
    metric = context.settings.gates.model.metric
    return trivial_answers(
        data.task, truth, rows.height, answers.classes, metric=metric, positive=data.positive
    )


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


def _rules(context: Context) -> ModelRules:
    gate = context.settings.gates.model
    return ModelRules(
        metric=gate.metric,
        confidence=gate.confidence,
        worthwhile=gate.worthwhile,
        min_rows=gate.min_rows,
        resamples=gate.resamples,
        seed=context.settings.pipeline.seed,
    )


def _evidence(verdict: ModelVerdict) -> Json:
    evidence = asdict(verdict)
    del evidence["outcome"], evidence["reasons"]
    return {**evidence, "candidate_metrics": dict(verdict.candidate_metrics)}


def _id(version: ModelVersion | None) -> str | None:
    return None if version is None else version.id
