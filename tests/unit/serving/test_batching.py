from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

import httpx
import pytest

from mooring.errors import CatalogError
from mooring.serving.buffering import BufferedLog
from mooring.serving.log import PredictionRecord
from mooring.serving.metrics import Metrics
from tests.unit.serving.support import NOW, Doubling, Running, ask, post, running, version

Append = Callable[[Sequence[PredictionRecord]], None]


class Gate:
    """An append that waits until it is opened, and says when it is being waited for."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self.appends: list[tuple[PredictionRecord, ...]] = []

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Waits, then keeps the records."""
        self.reached.set()
        assert self.opened.wait(10)
        self.appends.append(tuple(records))


async def together(server: Running, gate: Gate, *temps: float) -> list[httpx.Response]:
    """One request for each temperature, all but the first queued behind the first one's append."""
    async with server.client() as client:

        async def one(temp: float) -> httpx.Response:
            return await client.post("/invocations", json={"inputs": {"temp": [temp]}})

        first = asyncio.ensure_future(one(temps[0]))
        await asyncio.to_thread(gate.reached.wait, 10)
        others = [asyncio.ensure_future(one(temp)) for temp in temps[1:]]
        while server.server.service.batcher.waiting < len(others):
            await asyncio.sleep(0.001)
        assert not first.done()
        gate.opened.set()
        return list(await asyncio.gather(first, *others))


def test_p4_no_answer_leaves_before_its_record_is_durable() -> None:
    gate = Gate()
    with running((version(2), 1.0), append=gate.append) as server:
        answers = asyncio.run(together(server, gate, 1.0, 2.0))  # asserts that the first waits
        assert [answer.status_code for answer in answers] == [200, 200]


def test_requests_that_wait_together_share_one_predict_and_one_append() -> None:
    gate, model = Gate(), Doubling()
    with running((version(2, model), 1.0), append=gate.append) as server:
        answers = asyncio.run(together(server, gate, *map(float, range(20))))
        assert [a.json()["predictions"] for a in answers] == [[2.0 * i] for i in range(20)]
        assert model.calls == [1, 19]
        assert [len(records) for records in gate.appends] == [1, 19]


def test_each_caller_gets_its_own_rows_back() -> None:
    gate = Gate()
    with running((version(2), 1.0), append=gate.append) as server:
        answers = asyncio.run(together(server, gate, *map(float, range(30))))
        ids = [answer.json()["prediction_ids"][0] for answer in answers]
        kept = {record.id: record for records in gate.appends for record in records}
        assert [kept[i].inputs for i in ids] == [b'{"temp":%d.0}' % i for i in range(30)]


@pytest.mark.parametrize("bad", [-101.0, 101.0])
def test_a_bad_row_fails_its_own_request_and_not_its_neighbours(bad: float) -> None:
    gate = Gate()
    with running((version(2), 1.0), append=gate.append) as server:
        answers = asyncio.run(together(server, gate, 0.0, 1.0, bad, 3.0))
        assert [answer.status_code for answer in answers] == [200, 200, 500, 200]
        assert len([record for records in gate.appends for record in records]) == 3


def test_versions_that_share_a_batch_are_asked_once_each() -> None:
    gate, one, other = Gate(), Doubling(2.0), Doubling(3.0)
    arms = (version(2, one), 0.5), (version(3, other), 0.5)
    with running(*arms, append=gate.append) as server:
        answers = asyncio.run(together(server, gate, *map(float, range(20))))
        for i, answer in enumerate(answers):
            factor = float(answer.headers["x-mooring-model-version"][-1])
            assert answer.json()["predictions"] == [i * factor]
        assert len(one.calls) + len(other.calls) == 3  # the first request, then both versions


def test_fd_59_answers_are_the_same_for_one_client_and_for_many() -> None:
    gate = Gate()
    gate.opened.set()
    with running((version(2), 1.0), append=gate.append) as server:
        one_by_one = [post(server, {"inputs": {"temp": [i / 7]}}) for i in range(64)]
    gate = Gate()
    with running((version(2), 1.0), append=gate.append) as server:
        many = asyncio.run(together(server, gate, *(i / 7 for i in range(64))))
    said = [[answer.json()["predictions"] for answer in way] for way in (one_by_one, many)]
    assert said[0] == said[1]


def test_fd_60_while_the_log_cannot_be_written_nothing_is_acknowledged() -> None:
    full = True
    kept: list[PredictionRecord] = []

    def append(records: Sequence[PredictionRecord]) -> None:
        if full:
            raise CatalogError("the prediction log cannot be written: disk full")
        kept.extend(records)

    with running((version(2), 1.0), append=append) as server:
        answer = post(server, {"inputs": {"temp": [1]}})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "disk full" in answer.json()["where"]
        assert "predictions" not in answer.json()
        assert "mooring_log_failures_total 1.0" in ask(server, "GET", "/metrics").text
        full = False
        assert post(server, {"inputs": {"temp": [1]}}).status_code == 200
        assert len(kept) == 1


