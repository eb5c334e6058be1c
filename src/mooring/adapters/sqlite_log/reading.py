"""Reading the log back: rows of a window with their labels, and counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from mooring.adapters.sqlite_log.schema import from_ticks, to_ticks
from mooring.serving.log import LogCount, LoggedRows

if TYPE_CHECKING:
    import polars as pl

    from mooring.clock import Window

_ROWS = (
    "SELECT p.rowid, p.id, p.at, p.model_version, p.key, p.prediction, p.probabilities, p.inputs, "
    "c.fields FROM prediction AS p LEFT JOIN context AS c ON c.prediction_id = p.id "
    "WHERE {condition} ORDER BY p.at, p.rowid"
)
# The label of each prediction: the one known last, then the one received last.
_LABELS = (
    "SELECT p.rowid, l.value, l.known_at FROM prediction AS p "
    "JOIN label AS l ON l.prediction_id = p.id "
    "WHERE {condition} ORDER BY l.known_at, l.received_at, l.value"
)
_COUNTS = (
    "SELECT p.model_version, count(*), sum(EXISTS "
    "(SELECT 1 FROM label AS l WHERE l.prediction_id = p.id)), min(p.at), max(p.at) "
    "FROM prediction AS p WHERE {condition} GROUP BY p.model_version ORDER BY p.model_version"
)


def rows(
    connection: sqlite3.Connection,
    deployment: str,
    window: Window | None,
    model_version: str | None,
    as_of: datetime | None,
) -> LoggedRows:
    """The rows that match, oldest first; both queries see one state of the log."""
    condition, values = _condition(deployment, window, model_version)
    connection.execute("BEGIN")
    found = connection.execute(_ROWS.format(condition=condition), values).fetchall()
    labels = _labels(connection, condition, values, as_of)
    if not found:
        return LoggedRows(_meta([()] * 6, [], []), (), ())
    rowids, *columns, inputs, context = zip(*found, strict=True)
    known = [labels.get(rowid, (None, None)) for rowid in rowids]
    meta = _meta(columns, [k[0] for k in known], [k[1] for k in known])
    return LoggedRows(meta, inputs, context)


def counts(
    connection: sqlite3.Connection, deployment: str, window: Window | None
) -> tuple[LogCount, ...]:
    """Rows and labelled rows of each model version."""
    condition, values = _condition(deployment, window, None)
    found = connection.execute(_COUNTS.format(condition=condition), values).fetchall()
    return tuple(
        LogCount(version, rows, labelled, from_ticks(first), from_ticks(last))
        for version, rows, labelled, first, last in found
    )


def _condition(
    deployment: str, window: Window | None, model_version: str | None
) -> tuple[str, list[object]]:
    """SQL over ``prediction AS p`` made of fixed text, and the values bound to it."""
    parts: list[str] = ["p.deployment = ?"]
    values: list[object] = [deployment]
    if window is not None:
        parts.append("p.at >= ? AND p.at < ?")
        values += [to_ticks(window.start), to_ticks(window.end)]
    if model_version is not None:
        parts.append("p.model_version = ?")
        values.append(model_version)
    return " AND ".join(parts), values


def _labels(
    connection: sqlite3.Connection, condition: str, values: list[object], as_of: datetime | None
) -> dict[int, tuple[str, int]]:
    if as_of is not None:
        condition = f"{condition} AND l.known_at <= ?"
        values = [*values, to_ticks(as_of)]
    found = connection.execute(_LABELS.format(condition=condition), values)
    return {rowid: (value, known_at) for rowid, value, known_at in found}  # the last one stays


def _meta(
    columns: Sequence[Sequence[object]],
    labels: Sequence[str | None],
    known_at: Sequence[int | None],
) -> pl.DataFrame:
    import polars as pl

    ids, at, versions, keys, predictions, probabilities = columns[:6]
    instant = pl.Datetime("us", "UTC")
    prediction = _values(pl.Series("prediction", predictions, dtype=pl.String))
    label = _values(pl.Series("label", labels, dtype=pl.String), prediction.dtype)
    return pl.DataFrame(
        [
            pl.Series("prediction_id", ids, dtype=pl.String),
            pl.Series("at", at, dtype=pl.Int64).cast(instant),
            pl.Series("model_version", versions, dtype=pl.String),
            pl.Series("key", keys, dtype=pl.String),
            prediction,
            pl.Series("probabilities", probabilities, dtype=pl.String).str.json_decode(
                pl.List(pl.Float64)
            ),
            label,
            pl.Series("label_known_at", known_at, dtype=pl.Int64).cast(instant),
        ]
    )


def _values(texts: pl.Series, otherwise: pl.DataType | None = None) -> pl.Series:
    """JSON texts as numbers when all are, as text when not."""
    import polars as pl

    if texts.null_count() == len(texts):
        return texts.cast(otherwise or pl.Float64())
    numbers = texts.cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers
    decode = msgspec.json.Decoder(str)
    quoted = texts.str.starts_with('"').fill_null(value=False)
    if not quoted.any():
        return texts
    known = {text: decode.decode(text) for text in texts.filter(quoted).unique().to_list()}
    return texts.replace(known)
