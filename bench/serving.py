"""How fast the server answers: one-row requests per second, latency, and its CPU per request.

A scikit-learn pipeline (ColumnTransformer + HistGradientBoosting, 20 numeric and 5 text columns)
is served by a real process with a durable log; a client of the same machine keeps its connections
busy. The two share the processors, so use the ratios.

    python bench/serving.py [--task binary] [--seconds 3] [--connections 1,16,64]
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import click
import msgspec
import numpy as np
import polars as pl

from mooring.adapters.sqlite_log.log import SqliteLog
from mooring.clock import system_clock
from mooring.gates.contract import infer_contract, to_bytes
from mooring.ids import random_ids
from mooring.lineage.artifacts import ArtifactStore, Manifest
from mooring.lineage.catalog.engine import Catalog, open_catalog
from mooring.lineage.codespace import CodeSpace
from mooring.lineage.deployments import Change, promote
from mooring.lineage.loading import answers_of, call_train, dump_model, features_of, golden_parts
from mooring.lineage.values import CodeVersion, Environment, ModelVersion, Run, Verdict
from mooring.serving.server import serve
from mooring.settings.model import Data, Project, Serving, Settings, Task

NAME = "bench"
ROWS = 5_000
CODE = """
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

def features(frame):
    return frame

def train(X, y, params):
    texts = [name for name in X.columns if name.startswith("text")]
    numbers = [name for name in X.columns if name.startswith("number")]
    unknown = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    columns = ColumnTransformer(
        [("texts", OrdinalEncoder(**unknown), texts), ("numbers", StandardScaler(), numbers)]
    )
    kinds = {"regression": HistGradientBoostingRegressor, "binary": HistGradientBoostingClassifier}
    model = make_pipeline(columns, kinds[params["task"]](max_iter=100, random_state=0))
    return model.fit(X, y)
"""


def _rows() -> tuple[pl.DataFrame, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    random = np.random.default_rng(0)
    numbers = random.normal(size=(ROWS, 20))
    texts = random.integers(0, 8, size=(ROWS, 5))
    frame = pl.DataFrame(
        {
            **{f"number{i}": numbers[:, i] for i in range(20)},
            **{f"text{i}": [f"kind {v}" for v in texts[:, i]] for i in range(5)},
        }
    )
    return frame, numbers[:, 0] * 2 + texts[:, 0] + random.normal(size=ROWS)


def _settings(root: Path, task: Task, log: str) -> Settings:
    return Settings(
        project=Project(name=NAME),
        data=Data(source="none.csv", target="y", task=task),
        serving=msgspec.convert({"log": log}, Serving),
        root=root,
    )


def _train(settings: Settings, task: Task) -> str:
    """Trains the pipeline and writes it as a model version; its digest."""
    frame, y = _rows()
    target = y if task == "regression" else (y > y.mean()).astype(int)
    space = CodeSpace({"pipeline.py": CODE.encode()}, settings.root, "pipeline.py")
    made = call_train(space, frame, target, {"task": task})
    golden = frame.head(20)
    answers = answers_of(made, features_of(space, golden, "polars"), task)
    data, trusted = dump_model(made, "skops", space)
    contract = infer_contract(frame, target="y", time=None, inputs=tuple(frame.columns))
    manifest = Manifest(
        name=NAME,
        task=task,
        model_format="skops",
        trusted=trusted,
        classes=answers.classes,
        features=tuple(frame.columns),
    )
    parts = {
        "model.skops": data,
        "code/pipeline.py": CODE.encode(),
        "contract.json": to_bytes(contract),
    }
    store = ArtifactStore(settings.state / "artifacts")
    return store.write(manifest, parts | golden_parts(golden, answers))


def _deploy(catalog: Catalog, artifact: str, task: Task) -> None:
    at = system_clock()
    run = Run(random_ids(at), NAME, "hand", "a benchmark", "code", "env", {}, 0, at)
    version = ModelVersion(f"{NAME}/1", NAME, 1, run.id, artifact, task, at)
    verdict = Verdict(random_ids(at), "model", "pass", at, NAME, (), model_version=version.id)
    with catalog.write() as tx:
        tx.append(CodeVersion("code", None, None, False, None, {}, at))
        tx.append(Environment("env", "", "", {}, at), run, version, verdict)
        traffic = promote(tx, Change(NAME, "a benchmark", NAME, at, random_ids), version.id)
        tx.append(traffic.revision, *traffic.arms)


def _requests() -> list[bytes]:
    frame, _ = _rows()
    bodies = [msgspec.json.encode({"dataframe_records": [row]}) for row in frame[:200].to_dicts()]
    head = "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in bodies]


async def _ask(port: int, requests: list[bytes], until: float, seconds: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    i = 0
    while perf_counter() < until:
        started = perf_counter()
        writer.write(requests[i % len(requests)])
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        body = await reader.readexactly(int(length))
        if b" 200 " not in head:
            raise SystemExit(body.decode())
        seconds.append(perf_counter() - started)
        i += 1
    writer.close()


async def _measure(port: int, pid: int, connections: int, span: float) -> None:
    requests = _requests()
    seconds: list[float] = []
    await asyncio.gather(*(_ask(port, requests, perf_counter() + 0.5, []) for _ in range(4)))
    before, started = _cpu_seconds(pid), perf_counter()
    until = started + span
    await asyncio.gather(*(_ask(port, requests, until, seconds) for _ in range(connections)))
    cpu, lasted = _cpu_seconds(pid) - before, perf_counter() - started
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    click.echo(
        f"{connections:>4} connections {len(seconds) / lasted:>8.0f} requests/s"
        f"   p50 {p50:>6.1f} ms   p99 {p99:>6.1f} ms"
        f"   server {cpu / len(seconds) * 1000:.2f} ms of CPU per request"
    )


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _serve(settings: Settings) -> None:
    log = SqliteLog(settings.state / "predictions" / "log.db", settings.serving.log)
    serve(
        settings,
        open_catalog(settings.catalog_dsn),
        ArtifactStore(settings.state / "artifacts"),
        log,
        clock=system_clock,
        ids=random_ids,
        host="127.0.0.1",
        port=0,
        ready=click.echo,
    )


@click.command()
@click.option("--task", type=click.Choice(["regression", "binary"]), default="regression")
@click.option("--log", type=click.Choice(["durable", "buffered"]), default="durable")
@click.option("--seconds", default=3.0)
@click.option("--connections", default="1,16,64")
@click.option("--serving", type=click.Path(path_type=Path), hidden=True)
def main(task: Task, log: str, seconds: float, connections: str, serving: Path | None) -> None:
    """Builds a project, serves it, and measures."""
    if serving is not None:
        _serve(_settings(serving, task, log))
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = _settings(Path(folder), task, log)
        catalog = open_catalog(settings.catalog_dsn)
        _deploy(catalog, _train(settings, task), task)
        arguments = ["--serving", folder, "--task", task, "--log", log]
        command = [sys.executable, __file__, *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
            try:
                port = int((server.stdout.readline() if server.stdout else "").rpartition(":")[2])
                for number in connections.split(","):
                    asyncio.run(_measure(port, server.pid, int(number), seconds))
            finally:
                server.terminate()


if __name__ == "__main__":
    main()
