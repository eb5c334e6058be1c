"""The server as a process, with its sockets, signals and files."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest

from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.clock import system_clock
from mooring.errors import UsageError
from mooring.ids import random_ids
from mooring.serving.server import is_loopback, serve
from tests.unit.serving.project import NAME, Project

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import sys
from pathlib import Path
from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.clock import system_clock
from mooring.ids import random_ids
from mooring.serving.server import serve
from tests.unit.serving.project import Project
project = Project(Path(sys.argv[1]))
log = SqliteLog(project.settings.state / "predictions" / "log.db")
def ready(url):
    print(url, flush=True)
serve(project.settings, project.catalog, project.store, log, clock=system_clock, ids=random_ids,
      host="127.0.0.1", port=0, ready=ready)
print("ended", flush=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = Project(tmp_path)
    yield made
    made.catalog.close()


@contextlib.contextmanager
def process(project: Project) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-c", CHILD, str(project.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


def ask(url: str, temp: float = 1.0) -> httpx.Response:
    return httpx.post(f"{url}/invocations", json={"inputs": {"temp": [temp]}}, timeout=10)


def logged(project: Project) -> list[str]:
    log = SqliteLog(project.settings.state / "predictions" / "log.db")
    with contextlib.closing(log):
        ids: list[str] = log.read(NAME).meta["prediction_id"].to_list()
        return ids


def test_it_answers_follows_a_promotion_and_ends_in_order(project: Project) -> None:
    project.promote(project.version(2.0))
    with process(project) as (child, url):
        first = ask(url, 3.0)
        assert first.json()["predictions"] == [pytest.approx(6.0)]
        project.promote(project.version(5.0))
        started = monotonic()
        while ask(url, 3.0).headers["x-mooring-model-version"] != "bikes/2":
            assert monotonic() - started < 10
        child.send_signal(signal.SIGTERM)
        assert child.wait(20) == 0
        assert child.stdout is not None
        assert child.stdout.read() == "ended\n"
    assert first.json()["prediction_ids"][0] in logged(project)


def test_p4_what_was_answered_survives_kill_9_of_the_server(project: Project) -> None:
    project.promote(project.version(2.0))
    answered: list[str] = []

    def client(url: str) -> None:
        with contextlib.suppress(httpx.HTTPError):  # swallow: the server is killed under it
            while True:
                answered.extend(ask(url).json()["prediction_ids"])

    with process(project) as (child, url):
        threads = [threading.Thread(target=client, args=(url,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(answered) < 30:
            sleep(0.005)
        child.kill()
        for thread in threads:
            thread.join()
    assert len(answered) >= 30
    assert set(answered) <= set(logged(project))


def test_before_the_first_deployment_it_runs_and_is_not_ready(project: Project) -> None:
    with process(project) as (child, url):
        assert httpx.get(f"{url}/livez").status_code == 200
        unready = httpx.get(f"{url}/readyz")
        assert unready.status_code == 503
        assert unready.json()["detail"] == "no model version has traffic yet: mooring run"
        assert ask(url).status_code == 503
        project.promote(project.version(2.0))
        started = monotonic()
        while httpx.get(f"{url}/readyz").status_code != 200:
            assert monotonic() - started < 10
        assert ask(url).status_code == 200
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0


def test_sec_60_a_body_that_is_declared_too_large_is_refused_unread(project: Project) -> None:
    with process(project) as (_, url):
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 10000000000\r\n\r\n"
            )
            assert connection.recv(12) == b"HTTP/1.1 413"


def test_sec_60_a_caller_that_sends_too_much_is_told_so_before_the_line_is_cut(
    project: Project,
) -> None:
    with process(project) as (_, url):
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            size = project.settings.serving.max_body + 5_000_000
            connection.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\n" + f"Content-Length: {size}\r\n\r\n".encode()
            )
            connection.sendall(b" " * size)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"raise serving.max_body" in answer


def start(project: Project, host: str, port: int) -> None:
    log = SqliteLog(project.settings.state / "log.db")
    with contextlib.closing(log):
        serve(
            project.settings,
            project.catalog,
            project.store,
            log,
            clock=system_clock,
            ids=random_ids,
            host=host,
            port=port,
        )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])  # noqa: S104
def test_sec_24_it_does_not_listen_to_other_machines_unasked(project: Project, host: str) -> None:
    with pytest.raises(UsageError, match="can be reached from other machines") as caught:
        start(project, host, 0)
    assert "--allow-remote" in caught.value.fix


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do(project: Project) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(UsageError, match="cannot listen at ") as caught,
    ):
        start(project, "127.0.0.1", taken.getsockname()[1])
    assert "--port 0" in caught.value.fix


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_the_loopback_addresses_are_known(host: str) -> None:
    assert is_loopback(host)
