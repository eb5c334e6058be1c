"""Recent truth: rows of the prediction log that two model versions can be compared on.

They were answered after both versions were made, so neither can have been trained on them, and
their labels are final.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from mooring.errors import DataError
from mooring.lineage.answers import Answers
from mooring.lineage.fingerprints import Flags
from mooring.lineage.values import ModelVersion
from mooring.monitoring.answered import logged_truth
from mooring.monitoring.versions import MonitoredVersion, VersionCache
from mooring.pipeline.by_hand import Holdout
from mooring.pipeline.context import Context
from mooring.pipeline.fairness import Training
from mooring.pipeline.judging import Model
from mooring.pipeline.splitting import labelled_rows
from mooring.serving.log import LoggedRows, PredictionLog

AT = "prediction_at"
URI = "the prediction log"
_PLACE = "place"


def recent_truth(
    context: Context, log: PredictionLog, versions: tuple[ModelVersion, ModelVersion]
) -> tuple[Holdout, tuple[Model, Model]]:
    """Rows of the log that two versions can be compared on, and how each answers them.

    Parameters
    ----------
    context : Context
    log : PredictionLog
    versions : tuple of ModelVersion
        Only rows that one of them answered are taken.

    Raises
    ------
    DataError
        When one of them needs a column that the rows of the other were logged without.
    """
    cache = VersionCache(context.store)
    loaded = tuple(cache.get(version.artifact) for version in versions)
    logged = [log.read(context.name, None, v.id, context.clock()) for v in versions]
    for (answered, rows), other, its in zip(
        zip(versions, logged, strict=True), versions[::-1], loaded[::-1], strict=True
    ):
        if rows.inputs:
            _check_columns(answered, cache.get(answered.artifact), other, its)
    data = msgspec.structs.replace(context.settings.data, time=AT, keys=())
    frame, inputs = _frame(logged, data.target, loaded[0].loaded.manifest.classes)
    kept = labelled_rows(frame, data, context.clock())
    ordered = [inputs[place] for place in kept[_PLACE].to_list()]
    models = tuple(
        _model(version, its, ordered) for version, its in zip(versions, loaded, strict=True)
    )
    return Holdout(kept.drop(_PLACE), URI, data), (models[0], models[1])


def _model(version: ModelVersion, loaded: MonitoredVersion, inputs: Sequence[bytes]) -> Model:
    def answer(_rows: pl.DataFrame, fair: Flags) -> Answers:
        chosen = [inputs[place] for place in np.flatnonzero(fair).tolist()]
        return loaded.loaded.answers(loaded.rows(chosen))

    name = f"v{version.version}"
    return Model(name, answer, Training(name, None, {}, version.at))


def _frame(
    logged: Sequence[LoggedRows], target: str, classes: Sequence[str | int | float | bool]
) -> tuple[pl.DataFrame, list[bytes]]:
    """Who was answered when and what came of it, with each row's place among all inputs."""
    inputs = [row for rows in logged for row in rows.inputs]
    meta = pl.concat(
        [rows.meta.select("prediction_id", "at", "label") for rows in logged],
        how="vertical_relaxed",
    )
    there = meta.with_row_index(_PLACE).filter(pl.col("label").is_not_null())
    truth = pl.Series(target, logged_truth(there["label"], classes).tolist())
    return there.select(pl.col("at").alias(AT), "prediction_id", _PLACE, truth), inputs


def _check_columns(
    answered: ModelVersion, logged: MonitoredVersion, other: ModelVersion, asked: MonitoredVersion
) -> None:
    """What a version does not read is not in the log of its answers."""
    known = {column.name for column in logged.contract.columns}
    missing = [name for name in asked.contract.inputs if name not in known]
    if missing:
        raise DataError(
            f"v{other.version} needs columns that the answers of v{answered.version} "
            "were logged without",
            where=", ".join(missing[:5]),
            fix="compare them on a file: --on rows.parquet",
        )
