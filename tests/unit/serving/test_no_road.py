"""P2 over HTTP: whatever is asked for, only what has traffic answers, and nothing changes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import httpx
import pytest
from starlette.routing import Route

from mooring.lineage.catalog import queries
from mooring.lineage.catalog.engine import Catalog
from mooring.lineage.catalog.schema import metadata
from mooring.serving.answering import Service
from mooring.serving.app import make_app
from mooring.serving.batching import Batcher
from mooring.serving.following import Following
from mooring.serving.metrics import Metrics
from mooring.serving.protocols.exchange import Server
from mooring.serving.server import loader
from tests.unit.serving.project import AT, NAME, Project

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROWS = {"dataframe_records": [{"temp": 1.0}]}
TENSOR = {"inputs": [{"name": "temp", "shape": [1], "datatype": "FP64", "data": [1.0]}]}
BODIES = (
    ROWS,
    TENSOR,
    {**ROWS, "model_version": "bikes/2"},
    {**ROWS, "params": {"model_version": 2, "artifact": "sha256:2"}},
    {**TENSOR, "parameters": {"model_version": "2", "version": 2}},
    {"promote": "bikes/2", "weights": {"bikes/2": 1.0}},
)
HEADERS: tuple[dict[str, str], ...] = (
    {},
    {"X-Mooring-Model-Version": "bikes/2", "X-Mooring-Override": "bikes/2; by=eve"},
    {"X-HTTP-Method-Override": "PUT", "X-Mooring-Key": "bikes/2"},
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Version 1 has the traffic; 2 was refused, and 3 passed and has none."""
    made = Project(tmp_path)
    made.promote(made.version(2.0))
    made.version(3.0, "fail")
    made.version(4.0)
    yield made
    made.catalog.close()


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    """A server that follows the project's catalog."""
    metrics = Metrics()
    following = Following(project.catalog, NAME, loader(project.store), metrics, lambda: AT)
    following.look()
    batcher = Batcher(lambda _: None, metrics, max_rows=100)
    batcher.start()
    service = Service(following, batcher, lambda: AT, project.ids, None, 100)
    yield Server(NAME, service, metrics, 10_000)
    batcher.close()


def rows_of(catalog: Catalog) -> dict[str, int]:
    """How many facts there are of each kind."""
    with catalog.read() as tx:
        return {
            name: int(tx.connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())  # noqa: S608
            for name in metadata.tables
        }


def test_p2_no_request_gives_traffic_or_reaches_a_version_without_it(
    project: Project, server: Server
) -> None:
    app = make_app(server)
    paths = {
        route.path.replace("{model}", NAME).replace("{version}", number)
        for route in app.routes
        if isinstance(route, Route)
        for number in ("2", "3", "bikes/2", "02", "-1")
    }
    before = rows_of(project.catalog)

    async def crawl() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [
                await client.request(method, path, json=body, headers=headers)
                for method, path in product(METHODS, sorted(paths))
                for body, headers in product(BODIES, HEADERS)
            ]

    answers = asyncio.run(crawl())
    answered = [a for a in answers if a.request.method == "POST" and a.status_code == 200]
    assert len(answered) >= 6
    assert {answer.headers["X-Mooring-Model-Version"] for answer in answered} == {"bikes/1"}
    versions = [answer for answer in answers if "/versions/" in str(answer.request.url)]
    assert {answer.status_code for answer in versions} <= {400, 404, 405}
    assert all(answer.status_code < 500 for answer in answers)
    assert rows_of(project.catalog) == before
    with project.catalog.read() as tx:
        traffic = queries.traffic(tx, NAME)
    assert traffic is not None
    assert [arm.model_version for arm in traffic.arms] == ["bikes/1"]
