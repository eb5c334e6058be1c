"""Small model versions and a server around them, for the tests of serving."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import msgspec
import numpy as np
import polars as pl

from mooring.gates.contract import ColumnContract, Contract
from mooring.ids import seeded_ids
from mooring.lineage.answers import Answers
from mooring.serving.answering import Service
from mooring.serving.app import make_app
from mooring.serving.batching import Batcher
from mooring.serving.context import Kept
from mooring.serving.following import Following
from mooring.serving.log import PredictionRecord
from mooring.serving.metrics import Metrics
from mooring.serving.protocols.exchange import Server
from mooring.serving.requests import fields_of
from mooring.serving.versions import Loaded, ServedArm, ServedVersion, Split

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAME = "bikes"


def contract(**types: str) -> Contract:
    """A contract over columns of these logical types; a type ending in ``?`` may be null."""
    columns = tuple(
        ColumnContract(name, kind.rstrip("?"), kind.endswith("?"), 0.1 * kind.endswith("?"))
        for name, kind in types.items()
    )
    return Contract(columns, 100, "rentals", inputs=tuple(types))


@dataclass(frozen=True, slots=True)
class Doubling:
    """Answers ``temp * factor``; a temperature below -100 raises, above 100 is not finite."""

    factor: float = 2.0
    calls: list[int] = field(default_factory=list)

    def answers(self, rows: pl.DataFrame) -> Answers:
        """Twice the temperature."""
        self.calls.append(rows.height)
        temp = rows["temp"].to_numpy().astype(float)
        if (temp < -100).any():
            raise ArithmeticError("too cold")
        return Answers(np.where(temp > 100, np.nan, temp * self.factor))


@dataclass(frozen=True, slots=True)
class Weather:
    """Says ``dry`` or ``wet`` with probabilities."""

    def answers(self, rows: pl.DataFrame) -> Answers:
        """Wet with the share of ``temp``."""
        wet = rows["temp"].to_numpy().astype(float)
        labels = np.where(wet > 0.5, "wet", "dry")
        return Answers(labels, np.stack([1 - wet, wet], axis=1), ("dry", "wet"))


def version(number: int, model: Doubling | Weather | None = None, **types: str) -> ServedVersion:
    """A model version ``bikes/<number>`` that takes a ``temp``, or columns of these types."""
    model = model or Doubling(factor=float(number))
    fields = fields_of(contract(**(types or {"temp": "float"})))
    said = ("dry", "wet") if isinstance(model, Weather) else ()
    task = "binary" if said else "regression"
    return ServedVersion(f"{NAME}/{number}", number, Loaded(model, fields, task, said))


class Steady(Following):
    """Follows nothing: the split it was given."""

    def __init__(self, *arms: tuple[ServedVersion, float]) -> None:
        self.detail = ""
        self.split = None
        if arms:
            self.split = Split(NAME, 1, tuple(ServedArm(v, weight) for v, weight in arms))
        else:
            self.detail = "no model version has traffic yet: mooring run"


@dataclass
class Running:
    """A server without a socket, its log and a client to ask it."""

    server: Server
    records: list[PredictionRecord]

    def client(self, host: str = "127.0.0.1:8000") -> httpx.AsyncClient:
        """A client whose requests go straight to the application."""
        transport = httpx.ASGITransport(make_app(self.server))
        return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@contextmanager
def running(  # noqa: PLR0913 - each test names the one it is about
    *arms: tuple[ServedVersion, float],
    append: Callable[[Sequence[PredictionRecord]], None] | None = None,
    key: str | None = None,
    max_body: int = 100_000,
    max_rows: int = 1_000,
    max_waiting: int = 1_000,
    accept_client_time: bool = False,
    kept: Kept | None = None,
) -> Iterator[Running]:
    """A server over these arms whose records end in a list."""
    records: list[PredictionRecord] = []
    metrics = Metrics()
    write = append or records.extend
    batcher = Batcher(write, metrics, max_rows=max_rows, max_waiting=max_waiting)
    fixed = (Steady(*arms), batcher, lambda: NOW, seeded_ids(1), key, max_rows)
    service = Service(*fixed, kept=kept or Kept())
    server = Server(
        NAME,
        service,
        metrics,
        max_body,
        accept_client_time,
        frozenset({"127.0.0.1", "localhost", "[::1]"}),
    )
    batcher.start()
    try:
        yield Running(server, records)
    finally:
        batcher.close()


def ask(  # noqa: PLR0913 - what a request has
    server: Running,
    method: str,
    path: str,
    *,
    json: object = msgspec.UNSET,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """One request to a running server."""

    async def once() -> httpx.Response:
        async with server.client() as client:
            if json is msgspec.UNSET:
                return await client.request(method, path, content=content, headers=headers)
            typed = {"content-type": "application/json", **(headers or {})}
            body = msgspec.json.encode(json)  # infinities become null
            return await client.request(method, path, content=body, headers=typed)

    return asyncio.run(once())


def post(server: Running, body: object, **headers: str) -> httpx.Response:
    """A JSON body to MLflow's route."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server, "POST", "/invocations", json=body, headers=named)
