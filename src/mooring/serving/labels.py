"""Joining late truth with the predictions it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from mooring.errors import DataError
from mooring.gates.terms.model import Terms
from mooring.ids import IdSource
from mooring.lineage.catalog.engine import Catalog
from mooring.lineage.values import LabelBatch
from mooring.reading.tables import read_table
from mooring.serving.label_terms import hold_labels
from mooring.serving.log import Label, LabelReceipt, PredictionLog
from mooring.settings import Settings

Value = float | int | str | bool
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
    classes: Sequence[Value] = (),
    terms: Terms | None = None,
) -> LabelReceipt:
    """Adds a file of labels to the log and records the delivery in the catalog.

    Parameters
    ----------
    file : Path
        A table with ``prediction_id`` and ``label``, and optionally ``known_at``. Rows without a
        label, or with NaN, are labels that are not known yet; they are left out.
    known_at : datetime
        For rows that do not say when their label was known.
    classes : sequence
        What the champion tells apart. A label is kept in the type and spelling of its class; of
        two classes it must be one, of several the new ones are kept as they are written.
    terms : Terms, optional
        The contract of the version that serves; labels that break it are refused, told of or kept
        apart, as it says.

    Raises
    ------
    DataError
        When a column is missing, a label is not what the task asks for or breaks a rule of the
        contract that stops, or ``known_at`` holds no instants.
    """
    frame = read_table(str(file.resolve()), settings.root)
    _check(frame, settings, file)
    texts = [ID, VALUE] if any(isinstance(one, str) for one in classes) else [ID]
    typed = {name: "string" for name in texts if frame.schema[name] != pl.String}
    if typed:  # ids and classes that look like numbers keep their zeros
        frame = read_table(str(file.resolve()), settings.root, typed)
    labels = list(_labels(frame, known_at))
    if classes:
        labels = _of_classes(labels, classes, file)
    held = hold_labels(labels, terms, settings, file.name)
    receipt = log.add_labels(settings.project.name, list(held.labels), received_at)
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
    return replace(receipt, quarantined=held.quarantined, told=held.told)


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


def _of_classes(labels: list[Label], classes: Sequence[Value], file: Path) -> list[Label]:
    """Labels as the classes they name, which a CSV may have spelled or typed otherwise."""
    known = _spellings(classes)
    found = [known.get(label.value, known.get(str(label.value))) for label in labels]
    strange = [label.value for label, of in zip(labels, found, strict=True) if of is None]
    if strange and (len(classes) == 2 or len(strange) == len(labels)):  # noqa: PLR2004
        raise DataError(
            f"{len(strange):,} of {len(labels):,} labels are none of the model's classes",
            where=f"{file.name}, such as {strange[0]!r}",
            fix=f"the classes are {', '.join(map(repr, classes[:8]))}",
        )
    return [
        label if of is None else replace(label, value=of)
        for label, of in zip(labels, found, strict=True)
    ]


def _spellings(classes: Sequence[Value]) -> Mapping[object, Value]:
    known: dict[object, Value] = {}
    for one in classes:
        known |= {one: one, str(one): one}
        if isinstance(one, bool):
            known[str(one).lower()] = one
        elif isinstance(one, int | float):
            known[str(float(one))] = one
    return known


def _instant(at: object, otherwise: datetime) -> datetime:
    if not isinstance(at, date):
        return otherwise
    if not isinstance(at, datetime):
        return datetime(at.year, at.month, at.day, tzinfo=UTC)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
