"""Joining late truth with the predictions it belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from mooring.errors import DataError
from mooring.ids import IdSource
from mooring.lineage.catalog.engine import Catalog
from mooring.lineage.tables import read_table
from mooring.lineage.values import LabelBatch
from mooring.serving.log import Label, LabelReceipt, PredictionLog
from mooring.settings import Settings

ID, VALUE, KNOWN = "prediction_id", "label", "known_at"


def join_labels(  # noqa: PLR0913 - what it works with, by name
    catalog: Catalog,
    log: PredictionLog,
    settings: Settings,
    file: Path,
    known_at: datetime,
    *,
    received_at: datetime,
    ids: IdSource,
) -> LabelReceipt:
    """Adds a file of labels to the log and records the delivery in the catalog.

    Parameters
    ----------
    file : Path
        A table with ``prediction_id`` and ``label``, and optionally ``known_at``. Rows without a
        label, or with NaN, are labels that are not known yet; they are left out.
    known_at : datetime
        For rows that do not say when their label was known.

    Raises
    ------
    DataError
        When a column is missing, a label is not what the task asks for, or ``known_at`` holds no
        instants.
    """
    frame = read_table(str(file.resolve()), settings.root)
    _check(frame, settings, file)
    if frame.schema[ID] != pl.String:  # ids that look like numbers keep their zeros
        frame = read_table(str(file.resolve()), settings.root, {ID: "string"})
    receipt = log.add_labels(settings.project.name, _labels(frame, known_at), received_at)
    with catalog.write() as tx:
        tx.append(
            LabelBatch(
                id=ids(received_at),
                deployment=settings.project.name,
                source=file.name,
                rows=receipt.rows,
                joined=receipt.joined,
                at=received_at,
            )
        )
    return receipt


def _check(frame: pl.DataFrame, settings: Settings, file: Path) -> None:
    for name in (ID, VALUE):
        if name not in frame.columns:
            raise DataError(
                f"the labels have no column {name!r}",
                where=f"{file.name}: {', '.join(frame.columns)}",
                fix=f"name the columns {ID} and {VALUE}",
            )
    example = frame[VALUE].drop_nulls().head(1).to_list()
    if settings.data.task == "regression" and example and not frame.schema[VALUE].is_numeric():
        raise DataError(
            "the labels of a regression must be numbers", where=f"{file.name}, such as {example}"
        )
    if frame.schema[VALUE].is_float() and frame[VALUE].is_infinite().any():
        raise DataError(
            "a label is infinite", where=file.name, fix="leave it empty until it is known"
        )
    if KNOWN in frame.columns and not isinstance(
        frame.schema[KNOWN], pl.Date | pl.Datetime | pl.Null
    ):
        example = frame[KNOWN].drop_nulls().head(1).to_list()
        raise DataError(
            f"{KNOWN} must hold instants",
            where=f"{file.name}, such as {example}",
            fix="write them as 2026-03-03 or 2026-03-03T10:00:00Z",
        )


def _labels(frame: pl.DataFrame, known_at: datetime) -> Iterator[Label]:
    known = frame[KNOWN].to_list() if KNOWN in frame.columns else [known_at] * frame.height
    if frame.schema[VALUE].is_float():
        frame = frame.with_columns(pl.col(VALUE).fill_nan(None))
    for prediction_id, value, at in zip(
        frame[ID].to_list(), frame[VALUE].to_list(), known, strict=True
    ):
        if value is not None and prediction_id is not None:
            yield Label(prediction_id, value, _instant(at, known_at))


def _instant(at: object, otherwise: datetime) -> datetime:
    if not isinstance(at, date):
        return otherwise
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day, tzinfo=UTC)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
