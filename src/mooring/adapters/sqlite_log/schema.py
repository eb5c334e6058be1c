"""The tables of the log, and how values stand in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

VERSION = 2
"""2 added ``context``, in a table of its own: a server that was started before the change goes on
writing, and rows that keep nothing cost nothing."""
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
CREATE TABLE IF NOT EXISTS context (
  prediction_id TEXT NOT NULL PRIMARY KEY,
  fields BLOB NOT NULL
) WITHOUT ROWID;
"""

APPEND = "INSERT INTO prediction VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
KEEP = "INSERT INTO context VALUES (?, ?)"


def to_ticks(instant: datetime) -> int:
    """An instant as whole microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def from_ticks(ticks: int) -> datetime:
    """The instant of whole microseconds since 1970."""
    return _EPOCH + ticks * _MICROSECOND
