"""The tables of the log, and how values stand in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# ``at`` and ``known_at`` are microseconds since 1970: integers sort and compare without parsing.
TABLES = """
CREATE TABLE IF NOT EXISTS prediction (
  id TEXT NOT NULL,
  deployment TEXT NOT NULL,
  at INTEGER NOT NULL,
  model_version TEXT NOT NULL,
  key TEXT,
  prediction TEXT NOT NULL,
  probabilities TEXT,
  inputs BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS prediction_by_id ON prediction (id);
CREATE INDEX IF NOT EXISTS prediction_by_time ON prediction (deployment, at);
CREATE TABLE IF NOT EXISTS label (
  prediction_id TEXT NOT NULL,
  known_at INTEGER NOT NULL,
  value TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  PRIMARY KEY (prediction_id, known_at, value)
) WITHOUT ROWID;
"""

APPEND = "INSERT INTO prediction VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def to_ticks(instant: datetime) -> int:
    """An instant as whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def from_ticks(ticks: int) -> datetime:
    """The instant of whole microseconds since 1970."""
    return _EPOCH + ticks * _MICROSECOND
