"""The prediction log on SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from mooring.adapters.sqlite_log import labels as joining
from mooring.adapters.sqlite_log import reading
from mooring.adapters.sqlite_log.schema import APPEND, KEEP, TABLES, VERSION, to_ticks
from mooring.errors import CatalogError
from mooring.lineage.wal import enter_wal
from mooring.serving.log import Label, LabelReceipt, LogCount, LoggedRows, PredictionRecord

if TYPE_CHECKING:
    from mooring.clock import Window

Durability = Literal["durable", "buffered"]
_SYNCHRONOUS = {"durable": "FULL", "buffered": "NORMAL"}
_BUSY_SECONDS = 30.0


class SqliteLog:
    """A prediction log in one file, which several server processes may append to at once.

    Parameters
    ----------
    path : Path
        The file; its folder is made when absent, for this user only.
    durability : "durable" or "buffered"
        ``durable``: an append returns once it would survive a power cut. ``buffered``: it survives
        the end of the process, and a power cut may lose the latest ones.

    Raises
    ------
    CatalogError
        When the file cannot be opened, is not such a log, or a newer Mooring made it.

    Examples
    --------
    >>> log = SqliteLog(Path(".mooring/predictions/log.db"))  # doctest: +SKIP
    """

    def __init__(self, path: Path, durability: Durability = "durable") -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._translated("opened"):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._writer = self._connect()
            try:
                self._prepare(_SYNCHRONOUS[durability])
            except BaseException:
                self._writer.close()
                raise

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Appends the records in one transaction."""
        rows = [_row(record) for record in records]
        kept = [(r.id, r.context) for r in records if r.context is not None]
        with self._writing() as connection:
            connection.executemany(APPEND, rows)
            if kept:
                connection.executemany(KEEP, kept)

    def add_labels(
        self, deployment: str, labels: Iterable[Label], received_at: datetime
    ) -> LabelReceipt:
        """Appends the labels that belong to a prediction of the deployment."""
        with self._writing() as connection:
            return joining.add(connection, deployment, labels, received_at)

    def read(
        self,
        deployment: str,
        window: Window | None = None,
        model_version: str | None = None,
        as_of: datetime | None = None,
    ) -> LoggedRows:
        """The rows of a window, oldest first, with the labels known then."""
        with self._reading() as connection:
            return reading.rows(connection, deployment, window, model_version, as_of)

    def counts(self, deployment: str, window: Window | None = None) -> tuple[LogCount, ...]:
        """Rows and labelled rows of each model version."""
        with self._reading() as connection:
            return reading.counts(connection, deployment, window)

    def close(self) -> None:
        """Closes the file; the log cannot be written afterwards."""
        with self._lock:
            self._writer.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(
            self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )

    def _prepare(self, synchronous: str) -> None:
        enter_wal(self._writer, _BUSY_SECONDS)
        self._writer.execute(f"PRAGMA synchronous = {synchronous}")
        found: int = self._writer.execute("PRAGMA user_version").fetchone()[0]
        if found > VERSION:
            raise CatalogError(
                f"the prediction log is of version {found}, newer than this Mooring reads",
                where=str(self._path),
                fix="pip install --upgrade mooring",
            )
        if found < VERSION:
            create = f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
            self._writer.executescript(create)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated("written"):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            finally:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        # A connection of its own: a long read never holds up an append.
        with self._translated("read"), closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def _translated(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise CatalogError(
                f"the prediction log cannot be {verb}: {error}",
                where=str(self._path),
                fix="check the disk's free space and who may write the file",
            ) from error


def _row(record: PredictionRecord) -> tuple[object, ...]:
    probabilities = record.probabilities
    return (
        record.id,
        record.deployment,
        to_ticks(record.at),
        record.model_version,
        record.key,
        _json(record.prediction),
        None if probabilities is None else _json(probabilities),
        record.inputs,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
