"""A log that answers before it writes: ``serving.log = "buffered"``, the mode that may lose."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mooring.errors import CatalogError

if TYPE_CHECKING:
    from mooring.serving.batching import Append
    from mooring.serving.log import PredictionRecord
    from mooring.serving.metrics import Metrics

_logger = logging.getLogger(__name__)
_SECONDS = 1.0
_ROOM = 100_000


class BufferedLog:
    """Appends to another log in the background, at most a second later.

    A kill or a power cut loses what is still unwritten (``mooring_log_unwritten_rows`` says how
    much that is). When the log cannot be written for so long that the room is used up, the oldest
    records are dropped and counted: accepted = logged + unwritten + lost (FD-62).

    Parameters
    ----------
    append : callable
        The prediction log's.
    metrics : Metrics
    room : int
        Records that may be unwritten.
    """

    def __init__(self, append: Append, metrics: Metrics, room: int = _ROOM) -> None:
        self._write = append
        self._metrics = metrics
        self._room = room
        self._unwritten: deque[PredictionRecord] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mooring-log", daemon=True)

    def start(self) -> None:
        """Starts writing."""
        self._thread.start()

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Takes the records; they are written within a second."""
        with self._lock:
            self._unwritten.extend(records)
            self._drop()

    def close(self) -> None:
        """Writes what is unwritten; what cannot be written now is lost, and counted."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()
        with self._lock:
            self._lose(len(self._unwritten))

    def flush(self) -> None:
        """Writes what is unwritten; keeps it when the log cannot be written."""
        with self._lock:
            records = tuple(self._unwritten)
            self._unwritten.clear()
        try:
            if records:
                self._write(records)
        except CatalogError as error:
            self._metrics.log_failures.inc()
            _logger.error("%s", error)  # the reason is whole in its text
            with self._lock:
                self._unwritten.extendleft(reversed(records))
                self._drop()
        self._metrics.unwritten.set(len(self._unwritten))

    def _work(self) -> None:
        while not self._closing.wait(_SECONDS):
            self.flush()

    def _drop(self) -> None:
        self._lose(len(self._unwritten) - self._room)
        self._metrics.unwritten.set(len(self._unwritten))

    def _lose(self, count: int) -> None:
        for _ in range(count):
            self._unwritten.popleft()
            self._metrics.lost.inc()
