"""Comparing two model versions by hand: the gate's rules and evidence, and no verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from mooring.errors import DataError, UsageError
from mooring.gates.trivial import constant_answers, labels_of
from mooring.lineage.answer import find_dataset
from mooring.lineage.answers import Answers
from mooring.lineage.catalog import queries
from mooring.lineage.digest import digest_table
from mooring.lineage.fingerprints import Flags
from mooring.lineage.fresh import Fault, Trial, tried
from mooring.lineage.loading import load_version
from mooring.lineage.values import DatasetSource, DatasetVersion, Evaluation, ModelVersion, Run
from mooring.pipeline.candidate import Judged, truth_of
from mooring.pipeline.context import Context
from mooring.pipeline.judging import Match, Model, compare, recorded_trial, version_model
from mooring.pipeline.locking import only_one
from mooring.pipeline.recording import append_facts
from mooring.pipeline.splitting import labelled_rows, recent_rows, split_by_time
from mooring.reading.tables import read_table

if TYPE_CHECKING:
    from mooring.settings.model import Data


@dataclass(frozen=True, slots=True)
class Holdout:
    """Labelled rows to compare on.

    Parameters
    ----------
    rows : polars.DataFrame
        Oldest first.
    uri : str
        Where they are from.
    data : Data
        What the columns are for.
    """

    rows: pl.DataFrame
    uri: str
    data: Data


def judge_by_hand(
    context: Context,
    versions: tuple[ModelVersion, ModelVersion],
    holdout: Holdout,
    models: tuple[Model, Model] | None = None,
) -> tuple[Judged, Evaluation | None]:
    """Compare the first version with the second, and record that the rows were used.

    Parameters
    ----------
    versions : tuple of ModelVersion
        The one that should be better, then its opponent.
    holdout : Holdout
    models : tuple of Model, optional
        How the versions answer these rows; from their artifacts when absent.

    Returns
    -------
    Judged
    Evaluation or None
        None when nothing was compared.

    Raises
    ------
    UsageError
        When they are the same version, or of different tasks.
    RunBusy
        When a run is under way, which might judge on the same rows.
    """
    candidate, opponent = versions
    if candidate.id == opponent.id:
        raise UsageError(f"{candidate.id} is both", fix="name two versions: mooring judge v7 v3")
    if candidate.task != opponent.task:
        raise UsageError(f"{candidate.id} is {candidate.task}, {opponent.id} is {opponent.task}")
    with only_one(context.settings.state / "run.lock"):
        first, second = models or tuple(_model(context, version) for version in versions)
        digest = digest_table(holdout.rows)
        match = Match(
            first,
            second,
            candidate.run,
            opponent.id,
            holdout.rows,
            digest.digest,
            "hand",
            holdout.data,
            constant=_constant(context, holdout, candidate),
            searched=_searched(context, candidate, holdout),
            trial=lambda: _trial(context, candidate),
            trial_before=_before(context, opponent),
        )
        judged, evaluation = compare(context, match)
        if evaluation is not None:
            now, schema = context.clock(), dict(digest.schema)
            columns = dict(digest.columns)
            known = DatasetVersion(digest.digest, digest.rows, schema, columns, now)
            source = DatasetSource(digest.digest, holdout.uri, now)
            with context.catalog.write() as tx:
                append_facts(tx, (known, source, evaluation))
    return judged, evaluation


def holdout_of(context: Context, text: str) -> Holdout:
    """The labelled rows of a file, a glob or a dataset version.

    Parameters
    ----------
    text : str
        A path below the project, or the digest of a dataset version (its beginning is enough).

    Raises
    ------
    UnknownName
        When it looks like a digest and the catalog has none like it.
    DataError
        When it cannot be read, has no labels, or its content is no longer what the digest says.
    """
    settings = context.settings
    data = settings.data
    if text.startswith("t1:"):
        return _dataset(context, text)
    frame = read_table(text, settings.root, data.types)
    return Holdout(_labelled(context, frame, text), text, data)


def _model(context: Context, version: ModelVersion) -> Model:
    return version_model(load_version(context.store, version.artifact), f"v{version.version}")


def _constant(
    context: Context, holdout: Holdout, version: ModelVersion
) -> Callable[[pl.DataFrame, Flags, str | None], Answers]:
    """The best constant by the labels that the version learned from, as its run had it.

    A version that was registered before these were kept has the best one for these very rows,
    which is harder to beat.
    """
    data = holdout.data
    manifest = context.store.read(version.artifact).manifest
    classes = manifest.classes

    def answer(rows: pl.DataFrame, fair: Flags, metric: str | None) -> Answers:
        labels = manifest.labels
        if labels is None:
            truth = truth_of(rows.filter(pl.Series(fair)), data.target)
            labels = labels_of(data.task, truth, classes)
        return constant_answers(
            data.task, labels, int(fair.sum()), classes, metric=metric, positive=data.positive
        )

    return answer


def _before(context: Context, opponent: ModelVersion) -> Trial | None:
    with context.catalog.read() as tx:
        return recorded_trial(tx, opponent.id)


def _searched(context: Context, version: ModelVersion, holdout: Holdout) -> tuple[str, ...]:
    inputs = context.store.read(version.artifact).manifest.inputs
    apart = {*context.settings.hidden_columns, context.settings.data.time}
    return tuple(name for name in inputs if name in holdout.rows.columns and name not in apart)


def _trial(context: Context, version: ModelVersion) -> Trial | Fault | None:
    if not context.settings.gates.model.wants_trial:
        return None
    return tried(context.store, version.artifact)


def _dataset(context: Context, text: str) -> Holdout:
    with context.catalog.read() as tx:
        wanted = find_dataset(tx, text)
        uses = queries.runs_on_dataset(tx, wanted.digest)
        runs = [queries.get(tx, Run, use.run) for use in uses]
        uri = queries.source_of(tx, wanted.digest)
        for run in runs:
            uri = uri or queries.source_of_run(tx, run.id)
    settings = context.settings
    source = uri or settings.data.source
    frame = read_table(source, settings.root, settings.data.types)
    for rows in _parts(context, frame, runs):
        if digest_table(rows).digest == wanted.digest:
            return Holdout(_labelled(context, rows, source), source, settings.data)
    raise DataError(
        "the rows of this dataset version are not there any more",
        where=f"{source} now holds other rows than {wanted.digest[:19]}…",
        fix="restore the file, or name a file: --on newer.parquet",
    )


def _parts(context: Context, frame: pl.DataFrame, runs: list[Run]) -> Iterator[pl.DataFrame]:
    """What a run may have made of a source: all of it, or one of the parts it was divided into."""
    yield frame
    data, split = context.settings.data, context.settings.split
    for run in runs:
        splits = split_by_time(labelled_rows(recent_rows(frame, data), data, run.at), data, split)
        yield from (splits.holdout, splits.validation, splits.training)


def _labelled(context: Context, frame: pl.DataFrame, source: str) -> pl.DataFrame:
    data = context.settings.data
    for name in (data.target, data.time):
        if name is not None and name not in frame.columns:
            raise DataError(
                f"the rows have no column {name!r}",
                where=f"{source}: {', '.join(frame.columns[:8])}",
                fix="bring the columns that [data] target and time name",
            )
    return labelled_rows(frame, data, context.clock())