def test_a_fault_of_the_batcher_itself_does_not_end_it() -> None:
    faulty = True

    def append(records: Sequence[PredictionRecord]) -> None:
        if faulty:
            raise ZeroDivisionError(len(records))

    with running((version(2), 1.0), append=append) as server:
        assert post(server, {"inputs": {"temp": [1]}}).status_code == 500
        faulty = False
        assert post(server, {"inputs": {"temp": [1]}}).status_code == 200


def test_a_full_queue_is_a_503_and_those_in_it_are_answered() -> None:
    gate = Gate()

    async def crowd(server: Running) -> list[httpx.Response]:
        async with server.client() as client:
            body = {"inputs": {"temp": [1]}}
            first = asyncio.ensure_future(client.post("/invocations", json=body))
            await asyncio.to_thread(gate.reached.wait, 10)
            waiting = [
                asyncio.ensure_future(client.post("/invocations", json=body)) for _ in range(6)
            ]
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            assert {answer.result().status_code for answer in done} == {503}
            gate.opened.set()
            return list(await asyncio.gather(first, *waiting))

    with running((version(2), 1.0), append=gate.append, max_waiting=4) as server:
        codes = [answer.status_code for answer in asyncio.run(crowd(server))]
        assert sorted(codes) == [200] * 5 + [503] * 2


def test_a_stopping_server_answers_those_who_wait_and_refuses_the_rest() -> None:
    gate = Gate()

    async def stop(server: Running) -> list[int]:
        async with server.client() as client:
            body = {"inputs": {"temp": [1]}}
            first = asyncio.ensure_future(client.post("/invocations", json=body))
            await asyncio.to_thread(gate.reached.wait, 10)
            second = asyncio.ensure_future(client.post("/invocations", json=body))
            while not server.server.service.batcher.waiting:
                await asyncio.sleep(0.001)
            closing = asyncio.ensure_future(asyncio.to_thread(server.server.service.batcher.close))
            before = [first, second]
            while True:
                late = asyncio.ensure_future(client.post("/invocations", json=body))
                if (await asyncio.wait({late}, timeout=0.05))[0]:
                    break
                before.append(late)  # it came before the end had begun
            gate.opened.set()
            answers = await asyncio.gather(*before, late)
            await closing
            return [answer.status_code for answer in answers]

    with running((version(2), 1.0), append=gate.append) as server:
        codes = asyncio.run(stop(server))
        assert codes[:2] == [200, 200]
        assert codes == [200] * (len(codes) - 1) + [503]


def record(name: str) -> PredictionRecord:
    return PredictionRecord(name, NOW, "bikes", "bikes/2", None, b"{}", 1.0, None)


class Disk:
    """A log that can be full."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.full = False

    def append(self, records: Sequence[PredictionRecord]) -> None:
        """Keeps the ids, or refuses."""
        if self.full:
            raise CatalogError("disk full")
        self.kept += [r.id for r in records]


def test_a_buffered_log_writes_in_the_background_and_at_the_end() -> None:
    disk, metrics = Disk(), Metrics()
    log = BufferedLog(disk.append, metrics)
    log.start()
    log.append([record("a"), record("b")])
    assert b"mooring_log_unwritten_rows 2.0" in metrics.text()
    log.close()
    assert disk.kept == ["a", "b"]
    assert b"mooring_log_lost_rows_total 0.0" in metrics.text()


def test_a_buffered_log_keeps_what_could_not_be_written_in_order() -> None:
    disk = Disk()

    def fail_while_more_comes(records: Sequence[PredictionRecord]) -> None:
        if disk.full:
            log.append([record("c")])
        disk.append(records)

    log = BufferedLog(fail_while_more_comes, Metrics())
    disk.full = True
    log.append([record("a"), record("b")])
    log.flush()
    disk.full = False
    log.flush()
    assert disk.kept == ["a", "b", "c"]


def test_fd_62_accepted_is_logged_and_unwritten_and_lost() -> None:
    disk, metrics = Disk(), Metrics()
    log = BufferedLog(disk.append, metrics, room=3)
    disk.full = True
    log.append([record(name) for name in "abcde"])
    assert b"mooring_log_lost_rows_total 2.0" in metrics.text()
    assert b"mooring_log_unwritten_rows 3.0" in metrics.text()
    disk.full = False
    log.flush()
    assert disk.kept == ["c", "d", "e"]
    disk.full = True
    log.append([record("f")])
    log.close()
    assert b"mooring_log_lost_rows_total 3.0" in metrics.text()
