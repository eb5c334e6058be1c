"""A real server in a process of its own, and callers that never pause."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import urllib3

from tests.e2e.project import Project

ROW = {"temp": 0.5, "hum": 0.25}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one row."""

    status: int
    body: Mapping[str, object]
    key: str | None = None

    @property
    def id(self) -> str:
        """The prediction id of the row."""
        return self._only("prediction_ids")

    @property
    def version(self) -> str:
        """The model version that answered."""
        return self._only("model_versions")

    @property
    def prediction(self) -> float:
        """What it said."""
        (prediction,) = self._list("predictions")
        assert isinstance(prediction, float)
        return prediction

    def _only(self, name: str) -> str:
        (text,) = self._list(name)
        assert isinstance(text, str)
        return text

    def _list(self, name: str) -> list[object]:
        found = self.body[name]
        assert isinstance(found, list)
        return found


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens."""

    process: subprocess.Popen[str]
    url: str

    def ask(
        self, pool: urllib3.PoolManager, key: str | None = None, row: Mapping[str, float] = ROW
    ) -> Answer:
        """One row answered; errors of the connection are raised."""
        headers = {} if key is None else {"X-Mooring-Key": key}
        body = {"dataframe_records": [row]}
        said = pool.request("POST", f"{self.url}/invocations", json=body, headers=headers)
        return Answer(said.status, json.loads(said.data), key)

    def revision(self, pool: urllib3.PoolManager) -> int:
        """The revision of the traffic that it serves."""
        said = pool.request("GET", f"{self.url}/readyz")
        revision = json.loads(said.data)["revision"]
        assert isinstance(revision, int)
        return revision

    def end(self, number: int) -> int:
        """Sends a signal; how the process ended."""
        self.process.send_signal(number)
        return self.process.wait(timeout=40)


@contextmanager
def serving(project: Project, slow: float = 0) -> Iterator[Server]:
    """A server of a project's traffic, on a free port; gone when the block ends."""
    with project.start("serve", "--port", "0", SLOW=str(slow)) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith("serving "), process.communicate()[1]
            yield Server(process, said.split()[-1])
        finally:
            if process.poll() is None:
                process.kill()


def new_pool() -> urllib3.PoolManager:
    """Connections that are kept, and nothing asked twice."""
    return urllib3.PoolManager(retries=False, timeout=20)


@dataclass(slots=True)
class Load:
    """Callers that ask without end, and what they heard."""

    server: Server
    pause: float
    answers: list[Answer] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def work(self, number: int) -> None:
        """Asks until told to stop, or until the connection fails."""
        pool = new_pool()
        count = 0
        while not self._stop.wait(self.pause):
            count += 1
            try:
                self.answers.append(self.server.ask(pool, f"key {number} {count % 50}"))
            except urllib3.exceptions.HTTPError as error:
                self.errors.append(error)
                return

    def reaches(self, count: int) -> None:
        """Waits for that many answers."""
        deadline = time.monotonic() + 30
        while len(self.answers) < count:
            assert not self.errors, self.errors
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def stop(self) -> None:
        """Lets each caller hear its last answer."""
        self._stop.set()


@contextmanager
def load_on(server: Server, callers: int = 4, pause: float = 0) -> Iterator[Load]:
    """Callers that ask while the block runs, each after a pause of some seconds."""
    load = Load(server, pause)
    threads = [threading.Thread(target=load.work, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop()
        for thread in threads:
            thread.join()


def kill(server: Server) -> None:
    """The end that no process can prepare for."""
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
