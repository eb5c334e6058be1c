"""Measures the candidate on rows it has not seen, and finds the features that matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from mooring.gates.metrics import find_metric, measure
from mooring.lineage.answering import answers_of, as_polars, like_frame
from mooring.lineage.answers import Answers
from mooring.pipeline.candidate import Candidate, Evaluated, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.importance import permutation_importance
from mooring.pipeline.runner import Done, Step

_IMPORTANCE_ROWS = 2_000
"""Enough that the order of the first five features settles; 3 shuffles of each stay cheap."""


def evaluate(context: Context) -> Step[Candidate]:
    """The step that answers validation and holdout rows and scores the answers.

    It is repeated when a run is resumed: the same model on the same rows answers the same.
    """
    data = context.settings.data

    def make(candidate: Candidate) -> Candidate:
        splits = known(candidate.splits)
        answers, metrics = {}, {}
        for role in ("validation", "holdout"):
            answers[role] = _answer(context, candidate, candidate.features[role])
            truth = truth_of(getattr(splits, role), data.target)
            metrics[role] = _defined(measure(data.task, truth, answers[role], data.positive))
        importance = _importance(context, candidate)
        return replace(candidate, evaluated=Evaluated(answers, metrics, importance))

    def run(candidate: Candidate) -> Done[Candidate]:
        candidate = make(candidate)
        evaluated = known(candidate.evaluated)
        watched = [list(item) for item in evaluated.importance]
        return Done(candidate, {"metrics": evaluated.metrics, "importance": watched})

    return Step("evaluate", run, lambda candidate, _result: make(candidate))


def _answer(context: Context, candidate: Candidate, features: object) -> Answers:
    task = context.settings.data.task
    with candidate.space.active():
        return answers_of(known(candidate.trained).model, features, task)


def _importance(context: Context, candidate: Candidate) -> tuple[tuple[str, float], ...]:
    settings = context.settings
    metric = find_metric(settings.data.task, settings.gates.model.metric)
    rows = known(candidate.splits).validation.with_row_index("__row")
    seed = settings.pipeline.seed
    if rows.height > _IMPORTANCE_ROWS:
        rows = rows.sample(_IMPORTANCE_ROWS, seed=seed).sort("__row")
    truth = truth_of(rows, settings.data.target)
    features = as_polars(candidate.features["validation"])[rows["__row"].to_numpy()]

    def score(shuffled: pl.DataFrame) -> float:
        frame = like_frame(shuffled, settings.pipeline.frame)
        answers = _answer(context, candidate, frame)
        value = measure(settings.data.task, truth, answers, settings.data.positive)[metric.name]
        return 0.0 if value is None else value

    return permutation_importance(
        features, score, greater_is_better=metric.greater_is_better, seed=seed
    )


def _defined(metrics: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if value is not None}
