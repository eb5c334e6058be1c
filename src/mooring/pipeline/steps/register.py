"""Writes the model version, its metrics and its verdict: from here on it is immutable."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import polars as pl

import mooring
from mooring.gates import contract as contracts
from mooring.gates.terms import keys
from mooring.gates.terms.model import FILE
from mooring.gates.trivial import labels_of
from mooring.lineage.answering import as_polars
from mooring.lineage.answers import Answers
from mooring.lineage.artifacts import FINGERPRINTS, Manifest
from mooring.lineage.catalog import queries
from mooring.lineage.digest import row_fingerprints
from mooring.lineage.fingerprints import fingerprints_of
from mooring.lineage.golden import golden_parts
from mooring.lineage.values import Environment, Fact, Json, Metric, ModelVersion, Role, Verdict
from mooring.pipeline.candidate import Candidate, Evaluated, known, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.feature_age import PART as FEATURE_AGE
from mooring.pipeline.feature_age import ages_in
from mooring.pipeline.runner import Done, Step
from mooring.pipeline.splitting import newest_instant
from mooring.profiling import codec
from mooring.profiling.counting.making import profile
from mooring.reading.logical import logical_type

_GOLDEN_ROWS = 16


def register(context: Context) -> Step[Candidate]:
    """The step that makes the candidate a model version, whatever its verdict."""

    def run(candidate: Candidate) -> Done[Candidate]:
        artifact = keep(context, candidate)
        with context.catalog.read() as tx:
            number = queries.next_version_number(tx, context.name)
        version = ModelVersion(
            id=f"{context.name}/{number}",
            name=context.name,
            version=number,
            run=candidate.run.id,
            artifact=artifact,
            task=context.settings.data.task,
            at=context.clock(),
        )
        verdict = _verdict(context, candidate, version)
        facts: tuple[Fact, ...] = (version, *_metrics(candidate, version), verdict)
        result = {
            "model_version": version.id,
            "artifact": artifact,
            "verdict": verdict.id,
            "outcome": verdict.outcome,
        }
        return Done(replace(candidate, version=version), result, facts)

    def restore(candidate: Candidate, result: Json) -> Candidate:
        with context.catalog.read() as tx:
            version = queries.get(tx, ModelVersion, str(result["model_version"]))
        return replace(candidate, version=version)

    return Step("register", run, restore)


def keep(context: Context, candidate: Candidate) -> str:
    """Writes the candidate to the store, once however often it is asked, and names it."""
    return context.store.write(manifest_of(context, candidate), parts_of(context, candidate))


def _verdict(context: Context, candidate: Candidate, version: ModelVersion) -> Verdict:
    judged = known(candidate.judged)
    return Verdict(
        id=context.ids(context.clock()),
        gate="model",
        outcome=judged.outcome,
        at=context.clock(),
        by=context.by,
        reasons=judged.reasons,
        run=candidate.run.id,
        model_version=version.id,
        opponent=judged.champion,
        evidence=judged.evidence,
    )


def _metrics(candidate: Candidate, version: ModelVersion) -> list[Metric]:
    splits, evaluated = known(candidate.splits), known(candidate.evaluated)
    roles: tuple[Role, ...] = ("validation", "holdout")
    return [
        Metric(version.id, role, name, value, getattr(splits, role).height)
        for role in roles
        for name, value in evaluated.metrics[role].items()
    ]


def manifest_of(context: Context, candidate: Candidate) -> Manifest:
    """What the model version of an evaluated candidate says of itself."""
    settings = context.settings
    evaluated, trained = known(candidate.evaluated), known(candidate.trained)
    training = known(candidate.splits).training
    return Manifest(
        name=context.name,
        task=settings.data.task,
        model_format=settings.pipeline.model_format,
        trusted=trained.trusted,
        classes=evaluated.answers["holdout"].classes,
        positive=settings.data.positive,
        frame=settings.pipeline.frame,
        inputs=tuple(_inputs(context, candidate)),
        code=candidate.space.entry,
        features=tuple(as_polars(candidate.features["training"]).columns),
        watched=evaluated.importance,
        metrics=dict(evaluated.metrics["holdout"]),
        params=dict(candidate.run.params),
        mooring_version=mooring.__version__,
        rows={name: logical_type(kind) for name, kind in training.schema.items()},
        trained_until=newest_instant(training, settings.data.time),
        labels=labels_of(
            settings.data.task,
            truth_of(training, settings.data.target),
            evaluated.answers["holdout"].classes,
        ),
    )


def parts_of(context: Context, candidate: Candidate) -> dict[str, bytes]:
    """Everything a server or a monitor needs of this version, and nothing from elsewhere."""
    settings = context.settings
    splits, evaluated = known(candidate.splits), known(candidate.evaluated)
    contract = replace(known(candidate.contract), classes=evaluated.answers["holdout"].classes)
    with context.catalog.read() as tx:
        environment = queries.get(tx, Environment, candidate.run.environment)
    parts = {
        f"model.{settings.pipeline.model_format}": known(candidate.trained).data,
        "contract.json": contracts.to_bytes(contract),
        "baseline.profile": codec.to_bytes(profile(as_polars(candidate.features["training"]))),
        "predictions.profile": codec.to_bytes(profile(_predictions(evaluated))),
        FINGERPRINTS: fingerprints_of(row_fingerprints(splits.training)).to_bytes(),
        "environment.json": msgspec.json.encode(environment.packages),
    }
    ages = ages_in(splits.training, settings.data.time, settings.serving.features_at)
    if ages is not None:
        parts[FEATURE_AGE] = msgspec.json.encode(ages)
    if candidate.terms is not None:
        parts[FILE] = candidate.terms.text.encode()
    if candidate.keys:
        parts[keys.PART] = keys.to_bytes(candidate.keys)
    parts |= {f"code/{path}": data for path, data in candidate.space.files().items()}
    rows = _spread(splits.holdout, _GOLDEN_ROWS)
    return parts | golden_parts(
        splits.holdout[rows].select(_inputs(context, candidate)), _at(evaluated, rows)
    )


def _inputs(context: Context, candidate: Candidate) -> list[str]:
    """The raw columns that ``features`` was given."""
    columns = known(candidate.splits).holdout.columns
    return [name for name in columns if name not in context.settings.hidden_columns]


def _predictions(evaluated: Evaluated) -> pl.DataFrame:
    """The answers on rows the model was not fitted to, as monitoring will see them."""
    return predictions_frame(evaluated.answers["validation"]).vstack(
        predictions_frame(evaluated.answers["holdout"])
    )


def predictions_frame(answers: Answers) -> pl.DataFrame:
    """Predictions as a frame to profile: ``prediction``, and the chance of each class."""
    columns = {"prediction": pl.Series(answers.predictions)}
    if answers.probabilities is not None:
        for place, label in enumerate(answers.classes):
            columns[f"p({label})"] = pl.Series(answers.probabilities[:, place])
    return pl.DataFrame(columns)


def _spread(rows: pl.DataFrame, count: int) -> list[int]:
    """Places spread evenly over the rows, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, rows.height - 1, count)})


def _at(evaluated: Evaluated, rows: list[int]) -> Answers:
    answers = evaluated.answers["holdout"]
    chances = answers.probabilities
    return Answers(
        answers.predictions[rows], None if chances is None else chances[rows], answers.classes
    )
