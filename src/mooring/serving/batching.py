"""The micro-batcher: requests that wait together are predicted and made durable together.

One thread drains the queue, with no timer: a lone request waits for nobody, and the requests that
come while it is answered form the next batch. All the records of a drain are one append to the log,
and no answer leaves before that append has returned (P4).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

from mooring.errors import CatalogError, MooringError, RequestError, RunError
from mooring.serving.context import count_unknown
from mooring.serving.predicting import Part, Said, predict, records_of

if TYPE_CHECKING:
    from mooring.serving.log import PredictionRecord
    from mooring.serving.metrics import Metrics

    Append = Callable[[Sequence[PredictionRecord]], None]

_logger = logging.getLogger(__name__)
Outcome = list[Said] | MooringError


@dataclass(frozen=True, slots=True)
class _Waiting:
    parts: Sequence[Part]
    rows: int
    answer: asyncio.Future[list[Said]]


class Batcher:
    """Answers requests in batches, on one thread of its own.

    Parameters
    ----------
    append : callable
        The prediction log's: receives every record before its answer leaves.
    metrics : Metrics
    max_rows : int
        A drain takes requests up to this many rows, and at least one request.
    max_waiting : int
        Requests that may wait; more are refused as ``busy``.
    """

    def __init__(
        self,
        append: Append,
        metrics: Metrics,
        *,
        max_rows: int,
        max_waiting: int = 1024,
    ) -> None:
        self._append = append
        self._metrics = metrics
        self._max_rows = max_rows
        self._max_waiting = max_waiting
        self._queue: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="mooring-batcher", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether requests are being answered."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """Requests in the queue, those that are being answered not among them."""
        return len(self._queue)

    def close(self) -> None:
        """Answers what waits, refuses what comes, and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    async def submit(self, parts: Sequence[Part]) -> list[Said]:
        """Answers the parts of one request, once they are durable.

        Returns
        -------
        list of Said
            In the order of the parts.

        Raises
        ------
        RequestError
            Of kind ``busy`` when the queue is full, the server is stopping, or the log cannot be
            written: nothing was acknowledged, and the request may be sent again.
        UserCodeError
            When the model version cannot answer.
        """
        answer: asyncio.Future[list[Said]] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(parts, sum(part.rows.rows for part in parts), answer)
        with self._changed:
            if self._closing:
                raise RequestError("the server is stopping", kind="busy", fix="send it again")
            if len(self._queue) >= self._max_waiting:
                raise RequestError(
                    "too many requests are waiting", kind="busy", fix="send it again in a second"
                )
            self._queue.append(waiting)
            self._metrics.waiting.set(len(self._queue))
            self._changed.notify()
        return await answer

    def _work(self) -> None:
        while batch := self._drain():
            outcomes: list[Outcome]
            try:
                outcomes = self._answer(batch)
            except Exception:  # a fault of ours must not end the thread that answers everybody
                _logger.exception("a batch could not be answered")
                outcomes = [RunError("the server failed to answer")] * len(batch)
            _hand_back(batch, outcomes)

    def _drain(self) -> list[_Waiting]:
        """The next batch; empty when the server stops and nobody waits."""
        with self._changed:
            while not self._queue and not self._closing:
                self._changed.wait()
            batch: list[_Waiting] = []
            room = self._max_rows
            while self._queue and (not batch or self._queue[0].rows <= room):
                batch.append(self._queue.popleft())
                room -= batch[-1].rows
            self._metrics.waiting.set(len(self._queue))
            return batch

    def _answer(self, batch: Sequence[_Waiting]) -> list[Outcome]:
        parts = [part for waiting in batch for part in waiting.parts]
        said = iter(predict(parts))
        outcomes = [_outcome([next(said) for _ in waiting.parts]) for waiting in batch]
        records = [
            record
            for waiting, outcome in zip(batch, outcomes, strict=True)
            if not isinstance(outcome, MooringError)
            for part, answers in zip(waiting.parts, outcome, strict=True)
            for record in records_of(part, answers)
        ]
        if not records:
            return outcomes
        started = perf_counter()
        try:
            self._append(records)
        except CatalogError as error:
            self._metrics.log_failures.inc()
            _logger.error("%s", error)  # the reason is whole in its text
            return [_unlogged(error) if isinstance(o, list) else o for o in outcomes]
        self._metrics.log_seconds.observe(perf_counter() - started)
        self._metrics.batch_rows.observe(len(records))
        for version, rows in Counter(record.model_version for record in records).items():
            self._metrics.rows.labels(version).inc(rows)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            for part in waiting.parts if isinstance(outcome, list) else ():
                self._count(part)
        return outcomes

    def _count(self, part: Part) -> None:
        """Values that broke a contract and were answered all the same; the age of features."""
        version = part.version.id
        for (field, rule), values in part.outside.items():
            self._metrics.outside.labels(version, field, rule).inc(values)
        for age in part.ages:
            if isinstance(age, float):
                self._metrics.feature_age.labels(version).observe(age)
        for reason, rows in count_unknown(part.ages).items():
            self._metrics.feature_age_unknown.labels(version, reason).inc(rows)


def _outcome(said: Sequence[Said | MooringError]) -> Outcome:
    """A request is answered as a whole or not at all."""
    answered = [part for part in said if isinstance(part, Said)]
    if len(answered) == len(said):
        return answered
    return next(part for part in said if isinstance(part, MooringError))


def _unlogged(error: CatalogError) -> RequestError:
    return RequestError(
        "the prediction cannot be recorded, so it is not answered",
        kind="busy",
        where=error.what,
        fix="free the disk of the prediction log; the server goes on by itself",
    )


def _hand_back(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    loop = batch[0].answer.get_loop()
    try:
        loop.call_soon_threadsafe(_complete, batch, outcomes)
    except RuntimeError:  # swallow: the loop has ended, and with it everyone who waited
        _logger.warning("%d answers came after the server had stopped", len(batch))


def _complete(batch: Sequence[_Waiting], outcomes: Sequence[Outcome]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.answer.done():  # the caller has gone
            continue
        if isinstance(outcome, MooringError):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome)
