"""Joining labels to the predictions they belong to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime

import msgspec

from mooring.adapters.sqlite_log.schema import to_ticks
from mooring.serving.log import Label, LabelReceipt

_EXAMPLES = 3
_STAGE = "INSERT INTO temp.incoming (prediction_id, known_at, value) VALUES (?, ?, ?)"
_JOIN = """
INSERT OR IGNORE INTO label (prediction_id, known_at, value, received_at)
SELECT i.prediction_id, i.known_at, i.value, ? FROM temp.incoming AS i
JOIN prediction AS p ON p.id = i.prediction_id AND p.deployment = ? ORDER BY i.n
"""
_UNKNOWN = """
SELECT count(*), i.prediction_id FROM temp.incoming AS i WHERE NOT EXISTS
(SELECT 1 FROM prediction AS p WHERE p.id = i.prediction_id AND p.deployment = ?)
GROUP BY i.prediction_id ORDER BY min(i.n)
"""


def add(
    connection: sqlite3.Connection, deployment: str, labels: Iterable[Label], received_at: datetime
) -> LabelReceipt:
    """Appends, within the open transaction, the labels that are new and belong to a prediction."""
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS incoming "
        "(n INTEGER PRIMARY KEY, prediction_id TEXT, known_at INTEGER, value TEXT)"
    )
    connection.execute("DELETE FROM temp.incoming")
    rows = max(connection.executemany(_STAGE, map(_row, labels)).rowcount, 0)
    joined = connection.execute(_JOIN, (to_ticks(received_at), deployment)).rowcount
    strangers: list[tuple[int, str]] = connection.execute(_UNKNOWN, (deployment,)).fetchall()
    connection.execute("DELETE FROM temp.incoming")
    unknown = sum(count for count, _ in strangers)
    examples = tuple(prediction_id for _, prediction_id in strangers[:_EXAMPLES])
    return LabelReceipt(rows, joined, unknown, rows - joined - unknown, examples)


def _row(label: Label) -> tuple[str, int, str]:
    value = msgspec.json.encode(label.value).decode()
    return label.prediction_id, to_ticks(label.known_at), value
