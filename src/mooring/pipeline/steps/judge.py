"""The model gate: the candidate against the champion, on the same rows that neither has seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import polars as pl

from mooring.gates.trivial import constant_answers, labels_of
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Transaction
from mooring.lineage.fingerprints import Flags
from mooring.lineage.fresh import Fault, Trial, tried
from mooring.lineage.loading import LoadedVersion, load_version
from mooring.lineage.values import Json, ModelVersion
from mooring.pipeline.candidate import Candidate, Judged, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.fairness import training_of
from mooring.pipeline.judging import Match, Model, compare, recorded_trial, version_model
from mooring.pipeline.runner import Done, Step
from mooring.pipeline.steps.register import keep


def judge(context: Context) -> Step[Candidate]:
    """The step that gives the verdict."""

    def run(candidate: Candidate) -> Done[Candidate]:
        judged, evaluation = compare(context, _match(context, candidate))
        result = {
            "outcome": judged.outcome,
            "reasons": list(judged.reasons),
            "champion": judged.champion,
            "evidence": judged.evidence,
        }
        # the comparison is counted with the step, so that no crash makes the holdout fresh again
        facts = () if evaluation is None else (evaluation,)
        return Done(replace(candidate, judged=judged), result, facts)

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


def _match(context: Context, candidate: Candidate) -> Match:
    splits = known(candidate.splits)
    champion, loaded = champion_of(context)
    with context.catalog.read() as tx:
        dataset = _holdout_of(tx, candidate.run.id)
        before = None if champion is None else recorded_trial(tx, champion.id)
    constant = _constant(context, candidate)
    metric = context.settings.gates.model.metric
    opponent = Model("the trivial baseline", lambda rows, fair: constant(rows, fair, metric), None)
    if champion is not None and loaded is not None:
        opponent = version_model(loaded, f"champion v{champion.version}")
    return Match(
        candidate=_candidate(context, candidate),
        opponent=opponent,
        run=candidate.run.id,
        champion=None if champion is None else champion.id,
        holdout=splits.holdout,
        dataset=dataset,
        kind="gate",
        data=context.settings.data,
        constant=constant,
        searched=_searched(context, candidate),
        trial=lambda: _trial(context, candidate),
        trial_before=before,
    )


def _holdout_of(tx: Transaction, run: str) -> str:
    return next(d.dataset for d in queries.run_datasets(tx, run) if d.role == "holdout")


def _candidate(context: Context, candidate: Candidate) -> Model:
    name = "the candidate"
    training = training_of(name, known(candidate.splits).training, context.settings.data.time)
    answers = known(candidate.evaluated).answers["holdout"]
    return Model(name, lambda _rows, fair: only(answers, fair), training)


def _constant(
    context: Context, candidate: Candidate
) -> Callable[[pl.DataFrame, Flags, str | None], Answers]:
    data = context.settings.data
    classes = known(candidate.evaluated).answers["holdout"].classes
    labels = labels_of(data.task, truth_of(known(candidate.splits).training, data.target), classes)

    def answer(_rows: pl.DataFrame, fair: Flags, metric: str | None) -> Answers:
        return constant_answers(
            data.task, labels, int(fair.sum()), classes, metric=metric, positive=data.positive
        )

    return answer


def _searched(context: Context, candidate: Candidate) -> tuple[str, ...]:
    """The columns that a request brings: people can act on a slice of these."""
    hidden = {*context.settings.hidden_columns, context.settings.data.time}
    return tuple(name for name in known(candidate.contract).inputs if name not in hidden)


def _trial(context: Context, candidate: Candidate) -> Trial | Fault | None:
    if not context.settings.gates.model.wants_trial:
        return None
    return tried(context.store, keep(context, candidate))


def only(answers: Answers, rows: Flags) -> Answers:
    """The answers about some of the rows."""
    chances = answers.probabilities
    return Answers(
        answers.predictions[rows], None if chances is None else chances[rows], answers.classes
    )
